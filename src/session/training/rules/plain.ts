/** Kinds that training sessions compute on the plain kernels alone. */
import { passes } from "../plain/passes.ts";
import type { Rules } from "../step/context.ts";

type PlainKind =
  | "pixel_scale" | "multiply" | "l2_normalise" | "channel_pool" | "channel_conv" | "constant" | "unary" | "elu" | "clip" | "binary"
  | "select" | "reshape" | "transpose" | "slice" | "expand" | "gather" | "join" | "reduce" | "arg_max" | "softmax" | "resample"
  | "matrix_product";

export const plainRules: Pick<Rules, PlainKind> = {
  pixel_scale: { pass: passes.pixel_scale },
  multiply: { pass: passes.multiply },
  l2_normalise: { pass: passes.l2_normalise },
  channel_pool: { pass: passes.channel_pool },
  channel_conv: { pass: passes.channel_conv },
  constant: { pass: passes.constant },
  unary: { pass: passes.unary },
  elu: { pass: passes.elu },
  clip: { pass: passes.clip },
  binary: { pass: passes.binary },
  select: { pass: passes.select },
  reshape: { pass: passes.reshape },
  transpose: { pass: passes.transpose },
  slice: { pass: passes.slice },
  expand: { pass: passes.expand },
  gather: { pass: passes.gather },
  join: { pass: passes.join },
  reduce: { pass: passes.reduce },
  arg_max: { pass: passes.arg_max },
  softmax: { pass: passes.softmax },
  resample: { pass: passes.resample },
  matrix_product: { pass: passes.matrix_product },
};
