/** The update of all parameters: clipping, the optimiser, one pass a group; then the averages; then gradients are zero again. */
import { pow } from "../../../kernels/math.ts";
import { ADAMW_SETTINGS, SGD_SETTINGS, adamwKernel, averageKernel, sgdKernel, zeroKernel } from "../../../kernels/wasm/training/optimisers.ts";
import { clipScaleKernel, scaleFlatKernel, squaresBytes, squaresKernel } from "../../../kernels/wasm/training/clipping.ts";
import { flatParts } from "../../../kernels/wasm/training/flat.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import type { Call } from "../plan/kernel-call.ts";
import type { Plan } from "../plan/plan.ts";
import { StepPlanner } from "./step-planner.ts";
import type { TrainingOptions } from "./options.ts";
import type { TrainingState } from "./state.ts";
import { adamDefaults, sgdDefaults, slotNames } from "./update-rules.ts";
import type { UpdateRule } from "./update-rules.ts";

/** Floats of a group's settings. */
const SETTINGS = 16;

/** An array as long as all parameters that train, of what the optimiser keeps. The names are those of checkpoints. */
export interface Slot {
  readonly name: string;
  readonly address: number;
}

/** Addresses of moving averages. */
export interface Averages {
  /** Of what trains, as long as a slot. */
  readonly weights: number;
  /** Of the running statistics: those of averaged weights are nearer to them than the latest weights' are. */
  readonly statistics: number;
}

/**
 * The share that averages keep of themselves in an update: `average`, but less in the first ones, which would else keep the random start for
 * long. As TensorFlow's ExponentialMovingAverage has it with num_updates: min(average, (1 + t) / (10 + t)).
 * @param update t, 1 for the first
 */
export function averageDecay(average: number, update: number): number {
  return Math.min(average, (1 + update) / (10 + update));
}

export class Update {
  readonly slots: readonly Slot[];
  readonly averages: Averages | undefined;
  readonly #rule: UpdateRule;
  readonly #state: TrainingState;
  readonly #settings: number;
  readonly #clipping: number;
  readonly #options: TrainingOptions;

  constructor(state: TrainingState, options: TrainingOptions) {
    const { optimiser, average } = options;
    this.#rule = optimiser;
    this.#state = state;
    this.#options = options;
    this.slots = slotNames[optimiser.method].map((name) => ({ name, address: state.array(`slot ${name}`, state.trainable) }));
    this.averages = average === undefined ? undefined : { weights: state.array("averages", state.trainable), statistics: state.array("averages of statistics", state.runningSize) };
    this.#settings = state.array("settings", SETTINGS * (state.spans.length + 1));
    // What the kernel writes (scale and norm), what it compares with, and room for its sums.
    this.#clipping = state.array("clipping", SETTINGS + squaresBytes(state.trainable) / 4);
  }

  get #averaging(): number {
    return this.#settings + 4 * SETTINGS * this.#state.spans.length;
  }

  /** What has to run. */
  plan(): Plan {
    const { spans, trainable, values, gradients, running, runningSize } = this.#state;
    const plan = new StepPlanner(1);
    if (trainable === 0) return plan.finish();
    const call = (kernel: Kernel, size: number, ...addresses: readonly number[]): Call => plan.whole(kernel, addresses, 4 * size);
    if (this.#options.clip !== undefined) {
      const [scale, largest, partial] = [this.#clipping, this.#clipping + 8, this.#clipping + 4 * SETTINGS];
      plan.of("clipping");
      plan.stage(call(squaresKernel(trainable), trainable, partial, gradients));
      plan.stage(call(clipScaleKernel(flatParts(trainable)), 1, scale, partial, largest));
      plan.stage(call(scaleFlatKernel(trainable), trainable, gradients, scale));
    }
    plan.of(this.#rule.method);
    plan.stage(...spans.map(({ offset, size }, i) => {
      const kernel = this.#rule.method === "sgd" ? sgdKernel(size, this.#rule.nesterov ?? sgdDefaults.nesterov) : adamwKernel(size);
      const slots = this.slots.map(({ address }) => address + 4 * offset);
      return call(kernel, 2 * size, values + 4 * offset, ...slots, gradients + 4 * offset, this.#settings + 4 * SETTINGS * i);
    }));
    plan.of("averages");
    const averaged = this.averages === undefined ? [] : [[trainable, this.averages.weights, values], [runningSize, this.averages.statistics, running]];
    plan.stage(
      call(zeroKernel(trainable), trainable, gradients),
      ...averaged.filter(([size]) => size > 0).map(([size, average, of]) => call(averageKernel(size), size, average, of, this.#averaging)),
    );
    return plan.finish();
  }

  /** Writes what this update is done with. @param update 1 for the first */
  prepare(rate: number, update: number): void {
    const { clip, average } = this.#options;
    const rule = this.#rule;
    if (clip !== undefined) this.#state.view(this.#clipping + 8, 1)[0] = clip;
    if (average !== undefined) this.#state.view(this.#averaging, 1)[0] = 1 - averageDecay(average, update);
    this.#state.spans.forEach(({ group }, i) => {
      const common = { learningRate: rate * group.rate, weightDecay: group.weightDecay, gradientScale: 1 };
      const into = this.#state.view(this.#settings + 4 * SETTINGS * i, SETTINGS);
      if (rule.method === "sgd") {
        const all = { ...common, momentum: rule.momentum ?? sgdDefaults.momentum };
        SGD_SETTINGS.forEach((name, at) => (into[at] = all[name]));
        return;
      }
      const [beta1, beta2] = rule.betas ?? adamDefaults.betas;
      const all = {
        ...common, beta1, oneLessBeta1: 1 - beta1, beta2, oneLessBeta2: 1 - beta2, epsilon: rule.epsilon ?? adamDefaults.epsilon,
        correction1: 1 / (1 - pow(beta1, update)), rootCorrection2: 1 / Math.sqrt(1 - pow(beta2, update)),
      };
      ADAMW_SETTINGS.forEach((name, at) => (into[at] = all[name]));
    });
  }
}
