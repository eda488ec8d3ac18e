/** The update of all parameters: clipping, the optimiser, one pass a group; then the averages; then gradients are zero again. */
import { bytesOf } from "../../../kernels/formats.ts";
import { pow } from "../../../kernels/math.ts";
import {
  ADAMW_SETTINGS, SGD_SETTINGS, adamwKernel, averageKernel, sgdKernel, zeroKernel,
} from "../../../kernels/wasm/training/optimisers.ts";
import { CLIP_EPSILON, clipScaleKernel, scaleFlatKernel, squaresBytes, squaresKernel } from "../../../kernels/wasm/training/clipping.ts";
import { flatParts } from "../../../kernels/wasm/training/flat.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import type { Plan } from "../plan/plan.ts";
import type { Trusts } from "./step/trusts.ts";
import { adamw, clip, moveAverage, sgd } from "./plain/tasks.ts";
import { StepPlanner } from "./step/step-planner.ts";
import type { TrainingOptions } from "./options.ts";
import type { TrainingState } from "./state.ts";
import { adamDefaults, sgdDefaults, slotNames } from "./update-rules.ts";
import type { UpdateRule } from "./update-rules.ts";

/** Floats of a group's settings, and their bytes. */
const SETTINGS = 16;
const SETTINGS_BYTES: number = bytesOf(SETTINGS);

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
 * The share that averages keep of themselves in an update: `average`, but less in the first ones, which would else keep the random start
 * for long. As TensorFlow's ExponentialMovingAverage has it with num_updates: min(average, (1 + t) / (10 + t)).
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
  readonly #options: Pick<TrainingOptions, "average" | "clip">;
  readonly #trusts: Trusts;

  constructor(state: TrainingState, options: Pick<TrainingOptions, "optimiser" | "average" | "clip">, trusts: Trusts) {
    this.#trusts = trusts;
    const { optimiser, average } = options;
    this.#rule = optimiser;
    this.#state = state;
    this.#options = options;
    this.slots = slotNames[optimiser.method].map((name) => ({ name, address: state.array(`slot ${name}`, state.trainable) }));
    this.averages = average === undefined
      ? undefined
      : { weights: state.array("averages", state.trainable), statistics: state.array("averages of statistics", state.runningSize) };
    this.#settings = state.array("settings", SETTINGS * (state.extents.length + 1));
    // What the kernel writes (scale and norm), what it compares with, and room for its sums.
    this.#clipping = state.array("clipping", SETTINGS + squaresBytes(state.trainable) / 4);
  }

  get #averaging(): number {
    return this.#settings + SETTINGS_BYTES * this.#state.extents.length;
  }

  /** What has to run. */
  plan(): Plan {
    const plan = new StepPlanner(1);
    if (this.#state.trainable === 0) return plan.finish();
    if (this.#options.clip !== undefined) this.#planClipping(plan);
    this.#planRule(plan);
    this.#planAverages(plan);
    return plan.finish();
  }

  #planClipping(plan: StepPlanner): void {
    const { trainable, gradients } = this.#state;
    const [scale, largest, partial] = [this.#clipping, this.#clipping + 8, this.#clipping + SETTINGS_BYTES];
    plan.of("clipping");
    if (!this.#trusts("clipping")) {
      this.#script(plan, () => clip(this.#state.view(gradients, trainable), this.#state.view(largest, 1)[0], this.#state.view(scale, 2)));
      return;
    }
    plan.stage(plan.whole(squaresKernel(trainable), [partial, gradients], 4 * trainable));
    plan.stage(plan.whole(clipScaleKernel(flatParts(trainable), CLIP_EPSILON), [scale, partial, largest], 4));
    plan.stage(plan.whole(scaleFlatKernel(trainable), [gradients, scale], 4 * trainable));
  }

  /** The optimiser, one pass a group. */
  #planRule(plan: StepPlanner): void {
    const { extents, values, gradients } = this.#state;
    const nesterov = this.#rule.method === "sgd" && (this.#rule.nesterov ?? sgdDefaults.nesterov);
    plan.of(this.#rule.method);
    const groups = extents.map(({ offset, size }, i) => {
      const arrays = [values, ...this.slots.map(({ address }) => address), gradients].map((address) => address + offset);
      return { size, arrays, settings: this.#settings + SETTINGS_BYTES * i };
    });
    if (this.#trusts(this.#rule.method)) {
      const kernelOf = (size: number): Kernel => (this.#rule.method === "sgd" ? sgdKernel(size, nesterov) : adamwKernel(size));
      plan.stage(...groups.map(({ size, arrays, settings }) => plan.whole(kernelOf(size), [...arrays, settings], 8 * size)));
      return;
    }
    for (const { size, arrays, settings } of groups) {
      this.#script(plan, () => {
        const [p, ...rest] = arrays.map((address) => this.#state.view(address, size));
        const given = this.#state.view(settings, SETTINGS);
        if (this.#rule.method === "sgd") sgd(p, rest[0], rest[1], given, nesterov);
        else adamw(p, rest[0], rest[1], rest[2], given);
      });
    }
  }

  /** The averages, and gradients that are zero again. */
  #planAverages(plan: StepPlanner): void {
    const { trainable, values, gradients, running, runningSize } = this.#state;
    const all = this.averages === undefined
      ? []
      : [[trainable, this.averages.weights, values], [runningSize, this.averages.statistics, running]];
    const averaged = all.filter(([size]) => size > 0);
    plan.of("averages");
    if (this.#trusts("averages")) {
      plan.stage(
        plan.whole(zeroKernel(trainable), [gradients], 4 * trainable),
        ...averaged.map(([size, average, of]) => plan.whole(averageKernel(size), [average, of, this.#averaging], 4 * size)),
      );
      return;
    }
    this.#script(plan, () => {
      this.#state.view(gradients, trainable).fill(0);
      const [share] = this.#state.view(this.#averaging, 1);
      for (const [size, average, of] of averaged) moveAverage(this.#state.view(average, size), this.#state.view(of, size), share);
    });
  }

  #script(plan: StepPlanner, routine: () => void): void {
    plan.script([], () => routine);
  }

  /** What the last update's clipping has computed: the factor, and the norm of the gradient. */
  clipped(): Float32Array {
    return this.#state.view(this.#clipping, 2).slice();
  }

  /** Writes what this update is done with. @param update 1 for the first */
  prepare(rate: number, update: number): void {
    const { clip, average } = this.#options;
    const rule = this.#rule;
    if (clip !== undefined) this.#state.view(this.#clipping + 8, 1)[0] = clip;
    if (average !== undefined) this.#state.view(this.#averaging, 1)[0] = 1 - averageDecay(average, update);
    this.#state.extents.forEach(({ group }, i) => {
      const common = { learningRate: rate * group.rate, weightDecay: group.weightDecay, gradientScale: 1 };
      const into = this.#state.view(this.#settings + SETTINGS_BYTES * i, SETTINGS);
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
