export * from "../reference/index.ts";
export { conv2dForward, conv2dBackwardInput, conv2dBackwardWeight, conv2dBackwardBias } from "./conv2d.ts";
export {
  convTranspose2dForward, convTranspose2dBackwardInput, convTranspose2dBackwardWeight, convTranspose2dBackwardBias,
} from "./conv-transpose2d.ts";
export { linearForward, linearBackwardInput, linearBackwardWeight, linearBackwardBias } from "./linear.ts";
export { batchNormForwardTraining, batchNormBackwardTraining, batchNormForwardInference, batchNormBackwardInference } from "./batch-norm.ts";
export { reluForward, reluBackward, relu6Forward, relu6Backward, leakyReluForward, leakyReluBackward } from "./rectifiers.ts";
export { addForward, concatForward, concatBackward } from "./joining.ts";
export { channelScaleForward, channelScaleBackward } from "./channel-scale.ts";
