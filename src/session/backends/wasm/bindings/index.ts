/** The bindings of all operations but those on bytes, which only quantised networks load (quantised.ts). */
import type { QuantisedKind } from "../../../../graph/quantised.ts";
import { partialAddKernel } from "../../../../../kernels/wasm/operations/partial-add.ts";
import { onLayouts, overFirst } from "./binding.ts";
import type { Bindings } from "./binding.ts";
import { coreBindings } from "./core.ts";
import {
  constantBinding, expandBinding, gatherBinding, joinBinding, padBinding, reshapeBinding, sliceBinding, transposeBinding,
} from "./moves.ts";
import {
  binaryBinding, clipBinding, eluBinding, multiplyBinding, pixelScaleBinding, preluBinding, unaryBinding,
} from "./pointwise.ts";
import { channelConvBinding, channelPoolBinding, l2NormaliseBinding, reduceBinding, resampleBinding, softmaxBinding } from "./rows.ts";
import { transposedConvolutionBinding } from "./transposed-convolution.ts";

export const bindings: Omit<Bindings, QuantisedKind> = {
  ...coreBindings,
  conv_transpose2d: transposedConvolutionBinding,
  channel_conv: channelConvBinding,
  prelu: preluBinding,
  l2_normalise: l2NormaliseBinding,
  partial_add: { bind: onLayouts((output, [a, b]) => partialAddKernel(output, a, b)), over: overFirst },
  pixel_scale: pixelScaleBinding,
  multiply: multiplyBinding,
  dropout: "plain",
  fake_quantise: "plain",
  channel_pool: channelPoolBinding,
  constant: constantBinding,
  unary: unaryBinding,
  elu: eluBinding,
  clip: clipBinding,
  binary: binaryBinding,
  select: "plain",
  reshape: reshapeBinding,
  transpose: transposeBinding,
  slice: sliceBinding,
  expand: expandBinding,
  gather: gatherBinding,
  pad: padBinding,
  join: joinBinding,
  reduce: reduceBinding,
  arg_max: "plain",
  softmax: softmaxBinding,
  resample: resampleBinding,
  matrix_product: "plain",
};
