/** All operators of ONNX that senet reads, for the option `operators` of `senet/io/onnx/lean`. */
import type { OnnxOperators } from "./lean.ts";
import { operators as all } from "./operators/index.ts";

/**
 * Every operator that there is, for the lean `importOnnx`.
 * @example
 * Object.hasOwn(operators, "DepthToSpace")   // => true
 */
export const operators: OnnxOperators = all;
