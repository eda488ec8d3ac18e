/**
 * ONNX in, small: the operators of convolutional networks as PyTorch, timm, Paddle and Keras export them. More of them are a table that may
 * be loaded when a file asks for it:
 *
 *     const { operators } = await import("senet/io/onnx/operators");
 *     const network = importOnnx(bytes, { operators });
 */
import type { OperationSet } from "../../graph/graph.ts";
import { Weights } from "./lower/weights.ts";
import { LeanOnnxNetwork, sourceOf } from "./network.ts";
import type { ImportOptions } from "./network.ts";
import { leanOperators } from "./operators/lean.ts";

export { LeanOnnxNetwork } from "./network.ts";
export type { ImportOptions } from "./network.ts";

/**
 * Operators by name, those of other domains than ONNX's own with the domain before it. What reads one is senet's own affair.
 * @example
 * const none: OnnxOperators = {};
 * importOnnx(writeOnnx(lower(new Conv2d(1, 2, { kernel: 1 }), [1, 1, 4, 4])), { operators: none }).outputs   // => ["output"]
 */
export type OnnxOperators = Readonly<Record<string, object>>;

/**
 * What the lean `importOnnx` is told besides the file.
 * @example
 * const options: LeanImportOptions = { external: new Uint8Array(0) };
 * importOnnx(writeOnnx(lower(new Conv2d(1, 2, { kernel: 1 }), [1, 1, 4, 4])), options).outputs.length   // => 1
 */
export interface LeanImportOptions extends ImportOptions {
  /** Operators to read besides its own, in place of which they stand: `operators` of `senet/io/onnx/operators` are all there are. */
  readonly operators?: OnnxOperators;
  /**
   * What its sessions want to be brought where the network has operations that no module of senet lowers to, such as a softmax at its end:
   * `generalOperations` of `senet/session/general`; sessions say which they miss.
   */
  readonly operations?: OperationSet;
}

/**
 * Reads a network from an ONNX file as `importOnnx` of `senet` does, to run it: by fewer operators, without training and saving, and of a
 * file of another kind it does not say what it is.
 * @example
 * const network = importOnnx(writeOnnx(lower(new Conv2d(1, 2, { kernel: 1 }), [1, 1, 4, 4])));
 * compileSync(network, { input: [1, 1, 4, 4] }).kernels.length > 0   // => true
 * @throws FormatError for what is no sound ONNX file; UnsupportedError that lists every operator that is not read, with nodes and opset,
 * and says where there are more; RangeError where bytes of another file are wanted
 */
export function importOnnx(bytes: Uint8Array | ArrayBuffer, options: LeanImportOptions = {}): LeanOnnxNetwork {
  const { operators, operations, ...others } = options;
  const advice = operators ? "" : "; senet/io/onnx/operators has more, for the option operators";
  const reader = { weights: new Weights(), operators: { ...leanOperators, ...operators }, operations, advice };
  return new LeanOnnxNetwork(sourceOf(bytes, others, reader));
}
