/** Fine-tuning on the command line: weights to begin with, what stays frozen, groups with rates of their own, new labels for old ones. */
import { createModel, usualPreprocessing } from "../../../models/index.ts";
import { didYouMean } from "../../errors.ts";
import type { Preprocessing } from "../../io/images/preprocess.ts";
import { guessModel, otherNetwork, preparationOf } from "../../weights/network-of-file.ts";
import type { Module } from "../../nn/module.ts";
import { matches } from "../../session/training/options.ts";
import type { ParameterGroup } from "../../session/training/options.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import { relabel } from "../../train/data/relabel.ts";
import { weightsDescription } from "../../weights/weights.ts";
import { UsageError } from "../command.ts";
import { bundledPath } from "../files.ts";
import { limitOf, loadInto, readWeightsFile } from "../weights-file.ts";

const pathOf = (from: string): string => (from === "fashion-mnist" ? bundledPath("fashion-mnist.safetensors") : from);

/**
 * Settings that follow from the weights: the model and its options, but for the classes; their names, and how pictures are prepared.
 * @param asked the model that is asked for, where one is. Published weights that say nothing are prepared for as that one's are.
 */
export function settingsOfWeights(from: string, asked: unknown): Record<string, unknown> {
  const path = pathOf(from);
  const file = readWeightsFile(path);
  const description = weightsDescription(file);
  if (description === undefined) {
    const model = typeof asked === "string" ? asked : guessModel(file, undefined);
    return model === undefined ? {} : { model, ...prepared(usualPreprocessing(model)) };
  }
  limitOf(file, path, () => createModel(description.model, description.options, null));
  const { classes: _classes, ...modelOptions } = description.options as Record<string, unknown>;
  const preprocessing = preparationOf(description);
  return {
    ...(description.model === undefined ? {} : { model: description.model, modelOptions }),
    ...(description.classes === undefined ? {} : { classes: description.classes }),
    ...(preprocessing === undefined ? {} : prepared(preprocessing)),
  };
}

/** Normalisation is of levels from 0 to 1 in training. */
function prepared({ range = 1, mean, std, ...geometry }: Preprocessing): Record<string, unknown> {
  return { ...geometry, mean: mean.map((value) => value / range), std: std.map((value) => value / range) };
}

/**
 * Loads the weights to begin with. Only the last layer may differ, as for other classes; it begins anew.
 * @param partial whatever differs begins anew
 * @returns names of tensors that begin anew
 * @throws Error that lists what else differs, or where not all numbers are finite
 */
export function loadStart(model: Module, from: string, partial: boolean): readonly string[] {
  const path = pathOf(from);
  let report;
  try {
    report = loadInto(model, readWeightsFile(path), path, { partial: partial ? true : "head" });
  } catch (error) {
    const { message } = error as Error;
    const asked = model.identity?.model;
    const other = asked === undefined ? undefined : otherNetwork(readWeightsFile(path), asked, undefined);
    const of = other === undefined ? "" : `; the file has weights of ${other}, and ${asked} was asked for`;
    throw new Error(message.includes("weights do not fit") ? `${message}${of}; --partial begins with what fits` : message);
  }
  for (const [name, { value }] of model.namedState()) {
    if (!value.data.every(Number.isFinite)) throw new Error(`${from}: ${name} holds numbers that are not finite`);
  }
  const { missing, misshapen } = report;
  return [...model.namedState().keys()].filter((name) => missing.includes(name) || misshapen.some((text) => text.startsWith(`${name} [`)));
}

/** Freezes parameters of these names, and all below a name. @throws UsageError for a name of nothing */
export function freeze(model: Module, names: readonly string[]): void {
  const parameters = model.namedParameters();
  for (const name of names) {
    if (![...parameters.keys()].some((each) => matches([name], each))) {
      throw new UsageError(
        `senet train: --frozen names "${name}", which no parameter is called${didYouMean(name, parameters.keys())}; senet summary lists ` +
          `the layers`
      );
    }
  }
  for (const [name, parameter] of parameters) if (matches(names, name)) parameter.frozen = true;
}

/** `stem,layer1:0.1;layer2:0.3:0.0001`: names, times the learning rate, weight decay. @throws UsageError */
export function parseGroups(text: string): ParameterGroup[] {
  if (text === "") return [];
  return text.split(";").filter((part) => part.trim() !== "" || text.trim() === "").map((part) => {
    const [names, rate, weightDecay, ...rest] = part.split(":").map((piece) => piece.trim());
    const numbers = [rate, weightDecay].filter((piece) => piece !== undefined).map(Number);
    if (names === "" || numbers.length === 0 || rest.length > 0 || !numbers.every((n) => Number.isFinite(n) && n >= 0)) {
      throw new UsageError(`senet train: --groups wants NAMES:RATE or NAMES:RATE:DECAY, several between semicolons, got "${part}"`);
    }
    return {
      names: names.split(",").map((name) => name.trim()), rate: numbers[0], ...(numbers.length > 1 ? { weightDecay: numbers[1] } : {}),
    };
  });
}

/** `Tops=T-shirt/top,Pullover;Shoes=Sandal,Sneaker`. Nothing changes for an empty text. @throws UsageError */
export function relabelled(data: Dataset, text: string): Dataset {
  if (text === "") return data;
  const groups = new Map<string, readonly string[]>();
  for (const part of text.split(";")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(0, at)).trim();
    if (name === "" || groups.has(name)) {
      throw new UsageError(`--relabel wants NEW=OLD,OLD;NEW=OLD with every new name once, got "${part}"`);
    }
    groups.set(name, part.slice(at + 1).split(",").map((each) => each.trim()));
  }
  try {
    return relabel(data, groups);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
