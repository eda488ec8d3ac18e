/**
 * Training, step by step. One seed decides a whole run: the order of the images, their augmentation, and dropout; so the
 * same seed gives the same bits, and a trainer whose state was saved and loaded goes on as if nothing had happened.
 */
import { Random } from "../../kernels/random.ts";
import { callback, check, checkFields, flag, tensorMap } from "../checks.ts";
import type { ArgumentKind } from "../checks.ts";
import { show } from "../errors.ts";
import { isLayer } from "../nn/module.ts";
import type { Module } from "../nn/module.ts";
import type { Parameter, Statistic } from "../nn/parameter.ts";
import { Dropout } from "../nn/layers/dropout.ts";
import { nextTurn } from "../session/threads/turn.ts";
import type { Floats, Tensor } from "../tensor.ts";
import { Batcher } from "./data/augment.ts";
import { DivergedError, isFinite } from "./diverged.ts";
import { EagerEngine, SessionEngine } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { ImageOrder } from "./image-order.ts";
import { predictions } from "./loss.ts";
import { checkTrainerOptions } from "./trainer-options.ts";
import type { TrainerOptions } from "./trainer-options.ts";

export { DivergedError } from "./diverged.ts";
export type { TrainerOptions } from "./trainer-options.ts";

const abortSignal: ArgumentKind = {
  wanted: "an AbortSignal, or { aborted }",
  is: (value) => typeof value === "object" && value !== null && typeof (value as { readonly aborted?: unknown }).aborted === "boolean",
};

/**
 * One step, and the sums of its epoch so far.
 * @example
 * const line = ({ epoch, stepOfEpoch, loss }: StepReport): string => `epoch ${epoch}, step ${stepOfEpoch}: ${loss.toFixed(3)}`;
 * typeof line   // => function
 */
export interface StepReport {
  /** Steps done in the whole run, this one included. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  /** Steps done in this epoch, and how many it has. */
  readonly stepOfEpoch: number;
  readonly stepsPerEpoch: number;
  readonly rate: number;
  /** Of this batch. */
  readonly loss: number;
  /**
   * Means over the epoch so far, each batch as the network was when it came; of mixed images (`mixup`) the class with the larger share is
   * the right one.
   */
  readonly epochLoss: number;
  readonly epochAccuracy: number;
}

/** Where a run stands: with the model's and the optimiser's tensors, all that the next step depends on. */
export interface TrainerState {
  readonly step: number;
  readonly seed: number;
  readonly batch: number;
  /** Images in the data set. */
  readonly images: number;
  /** Sum of the losses, and number of right predictions, in the epoch that is under way. */
  readonly lossSum: number;
  readonly correct: number;
  /** States of the generators: the one that shuffles as it was when the epoch began, the others as they are. */
  readonly random: { readonly order: readonly number[]; readonly augmentation: readonly number[]; readonly dropout: readonly number[] };
}

/**
 * Trains a model on a data set, in a session or eagerly: order, augmentation, schedule, averages. Its state can be written and restored
 * (`writeCheckpoint`), and a run that goes on from there ends with the same bits.
 * @example
 * const data = new Dataset(new Uint8Array(4 * 16), [4, 1, 4, 4], Int32Array.of(0, 1, 0, 1), ["dark", "bright"]);
 * const model = new Sequential(new Flatten(), new Linear(16, 2)).initialise(new Random(1));
 * const trainer = new Trainer({
 *   model, data, batch: 2, seed: 1, optimiser: new Sgd(model.namedParameters()), schedule: constant({ peak: 0.1 }),
 *   normalisation: { mean: [0.5], std: [0.25] },
 * });
 * trainer.trainStep().step   // => 1
 * (await trainer.trainEpoch()).epoch   // => 0
 */
export class Trainer {
  readonly stepsPerEpoch: number;
  readonly #model: Module;
  readonly #engine: Engine;
  /** The engine has newer values than the model. */
  #ahead = false;
  readonly #options: TrainerOptions;
  readonly #values: ReadonlyMap<string, Parameter | Statistic>;
  readonly #batcher: Batcher;
  /** Its generator and these two: apart, so that switching one use off leaves the numbers of the others as they are. */
  readonly #order: ImageOrder;
  readonly #augmentationRandom: Random;
  readonly #dropoutRandom: Random;
  #step = 0;
  #lossSum = 0;
  #correct = 0;
  /** Copies of all values of the model, as of the last step with a finite loss. */
  readonly #good = new Map<string, Floats>();
  #diverged = false;
  /** `trainEpoch` is under way. */
  #busy = false;

  /** @throws RangeError where an option does not fit the data or the model. */
  constructor(options: TrainerOptions) {
    checkTrainerOptions(options);
    const { model, data, batch, seed, heldOut = { images: 0, until: 0 }, optimiser, session, smoothing = 0, classWeights } = options;
    this.#model = model.train();
    this.#engine = session !== undefined ? new SessionEngine(model, session) : new EagerEngine(model, optimiser!, smoothing, classWeights);
    this.#options = options;
    this.#values = model.namedState();
    this.#batcher = new Batcher(data, options.normalisation, options.augmentation);
    const seeds = new Random(seed);
    this.#order = new ImageOrder(new Random(seeds.uint32()), data.size, batch, heldOut);
    this.stepsPerEpoch = this.#order.stepsPerEpoch;
    this.#augmentationRandom = new Random(seeds.uint32());
    this.#dropoutRandom = new Random(seeds.uint32());
    for (const module of model.tree()) if (isLayer(module, Dropout, "Dropout")) module.random = this.#dropoutRandom;
  }

  /** With the weights and running statistics of now; or the averaged ones, from `pull({ average: true })` until the next step. */
  get model(): Module {
    if (this.#ahead) this.pull();
    return this.#model;
  }

  /**
   * Gives the model the weights of now, or the averaged ones.
   * @throws RangeError where no average is kept; Error where the run has diverged
   */
  pull(options: { readonly average?: boolean } = {}): void {
    checkFields("Trainer.pull: options", options, { average: flag });
    const { average = false } = options;
    if (this.#diverged) throw new Error("Trainer: this run has diverged; the model has its last good weights");
    this.#engine.pull(average);
    this.#ahead = false;
  }

  /** Copies of the optimiser's tensors, and of averages, by name. */
  optimiserState(): Map<string, Tensor> {
    return this.#engine.state();
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** Epochs done, as a fraction while one is under way. */
  get epoch(): number {
    return this.#step / this.stepsPerEpoch;
  }

  /** Decodes the images of the next step where they are not in memory (`Dataset.load`): awaited before `trainStep` then. */
  async load(): Promise<void> {
    if (this.#options.data.decoded === undefined) return;
    await this.#batcher.load(this.#order.ahead(this.#step), true);
  }

  /**
   * Trains on the next batch.
   * @throws DivergedError where the loss, or what the forward pass leaves, is not finite; then the model has the values that gave the last
   * finite loss. RangeError where the schedule gives no learning rate; then nothing has changed.
   */
  trainStep(): StepReport {
    if (this.#diverged) throw new Error("Trainer: this run has diverged and cannot go on");
    const rate = this.#options.schedule(this.#step);
    if (!(rate >= 0 && rate < Infinity)) {
      throw new RangeError(
        `Trainer: the schedule gives ${show(rate)} for step ${this.#step}, a learning rate wants a finite number of at least 0`
      );
    }
    // A run that fails in its first step ends with what it began with.
    if (this.#good.size === 0) this.#keep();
    const at = this.#step % this.stepsPerEpoch;
    if (at === 0) [this.#lossSum, this.#correct] = [0, 0];
    const { x, labels, shares } = this.#batcher.augmented(this.#order.take(this.#step), this.#augmentationRandom);
    const loss = this.#engine.step(x, shares ?? labels, rate, () => this.#keepFinite());
    if (!Number.isFinite(loss)) this.#fail(this.#step + 1, `the loss is ${loss}`);
    this.#ahead = true;

    this.#step++;
    this.#lossSum += loss;
    const predicted = predictions(this.#engine.logits);
    for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) this.#correct++;
    return {
      step: this.#step,
      epoch: Math.floor((this.#step - 1) / this.stepsPerEpoch),
      stepOfEpoch: at + 1,
      stepsPerEpoch: this.stepsPerEpoch,
      rate,
      loss,
      epochLoss: this.#lossSum / (at + 1),
      epochAccuracy: this.#correct / ((at + 1) * labels.length),
    };
  }

  /**
   * Trains to the end of the epoch (a whole one, unless one is under way) and gives the report of its last step. Between two steps the
   * host's event loop goes round: timers and signals are heard, a page stays alive. `trainStep` is the same without that.
   * @param progress called after every step; `false` stops there, between two steps
   * @param signal an AbortSignal; once it is aborted, the step under way is the last one, and a later call goes on after it
   * @throws (as a rejection, like all of these) DivergedError as `trainStep`; Error while another call is under way
   */
  async trainEpoch(progress?: (report: StepReport) => boolean | void, signal?: { readonly aborted: boolean }): Promise<StepReport> {
    if (progress !== undefined) check("Trainer.trainEpoch", "progress", progress, callback);
    if (signal !== undefined) check("Trainer.trainEpoch", "signal", signal, abortSignal);
    const stops = (): boolean => signal?.aborted === true;
    if (this.#busy) throw new Error("Trainer: an epoch is under way; await it first");
    this.#busy = true;
    try {
      for (;;) {
        await this.load();
        const report = this.trainStep();
        if (progress?.(report) === false || stops()) return report;
        await nextTurn();
        if (report.stepOfEpoch < report.stepsPerEpoch) {
          if (stops()) return report;
          continue;
        }
        this.checkFinite();
        return report;
      }
    } finally {
      this.#busy = false;
    }
  }

  /** @throws DivergedError where the last update left a value that is not finite; the model then has the values before it. */
  checkFinite(): void {
    if (this.#ahead) this.pull();
    for (const [name, entry] of this.#values) {
      if (!isFinite(entry.value.data)) this.#fail(this.#step, `${name} is no longer finite after the update`);
    }
  }

  get state(): TrainerState {
    if (this.#diverged) throw new Error("Trainer: this run has diverged and cannot go on");
    return {
      step: this.#step,
      seed: this.#options.seed,
      batch: this.#options.batch,
      images: this.#options.data.size,
      lossSum: this.#lossSum,
      correct: this.#correct,
      random: {
        order: this.#order.state(this.#step), augmentation: this.#augmentationRandom.state, dropout: this.#dropoutRandom.state,
      },
    };
  }

  /**
   * Weights and the optimiser's tensors of a checkpoint; `state` is set after it.
   * @throws RangeError where they are of another model or optimiser; then nothing has changed
   */
  restore(model: ReadonlyMap<string, Tensor>, optimiser: ReadonlyMap<string, Tensor>): void {
    check("Trainer.restore", "model", model, tensorMap);
    check("Trainer.restore", "optimiser", optimiser, tensorMap);
    this.#engine.restore(model, optimiser);
    this.#ahead = false;
  }

  /** @throws RangeError where a state is of a run with other options. */
  checkState(state: TrainerState): void {
    if (Object.prototype.toString.call(Object(state).random) !== "[object Object]") {
      throw new TypeError(`Trainer: state wants what trainer.state gives, got ${show(state)}`);
    }
    const { seed, batch, data } = this.#options;
    for (const [name, came, wanted] of [
      ["seed", state.seed, seed], ["batch", state.batch, batch], ["images", state.images, data.size],
    ] as const) {
      if (came !== wanted) throw new RangeError(`Trainer: the state is of a run with ${name} ${came}, this one has ${wanted}`);
    }
    if (!Number.isSafeInteger(state.step) || state.step < 0) {
      throw new RangeError(`Trainer: step wants a whole number of at least 0, got ${state.step}`);
    }
    // Refused here, and not once the weights have been written.
    const { order, augmentation, dropout } = state.random;
    for (const words of [order, augmentation, dropout]) new Random(0).state = words;
  }

  /** Takes over the state of a trainer with the same options. @throws RangeError where it is of another run. */
  set state(state: TrainerState) {
    this.checkState(state);
    this.#order.restore(state.random.order, state.step);
    this.#augmentationRandom.state = state.random.augmentation;
    this.#dropoutRandom.state = state.random.dropout;
    this.#step = state.step;
    this.#lossSum = state.lossSum;
    this.#correct = state.correct;
    this.#good.clear();
    this.#diverged = false;
  }

  /**
   * @throws DivergedError where running statistics, which the forward pass has moved, or weights are not finite; those kept before stay
   * kept
   */
  #keepFinite(): void {
    for (const [name, { value }] of this.#values) {
      if (!isFinite(value.data)) this.#fail(this.#step + 1, `${name} is no longer finite`);
    }
    this.#keep();
  }

  #keep(): void {
    for (const [name, { value }] of this.#values) {
      const copy = this.#good.get(name);
      if (copy === undefined) this.#good.set(name, value.data.slice());
      else copy.set(value.data);
    }
  }

  #fail(step: number, what: string): never {
    this.#diverged = true;
    this.#ahead = false;
    for (const [name, { value }] of this.#values) {
      const copy = this.#good.get(name);
      if (copy !== undefined) value.data.set(copy);
    }
    throw new DivergedError(step, what, this.stepsPerEpoch);
  }
}
