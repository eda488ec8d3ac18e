/**
 * Checkpoints: one safetensors file with everything that a run needs to go on with the same bits. Tensors are
 * `model.NAME` and `optimiser.NAME`; the metadata describe the model (io/weights/metadata.ts) and hold, as JSON,
 *
 *   senet.training   the trainer's state: step, seed, random states
 *   senet.settings   whatever the caller wants to find again
 */
import { FormatError, show } from "../errors.ts";
import { describeModel, readDescription } from "../io/weights/metadata.ts";
import type { ModelDescription } from "../io/weights/metadata.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import { parseSafetensors, writeSafetensors } from "../io/weights/safetensors.ts";
import { stateDict } from "../nn/state-dict.ts";
import type { Tensor } from "../tensor.ts";
import type { Trainer, TrainerState } from "./trainer.ts";

export interface CheckpointOptions {
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface Checkpoint {
  readonly description: ModelDescription | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly state: TrainerState;
  readonly model: ReadonlyMap<string, Tensor>;
  readonly optimiser: ReadonlyMap<string, Tensor>;
}

/** The state of a training run as bytes, for `restoreCheckpoint`. @throws Error where the run has diverged */
export function writeCheckpoint(trainer: Trainer, options: CheckpointOptions = {}): Uint8Array {
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
    ...(preprocessing === undefined ? {} : { preprocessing }),
  });
  return writeSafetensors(tensors, { metadata: { ...description, "senet.training": JSON.stringify(state), "senet.settings": JSON.stringify(settings) } });
}

/** Reads what `writeCheckpoint` wrote: the state of a training run. @throws FormatError where the bytes are no checkpoint */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = parseSafetensors(bytes);
  if (!Object.hasOwn(metadata, "senet.training")) throw new FormatError("checkpoint: this safetensors file holds no training state, only weights");
  const model = new Map<string, Tensor>();
  const optimiser = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith("model.")) model.set(name.slice(6), tensor);
    else if (name.startsWith("optimiser.")) optimiser.set(name.slice(10), tensor);
    else throw new FormatError(`checkpoint: a tensor is named ${show(name)}, neither model.* nor optimiser.*`);
  }
  return {
    description: readDescription(metadata),
    settings: json(metadata, "senet.settings"),
    state: trainerState(json(metadata, "senet.training")),
    model,
    optimiser,
  };
}

/** The weights that a run measures and writes at its end: the averaged ones where it keeps an average. */
export function resultOf({ model, optimiser }: Checkpoint): Map<string, Tensor> {
  return new Map([...model].map(([name, tensor]) => [name, optimiser.get(`average.${name}`) ?? tensor]));
}

/**
 * Puts a run back to where the checkpoint was written. The trainer must have been made with the same options.
 * @throws RangeError where model, optimiser, seed, batch or data set are others.
 */
export function restoreCheckpoint(trainer: Trainer, checkpoint: Checkpoint): void {
  trainer.restore(checkpoint.model, checkpoint.optimiser);
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
  const numbers = ["step", "seed", "batch", "images", "lossSum", "correct"];
  const random = (value.random ?? {}) as Record<string, unknown>;
  const words = (name: string): boolean => {
    const list = random[name];
    return Array.isArray(list) && list.length === 4 && list.every((word) => typeof word === "number");
  };
  for (const name of numbers) {
    if (typeof value[name] !== "number") throw new FormatError(`checkpoint: senet.training wants a number ${name}, got ${show(value[name])}`);
  }
  for (const name of ["order", "augmentation", "dropout"]) {
    if (!words(name)) throw new FormatError(`checkpoint: senet.training wants four words random.${name}, got ${show(random[name])}`);
  }
  return value as unknown as TrainerState;
}
