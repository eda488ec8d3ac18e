/** Sigmoid and SiLU in fewer instructions, number by number, fused and not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sigmoid } from "../../../kernels/math.ts";
import { probe } from "../../../kernels/wasm/probe/probe.ts";
import { shortActivations } from "../../../kernels/wasm/shared/short-sigmoid.ts";
import { COUNT, apply, between, everywhere } from "./numbers.ts";

const kinds = [false, true].filter((fma) => !fma || probe().relaxedSimd);

for (const fma of kinds) {
  const { sigmoid: gate, silu } = shortActivations(fma);

  test(`${gate.activation} and ${silu.activation} are within the stated error`, () => {
    for (const [name, activation, exact] of [
      ["sigmoid", gate, sigmoid], ["silu", silu, (x: number) => x * sigmoid(x)],
    ] as const) {
      // Engines may compute a relaxed multiply-add with two roundings (Bun's does, on x86): then the bounds are those without it.
      for (const [most, fused, apart] of [[8, 4e-7, 9e-7], [20, 5e-7, 2e-6], [80, 1.4e-6, 8e-6]]) {
        const x = between(most);
        const y = apply(activation, x);
        let largest = 0;
        for (let i = 0; i < COUNT; i++) {
          const wanted = exact(x[i]);
          const error = wanted === 0 ? Math.abs(y[i]) : Math.abs(y[i] - wanted) / Math.abs(wanted);
          if (!(error <= largest)) largest = error;
        }
        const bound = fma && probe().fusedMultiplyAdd ? fused : apart;
        assert.ok(largest < bound && largest > bound / 4, `${name} to ${most}: ${largest}`);
      }
    }
  });

  test(`${gate.activation} and ${silu.activation} at the ends: no overflow, NaN stays`, () => {
    const [g, s] = [gate, silu].map((activation) => apply(activation, everywhere()));
    everywhere().forEach((x, i) => {
      if (Number.isNaN(x)) return assert.ok(Number.isNaN(g[i]) && Number.isNaN(s[i]), "NaN");
      assert.ok(g[i] >= 0 && g[i] <= 1, `sigmoid(${x}) is ${g[i]}`);
      if (x > 90) return assert.ok(g[i] === 1 && s[i] === x, `${x}: ${g[i]}, ${s[i]}`);
      if (x < -90) assert.ok(g[i] < 2e-38 && Math.abs(s[i]) < 2e-36, `${x}: ${g[i]}, ${s[i]}`);
    });
  });
}

test.run();
