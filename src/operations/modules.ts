/** How the operations are computed that modules lower to: what sessions know by themselves. */
import { channelConvCheck } from "./convolution/channel-conv.ts";
import { convTranspose2dCheck } from "./convolution/conv-transpose2d.ts";
import { coreComputations } from "./core.ts";
import type { CoreKind } from "./core.ts";
import { fakeQuantiseComputation } from "./elementwise/fake-quantise.ts";
import { l2NormaliseComputation } from "./elementwise/l2-normalise.ts";
import { partialAddComputation } from "./elementwise/partial-add.ts";
import { preluComputation } from "./elementwise/prelu.ts";
import { multiplyCheck, pixelScaleCheck } from "./elementwise/scale.ts";
import { constantComputation } from "./movement/constant.ts";
import { padComputation } from "./movement/pad.ts";
import { sliceComputation } from "./movement/slice.ts";
import { channelPoolCheck } from "./pooling/global-pool.ts";
import type { Computations } from "./record.ts";

export type ModuleKind = CoreKind | "prelu" | "l2_normalise" | "partial_add" | "fake_quantise" | "constant" | "pad" | "slice";

export const moduleComputations: Pick<Computations, ModuleKind> = {
  ...coreComputations,
  conv_transpose2d: { ...coreComputations.conv_transpose2d, ...convTranspose2dCheck },
  channel_conv: { ...coreComputations.channel_conv, ...channelConvCheck },
  pixel_scale: { ...coreComputations.pixel_scale, ...pixelScaleCheck },
  multiply: { ...coreComputations.multiply, ...multiplyCheck },
  channel_pool: { ...coreComputations.channel_pool, ...channelPoolCheck },
  prelu: preluComputation,
  l2_normalise: l2NormaliseComputation,
  partial_add: partialAddComputation,
  fake_quantise: fakeQuantiseComputation,
  constant: constantComputation,
  pad: padComputation,
  slice: sliceComputation,
};
