/** The bindings of all operations. */
import { coreBindings } from "./core.ts";
import type { Bindings } from "./binding.ts";

export const bindings: Bindings = {
  ...coreBindings,
  conv_transpose2d: "plain",
  channel_conv: "plain",
  pixel_scale: "plain",
  multiply: "plain",
  dropout: "plain",
  channel_pool: "plain",
  resize_nearest: "plain",
  constant: "plain",
  unary: "plain",
  elu: "plain",
  clip: "plain",
  binary: "plain",
  select: "plain",
  reshape: "plain",
  transpose: "plain",
  slice: "plain",
  expand: "plain",
  gather: "plain",
  pad: "plain",
  join: "plain",
  reduce: "plain",
  arg_max: "plain",
  softmax: "plain",
  resample: "plain",
  matrix_product: "plain",
};
