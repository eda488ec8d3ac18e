/** The fast family as far as inference needs it: one object, from which a bundler sees that the backward kernels are not wanted. */
import type { InferenceKernels } from "../contract.ts";
import { conv2dScratch, convTranspose2dScratch } from "../scratch.ts";
import { conv2dForward } from "./conv2d.ts";
import { convTranspose2dForward } from "./conv-transpose2d.ts";
import { linearForward } from "./linear.ts";
import { batchNormForwardInference } from "./batch-norm.ts";
import { reluForward, relu6Forward, leakyReluForward } from "./rectifiers.ts";
import { addForward, concatForward } from "./joining.ts";
import { channelScaleForward } from "./channel-scale.ts";
import { hardSigmoidForward } from "../reference/activations/hard-sigmoid.ts";
import { hardSwishForward } from "../reference/activations/hard-swish.ts";
import { sigmoidForward } from "../reference/activations/sigmoid.ts";
import { siluForward } from "../reference/activations/silu.ts";
import { tanhForward } from "../reference/activations/tanh.ts";
import { geluForward, geluTanhForward } from "../reference/activations/gelu.ts";
import { globalAveragePoolForward } from "../reference/pooling/global-average-pool.ts";
import { globalMaxPoolForward } from "../reference/pooling/global-max-pool.ts";
import { adaptiveAveragePoolForward } from "../reference/pooling/adaptive-average-pool.ts";
import { channelShuffleForward } from "../reference/joining/channel-shuffle.ts";
import { maxPoolForward } from "../reference/pooling/max-pool.ts";
import { averagePoolForward } from "../reference/pooling/average-pool.ts";
import { channelMeanForward } from "../reference/pooling/channel-mean.ts";
import { channelMaxForward } from "../reference/pooling/channel-max.ts";
import { pixelScaleForward } from "../reference/joining/pixel-scale.ts";
import { upsampleNearestForward } from "../reference/joining/upsample-nearest.ts";
import { upsampleBilinearForward } from "../reference/joining/upsample-bilinear.ts";

export const plainInference: InferenceKernels = {
  conv2dScratch, convTranspose2dScratch,
  conv2dForward, convTranspose2dForward, linearForward, batchNormForwardInference, reluForward, relu6Forward, leakyReluForward,
  sigmoidForward, hardSigmoidForward, siluForward, hardSwishForward, tanhForward, geluForward, geluTanhForward,
  globalAveragePoolForward, globalMaxPoolForward,
  adaptiveAveragePoolForward, maxPoolForward, averagePoolForward, channelMeanForward, channelMaxForward, addForward, channelScaleForward,
  pixelScaleForward, concatForward, channelShuffleForward, upsampleNearestForward, upsampleBilinearForward,
};
