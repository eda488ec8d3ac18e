/** The textbook as far as inference needs it: the smallest kernels there are. */
import type { InferenceKernels } from "../contract.ts";
import { conv2dForward } from "./conv2d.ts";
import { convTranspose2dForward } from "./conv-transpose2d.ts";
import { linearForward } from "./linear.ts";
import { batchNormForwardInference } from "./batch-norm.ts";
import { reluForward } from "./relu.ts";
import { relu6Forward } from "./relu6.ts";
import { leakyReluForward } from "./leaky-relu.ts";
import { sigmoidForward } from "./sigmoid.ts";
import { hardSigmoidForward } from "./hard-sigmoid.ts";
import { siluForward } from "./silu.ts";
import { hardSwishForward } from "./hard-swish.ts";
import { tanhForward } from "./tanh.ts";
import { globalAveragePoolForward } from "./global-average-pool.ts";
import { globalMaxPoolForward } from "./global-max-pool.ts";
import { adaptiveAveragePoolForward } from "./adaptive-average-pool.ts";
import { maxPoolForward } from "./max-pool.ts";
import { averagePoolForward } from "./average-pool.ts";
import { channelMeanForward } from "./channel-mean.ts";
import { channelMaxForward } from "./channel-max.ts";
import { addForward } from "./add.ts";
import { channelScaleForward } from "./channel-scale.ts";
import { pixelScaleForward } from "./pixel-scale.ts";
import { concatForward } from "./concat.ts";
import { channelShuffleForward } from "./channel-shuffle.ts";
import { upsampleNearestForward } from "./upsample-nearest.ts";
import { upsampleBilinearForward } from "./upsample-bilinear.ts";

export const referenceInference: InferenceKernels = {
  conv2dForward, convTranspose2dForward, linearForward, batchNormForwardInference, reluForward, relu6Forward, leakyReluForward,
  sigmoidForward, hardSigmoidForward, siluForward, hardSwishForward, tanhForward, globalAveragePoolForward, globalMaxPoolForward,
  adaptiveAveragePoolForward, maxPoolForward, averagePoolForward, channelMeanForward, channelMaxForward, addForward, channelScaleForward,
  pixelScaleForward, concatForward, channelShuffleForward, upsampleNearestForward, upsampleBilinearForward,
};
