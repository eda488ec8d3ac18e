/** A network of models/ with weights, as every engine wants it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundledNetwork } from "../../models/bundled.ts";
import { createModel } from "../../models/index.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { writeOnnx } from "../../src/io/onnx/write.ts";
import { lower } from "../../src/nn/lower.ts";
import type { Module } from "../../src/nn/module.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import { openNetwork } from "../../src/weights/open-network.ts";
import { saveQuantised } from "../../src/quantise/file.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { foldBatchNorm } from "../../src/session/optimise/passes/fold-batch-norm.ts";
import { foldSqueeze } from "../../src/session/optimise/passes/fold-squeeze.ts";
import { fuseEpilogue } from "../../src/session/optimise/passes/fuse-epilogue.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";
import { saveWeights } from "../../src/weights/weights.ts";
import { recipeWeights } from "../../test/fixtures/recipe.ts";
import type { ConvertedFiles, Job, ModelFiles } from "./contender.ts";
import { saveGraph } from "./saved-graph.ts";
import { image } from "./stage.ts";

/**
 * What helps every engine. (A gate in the epilogue of a depthwise convolution, before the bias, would keep others from fusing bias and
 * activation.)
 */
function optimise(graph: Graph): Graph {
  return [foldBatchNorm, foldSqueeze, fuseEpilogue].reduce((before, pass) => pass(before, new Set()), graph);
}

/** The name of the network that comes with senet, of grey images of 28x28. */
export const bundled = "bundled";

/** @returns the images' shape of a network: the bundled one has its own */
export function inputOf(name: string, batch: number, size: number): Shape {
  return name === bundled ? [batch, 1, 28, 28] : [batch, 3, size, size];
}

/** Weights that are a function of their names: speed does not ask where they come from, and nothing must be downloaded. */
function modelOf(name: string): Module {
  if (name === bundled) return openNetwork(readFileSync(new URL(bundledNetwork))).model;
  const model = createModel(name, {}, null);
  loadStateDict(model, recipeWeights(stateShapes(model)));
  return model;
}

const ends: Readonly<Record<keyof ConvertedFiles, string>> = {
  nchw: "nchw.tflite", nhwc: "nhwc.tflite", int8: "int8.tflite", mixed: "int8-mixed.tflite", qdq: "qdq.onnx",
};

/** Path of what convert.py writes for this network, without its end. */
export function convertedPath(folder: string, name: string, input: Shape): string {
  return join(folder, `${name}-${input.join("x")}`);
}

function convertedFiles(folder: string, name: string, input: Shape): ConvertedFiles {
  const all = Object.entries(ends).map(([kind, end]) => [kind, `${convertedPath(folder, name, input)}.${end}`] as const);
  return Object.fromEntries(all.filter(([, path]) => existsSync(path)));
}

export interface WriteOptions {
  /** Where convert.py left its files, if it was run. */
  readonly converted?: string;
  /** Also the network of bytes: takes seconds. */
  readonly int8?: boolean;
}

export function writeModelFiles(folder: string, name: string, input: Shape, options: WriteOptions = {}): Pick<Job, "network" | "files"> {
  const path = (end: string): string => join(folder, `${name}-${input[0]}.${end}`);
  const files: ModelFiles = {
    weights: path("safetensors"), onnx: path("onnx"), graph: path("graph.json"), constants: path("graph.safetensors"),
    ...(options.int8 === true ? { int8: path("int8.safetensors") } : {}),
    ...(options.converted === undefined ? {} : { converted: convertedFiles(options.converted, name, input) }),
  };
  const model = modelOf(name);
  const graph = lower(model, input);
  writeFileSync(files.weights, saveWeights(model));
  writeFileSync(files.onnx, writeOnnx(graph));
  const [json, constants] = saveGraph(optimise(graph));
  writeFileSync(files.graph, json);
  writeFileSync(files.constants, constants);
  if (files.int8 !== undefined) {
    // One by one, and of no round of the race.
    const single = [1, ...input.slice(1)];
    const images = [-1, -2, -3, -4].map((round) => new Tensor(image(single, "nchw", round), single));
    writeFileSync(files.int8, saveQuantised(quantise(model, images, { reported: 0 }).network));
  }
  const { model: built, options: given } = model.identity!;
  return { network: [built, given], files };
}
