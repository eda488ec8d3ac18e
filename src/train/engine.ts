/**
 * What computes the steps of a training: the eager engine, or a training session on its WebAssembly kernels. A trainer asks for no more
 * than this.
 */
import type { Module } from "../nn/module.ts";
import { checkStateDict, loadStateDict } from "../nn/state-dict.ts";
import type { TrainingSession } from "../session/training/training-session.ts";
import type { Tensor } from "../tensor.ts";
import { crossEntropy } from "./loss.ts";
import type { Optimiser } from "./optimisers/optimiser.ts";

export interface Engine {
  /**
   * Forward, backward and, where one is due, the update.
   * @param labels classes, or shares of all classes
   * @param keep called between backward and update, where the loss is finite; the model has the values that gave this loss then
   * @returns the mean loss. Where it is not finite nothing was updated.
   */
  step(x: Tensor<Float32Array>, labels: Int32Array | Float32Array, rate: number, keep: () => void): number;
  /** Of the last step, [batch,classes,...]. */
  readonly logits: Tensor<Float32Array>;
  /** Brings the model up to date, or gives it the averaged weights. @throws RangeError where no average is kept */
  pull(average: boolean): void;
  /** Copies of the optimiser's tensors, by name. */
  state(): Map<string, Tensor>;
  /** Weights and the optimiser's tensors from a checkpoint. @throws RangeError where they do not fit; then nothing has changed */
  restore(model: ReadonlyMap<string, Tensor>, optimiser: ReadonlyMap<string, Tensor>): void;
}

/** The modules' own forward and backward. */
export class EagerEngine implements Engine {
  readonly #model: Module;
  readonly #optimiser: Optimiser;
  readonly #smoothing: number;
  readonly #classWeights: readonly number[] | undefined;
  #logits: Tensor<Float32Array> | undefined;

  constructor(model: Module, optimiser: Optimiser, smoothing: number, classWeights?: readonly number[]) {
    this.#model = model;
    this.#optimiser = optimiser;
    this.#smoothing = smoothing;
    this.#classWeights = classWeights;
  }

  step(x: Tensor<Float32Array>, labels: Int32Array | Float32Array, rate: number, keep: () => void): number {
    const model = this.#model;
    if (!model.training) model.train();
    this.#logits = model.forward(x);
    const loss = crossEntropy(model.kernels, this.#logits, labels, this.#smoothing, this.#classWeights);
    if (!Number.isFinite(loss.value)) return loss.value;
    keep();
    model.clearGradients();
    model.backward(loss.gradient());
    this.#optimiser.step(rate);
    return loss.value;
  }

  get logits(): Tensor<Float32Array> {
    if (this.#logits === undefined) throw new Error("Trainer: there are no logits before the first step");
    return this.#logits;
  }

  pull(average: boolean): void {
    if (average) {
      throw new RangeError("Trainer: the eager engine keeps no average of the weights; a training session compiled with average does");
    }
  }

  state(): Map<string, Tensor> {
    return this.#optimiser.state();
  }

  restore(model: ReadonlyMap<string, Tensor>, optimiser: ReadonlyMap<string, Tensor>): void {
    checkStateDict(this.#model, model);
    this.#optimiser.loadState(optimiser);
    loadStateDict(this.#model, model);
  }
}

/** A training session; its optimiser, smoothing and average are what it was compiled with. */
export class SessionEngine implements Engine {
  readonly #model: Module;
  readonly #session: TrainingSession;

  constructor(model: Module, session: TrainingSession) {
    this.#model = model;
    this.#session = session;
  }

  step(x: Tensor<Float32Array>, labels: Int32Array | Float32Array, rate: number, keep: () => void): number {
    const session = this.#session;
    const loss = session.backward(x, labels);
    if (!Number.isFinite(loss)) return loss;
    session.pull();
    keep();
    if (session.due) session.update(rate);
    return loss;
  }

  get logits(): Tensor<Float32Array> {
    return this.#session.logits;
  }

  pull(average: boolean): void {
    this.#session.pull({ average });
  }

  state(): Map<string, Tensor> {
    return this.#session.optimiserState();
  }

  restore(model: ReadonlyMap<string, Tensor>, optimiser: ReadonlyMap<string, Tensor>): void {
    checkStateDict(this.#model, model);
    this.#session.checkRefresh();
    // Once to check before the model is touched, once more because `refresh` lets averages begin anew.
    this.#session.loadOptimiserState(optimiser);
    loadStateDict(this.#model, model);
    this.#session.refresh();
    this.#session.loadOptimiserState(optimiser);
  }
}
