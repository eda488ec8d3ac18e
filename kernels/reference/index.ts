/**
 * The textbook family: every kernel of the contract, one operation a file, in plain loops, for Float32Array and
 * Float64Array alike. Sums are kept in double precision and rounded once, when they are stored. Where one input pixel
 * serves several windows (the backward passes of pooling and resizing), dx collects them one by one, in the windows' order.
 *
 * squeeze-excite.ts stands beside it: the whole block as one page to read, which no network runs.
 */
import type { Kernels } from "../contract.ts";
import type * as reference from "./index.ts";

export { conv2dForward, conv2dBackwardInput, conv2dBackwardWeight, conv2dBackwardBias } from "./conv2d.ts";
export {
  convTranspose2dForward, convTranspose2dBackwardInput, convTranspose2dBackwardWeight, convTranspose2dBackwardBias,
} from "./conv-transpose2d.ts";
export { linearForward, linearBackwardInput, linearBackwardWeight, linearBackwardBias } from "./linear.ts";
export {
  batchNormForwardTraining, batchNormBackwardTraining, batchNormForwardInference, batchNormBackwardInference,
} from "./batch-norm.ts";
export { reluForward, reluBackward } from "./relu.ts";
export { relu6Forward, relu6Backward } from "./relu6.ts";
export { leakyReluForward, leakyReluBackward } from "./leaky-relu.ts";
export { sigmoidForward, sigmoidBackward } from "./sigmoid.ts";
export { hardSigmoidForward, hardSigmoidBackward } from "./hard-sigmoid.ts";
export { siluForward, siluBackward } from "./silu.ts";
export { hardSwishForward, hardSwishBackward } from "./hard-swish.ts";
export { tanhForward, tanhBackward } from "./tanh.ts";
export { globalAveragePoolForward, globalAveragePoolBackward } from "./global-average-pool.ts";
export { globalMaxPoolForward, globalMaxPoolBackward } from "./global-max-pool.ts";
export { adaptiveAveragePoolForward, adaptiveAveragePoolBackward } from "./adaptive-average-pool.ts";
export { maxPoolForward, maxPoolBackward } from "./max-pool.ts";
export { averagePoolForward, averagePoolBackward } from "./average-pool.ts";
export { channelMeanForward, channelMeanBackward } from "./channel-mean.ts";
export { channelMaxForward, channelMaxBackward } from "./channel-max.ts";
export { addForward, addBackward } from "./add.ts";
export { channelScaleForward, channelScaleBackward } from "./channel-scale.ts";
export { pixelScaleForward, pixelScaleBackward } from "./pixel-scale.ts";
export { concatForward, concatBackward } from "./concat.ts";
export { channelShuffleForward, channelShuffleBackward } from "./channel-shuffle.ts";
export { upsampleNearestForward, upsampleNearestBackward } from "./upsample-nearest.ts";
export { upsampleBilinearForward, upsampleBilinearBackward } from "./upsample-bilinear.ts";
export { dropoutForward, dropoutBackward } from "./dropout.ts";
export { softmaxForward, crossEntropyForward, crossEntropyBackward } from "./cross-entropy.ts";
export { softCrossEntropyForward, softCrossEntropyBackward } from "./soft-cross-entropy.ts";

// Checked by the compiler: these are the contract's functions, all of them and no other.
({}) as typeof reference satisfies Kernels;
({}) as Record<keyof Kernels, unknown> satisfies Record<keyof typeof reference, unknown>;
