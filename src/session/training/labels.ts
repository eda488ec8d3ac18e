/** What a loss is told of a batch, checked for eager models and sessions alike. */
import { show } from "../../errors.ts";
import type { Floats } from "../../tensor.ts";

/** How far the shares of a label may be from 1 together: single precision, over many classes. */
const ROUNDING = 1e-3;

const tagOf = (value: unknown): string => Object.prototype.toString.call(value);

/** Are these rows of shares of all classes, instead of one class each? */
export function isShares(labels: Int32Array | Floats): labels is Floats {
  return /Float(32|64)Array/.test(tagOf(labels));
}

/**
 * @param labels a class each as Int32Array, or a row with the shares of all classes each, as floats
 * @param count labels that are wanted
 * @throws TypeError for another kind of array; RangeError for another number of labels, a label that is no class, or shares that are
 * negative or do not add up to 1
 */
export function checkLabels(operation: string, labels: Int32Array | Floats, count: number, classes: number): void {
  if (isShares(labels)) checkShares(operation, labels, count, classes);
  else checkClasses(operation, labels, count, classes, " of classes, or floats that are shares of classes");
}

/** The same for labels that can only be classes. @param also what else would do, for the message */
export function checkClasses(operation: string, labels: Int32Array, count: number, classes: number, also: string = ""): void {
  if (tagOf(labels) !== "[object Int32Array]") throw new TypeError(`${operation}: labels wants an Int32Array${also}, got ${show(labels)}`);
  if (labels.length !== count) throw new RangeError(`${operation}: labels wants ${count}, one each, got ${labels.length}`);
  for (let i = 0; i < count; i++) {
    if (labels[i] < 0 || labels[i] >= classes) {
      throw new RangeError(`${operation}: labels wants classes from 0 to ${classes - 1}, label ${i} is ${labels[i]}`);
    }
  }
}

function checkShares(operation: string, shares: Floats, count: number, classes: number): void {
  if (shares.length !== count * classes) {
    throw new RangeError(`${operation}: labels wants ${count} x ${classes} shares of classes, got ${shares.length}`);
  }
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (const share of shares.subarray(i * classes, (i + 1) * classes)) sum += share >= 0 ? share : NaN;
    if (!(Math.abs(sum - 1) <= ROUNDING)) {
      throw new RangeError(`${operation}: the shares of a label want to be at least 0 and to add up to 1, those of label ${i} do not`);
    }
  }
}
