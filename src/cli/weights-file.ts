/** Weights files on the command line: read whatever their format, and everything said that was guessed or left out. */
import { readWeights } from "../io/weights/read.ts";
import type { WeightsFile } from "../io/weights/stored.ts";
import { limited } from "../weights/network-of-file.ts";
import type { Module } from "../nn/module.ts";
import { readQuantised } from "../quantise/file.ts";
import type { QuantisedNetwork } from "../quantise/network.ts";
import { loadWeights } from "../weights/weights.ts";
import type { LoadOptions, WeightsReport } from "../weights/weights.ts";
import { readBytes } from "./files.ts";
import { note } from "./terminal.ts";

/** @throws Error in one line that names the file, what it is and what to do */
export function readWeightsFile(path: string): WeightsFile {
  return ofFile(path, () => readWeights(readBytes(path)));
}

/** `work`, with what is wrong said of the file. */
function ofFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { message } = error as Error;
    throw new Error(message.includes(path) ? message : `${path}: ${message.replace(/^(checkpoint|weights|quantised file): /, "")}`);
  }
}

/** Loads a file into a model. Says how its names were read and what was left out. @throws Error naming the file */
export function loadInto(model: Module, file: WeightsFile, path: string, options: LoadOptions = {}): WeightsReport {
  const report = ofFile(path, () => loadWeights(model, file, options));
  for (const text of report.notes) note(`${path}: ${text}`);
  return report;
}

/** The network of bytes that a file holds, for the model it was made of. @throws Error naming the file */
export function quantisedOf(model: Module, file: WeightsFile, path: string): QuantisedNetwork {
  return ofFile(path, () => readQuantised(model, file));
}

/** Builds the model that a file describes, which may not be much larger than what is in the file. @throws Error naming the file */
export function limitOf<T>(file: Parameters<typeof limited>[0], path: string, build: () => T, asked: boolean = false): T {
  return ofFile(path, () => limited(file, build, asked));
}

/** Where trainers keep a network's weights, the likeliest first. */
const usual = [
  "", "state_dict", "model", "model_state_dict", "module", "net", "network", "params", "weights", "ema", "model_ema", "state_dict_ema",
  "params_ema",
];

/** The dictionary of a checkpoint of PyTorch in which the weights of a network are most likely; "" for the whole file. */
export function dictionaryOf(file: WeightsFile): string {
  if (!("value" in file)) return "";
  const found = new Map<string, number>();
  const visit = (path: string, value: unknown, depth: number): void => {
    if (!(value instanceof Map) || depth > 8 || (value.has("param_groups") && value.has("state"))) return;
    for (const [key, item] of value as Map<unknown, unknown>) {
      if (typeof key !== "string" && typeof key !== "number") continue;
      const name = path === "" ? String(key) : `${path}.${String(key)}`;
      if (file.tensors.has(name)) found.set(path, (found.get(path) ?? 0) + 1);
      else visit(name, item, depth + 1);
    }
  };
  visit("", file.value, 0);
  const most = Math.max(...found.values());
  const likely = usual.find((path) => (found.get(path) ?? 0) > most / 2);
  return likely ?? [...found].find(([, count]) => count === most)?.[0] ?? "";
}
