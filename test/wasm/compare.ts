/** Comparisons of results, element by element, in which NaN equals NaN; and numbers to feed kernels with. */
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";

const HOSTILE = [NaN, Infinity, -Infinity, 0, -0, 3e38, -3e38, 1e-45, -1e-40, 1.5, -3, 3, 6, 88.8, -104, -150];

/** Numbers from -6 to 6. */
export function tame(count: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.uniform() * 12 - 6);
}

/** The same, but every `every`-th of those, at a place that hangs on the seed, is NaN, an infinity, or at a limit of some function. */
export function hostile(count: number, seed: number, every: number = 5): Float32Array {
  const random = new Random(seed);
  return tame(count, seed).map((value, i) => ((i + seed) % every === 0 ? HOSTILE[random.below(HOSTILE.length)] : value));
}

/** Equal to the sign of zero. */
export function assertSame(got: Float32Array, wanted: ArrayLike<number>, message: string): void {
  assertNear(got, wanted, 0, 0, message);
}

/** Equal, or not further apart than relative * |wanted| + absolute. */
export function assertNear(got: Float32Array, wanted: ArrayLike<number>, relative: number, absolute: number, message: string): void {
  assert.is(got.length, wanted.length, `${message}: wants ${wanted.length} elements, got ${got.length}`);
  for (let i = 0; i < got.length; i++) {
    if (Object.is(got[i], wanted[i])) continue;
    const bound = relative * Math.abs(wanted[i]) + absolute;
    const fits = bound > 0 && bound < Infinity && Math.abs(got[i] - wanted[i]) <= bound;
    assert.ok(fits, `${message}: element ${i} wants ${wanted[i]}, got ${got[i]}`);
  }
}
