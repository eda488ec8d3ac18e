/** How far numbers are from those expected: one measure for all tests, the largest difference over the largest value. */
import * as assert from "uvu/assert";
import type { Tensor } from "../../src/tensor.ts";

/**
 * The largest difference of two arrays, relative to the largest finite magnitude in `expected`; Infinity where NaN,
 * infinities or lengths differ. Zeros of either sign are equal.
 */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let most = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i];
    const b = expected[i];
    if (a === b || (a !== a && b !== b)) {
      if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
      continue;
    }
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
    most = Math.max(most, Math.abs(a - b));
    largest = Math.max(largest, Math.abs(b));
  }
  return most === 0 ? 0 : most / largest;
}

/** @param bound of the largest value expected */
export function agree(actual: Tensor, expected: Tensor, bound: number, what: string): void {
  assert.equal(actual.shape, expected.shape, what);
  const off = difference(actual.data, expected.data);
  assert.ok(off <= bound, `${what}: off by ${off.toExponential(1)}`);
}

/** The bits of a tensor, so that -0 and NaN count. */
export function bits({ data }: Tensor): number[] {
  return Array.from(new Int32Array(Float32Array.from(data).buffer));
}
