/**
 * The textbook family: every kernel of the contract, one operation a file, in plain loops, for Float32Array and
 * Float64Array alike. Sums are kept in double precision and rounded once, when they are stored. Where one input pixel
 * serves several windows (the backward passes of pooling and resizing), dx collects them one by one, in the windows' order.
 *
 * squeeze-excite.ts stands beside it: the whole block as one page to read, which no network runs; and relatives/, with a page for each of
 * ECA, effective SE and spatial SE.
 */
import type { Kernels } from "../contract.ts";
import type * as reference from "./index.ts";

export { conv2dForward, conv2dBackwardInput, conv2dBackwardWeight, conv2dBackwardBias } from "./layers/conv2d.ts";
export {
  convTranspose2dForward, convTranspose2dBackwardInput, convTranspose2dBackwardWeight, convTranspose2dBackwardBias,
} from "./layers/conv-transpose2d.ts";
export { linearForward, linearBackwardInput, linearBackwardWeight, linearBackwardBias } from "./layers/linear.ts";
export {
  batchNormForwardTraining, batchNormBackwardTraining, batchNormForwardInference, batchNormBackwardInference,
} from "./layers/batch-norm.ts";
export { reluForward, reluBackward } from "./activations/relu.ts";
export { relu6Forward, relu6Backward } from "./activations/relu6.ts";
export { leakyReluForward, leakyReluBackward } from "./activations/leaky-relu.ts";
export { sigmoidForward, sigmoidBackward } from "./activations/sigmoid.ts";
export { hardSigmoidForward, hardSigmoidBackward } from "./activations/hard-sigmoid.ts";
export { siluForward, siluBackward } from "./activations/silu.ts";
export { hardSwishForward, hardSwishBackward } from "./activations/hard-swish.ts";
export { tanhForward, tanhBackward } from "./activations/tanh.ts";
export { geluForward, geluBackward, geluTanhForward, geluTanhBackward } from "./activations/gelu.ts";
export { l2NormaliseForward, l2NormaliseBackward } from "./layers/l2-normalise.ts";
export { preluForward, preluBackward } from "./activations/prelu.ts";
export { globalAveragePoolForward, globalAveragePoolBackward } from "./pooling/global-average-pool.ts";
export { globalMaxPoolForward, globalMaxPoolBackward } from "./pooling/global-max-pool.ts";
export { adaptiveAveragePoolForward, adaptiveAveragePoolBackward } from "./pooling/adaptive-average-pool.ts";
export { maxPoolForward, maxPoolBackward } from "./pooling/max-pool.ts";
export { averagePoolForward, averagePoolBackward } from "./pooling/average-pool.ts";
export { channelMeanForward, channelMeanBackward } from "./pooling/channel-mean.ts";
export { channelMaxForward, channelMaxBackward } from "./pooling/channel-max.ts";
export { addForward, addBackward } from "./joining/add.ts";
export { partialAddForward, partialAddBackward } from "./joining/partial-add.ts";
export { padForward, padBackward } from "./joining/pad.ts";
export { channelScaleForward, channelScaleBackward } from "./joining/channel-scale.ts";
export { pixelScaleForward, pixelScaleBackward } from "./joining/pixel-scale.ts";
export { concatForward, concatBackward } from "./joining/concat.ts";
export { channelShuffleForward, channelShuffleBackward } from "./joining/channel-shuffle.ts";
export { upsampleNearestForward, upsampleNearestBackward } from "./joining/upsample-nearest.ts";
export { upsampleBilinearForward, upsampleBilinearBackward } from "./joining/upsample-bilinear.ts";
export { fakeQuantiseForward, fakeQuantiseBackward } from "./quantised/fake-quantise.ts";
export { dropoutForward, dropoutBackward } from "./layers/dropout.ts";
export { softmaxForward, crossEntropyForward, crossEntropyBackward } from "./losses/cross-entropy.ts";
export { softCrossEntropyForward, softCrossEntropyBackward } from "./losses/soft-cross-entropy.ts";

// Checked by the compiler: these are the contract's functions, all of them and no other.
({}) as typeof reference satisfies Kernels;
({}) as Record<keyof Kernels, unknown> satisfies Record<keyof typeof reference, unknown>;
