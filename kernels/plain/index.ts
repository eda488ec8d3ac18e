export * from "../reference/index.ts";
export { conv2dForward, conv2dBackwardInput, conv2dBackwardWeight, conv2dBackwardBias } from "./conv2d.ts";
export {
  convTranspose2dForward, convTranspose2dBackwardInput, convTranspose2dBackwardWeight, convTranspose2dBackwardBias,
} from "./conv-transpose2d.ts";
