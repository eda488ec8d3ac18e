/** What a run is made of, checked before anything of it begins. */
import { between, check, has } from "../checks.ts";
import { checkModule } from "../nn/check.ts";
import { checkOptions, counted, show } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import { checkClassWeights } from "../session/training/targets.ts";
import type { TrainingSession } from "../session/training/training-session.ts";
import { sameShape, showShape } from "../tensor.ts";
import type { Augmentation, Normalisation } from "./data/augment.ts";
import { checkDataset } from "./data/dataset.ts";
import type { Dataset } from "./data/dataset.ts";
import type { Optimiser } from "./optimisers/optimiser.ts";
import type { Schedule } from "./optimisers/schedule.ts";

/**
 * What is trained, on what, and how. Batches are images, rates are those of the schedule, one for each step.
 * @example
 * const options: Pick<TrainerOptions, "schedule" | "batch" | "seed"> = { schedule: cosine({ peak: 0.1, steps: 100 }), batch: 32, seed: 1 };
 * options.schedule(0)   // => 0.1
 */
export interface TrainerOptions {
  /** With starting values in it; the trainer puts it into training mode. */
  readonly model: Module;
  /** Of `model.namedParameters()`: trains eagerly. */
  readonly optimiser?: Optimiser;
  /**
   * Instead: of `compileTraining(model, ...)` with batches of the right shape. It has its own optimiser, smoothing and average; with
   * `accumulate: n` only every n-th step ends in an update, across epochs.
   */
  readonly session?: TrainingSession;
  readonly schedule: Schedule;
  readonly data: Dataset;
  /**
   * The last `images` of `data` are not trained on in epochs (from 0) before `until`, so that they can measure the run until then. Default
   * none.
   */
  readonly heldOut?: { readonly images: number; readonly until: number };
  readonly normalisation: Normalisation;
  readonly augmentation?: Augmentation;
  /** Images a step. */
  readonly batch: number;
  /** Label smoothing of the eager engine. Default 0. */
  readonly smoothing?: number;
  /** What each class counts in the eager engine's loss, as `crossEntropy` has it. Default: all alike. */
  readonly classWeights?: readonly number[];
  /** Any whole number. */
  readonly seed: number;
}

const known = [
  "model", "optimiser", "session", "schedule", "data", "heldOut", "normalisation", "augmentation", "batch", "smoothing", "classWeights",
  "seed",
] as const satisfies readonly (keyof TrainerOptions)[];

/** @throws TypeError for another kind; RangeError where an option does not fit the data or the model */
export function checkTrainerOptions(options: TrainerOptions): void {
  checkOptions("Trainer", options, known);
  const { model, data, batch, seed, heldOut = { images: 0, until: 0 } } = options;
  checkModule("Trainer", model);
  checkDataset("Trainer", "data", data);
  if (typeof options.schedule !== "function") {
    throw new TypeError(`Trainer: schedule wants a function, such as constant({ peak: 0.1 }), got ${show(options.schedule)}`);
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError(`Trainer: seed wants a whole number, got ${show(seed)}`);
  const { images, until } = Object(heldOut) as typeof heldOut;
  if (![images, until].every((n) => Number.isSafeInteger(n) && n >= 0) || images >= data.size) {
    throw new RangeError(
      `Trainer: heldOut wants less than the ${counted(data.size, "image")} of the data set and a whole number of epochs, ` +
      `got ${images} until ` +
        `${until}`
    );
  }
  const trained = data.size - images;
  if (!Number.isSafeInteger(batch) || batch < 1 || batch > trained) {
    throw new RangeError(
      `Trainer: batch wants a whole number from 1 to the ${counted(trained, "image")} of the data set, got ${show(batch)}`,
    );
  }
  const output = model.outputShape([batch, ...data.shape.slice(1)]);
  const pixels = data.labelsPerImage === 1 ? [] : data.shape.slice(2);
  if (output.join() !== [batch, data.classes.length, ...pixels].join()) {
    const each = pixels.length === 0 ? "" : ` for each of ${pixels.join("x")} pixels`;
    throw new RangeError(
      `Trainer: the data set has ${counted(data.classes.length, "class", "classes")}${each}, the model puts out [${output.join(",")}]`,
    );
  }
  const { optimiser, session, smoothing = 0, classWeights } = options;
  if ((optimiser === undefined) === (session === undefined)) {
    throw new TypeError("Trainer: wants an optimiser, or a session, and not both");
  }
  if (optimiser !== undefined && !has(optimiser, "step", "loadState")) {
    throw new TypeError(`Trainer: optimiser wants an optimiser, such as new Sgd(model.namedParameters()), got ${show(optimiser)}`);
  }
  if (session !== undefined && !has(session, "trainStep", "optimiserState")) {
    throw new TypeError(`Trainer: session wants what compileTraining gives, got ${show(session)}`);
  }
  const shape = [batch, ...data.shape.slice(1)];
  if (session !== undefined && !sameShape(session.input, shape)) {
    throw new RangeError(
      `Trainer: batches of this data set have shape ${showShape(shape)}, the session takes ${showShape(session.input)}`
    );
  }
  check("Trainer", "smoothing", smoothing, between(0, 1));
  if (session !== undefined && classWeights !== undefined) {
    throw new TypeError("Trainer: classWeights of a session are what it was compiled with");
  }
  if (classWeights !== undefined) checkClassWeights("Trainer", classWeights, data.classes.length);
}
