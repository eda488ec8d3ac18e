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
export {
  batchNormForwardTraining, batchNormBackwardTraining, batchNormForwardInference, batchNormBackwardInference,
} from "./batch-norm.ts";
export { reluForward, reluBackward, relu6Forward, relu6Backward, leakyReluForward, leakyReluBackward } from "./rectifiers.ts";
export { addForward, concatForward, concatBackward } from "./joining.ts";
export { channelScaleForward, channelScaleBackward } from "./channel-scale.ts";

// All else is the textbook's: bound by memory, by the order of one sum or by exp (kernels/math.ts), it is as fast as it gets there; or
// cold, under 1 % of
// the networks that have it.
export * from "../reference/index.ts";

// Checked by the compiler: these are the contract's functions, all of them and no other.
({}) as typeof plain satisfies Kernels;
({}) as Record<keyof Kernels, unknown> satisfies Record<keyof typeof plain, unknown>;
