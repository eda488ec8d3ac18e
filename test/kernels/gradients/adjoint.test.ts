/**
 * The adjoint identity: where y = A x, the backward pass is the transpose of A, so <A x, dy> = <x, A' dy> for whatever x
 * and dy. It needs no finite differences and so holds the large shapes to account.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Floats } from "../../../kernels/shapes.ts";
import { cases } from "../cases.ts";
import { families } from "../families.ts";
import { run } from "../harness.ts";

/** The sum of a[i] * b[i], and the sum of its magnitudes: what rounding is relative to. */
function dot(a: Floats, b: Floats): { sum: number; magnitude: number } {
  let sum = 0;
  let magnitude = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
    magnitude += Math.abs(a[i] * b[i]);
  }
  return { sum, magnitude };
}

for (const [family, kernels] of Object.entries(families)) {
  for (const [precision, tolerance] of [[Float64Array, 1e-13], [Float32Array, 2e-7]] as const) {
    // The reference is one source for both precisions; the double one says more.
    if (family === "reference" && precision === Float32Array) continue;
    for (const item of cases) {
      if (item.linear === undefined || item.large !== true) continue;
      test(`${family}: ${precision.name}: ${item.name}: <A x, dy> = <x, A' dy>`, () => {
        const { y, dy, inputs, gradients, faults } = run(item, kernels, precision);
        assert.equal(faults, []);
        const left = dot(y, dy);
        for (const group of item.linear ?? []) {
          const right = group.map((name) => dot(inputs[name], gradients[name]).sum).reduce((a, b) => a + b);
          const error = Math.abs(left.sum - right) / left.magnitude;
          assert.ok(left.magnitude > 0 && error < tolerance, `linear in ${group.join(" and ")}: ${left.sum} and ${right} (${error})`);
        }
      });
    }
  }
}

test.run();
