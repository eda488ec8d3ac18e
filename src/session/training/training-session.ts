/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Training sessions: a model compiled for training, with batches of one shape. Weights, gradients and the optimiser's state live in the
 * session's memory; `pull` writes weights and running statistics into the model, for saving and for inference, `refresh` takes the model's
 * over.
 */
import type { Network } from "../../graph/network.ts";
import type { Module } from "../../nn/module.ts";
import { Tensor, isDouble, sameShape, showShape, sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { isTensor } from "../../checks.ts";
import { checkOptions, didYouMean, show } from "../../errors.ts";
import { atOnce, inTime } from "../backends/making.ts";
import type { Backend } from "../backends/backend.ts";
import { chosen } from "../backends/choose.ts";
import { whenDropped } from "../backends/dropped.ts";
import { checkFlag } from "../check-options.ts";
import { traineeOf } from "../optimise/training-graph.ts";
import type { Trainee } from "../optimise/training-graph.ts";
import { Bound } from "./bound.ts";
import { checkLabels } from "./labels.ts";
import { lossOf, planarLogits } from "./loss.ts";
import { checkClassWeights, writeTargets } from "./targets.ts";
import { checkRate } from "./options.ts";
import type { TrainingOptions } from "./options.ts";
import { normsAsTheyAre } from "./norms.ts";
import { optimiserState, readOptimiserState } from "./optimiser-state.ts";
import type { TrainingState } from "./state.ts";
import type { TrainingProgram } from "./training-program.ts";
import { wanted } from "./wanted.ts";

/**
 * A model compiled for training, with batches of one shape [N,C,H,W]. `trainStep` computes the loss and its gradients and updates; the
 * weights live in the session until `pull` writes them into the model. Made by `compileTraining`.
 * @example
 * const model = new Sequential(new Flatten(), new Linear(4, 3));
 * const session: TrainingSession = compileTrainingSync(model, { input: [2, 1, 2, 2], optimiser: { method: "sgd" } });
 * session.backward(Tensor.zeros([2, 1, 2, 2]), Int32Array.of(0, 2)).toFixed(4)   // => 1.0986
 * session.gradient("1.bias").data.map((g) => Math.round(6 * g))   // => [-1,2,-1]
 * session.update(0.1);
 */
export class TrainingSession implements Disposable {
  readonly #options: TrainingOptions;
  readonly #backend: Backend;
  readonly #bound: Bound;
  readonly #logits: Shape;
  readonly #names: ReadonlyMap<string, number>;
  /** @throws RangeError where normalisation is another than its kernels were emitted for */
  readonly #checkNorms: () => void;
  #closed = false;
  /** What each row of the batch counts in the loss. */
  readonly #counts: Float64Array;
  readonly #released: () => void;
  #updates = 0;
  /** Batches whose gradients were added since the last update. */
  #waiting = 0;

  /** Sessions are made by `compileTraining`. @throws Error where there is no WebAssembly, RangeError for an option that makes no sense */
  constructor(trainee: Trainee, options: TrainingOptions, backend: Backend) {
    const { graph, parameters: named } = trainee;
    this.#options = options;
    this.#backend = backend;
    if (backend.executor === undefined) {
      throw new Error(`compile: training sessions want WebAssembly (${this.kernels}); the eager Trainer does without`);
    }
    this.#released = whenDropped(this, backend.collected);
    try {
      this.#bound = new Bound(trainee, options, backend);
      this.#counts = new Float64Array(this.#program.loss.rows);
      if (options.classWeights !== undefined) checkClassWeights("compile", options.classWeights, this.#program.loss.classes);
      this.#logits = graph.outputs[0].shape;
      this.#checkNorms = normsAsTheyAre(graph);
      this.#names = new Map(this.#state.parameters.flatMap(({ name }, i) => (named.has(name) ? [[name, i] as const] : [])));
      this.refresh();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get #state(): TrainingState {
    return this.#bound.state;
  }

  get #program(): TrainingProgram {
    return this.#bound.program;
  }

  /** Which kernels run, and why. */
  get kernels(): string {
    return `${this.#backend.name}: ${this.#backend.reason}`;
  }

  /** All calls of kernels, one a line: of a step, an update and the packing of weights. */
  get plan(): string {
    return this.#program.lines.join("\n");
  }

  /** Memory of values and gradients, in bytes. */
  get arenaBytes(): number {
    return this.#program.arenaBytes;
  }

  /** Updates done. */
  get updates(): number {
    return this.#updates;
  }

  /** Have as many batches come since the last update as `accumulate` says? */
  get due(): boolean {
    return this.#waiting >= (this.#options.accumulate ?? 1);
  }

  /** The shape of a batch, [N,C,H,W]. */
  get input(): Shape {
    return this.#options.input;
  }

  /**
   * One step: forward, backward and, when as many batches as `accumulate` says have come, the update.
   * @param x of the shape that was compiled for
   * @param labels classes, one an image (or pixel); or, as Float32Array, for each of them a row with the shares of all classes, which add
   * up to 1
   * @param rate learning rate of the update, if there is one
   * @returns the mean loss, as the network was. Where that, or what running statistics would become, is not finite, so is the result; then
   * nothing is updated, the statistics are as they were, and the gradients are cleared.
   * @throws TypeError for the wrong kind, RangeError for the wrong size, a label that is no class or a rate that is none; then nothing has
   * changed
   */
  trainStep(x: Tensor<Float32Array>, labels: Int32Array | Float32Array, rate: number = this.#rate): number {
    checkRate("session.trainStep", rate);
    const loss = this.backward(x, labels);
    if (Number.isFinite(loss) && this.due) this.update(rate);
    return loss;
  }

  /** The step without the update: gradients are added to. Arguments and result as of `trainStep`. */
  backward(x: Tensor<Float32Array>, labels: Int32Array | Float32Array): number {
    this.#open();
    const { input, smoothing = 0, classWeights, accumulate = 1 } = this.#options;
    if (!isTensor(x) || isDouble(x.data)) {
      throw new TypeError(`session.trainStep: x wants a Tensor of Float32Array, got ${show(x)}`);
    }
    if (!sameShape(x.shape, input)) throw new RangeError(`session.trainStep: x wants shape ${showShape(input)}, got ${showShape(x.shape)}`);
    const { rows, classes } = this.#program.loss;
    checkLabels("session.trainStep", labels, rows, classes);
    const counts = this.#counts;
    const shares = new Float32Array(rows * classes);
    const divisor = writeTargets(shares, counts, labels, classes, { smoothing, classWeights });
    this.#bound.drawMasks();
    const masks = this.#bound.masks.map((mask) => mask.slice());
    const statistics = this.#state.statisticsView().slice();
    const gradients = this.#waiting === 0 ? undefined : this.#bound.gradients.slice();
    let again = false;
    this.#bound.run("step", () => {
      const { targets, scales, input: at } = this.#program;
      this.#state.view(targets, shares.length).set(shares);
      const scale = this.#state.view(scales, rows);
      for (let i = 0; i < rows; i++) scale[i] = counts[i] / (divisor * accumulate);
      this.#state.view(at, x.size).set(x.data);
      if (again) {
        this.#bound.masks.forEach((mask, i) => mask.set(masks[i]));
        this.#state.statisticsView().set(statistics);
        if (gradients === undefined) this.#bound.gradients.fill(0);
        else this.#bound.gradients.set(gradients);
      }
      again = true;
    });
    const value = lossOf(this.#state.doubles(this.#program.terms, 3 * rows), counts) / divisor;
    this.#waiting++;
    // They have moved in the forward pass, before it was known what comes of it.
    const moved = this.#state.statisticsView();
    if (Number.isFinite(value) && this.#state.statisticsFinite()) return value;
    moved.set(statistics);
    this.clearGradients();
    return Number.isFinite(value) ? Infinity : value;
  }

  /** Updates all parameters by their gradients, which are zero then. */
  update(rate: number = this.#rate): void {
    this.#open();
    checkRate("session.update", rate);
    this.#updates++;
    this.#program.updates.prepare(rate, this.#updates);
    this.#program.update();
    this.#waiting = 0;
    this.#bound.run("pack");
  }

  get #rate(): number {
    const { learningRate, optimiser } = this.#options;
    return learningRate ?? (optimiser.method === "sgd" ? 0.1 : 0.001);
  }

  clearGradients(): void {
    this.#open();
    this.#bound.gradients.fill(0);
    this.#waiting = 0;
  }

  /** The logits of the last batch, [batch,classes,...], as the network was then. */
  get logits(): Tensor<Float32Array> {
    this.#open();
    return new Tensor(planarLogits(this.#state.view(this.#program.logits, sizeOf(this.#logits)), this.#logits), this.#logits);
  }

  /** The gradient of a parameter, as it is now. @throws RangeError for no parameter, or one that is frozen */
  gradient(name: string): Tensor<Float32Array> {
    this.#open();
    const index = this.#names.get(name);
    if (index === undefined) throw new RangeError(`session.gradient: ${show(name)} is no parameter${didYouMean(name, this.#names.keys())}`);
    const { frozen, offset, size, tensor } = this.#state.parameters[index];
    if (frozen) throw new RangeError(`session.gradient: ${name} is frozen`);
    return new Tensor(this.#state.view(this.#state.gradients + offset, size).slice(), tensor().shape);
  }

  /**
   * Writes weights and running statistics into the model.
   * @param average the averaged weights and statistics instead (compiled with `average`)
   */
  pull(options: { readonly average?: boolean } = {}): void {
    this.#open();
    checkOptions("session.pull", options, ["average"]);
    checkFlag("session.pull", "average", options.average);
    const { average = false } = options;
    const { averages } = this.#program.updates;
    if (average && averages === undefined) throw new RangeError("session.pull: there is no average; compile with average: 0.999, say");
    if (average) this.#state.pull(averages?.weights, averages?.statistics);
    else this.#state.pull();
  }

  /** @throws RangeError where `refresh` would */
  checkRefresh(): void {
    this.#open();
    this.#checkNorms();
  }

  /**
   * Takes the model's weights and running statistics over. Averages, if any, begin at these. The optimiser's state stays.
   * @throws RangeError where batch normalisation's epsilon or momentum is another than when the session was compiled; then nothing has
   * changed
   */
  refresh(): void {
    this.checkRefresh();
    const state = this.#state;
    state.memory.refresh();
    state.push();
    const { averages } = this.#program.updates;
    if (averages !== undefined) {
      state.view(averages.weights, state.trainable).set(state.view(state.values, state.trainable));
      state.view(averages.statistics, state.runningSize).set(state.statisticsView());
    }
    this.#bound.run("pack");
  }

  /**
   * Copies of the optimiser's state by name, as `Optimiser.state` of an eager one has them; averages as `average.NAME`; and where batches
   * wait for others before they are an update (`accumulate`), how many, as `waiting`, and their gradients, as `gradient.NAME`.
   */
  optimiserState(): Map<string, Tensor> {
    this.#open();
    return optimiserState(this.#state, this.#program.updates, { updates: this.#updates, waiting: this.#waiting });
  }

  /**
   * Takes over what `optimiserState` gave.
   * @throws RangeError for that of another optimiser or other parameters; then nothing has changed
   */
  loadOptimiserState(tensors: ReadonlyMap<string, Tensor>): void {
    this.#open();
    ({ updates: this.#updates, waiting: this.#waiting } = readOptimiserState(this.#state, this.#program.updates, tensors));
  }

  /** Frees everything at once. Not needed for correctness. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#released();
    this.#backend.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): void {
    if (this.#closed) throw new Error("session: it is closed");
  }
}

/**
 * Compiles a model, or a network from a file, for training.
 * @throws RangeError where an option makes no sense, or an operation has no gradient
 * @example
 * const model = new Sequential(new Flatten(), new Linear(4, 3));
 * const session = await compileTraining(model, { input: [2, 1, 2, 2], optimiser: { method: "sgd" }, threads: 1 });
 * session.trainStep(Tensor.zeros([2, 1, 2, 2]), Int32Array.of(0, 2), 0.1).toFixed(4)   // => 1.0986
 * session.pull();                // the weights are in `model` now
 */
export async function compileTraining(source: Module | Network, options: TrainingOptions): Promise<TrainingSession> {
  const trainee = traineeOf(source, options);
  return new TrainingSession(trainee, options, await inTime(chosen(wanted(trainee, options))));
}

/**
 * The same at once; with one thread, unless workers were started before.
 * @example
 * const model = new Sequential(new Flatten(), new Linear(4, 3));
 * const session = compileTrainingSync(model, { input: [2, 1, 2, 2], optimiser: { method: "adamw" } });
 * session.trainStep(Tensor.zeros([2, 1, 2, 2]), Int32Array.of(0, 2), 0.001).toFixed(4)   // => 1.0986
 */
export function compileTrainingSync(source: Module | Network, options: TrainingOptions): TrainingSession {
  const trainee = traineeOf(source, options);
  return new TrainingSession(trainee, options, atOnce(chosen(wanted(trainee, options))));
}
