/**
 * The fast family in plain TypeScript: the contract's kernels, tuned for just-in-time compilers (Node 20 is the yardstick).
 * Sums are the reference's, term by term in double precision, so results are equal bit for bit, on every engine.
 *
 * bench/plain.ts measures it against the reference.
 */
import type { Kernels } from "../contract.ts";
import type * as plain from "./index.ts";

export { conv2dForward, conv2dBackwardInput, conv2dBackwardWeight, conv2dBackwardBias } from "./conv2d.ts";
export {
  convTranspose2dForward, convTranspose2dBackwardInput, convTranspose2dBackwardWeight, convTranspose2dBackwardBias,
} from "./conv-transpose2d.ts";
export { linearForward, linearBackwardInput, linearBackwardWeight, linearBackwardBias } from "./linear.ts";
export { batchNormForwardTraining, batchNormBackwardTraining, batchNormForwardInference, batchNormBackwardInference } from "./batch-norm.ts";
export { reluForward, reluBackward, relu6Forward, relu6Backward, leakyReluForward, leakyReluBackward } from "./rectifiers.ts";
export { addForward, concatForward, concatBackward } from "./joining.ts";
export { channelScaleForward, channelScaleBackward } from "./channel-scale.ts";

// The textbook is as fast as it gets here: bound by memory, by the order of one sum, or by exp (kernels/math.ts) ...
export { addBackward } from "../reference/joining/add.ts";
export { dropoutForward, dropoutBackward } from "../reference/layers/dropout.ts";
export { hardSigmoidForward, hardSigmoidBackward } from "../reference/activations/hard-sigmoid.ts";
export { hardSwishForward, hardSwishBackward } from "../reference/activations/hard-swish.ts";
export { sigmoidForward, sigmoidBackward } from "../reference/activations/sigmoid.ts";
export { siluForward, siluBackward } from "../reference/activations/silu.ts";
export { tanhForward, tanhBackward } from "../reference/activations/tanh.ts";
export { softmaxForward, crossEntropyForward, crossEntropyBackward } from "../reference/losses/cross-entropy.ts";
export { softCrossEntropyForward, softCrossEntropyBackward } from "../reference/losses/soft-cross-entropy.ts";
export { globalAveragePoolForward, globalAveragePoolBackward } from "../reference/pooling/global-average-pool.ts";
export { globalMaxPoolForward, globalMaxPoolBackward } from "../reference/pooling/global-max-pool.ts";
export { adaptiveAveragePoolForward, adaptiveAveragePoolBackward } from "../reference/pooling/adaptive-average-pool.ts";
export { channelShuffleForward, channelShuffleBackward } from "../reference/joining/channel-shuffle.ts";
// ... or cold: under 1 % of the networks that have it.
export { maxPoolForward, maxPoolBackward } from "../reference/pooling/max-pool.ts";
export { averagePoolForward, averagePoolBackward } from "../reference/pooling/average-pool.ts";
export { channelMeanForward, channelMeanBackward } from "../reference/pooling/channel-mean.ts";
export { channelMaxForward, channelMaxBackward } from "../reference/pooling/channel-max.ts";
export { pixelScaleForward, pixelScaleBackward } from "../reference/joining/pixel-scale.ts";
export { upsampleNearestForward, upsampleNearestBackward } from "../reference/joining/upsample-nearest.ts";
export { upsampleBilinearForward, upsampleBilinearBackward } from "../reference/joining/upsample-bilinear.ts";

// Checked by the compiler: these are the contract's functions, all of them and no other.
({}) as typeof plain satisfies Kernels;
({}) as Record<keyof Kernels, unknown> satisfies Record<keyof typeof plain, unknown>;
