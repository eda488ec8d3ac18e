/** What a training session is told, and what of it makes no sense. */
import { checkOptions, didYouMean, show, showItems } from "../../errors.ts";
import { sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { checkFlag, checkNames } from "../check-options.ts";
import type { BackendOptions } from "../backends/capabilities.ts";
import { numericsNames } from "../backends/numerics.ts";
import type { Numerics } from "../backends/numerics.ts";
import type { Int8Target } from "./derived.ts";
import type { Group } from "./state.ts";
import { decaysByDefault } from "./update-rules.ts";
import type { AdamWRule, SgdRule, UpdateRule } from "./update-rules.ts";

/** Names of parameters, or beginnings of them that end at a dot: "layer1" is all of layer1, "layer1.0.conv1.weight" one tensor. */
export type Names = readonly string[];

/**
 * Parameters that learn otherwise than the rest.
 * @example
 * const model = new Sequential(new Flatten(), new Linear(4, 3));
 * const groups: ParameterGroup[] = [{ names: ["1.bias"], rate: 2, weightDecay: 0 }];
 * compileTrainingSync(model, { input: [2, 1, 2, 2], optimiser: { method: "sgd" }, groups }).input   // => [2,1,2,2]
 */
export interface ParameterGroup {
  readonly names: Names;
  /** Times the learning rate. Default 1. */
  readonly rate?: number;
  /** Instead of the rule's. */
  readonly weightDecay?: number;
}

/**
 * How a model is trained in a session. Rates and decays are per update, shares from 0 to 1.
 * @see checkTraining for what is refused
 * @example
 * const options: TrainingOptions = { input: [2, 1, 2, 2], optimiser: { method: "sgd" }, accumulate: 2, clip: 1, frozen: ["1.bias"] };
 * const session = compileTrainingSync(new Sequential(new Flatten(), new Linear(4, 3)), options);
 * session.trainStep(Tensor.zeros([2, 1, 2, 2]), Int32Array.of(0, 2), 0.1);
 * [session.updates, session.due]   // => [0,false]
 */
export interface TrainingOptions extends Pick<BackendOptions, "threads" | "kernels" | "pace"> {
  /** Of all batches. */
  readonly input: Shape;
  readonly optimiser: UpdateRule;
  /** Of steps that say nothing else. Default 0.1 for sgd, 0.001 for adamw. */
  readonly learningRate?: number;
  /**
   * `exact`: the same bits on every host; `fast` (default): may round a product and a sum together, and use Winograd's method; `turbo`:
   * fast, with vectors of 256 bits where Node has them behind a flag (24 and newer). `kernels` of the session says what became of it.
   */
  readonly numerics?: Numerics;
  /** Label smoothing (arXiv 1512.00567, section 7), from 0 to 1; of labels given as shares too. Default 0. */
  readonly smoothing?: number;
  /**
   * What each class counts in the loss, one number of at least 0 a class, as PyTorch's CrossEntropyLoss(weight): the loss is divided by the
   * sum of the labels' weights, or by the number of labels where they are given as shares. Default: all count alike.
   */
  readonly classWeights?: readonly number[];
  /** Batches whose mean gradient makes one update. Default 1. */
  readonly accumulate?: number;
  /** Longest gradient, over all parameters together; a longer one is shortened to it. */
  readonly clip?: number;
  /**
   * Keeps an average of weights and running statistics that keeps this share of itself per update, such as 0.999 (less in the first ones:
   * averageDecay in update.ts): `session.pull({ average: true })`.
   */
  readonly average?: number;
  /** Parameters that stay as they are, besides those that are frozen in the model. */
  readonly frozen?: Names;
  readonly groups?: readonly ParameterGroup[];
  /**
   * For a network of bytes: what `quantise` made of this model. The forward pass computes what that network does with the weights of now,
   * rounding and all; gradients go straight through (docs/int8.md). `requantise` gives the network of bytes with the trained weights.
   * Weights and biases learn; running statistics, and what stays float32, stay as they are. Always exact.
   */
  readonly int8?: Int8Target;
}

/** Is this parameter meant? */
export function matches(names: Names, name: string): boolean {
  return names.some((each) => name === each || name.startsWith(`${each}.`));
}

/** An input of more values than this is a mistake. */
const MOST_INPUT = 1073741824;

function within(what: string, value: number | undefined, least: number, below: number): void {
  if (value === undefined || (typeof value === "number" && value >= least && value < below)) return;
  throw new RangeError(
    `compile: ${what} wants a number of at least ${least}${below === Infinity ? "" : ` and below ${below}`}, got ${show(value)}`,
  );
}

const knownOptions = [
  "input", "optimiser", "learningRate", "numerics", "smoothing", "classWeights", "accumulate", "clip", "average", "frozen", "groups",
  "threads", "kernels", "pace", "int8",
] as const satisfies readonly (keyof TrainingOptions)[];
const knownOfSgd = ["method", "momentum", "nesterov", "weightDecay", "decays"] as const satisfies readonly (keyof SgdRule)[];
const knownOfAdamW = ["method", "betas", "epsilon", "weightDecay", "decays"] as const satisfies readonly (keyof AdamWRule)[];

/** @param known names of all parameters @throws RangeError for an option that makes no sense */
export function checkTraining(options: TrainingOptions, known: readonly string[]): void {
  checkOptions("compileTraining", options, knownOptions);
  const { input, optimiser, numerics, smoothing, accumulate, clip, average, frozen = [], groups = [], learningRate } = options;
  if (!Array.isArray(input)) throw new TypeError(`compile: input wants a shape [batch,channels,height,width], got ${show(input)}`);
  if (input.length !== 4 || !input.every((n) => Number.isSafeInteger(n) && n >= 1) || sizeOf(input) > MOST_INPUT) {
    throw new RangeError(`compile: input wants a shape [batch,channels,height,width], got ${showItems(input)}`);
  }
  const method: unknown = optimiser?.method;
  if (method !== "sgd" && method !== "adamw") {
    throw new RangeError(`compile: optimiser wants the method "sgd" or "adamw", got ${String(method)}`);
  }
  checkNames("compile", "frozen", options.frozen);
  checkFlag("compile", "pace", options.pace);
  if (!Array.isArray(groups)) throw new TypeError(`compile: groups wants a list of groups, got ${show(groups)}`);
  if (optimiser.decays !== undefined && typeof optimiser.decays !== "function") {
    throw new TypeError(`compile: decays wants a function of a name and a shape, got ${show(optimiser.decays)}`);
  }
  checkOptions("compileTraining: optimiser", optimiser, method === "sgd" ? knownOfSgd : knownOfAdamW);
  for (const group of groups) {
    checkOptions("compileTraining: groups", group, ["names", "rate", "weightDecay"]);
    checkNames("compile: groups", "names", group.names ?? null);
  }
  if (numerics !== undefined && !numericsNames.includes(numerics)) {
    throw new RangeError(`compile: numerics of training wants exact, fast or turbo, got ${String(numerics)}`);
  }
  if (options.int8 !== undefined && numerics !== undefined && numerics !== "exact") {
    throw new RangeError(`compile: int8 training is exact, so that it computes what bytes do; numerics wants exact, got ${numerics}`);
  }
  if (accumulate !== undefined && !(Number.isSafeInteger(accumulate) && accumulate >= 1)) {
    throw new RangeError(`compile: accumulate wants a whole number of at least 1, got ${show(accumulate)}`);
  }
  within("weightDecay", optimiser.weightDecay, 0, Infinity);
  if (optimiser.method === "sgd") {
    within("momentum", optimiser.momentum, 0, 1);
    checkFlag("compile", "nesterov", optimiser.nesterov);
  } else {
    const { betas } = optimiser;
    if (betas !== undefined && !(Array.isArray(betas) && betas.length === 2)) {
      throw new TypeError(`compile: betas wants two numbers, got ${show(betas)}`);
    }
    optimiser.betas?.forEach((beta, i) => within(`betas[${i}]`, beta, 0, 1));
    within("epsilon", optimiser.epsilon, 0, Infinity);
  }
  within("learningRate", learningRate, 0, Infinity);
  within("smoothing", smoothing, 0, 1);
  within("average", average, 0, 1);
  if (clip !== undefined && !(typeof clip === "number" && clip > 0)) {
    throw new RangeError(`compile: clip wants a number above 0, got ${show(clip)}`);
  }
  for (const { rate, weightDecay } of groups) {
    within("the rate of a group", rate, 0, Infinity);
    within("the weightDecay of a group", weightDecay, 0, Infinity);
  }
  for (const name of [...frozen, ...groups.flatMap(({ names }) => names)]) {
    if (known.some((each) => matches([name], each))) continue;
    const heads = new Set(known.flatMap((each) => each.split(".").map((_, i, words) => words.slice(0, i + 1).join("."))));
    throw new RangeError(`compile: ${show(name)} names no parameter of this model${didYouMean(name, heads)}`);
  }
}

/** @throws RangeError for a learning rate that is none */
export function checkRate(method: string, rate: number): void {
  if (typeof rate === "number" && rate >= 0 && rate < Infinity) return;
  throw new RangeError(`${method}: rate wants a number of at least 0, got ${show(rate)}`);
}

/** @returns undefined for what does not train */
export function groupOf(
  name: string, shape: Shape, { frozen = [], groups = [], optimiser }: TrainingOptions, learning: ReadonlySet<string>,
): Group | undefined {
  if (!learning.has(name) || matches(frozen, name)) return undefined;
  const group = groups.find(({ names }) => matches(names, name));
  const decays = optimiser.decays?.(name, shape) ?? decaysByDefault(shape);
  return { rate: group?.rate ?? 1, weightDecay: group?.weightDecay ?? (decays ? (optimiser.weightDecay ?? 0) : 0) };
}
