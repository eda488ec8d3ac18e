/** The bindings of all operations. */
import { partialAddKernel } from "../../../../../kernels/wasm/operations/partial-add.ts";
import { preluKernel } from "../../../../../kernels/wasm/operations/prelu.ts";
import { padKernel } from "../../../../../kernels/wasm/operations/pad.ts";
import { padded } from "../../../../operations/general/moves.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import type { Stored } from "../../../plan/places.ts";
import { onLayouts, overFirst } from "./binding.ts";
import type { Bindings } from "./binding.ts";
import { coreBindings } from "./core.ts";

export const bindings: Bindings = {
  ...coreBindings,
  prelu: {
    bind({ operation: { slope }, inputs, output }, { image }) {
      const [x, y] = [image(inputs[0]), image(output)];
      const slopes: Stored = { key: `${slope.name} slopes`, floats: y.layout.channels, fill: (into) => into.set(slope.read().data) };
      return callOf(preluKernel(y.layout, x.layout), y.images, [y, x, slopes]);
    },
    over: overFirst,
  },
  partial_add: { bind: onLayouts((output, [a, b]) => partialAddKernel(output, a, b)), over: overFirst },
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
  pad: { bind: onLayouts((output, [x], node) => padded(node, (shape) => padKernel(output, x, shape))) },
  join: "plain",
  reduce: "plain",
  arg_max: "plain",
  softmax: "plain",
  resample: "plain",
  matrix_product: "plain",
};
