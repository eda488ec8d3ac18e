/** For tests of literal numbers: a test for every family in both precisions, and a comparison that prints what came. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Kernels } from "../../../kernels/contract.ts";
import type { Floats } from "../../../kernels/shapes.ts";
import { families } from "../families.ts";
import { difference } from "../../support/compare.ts";

/** An array of the precision under test. */
export type Numbers = (...values: number[]) => Floats;
/** No kernel under test wants more than a few tiny tiles. */
export const scratch: Float64Array = new Float64Array(1 << 16);

export function literal(name: string, body: (k: Kernels, f: Numbers, zeros: (size: number) => Floats) => void): void {
  for (const [family, kernels] of Object.entries(families)) {
    for (const precision of [Float64Array, Float32Array]) {
      test(
        `${family}: ${precision.name}: ${name}`, () => body(kernels, (...values) => precision.from(values), (size) => new precision(size)),
      );
    }
  }
}

/** `actual` holds these numbers, within the rounding of its precision. NaN equals NaN. */
export function holds(actual: Floats, ...wanted: number[]): void {
  const tolerance = actual.BYTES_PER_ELEMENT === 8 ? 1e-14 : 1e-7;
  assert.ok(difference(actual, wanted) <= tolerance, `wanted ${wanted.join(", ")}, got ${actual.join(", ")}`);
}
