/** `senet train --int8`: ranges that are measured before the run, and kept in its checkpoints. */
import { record } from "../../checks.ts";
import { FormatError, show } from "../../errors.ts";
import type { Module } from "../../nn/module.ts";
import type { QuantisedNetwork } from "../../quantise/network.ts";
import { quantise } from "../../quantise/quantise.ts";
import { requantise } from "../../quantise/training.ts";
import type { Ranges } from "../../quantise/training.ts";
import type { Shape } from "../../tensor.ts";
import { Batcher } from "../../train/data/augment.ts";
import type { Normalisation } from "../../train/data/augment.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import { UsageError } from "../command.ts";
import type { Settings } from "./settings.ts";

/** Training images that are measured, evenly taken. */
const MEASURED = 256;

/** @throws UsageError for settings that int8 training has not */
export function checkInt8({ int8, from, engine, kernels, numerics, optimiser }: Settings): void {
  if (!int8) return;
  if (from === "") {
    throw new UsageError("senet train: --int8 wants --from with it, weights that were trained without (fashion-mnist: the bundled ones)");
  }
  if (engine === "eager" || kernels === "plain" || kernels === "reference" || optimiser === "adam") {
    throw new UsageError("senet train: --int8 wants a training session, with wasm kernels and sgd, nesterov or adamw");
  }
  if (numerics !== "exact") throw new UsageError(`senet train: --int8 is always exact, and --numerics ${numerics} is asked for`);
}

/** Measures a model on images of its training set. */
export async function measuredOn(model: Module, data: Dataset, normalisation: Normalisation): Promise<QuantisedNetwork> {
  const batcher = new Batcher(data, normalisation);
  const count = Math.min(MEASURED, data.size);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * data.size) / count));
  await batcher.load(indices, false);
  const images = indices.map((index) => batcher.unaugmented(Int32Array.of(index)).x);
  return quantise(model, images, { reported: 0 }).network;
}

/** As JSON, for checkpoints. */
export function writtenRanges({ recipe: { values, layers } }: QuantisedNetwork): Record<string, unknown> {
  return {
    layers: [...layers.keys()],
    values: Object.fromEntries([...values].map(([name, { scale, zero }]) => [name, [zero, ...scale]])),
  };
}

const isRange = (value: unknown): value is readonly number[] => Array.isArray(value) && value.length > 1 &&
  value.every((number, i) => typeof number === "number" && (i === 0 ? Number.isInteger(number) && number >= 0 && number <= 127
    : number > 0 && number < Infinity));

/** @throws FormatError for what `writtenRanges` did not write */
function readRanges(written: unknown, input: Shape): Ranges {
  const { layers, values } = Object(written) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(layers) || !layers.every((name) => typeof name === "string") || !record.is(values) ||
    !Object.values(Object(values) as object).every(isRange)) {
    throw new FormatError(`checkpoint: ranges want layers and values, as int8 training writes them, got ${show(written)}`);
  }
  return {
    input, layers: new Set(layers),
    values: new Map(Object.entries(values as Record<string, readonly number[]>).map(
      ([name, [zero, ...scale]]) => [name, { scale: Float32Array.from(scale), zero }])),
  };
}

/** The network of bytes of a run that goes on. @throws FormatError or RangeError where its ranges are of another */
export function resumedInt8(model: Module, written: unknown, input: Shape): QuantisedNetwork {
  return requantise(model, readRanges(written, input));
}
