/**
 * What a loss compares with: targets that add up to 1 in each row, and what each row counts. With weights of classes as PyTorch's
 * CrossEntropyLoss(weight, label_smoothing) has them, for eager models and sessions alike:
 *
 *   loss = sum over rows and classes of weight[k] * target[k] * -log p[k], divided by the sum of the labels' weights,
 *
 * or, where labels are shares of classes, by the number of rows.
 */
import { counted, show } from "../../errors.ts";
import type { Floats } from "../../tensor.ts";
import { isShares } from "./labels.ts";

/** A number of at least 0 for each class, not all of them 0. @throws TypeError, RangeError */
export function checkClassWeights(operation: string, weights: ArrayLike<number>, classes: number): void {
  if (typeof weights !== "object" || weights === null || typeof weights.length !== "number") {
    throw new TypeError(`${operation}: classWeights wants a list of numbers, got ${show(weights)}`);
  }
  if (weights.length !== classes) {
    throw new RangeError(`${operation}: classWeights wants ${counted(classes, "number")}, one a class, got ${weights.length}`);
  }
  let sum = 0;
  for (let k = 0; k < classes; k++) {
    if (!(weights[k] >= 0 && weights[k] < Infinity)) {
      throw new RangeError(`${operation}: classWeights wants finite numbers of at least 0, that of class ${k} is ${show(weights[k])}`);
    }
    sum += weights[k];
  }
  if (sum === 0) throw new RangeError(`${operation}: classWeights wants a number above 0 for some class, all are 0`);
}

export interface Weighting {
  /** Label smoothing, from 0 to 1. */
  readonly smoothing: number;
  /** One number a class; where there are none, all count alike. */
  readonly classWeights?: ArrayLike<number> | undefined;
}

/**
 * @param targets receives [rows][classes], each row adding up to 1
 * @param counts receives what each row counts: 1 where classes have no weights
 * @param labels checked before
 * @returns what the sum over rows of counts times losses is divided by
 */
export function writeTargets(
  targets: Floats, counts: Floats, labels: Int32Array | Floats, classes: number, { smoothing, classWeights }: Weighting,
): number {
  const rows = targets.length / classes;
  const shares = isShares(labels);
  if (shares) {
    for (let i = 0; i < targets.length; i++) targets[i] = (1 - smoothing) * labels[i] + smoothing / classes;
  } else {
    targets.fill(smoothing / classes);
    for (let i = 0; i < rows; i++) targets[i * classes + labels[i]] += 1 - smoothing;
  }
  if (classWeights === undefined) {
    counts.fill(1);
    return rows;
  }
  let divisor = shares ? rows : 0;
  if (!shares) for (let i = 0; i < rows; i++) divisor += classWeights[labels[i]];
  for (let i = 0; i < rows; i++) {
    const row = targets.subarray(i * classes, (i + 1) * classes);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += classWeights[k] * row[k];
    counts[i] = sum;
    if (sum > 0) for (let k = 0; k < classes; k++) row[k] = (classWeights[k] * row[k]) / sum;
  }
  // Of labels that all count nothing the loss is 0.
  return divisor === 0 ? 1 : divisor;
}
