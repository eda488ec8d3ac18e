/** Weight files and models: bytes in, bytes out. What the names mean is io/weights/names.ts, the format io/weights/safetensors.ts. */
import { renameCheckpoint } from "./io/weights/names.ts";
import { describeModel, readDescription } from "./io/weights/metadata.ts";
import type { ModelDescription } from "./io/weights/metadata.ts";
import type { Preprocessing } from "./io/images/preprocess.ts";
import { parseSafetensors, writeSafetensors } from "./io/weights/safetensors.ts";
import type { SafetensorsFile } from "./io/weights/safetensors.ts";
import { checkClassNames } from "./nn/class-count.ts";
import { BatchNorm2d } from "./nn/layers/batch-norm.ts";
import type { Module } from "./nn/module.ts";
import { loadStateDict, stateDict, stateShapes } from "./nn/state-dict.ts";
import type { LoadReport } from "./nn/state-dict.ts";

/**
 * Loads a safetensors file with the names of timm, torchvision, Cadene or this package into a model.
 * @param partial load what fits and report the rest, instead of refusing (for another number of classes, say).
 * @throws FormatError for a file that is no sound safetensors file; RangeError naming every tensor that does not fit. Then the
 * model is unchanged.
 */
export function loadWeights(model: Module, file: Uint8Array | SafetensorsFile, options: { readonly partial?: boolean } = {}): LoadReport {
  const { tensors } = file instanceof Uint8Array ? parseSafetensors(file, { share: true }) : file;
  const renamed = renameCheckpoint(tensors, stateShapes(model), model.layouts());
  const report = loadStateDict(model, renamed.tensors, options);
  if (renamed.epsilon !== undefined) {
    for (const module of model.tree()) if (module instanceof BatchNorm2d) module.epsilon = renamed.epsilon;
  }
  return report;
}

export interface SaveOptions {
  /** How values are stored; F16 halves the file. Default F32. */
  readonly dtype?: "F32" | "F16";
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

/**
 * A safetensors file of the model's state that says which model it is, with which options, classes and preprocessing.
 * @throws RangeError for more or fewer names than the network has classes
 */
export function saveWeights(model: Module, options: SaveOptions = {}): Uint8Array {
  const { dtype = "F32", classes, preprocessing } = options;
  if (classes !== undefined) checkClassNames("saveWeights: classes", classes, model);
  const metadata = model.identity === undefined ? {} : describeModel({
    ...model.identity,
    ...(classes === undefined ? {} : { classes }),
    ...(preprocessing === undefined ? {} : { preprocessing }),
  });
  return writeSafetensors(stateDict(model), { dtype, metadata });
}

/** What a weights file says of itself, or undefined where it says nothing (files of other programs). @throws FormatError */
export function weightsDescription(file: SafetensorsFile): ModelDescription | undefined {
  return readDescription(file.metadata);
}
