/** Which network a weights file is of, and how large it may become: what is asked before anything is built of a file's own words. */
import { modelOfWeights, usualInput, usualPreprocessing } from "../../models/index.ts";
import { FormatError, counted } from "../errors.ts";
import { below, commonHeads, fitNames } from "../io/weights/fit.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import { withOrder } from "../io/images/preprocessing-json.ts";
import { shapesOf } from "../io/weights/names.ts";
import type { WeightsFile } from "../io/weights/stored.ts";
import { classCount, headOf } from "../nn/class-count.ts";
import type { Module } from "../nn/module.ts";
import { OversizeError, withLimit } from "../nn/parameter.ts";
import { stateShapes } from "../nn/state-dict.ts";
import { sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { weightsDescription } from "./weights.ts";

/** The network whose names and shapes stand in the file, in whatever dictionary; undefined where none is known. */
export function guessModel(file: WeightsFile, part: string | undefined): string | undefined {
  const tensors = part === undefined ? file.tensors : below(file.tensors, `${part}.`);
  for (const head of ["", ...commonHeads(tensors, Math.max(4, tensors.size / 16))]) {
    const name = modelOfWeights(shapesOf(below(tensors, head)));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** How many classes the file's last layer has, where that is another number than the model's; undefined where it does not say. */
export function otherClasses(file: WeightsFile, model: Module, part: string | undefined): number | undefined {
  const head = headOf(model);
  if (head === undefined) return undefined;
  try {
    const { tensors } = fitNames(file.tensors, stateShapes(model), model.layouts(), part);
    const classes = tensors.get(`${head}.weight`)?.shape[0];
    return classes === classCount(model) ? undefined : classes;
  } catch {
    // What is wrong is said when the weights are loaded.
    return undefined;
  }
}

/**
 * Builds the model that a file describes, which may not be much larger than what is in the file: 64 parameters and four million values, and
 * twice those of the file.
 * @param asked did the caller ask for more than the file describes?
 * @throws FormatError where it would be larger, before it is built
 */
export function limited<T>(
  { tensors }: { readonly tensors: ReadonlyMap<string, { readonly shape: Shape }> }, build: () => T, asked: boolean = false,
): T {
  let values = 0;
  for (const { shape } of tensors.values()) values += sizeOf(shape);
  try {
    return withLimit({ parameters: 64 + 2 * tensors.size, values: 4e6 + 2 * values }, build);
  } catch (error) {
    if (!(error instanceof OversizeError)) throw error;
    const of = `its ${counted(tensors.size, "tensor")} of ${counted(values, "value")}`;
    throw new FormatError(asked
      ? `weights: what the file describes, with the options that are given, is a network that is larger than ${of}`
      : `weights: the file describes a network that is larger than ${of}: its description is wrong, or a part of it is missing`,
    );
  }
}

/**
 * The model with as many classes as the file's last layer has, where `build` has others. Where that would be too large the weights are of
 * another network: then the model stays, and what differs is said when they are loaded.
 */
export function withOtherClasses(
  file: WeightsFile, model: Module, part: string | undefined, build: (more: { readonly classes: number }) => Module,
): Module {
  const classes = otherClasses(file, model, part);
  if (classes === undefined) return model;
  try {
    return limited(file, () => build({ classes }));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return model;
  }
}

/** The network that the file is of, by its description or its tensors, where that is known and another than `name`. */
export function otherNetwork(file: WeightsFile, name: string, part: string | undefined): string | undefined {
  const found = weightsDescription(file)?.model ?? guessModel(file, part);
  return found === undefined || bare(found) === bare(name) ? undefined : found;
}

function bare(name: string): string {
  return name.replace(/^[a-z]+\//, "");
}

/**
 * How pictures are prepared for a network of which nothing else says it: as for its published weights, in the size and the channels that it
 * is usually run at.
 */
export function assumedPreprocessing(name: string, model: Module): Preprocessing {
  const usual = usualPreprocessing(name);
  const [, channels, height, width] = usualInput(model);
  const order = channels === 1 ? { channels: "gray", mean: [mean(usual.mean)], std: [mean(usual.std)] } as const : {};
  return height === usual.size[0] || height === 224 ? { ...usual, ...order } : {
    ...usual, ...order, size: [height, width], resize: height,
  };
}

/** How a file says that pictures are prepared, with the order of resizing that was meant; undefined where it says nothing. */
export function preparationOf(description: { readonly preprocessing?: Preprocessing } | undefined): Preprocessing | undefined {
  return description?.preprocessing === undefined ? undefined : withOrder(description.preprocessing, "across");
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
