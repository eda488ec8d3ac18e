/**
 * Activations on vectors, number by number: exact where the reference compares, a few units in the last place where it has an exponential.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { erf } from "../../../kernels/erf.ts";
import { sigmoid, tanh } from "../../../kernels/math.ts";
import { plain } from "../activations.ts";
import { COUNT, apply, between, everywhere, largestError } from "./numbers.ts";

test("relu, relu6 and leaky_relu are exact, NaN and -0 included", () => {
  const inputs = [everywhere(), between(8)];
  assert.is(largestError(plain("relu"), (x) => (x < 0 ? 0 : x), inputs), 0);
  assert.is(largestError(plain("relu6"), (x) => (x < 0 ? 0 : x > 6 ? 6 : x), inputs), 0);
  for (const slope of [0.01, 1, 2, -0.5, 0]) {
    const rounded = Math.fround(slope);
    assert.is(largestError({ activation: "leaky_relu", slope, offset: 0 }, (x) => (x > 0 ? x : Math.fround(rounded * x)), inputs), 0);
  }
});

test("GELU is within rounding of what goes in, on all numbers", () => {
  const inputs = [everywhere().map((x) => (Math.abs(x) < 1e18 ? x : 0)), between(1), between(6), between(40)];
  const exactly = {
    gelu: (x: number) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
    gelu_tanh: (x: number) => x * sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x)),
  };
  for (const name of ["gelu", "gelu_tanh"] as const) {
    const exact = exactly[name];
    let largest = 0;
    for (const x of inputs) {
      const y = apply(plain(name), x);
      for (let i = 0; i < COUNT; i++) {
        const error = Math.abs(y[i] - exact(x[i])) / Math.max(Math.abs(x[i]), 1e-30);
        if (!(error <= largest)) largest = error;
      }
    }
    assert.ok(largest < 4e-7 && largest > 1e-8, `${name}: ${largest} of x`);
  }
  const special = apply(plain("gelu"), everywhere());
  assert.ok(Number.isNaN(special[2]) && special[3] === Infinity && Object.is(special[1], -0), "NaN, infinity and -0");
  assert.ok(Number.isNaN(apply(plain("gelu_tanh"), everywhere())[2]));
});

/** In units in the last place; as kernels/wasm/shared/activation.ts states them, rounded up. */
const BOUNDS = { sigmoid: 2.1, silu: 3, tanh: 2.5 };

test("sigmoid, silu and tanh are within the stated error, on all numbers", () => {
  const inputs = [everywhere(), between(1), between(20), between(110)];
  const errors = {
    sigmoid: largestError(plain("sigmoid"), sigmoid, inputs),
    silu: largestError(plain("silu"), (x) => x * sigmoid(x), [between(1), between(20), between(80)]),
    tanh: largestError(plain("tanh"), tanh, inputs),
  };
  if (errors.sigmoid > BOUNDS.sigmoid || errors.silu > BOUNDS.silu || errors.tanh > BOUNDS.tanh) assert.unreachable(JSON.stringify(errors));
  // And the bounds are not idle: float32 cannot be that good everywhere.
  assert.ok(errors.sigmoid > 0.5 && errors.silu > 0.5 && errors.tanh > 0.5, JSON.stringify(errors));
});

test("hard_sigmoid and hard_swish: lines, cut where the reference cuts them", () => {
  for (const [slope, offset] of [[1 / 6, 0.5], [0.2, 0.5]]) {
    const y = apply({ activation: "hard_sigmoid", slope, offset }, between(8));
    between(8).forEach((x, i) => {
      const line = slope * x + offset;
      const wanted = line < 0 ? 0 : line > 1 ? 1 : line;
      assert.ok(Math.abs(y[i] - wanted) <= 1.5e-7, `hard_sigmoid(${x}) wants ${wanted}, got ${y[i]}`);
    });
  }
  const swish = apply(plain("hard_swish"), between(8));
  between(8).forEach((x, i) => {
    const wanted = (x * Math.min(6, Math.max(0, x + 3))) / 6;
    assert.ok(Math.abs(swish[i] - wanted) <= 3e-7 * Math.abs(wanted) + 1e-7, `hard_swish(${x}) wants ${wanted}, got ${swish[i]}`);
  });
  const special = apply(plain("hard_swish"), everywhere());
  assert.ok(Number.isNaN(special[2]), "NaN stays");
  assert.is(special[3], Infinity);
  assert.is(special[5], Math.fround(3.4e38));
});

test.run();
