/** Every backward kernel against central differences of its forward kernel, in float64; and that it accumulates. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cases } from "../cases.ts";
import { families } from "../families.ts";
import { checkGradients } from "./finite-differences.ts";
import { difference } from "../../support/compare.ts";
import { run } from "../harness.ts";

const differentiable = cases.filter((item) => item.by.length > 0);

for (const [family, kernels] of Object.entries(families)) {
  for (const item of differentiable.filter((item) => item.large !== true && item.kinks !== true)) {
    test(`${family}: ${item.name}: gradients agree with central differences`, () => {
      assert.equal(checkGradients(item, kernels), []);
    });
  }

  test(`${family}: backward passes add to what the gradients hold`, () => {
    for (const item of differentiable) {
      if (item.large === true) continue;
      const fromZero = run(item, kernels, Float64Array);
      const prefilled = run(item, kernels, Float64Array, true);
      for (const name of item.by) {
        const error = difference(prefilled.gradients[name], fromZero.gradients[name]);
        assert.ok(error < 1e-12, `${item.name}: the gradient by ${name} is another on prefilled arrays (${error})`);
      }
    }
  });

  test(`${family}: no gradient is zero throughout, so that agreement means something`, () => {
    for (const item of differentiable) {
      if (item.large === true || item.kinks === true) continue;
      const { gradients } = run(item, kernels, Float64Array);
      for (const name of item.by) {
        assert.ok(gradients[name].some((value) => Math.abs(value) > 1e-6), `${item.name}: the gradient by ${name} is zero`);
      }
    }
  });
}

test.run();
