/** A network of models/ with weights, as every engine wants it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createModel } from "../../models/index.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { writeOnnx } from "../../src/io/onnx/write.ts";
import { lower } from "../../src/nn/lower.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import { foldBatchNorm } from "../../src/session/optimise/passes/fold-batch-norm.ts";
import { foldSqueeze } from "../../src/session/optimise/passes/fold-squeeze.ts";
import { fuseEpilogue } from "../../src/session/optimise/passes/fuse-epilogue.ts";
import type { Shape } from "../../src/tensor.ts";
import { saveWeights } from "../../src/weights.ts";
import { recipeWeights } from "../../test/fixtures/recipe.ts";
import type { ModelFiles } from "./contender.ts";
import { saveGraph } from "./saved-graph.ts";

/**
 * What helps every engine. (A gate in the epilogue of a depthwise convolution, before the bias, would keep others from fusing bias and
 * activation.)
 */
function optimise(graph: Graph): Graph {
  return [foldBatchNorm, foldSqueeze, fuseEpilogue].reduce((before, pass) => pass(before, new Set()), graph);
}

/** Weights that are a function of their names: speed does not ask where they come from, and nothing must be downloaded. */
export function writeModelFiles(folder: string, name: string, input: Shape): ModelFiles {
  const path = (end: string): string => join(folder, `${name}-${input[0]}.${end}`);
  const files: ModelFiles = {
    weights: path("safetensors"), onnx: path("onnx"), graph: path("graph.json"), constants: path("graph.safetensors"),
  };
  const model = createModel(name, {}, null);
  loadStateDict(model, recipeWeights(stateShapes(model)));
  const graph = lower(model, input);
  writeFileSync(files.weights, saveWeights(model));
  writeFileSync(files.onnx, writeOnnx(graph));
  saveGraph(optimise(graph), files);
  return files;
}
