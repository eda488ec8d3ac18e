/** Gradients against the reference in double precision: distances are measured against the largest element, as sums cancel. */
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import { difference } from "../../support/compare.ts";
import { machine } from "../machine.ts";
import type { Machine } from "../machine.ts";

/** Numbers from -1 to 1. */
export function numbers(count: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.uniform() * 2 - 1);
}

export function assertClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, message: string): void {
  const apart = difference(got, wanted);
  assert.ok(apart <= tolerance, `${message}: wants at most ${tolerance} of the largest element, got ${apart}`);
}

/** A machine of at least so many floats. */
export function roomy(kernels: readonly Kernel[], floats: number): Machine {
  const names = new Set<string>();
  const own = kernels.filter(({ name }) => !names.has(name) && names.add(name));
  return machine(own, 2 + Math.ceil((4 * floats) / 65536));
}

/** Calls a kernel in uneven parts, the last one first; some of them are empty. */
export function runInParts(on: Machine, kernel: Kernel, addresses: readonly number[]): void {
  const cuts = [0, 0, Math.floor(kernel.parts / 3), Math.ceil(kernel.parts / 2), kernel.parts];
  for (let i = cuts.length - 1; i > 0; i--) on.run(kernel, addresses, cuts[i - 1], cuts[i]);
}
