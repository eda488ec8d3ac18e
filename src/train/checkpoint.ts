/**
 * Checkpoints: one safetensors file with everything that a run needs to go on with the same bits. Tensors are
 * `model.NAME` and `optimiser.NAME`; the metadata describe the model (io/weights/metadata.ts) and hold, as JSON,
 *
 *   senet.training   the trainer's state: step, seed, random states
 *   senet.settings   whatever the caller wants to find again
 *   senet.state      numbers of the model that are no tensors, such as batch normalisation's epsilon
 *
 * The file carries a checksum of its bytes.
 */
import { checkFields, has, record, tensorMap, texts } from "../checks.ts";
import type { ArgumentKind } from "../checks.ts";
import { checkModule } from "../nn/check.ts";
import { FormatError, show } from "../errors.ts";
import { describeModel, describeState, orderedJson, readModelDescription, readState } from "../io/weights/metadata.ts";
import type { ModelDescription } from "../io/weights/metadata.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import { parsePreprocessing, withOrder } from "../io/images/preprocessing-json.ts";
import { parseSafetensors, writeSafetensors } from "../io/weights/safetensors.ts";
import type { Module } from "../nn/module.ts";
import { applySettings, settingsOf } from "../nn/settings.ts";
import type { ModelSettings } from "../nn/settings.ts";
import { stateDict } from "../nn/state-dict.ts";
import type { Tensor } from "../tensor.ts";
import type { Trainer, TrainerState } from "./trainer.ts";

export interface CheckpointOptions {
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface Checkpoint {
  readonly format: "senet";
  /** All tensors by their names in the file, and what it says of itself: as every weights file has them. */
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
  readonly ignored: string[];
  readonly description: ModelDescription | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly state: TrainerState;
  /** Numbers of the model that are no tensors; undefined where an older version wrote the file. */
  readonly modelSettings: ModelSettings | undefined;
  readonly model: ReadonlyMap<string, Tensor>;
  readonly optimiser: ReadonlyMap<string, Tensor>;
}

function checkTrainer(operation: string, value: unknown): asserts value is Trainer {
  if (!has(value, "trainStep", "optimiserState", "checkState")) {
    throw new TypeError(`${operation}: trainer wants a Trainer, got ${show(value)}`);
  }
}

function checkCheckpoint(operation: string, value: unknown): asserts value is Checkpoint {
  const { format, state, model, optimiser } = Object(value) as Partial<Checkpoint>;
  if (format === "senet" && state !== undefined && tensorMap.is(model) && tensorMap.is(optimiser)) return;
  throw new TypeError(`${operation}: checkpoint wants what readCheckpoint gives, got ${show(value)}`);
}

/**
 * The state of a training run as bytes, for `restoreCheckpoint`. @throws Error where the run has diverged
 * @example
 * const data = new Dataset(new Uint8Array(4 * 16), [4, 1, 4, 4], Int32Array.of(0, 1, 0, 1), ["dark", "bright"]);
 * const run = (seed: number): Trainer => {
 *   const model = createModel("se_resnet8", { classes: 2, inChannels: 1, width: 8, reduction: 2 }, seed);
 *   return new Trainer({
 *     model, data, batch: 2, seed: 1, optimiser: new Sgd(model.namedParameters()), schedule: constant({ peak: 0.1 }),
 *     normalisation: { mean: [0.5], std: [0.25] },
 *   });
 * };
 * const trainer = run(1);
 * trainer.trainStep();
 * readCheckpoint(writeCheckpoint(trainer)).format   // => senet
 */
export function writeCheckpoint(trainer: Trainer, options: CheckpointOptions = {}): Uint8Array {
  checkTrainer("writeCheckpoint", trainer);
  const known: Record<keyof CheckpointOptions, ArgumentKind | null> = { classes: texts, preprocessing: null, settings: record };
  checkFields("writeCheckpoint", options, known);
  const { classes, preprocessing, settings = {} } = options;
  const { state } = trainer;
  trainer.pull();
  const { model } = trainer;
  const tensors: [string, Tensor][] = [];
  for (const [name, tensor] of stateDict(model)) tensors.push([`model.${name}`, tensor]);
  for (const [name, tensor] of trainer.optimiserState()) tensors.push([`optimiser.${name}`, tensor]);
  const description = model.identity === undefined ? {} : describeModel({
    ...model.identity,
    ...(classes === undefined ? {} : { classes }),
    ...(preprocessing === undefined ? {} : { preprocessing: withOrder(parsePreprocessing(preprocessing), "pillow-13") }),
  });
  const metadata = {
    ...description, ...describeState(settingsOf(model)), "senet.training": JSON.stringify(state),
    "senet.settings": orderedJson(settings, "settings", "writeCheckpoint"),
  };
  return writeSafetensors(tensors, { metadata, checksum: true });
}

/** Reads what `writeCheckpoint` wrote: the state of a training run. @throws FormatError where the bytes are no checkpoint */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const file = parseSafetensors(bytes);
  const { tensors, metadata } = file;
  if (!Object.hasOwn(metadata, "senet.training")) {
    throw new FormatError("checkpoint: this safetensors file holds no training state, only weights");
  }
  const model = new Map<string, Tensor>();
  const optimiser = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith("model.")) model.set(name.slice(6), tensor);
    else if (name.startsWith("optimiser.")) optimiser.set(name.slice(10), tensor);
    else throw new FormatError(`checkpoint: a tensor is named ${show(name)}, neither model.* nor optimiser.*`);
    checkValues(name, tensor);
  }
  return {
    format: "senet",
    ...file,
    description: readModelDescription(metadata),
    settings: json(metadata, "senet.settings"),
    state: trainerState(json(metadata, "senet.training")),
    modelSettings: readState(metadata),
    model,
    optimiser,
  };
}

/** @throws FormatError for values that no run leaves, as in a file that is damaged and older than checksums */
function checkValues(name: string, { data }: Tensor): void {
  // Variances, Adam's second moments, counts of updates.
  const least = /\.running_var$|^optimiser\.(second|updates)\./.test(name) ? 0 : -Infinity;
  const at = data.findIndex((value: number) => !(Number.isFinite(value) && value >= least));
  if (at >= 0) throw new FormatError(`checkpoint: ${show(name)} holds ${data[at]}: it is damaged`);
}

/**
 * Gives a model that will go on from a checkpoint what decides its answers beside the tensors (batch normalisation's epsilon). Sessions are
 * compiled for it, so do this before the trainer's is.
 * @throws RangeError where it is another model; then nothing has changed
 * @example
 * const data = new Dataset(new Uint8Array(4 * 16), [4, 1, 4, 4], Int32Array.of(0, 1, 0, 1), ["dark", "bright"]);
 * const run = (seed: number): Trainer => {
 *   const model = createModel("se_resnet8", { classes: 2, inChannels: 1, width: 8, reduction: 2 }, seed);
 *   return new Trainer({
 *     model, data, batch: 2, seed: 1, optimiser: new Sgd(model.namedParameters()), schedule: constant({ peak: 0.1 }),
 *     normalisation: { mean: [0.5], std: [0.25] },
 *   });
 * };
 * const checkpoint = readCheckpoint(writeCheckpoint(run(1)));
 * const model = createModel("se_resnet8", { classes: 2, inChannels: 1, width: 8, reduction: 2 });
 * if (checkpoint.format !== "pytorch") prepareModel(model, checkpoint);
 * checkpoint.format   // => senet
 */
export function prepareModel(model: Module, checkpoint: Checkpoint): void {
  checkModule("prepareModel", model);
  checkCheckpoint("prepareModel", checkpoint);
  if (checkpoint.modelSettings !== undefined) applySettings(model, checkpoint.modelSettings);
}

/**
 * Puts a run back to where the checkpoint was written. The trainer must have been made with the same options.
 * @throws RangeError where model, optimiser, seed, batch or data set are others; then nothing has changed
 * @example
 * const data = new Dataset(new Uint8Array(4 * 16), [4, 1, 4, 4], Int32Array.of(0, 1, 0, 1), ["dark", "bright"]);
 * const run = (seed: number): Trainer => {
 *   const model = createModel("se_resnet8", { classes: 2, inChannels: 1, width: 8, reduction: 2 }, seed);
 *   return new Trainer({
 *     model, data, batch: 2, seed: 1, optimiser: new Sgd(model.namedParameters()), schedule: constant({ peak: 0.1 }),
 *     normalisation: { mean: [0.5], std: [0.25] },
 *   });
 * };
 * const [first, second] = [run(1), run(2)];
 * first.trainStep();
 * restoreCheckpoint(second, readCheckpoint(writeCheckpoint(first)));
 * second.trainStep().loss === first.trainStep().loss   // => true
 */
export function restoreCheckpoint(trainer: Trainer, checkpoint: Checkpoint | { readonly format: "pytorch" }): void {
  checkTrainer("restoreCheckpoint", trainer);
  if (Object(checkpoint).format === "pytorch") {
    throw new RangeError("restoreCheckpoint: wants what writeCheckpoint wrote; from a checkpoint of PyTorch loadWeights takes the weights");
  }
  checkCheckpoint("restoreCheckpoint", checkpoint);
  trainer.checkState(checkpoint.state);
  const before = settingsOf(trainer.model);
  prepareModel(trainer.model, checkpoint);
  try {
    trainer.restore(checkpoint.model, checkpoint.optimiser);
  } catch (error) {
    applySettings(trainer.model, before);
    throw error;
  }
  trainer.state = checkpoint.state;
}

function json(metadata: Readonly<Record<string, string>>, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(metadata[name] ?? "{}");
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new FormatError(`checkpoint: ${name} wants a JSON object`);
  return value as Record<string, unknown>;
}

function trainerState(value: Record<string, unknown>): TrainerState {
  const random = (value.random ?? {}) as Record<string, unknown>;
  const words = (name: string): boolean => {
    const list = random[name];
    return Array.isArray(list) && list.length === 4 && list.every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffffffff) &&
      list.some((word) => word !== 0);
  };
  for (const name of ["step", "seed", "batch", "images", "lossSum", "correct"]) {
    if (typeof value[name] !== "number") {
      throw new FormatError(`checkpoint: senet.training wants a number ${name}, got ${show(value[name])}`);
    }
    const whole = name !== "lossSum";
    if (!(value[name] >= 0) || (whole && !Number.isSafeInteger(value[name]))) {
      throw new FormatError(`checkpoint: senet.training wants a${whole ? " whole" : ""} number ${name} of at least 0, got ${value[name]}`);
    }
  }
  for (const name of ["order", "augmentation", "dropout"]) {
    if (!words(name)) {
      throw new FormatError(`checkpoint: senet.training wants four words random.${name}, not all zero, got ${show(random[name])}`);
    }
  }
  return value as unknown as TrainerState;
}
