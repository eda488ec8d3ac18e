/** Public functions that check nothing, and why. */
import { mobilenetFeatures } from "../../models/mobile/mobilenet-v3.ts";
import * as senet from "../../src/index.ts";
import { LeanOnnxNetwork } from "../../src/io/onnx/lean.ts";
import * as lean from "../../src/session/lean.ts";
import * as leanPlain from "../../src/session/lean-plain.ts";
import { isDouble, sameShape, showShape, sizeOf, tagOf } from "../../src/tensor.ts";

export const exempt: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  ...[isDouble, sameShape, showShape, sizeOf, tagOf].map(
    (of) => [of, "asked of what Tensor or a check has passed; in every lean bundle"] as const,
  ),
  ...[lean.compile, lean.compileSync, leanPlain.compile, leanPlain.compileSync].map(
    (of) => [of, "lean sessions leave unknown options out, as their head says"] as const,
  ),
  ...[senet.DivergedError, LeanOnnxNetwork, senet.OnnxNetwork, senet.Session, senet.TrainingSession].map(
    (of) => [of, "made by senet only"] as const,
  ),
  ...[senet.OnnxNetwork.prototype.lower, senet.OnnxNetwork.prototype.loadState].map(
    (of) => [of, "asked by sessions, of what they have checked; reading ONNX has to stay small"] as const,
  ),
  ...[
    senet.MergedBranches, senet.MergedBranches.prototype.forward, senet.MergedBranches.prototype.backward,
    senet.MergedBranches.prototype.outputShape,
  ].map((of) => [of, "made by families, of convolutions that check"] as const),
  [mobilenetFeatures, "a part of networks, of options that were read"],
]);

/** Methods that modules, layers and optimisers call of each other, with what they have checked. */
export const inner: ReadonlySet<string> = new Set([
  "lower",
  "initialiseOwn",
  "apply",
  "applyBackward",
  "line",
  "keep",
  "take",
  "update",
  "drawMask",
  "check",
  "lowerScale",
  "shapeOf",
  "setting",
]);

/**
 * Kernels check nothing: each takes one record of sizes, which the makers in kernels/shapes have checked, and arrays of these sizes; and
 * the
 * functions in kernels/math and io/half are called for every number.
 */
export function isExempt(path: string): boolean {
  return /^\.\/(kernels\/(reference|plain|math|scratch)|io\/half)/.test(path);
}
