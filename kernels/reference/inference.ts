/** The textbook as far as inference needs it: the smallest kernels there are. */
import type { InferenceKernels } from "../contract.ts";
import { conv2dForward } from "./layers/conv2d.ts";
import { convTranspose2dForward } from "./layers/conv-transpose2d.ts";
import { linearForward } from "./layers/linear.ts";
import { batchNormForwardInference } from "./layers/batch-norm.ts";
import { reluForward } from "./activations/relu.ts";
import { relu6Forward } from "./activations/relu6.ts";
import { leakyReluForward } from "./activations/leaky-relu.ts";
import { sigmoidForward } from "./activations/sigmoid.ts";
import { hardSigmoidForward } from "./activations/hard-sigmoid.ts";
import { siluForward } from "./activations/silu.ts";
import { hardSwishForward } from "./activations/hard-swish.ts";
import { tanhForward } from "./activations/tanh.ts";
import { globalAveragePoolForward } from "./pooling/global-average-pool.ts";
import { globalMaxPoolForward } from "./pooling/global-max-pool.ts";
import { adaptiveAveragePoolForward } from "./pooling/adaptive-average-pool.ts";
import { maxPoolForward } from "./pooling/max-pool.ts";
import { averagePoolForward } from "./pooling/average-pool.ts";
import { channelMeanForward } from "./pooling/channel-mean.ts";
import { channelMaxForward } from "./pooling/channel-max.ts";
import { addForward } from "./joining/add.ts";
import { channelScaleForward } from "./joining/channel-scale.ts";
import { pixelScaleForward } from "./joining/pixel-scale.ts";
import { concatForward } from "./joining/concat.ts";
import { channelShuffleForward } from "./joining/channel-shuffle.ts";
import { upsampleNearestForward } from "./joining/upsample-nearest.ts";
import { upsampleBilinearForward } from "./joining/upsample-bilinear.ts";

const none = (): number => 0;

export const referenceInference: InferenceKernels = {
  conv2dScratch: none, convTranspose2dScratch: none,
  conv2dForward, convTranspose2dForward, linearForward, batchNormForwardInference, reluForward, relu6Forward, leakyReluForward,
  sigmoidForward, hardSigmoidForward, siluForward, hardSwishForward, tanhForward, globalAveragePoolForward, globalMaxPoolForward,
  adaptiveAveragePoolForward, maxPoolForward, averagePoolForward, channelMeanForward, channelMaxForward, addForward, channelScaleForward,
  pixelScaleForward, concatForward, channelShuffleForward, upsampleNearestForward, upsampleBilinearForward,
};
