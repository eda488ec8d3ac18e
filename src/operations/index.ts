/** The records of all operations. A kind that has none does not compile. */
import { channelConv } from "./convolution/channel-conv.ts";
import { conv2d } from "./convolution/conv2d.ts";
import { convTranspose2d } from "./convolution/conv-transpose2d.ts";
import { linear } from "./convolution/linear.ts";
import { activation } from "./elementwise/activation.ts";
import { add } from "./elementwise/add.ts";
import { batchNorm } from "./elementwise/batch-norm.ts";
import { dropout } from "./elementwise/dropout.ts";
import { fakeQuantise } from "./elementwise/fake-quantise.ts";
import { l2Normalise } from "./elementwise/l2-normalise.ts";
import { partialAdd } from "./elementwise/partial-add.ts";
import { prelu } from "./elementwise/prelu.ts";
import { multiply, pixelScale, scale } from "./elementwise/scale.ts";
import { channelShuffle } from "./movement/channel-shuffle.ts";
import { concat } from "./movement/concat.ts";
import { constant } from "./movement/constant.ts";
import { flatten } from "./movement/flatten.ts";
import { pad } from "./movement/pad.ts";
import { resize } from "./movement/resize.ts";
import { slice } from "./movement/slice.ts";
import { generalComputations, generalDeclarations } from "./general/index.ts";
import { moduleComputations } from "./modules.ts";
import { adaptiveAveragePool } from "./pooling/adaptive-average-pool.ts";
import { channelPool, globalPool } from "./pooling/global-pool.ts";
import { averagePool, maxPool } from "./pooling/window-pool.ts";
import { quantisedDeclarations } from "./quantised/index.ts";
import type { QuantisedKind } from "../graph/quantised.ts";
import type { Computations, Declarations } from "./record.ts";

export const declarations: Declarations = {
  conv2d,
  conv_transpose2d: convTranspose2d,
  linear,
  channel_conv: channelConv,
  batch_norm: batchNorm,
  activation,
  prelu,
  l2_normalise: l2Normalise,
  add,
  partial_add: partialAdd,
  scale,
  pixel_scale: pixelScale,
  multiply,
  dropout,
  fake_quantise: fakeQuantise,
  global_pool: globalPool,
  channel_pool: channelPool,
  adaptive_average_pool: adaptiveAveragePool,
  max_pool: maxPool,
  average_pool: averagePool,
  concat,
  flatten,
  channel_shuffle: channelShuffle,
  resize,
  constant,
  pad,
  slice,
  ...generalDeclarations,
  ...quantisedDeclarations,
};

/** All but those on bytes, which only quantised networks load (quantised/index.ts). */
export const computations: Omit<Computations, QuantisedKind> = { ...moduleComputations, ...generalComputations };
