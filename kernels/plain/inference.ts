/** The fast family as far as inference needs it: one object, from which a bundler sees that the backward kernels are not wanted. */
import type { InferenceKernels } from "../contract.ts";
import { conv2dForward } from "./conv2d.ts";
import { convTranspose2dForward } from "./conv-transpose2d.ts";
import { linearForward } from "./linear.ts";
import { batchNormForwardInference } from "./batch-norm.ts";
import { reluForward, relu6Forward, leakyReluForward } from "./rectifiers.ts";
import { addForward, concatForward } from "./joining.ts";
import { channelScaleForward } from "./channel-scale.ts";
import { hardSigmoidForward } from "../reference/hard-sigmoid.ts";
import { hardSwishForward } from "../reference/hard-swish.ts";
import { sigmoidForward } from "../reference/sigmoid.ts";
import { siluForward } from "../reference/silu.ts";
import { tanhForward } from "../reference/tanh.ts";
import { globalAveragePoolForward } from "../reference/global-average-pool.ts";
import { globalMaxPoolForward } from "../reference/global-max-pool.ts";
import { adaptiveAveragePoolForward } from "../reference/adaptive-average-pool.ts";
import { channelShuffleForward } from "../reference/channel-shuffle.ts";
import { maxPoolForward } from "../reference/max-pool.ts";
import { averagePoolForward } from "../reference/average-pool.ts";
import { channelMeanForward } from "../reference/channel-mean.ts";
import { channelMaxForward } from "../reference/channel-max.ts";
import { pixelScaleForward } from "../reference/pixel-scale.ts";
import { upsampleNearestForward } from "../reference/upsample-nearest.ts";
import { upsampleBilinearForward } from "../reference/upsample-bilinear.ts";

export const plainInference: InferenceKernels = {
  conv2dForward, convTranspose2dForward, linearForward, batchNormForwardInference, reluForward, relu6Forward, leakyReluForward,
  sigmoidForward, hardSigmoidForward, siluForward, hardSwishForward, tanhForward, globalAveragePoolForward, globalMaxPoolForward,
  adaptiveAveragePoolForward, maxPoolForward, averagePoolForward, channelMeanForward, channelMaxForward, addForward, channelScaleForward,
  pixelScaleForward, concatForward, channelShuffleForward, upsampleNearestForward, upsampleBilinearForward,
};
