/** How the operations are computed that networks of senet's own are made of: what lean sessions know. */
import { channelConvComputation } from "./convolution/channel-conv.ts";
import { conv2dComputation } from "./convolution/conv2d.ts";
import { convTranspose2dComputation } from "./convolution/conv-transpose2d.ts";
import { linearComputation } from "./convolution/linear.ts";
import { activationComputation } from "./elementwise/activation.ts";
import { addComputation } from "./elementwise/add.ts";
import { batchNormComputation } from "./elementwise/batch-norm.ts";
import { dropoutComputation } from "./elementwise/dropout.ts";
import { multiplyComputation, pixelScaleComputation, scaleComputation } from "./elementwise/scale.ts";
import { channelShuffleComputation } from "./movement/channel-shuffle.ts";
import { concatComputation } from "./movement/concat.ts";
import { flattenComputation } from "./movement/flatten.ts";
import { resizeComputation } from "./movement/resize.ts";
import { adaptiveAveragePoolComputation } from "./pooling/adaptive-average-pool.ts";
import { channelPoolComputation, globalPoolComputation } from "./pooling/global-pool.ts";
import { averagePoolComputation, maxPoolComputation } from "./pooling/window-pool.ts";
import type { Computations } from "./record.ts";

export type CoreKind =
  | "conv2d" | "conv_transpose2d" | "linear" | "channel_conv" | "batch_norm" | "activation" | "add" | "scale" | "pixel_scale" | "multiply"
  | "dropout" | "global_pool" | "channel_pool" | "adaptive_average_pool" | "max_pool" | "average_pool" | "concat" | "flatten"
  | "channel_shuffle" | "resize";

export const coreComputations: Pick<Computations, CoreKind> = {
  conv2d: conv2dComputation,
  conv_transpose2d: convTranspose2dComputation,
  linear: linearComputation,
  channel_conv: channelConvComputation,
  batch_norm: batchNormComputation,
  activation: activationComputation,
  add: addComputation,
  scale: scaleComputation,
  pixel_scale: pixelScaleComputation,
  multiply: multiplyComputation,
  dropout: dropoutComputation,
  global_pool: globalPoolComputation,
  channel_pool: channelPoolComputation,
  adaptive_average_pool: adaptiveAveragePoolComputation,
  max_pool: maxPoolComputation,
  average_pool: averagePoolComputation,
  concat: concatComputation,
  flatten: flattenComputation,
  channel_shuffle: channelShuffleComputation,
  resize: resizeComputation,
};
