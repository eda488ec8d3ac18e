/** How much memory the values of today's networks take, beside the most that two of them need at once: one is computed of the other. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { lower } from "../../src/nn/lower.ts";
import { optimise } from "../../src/session/optimise/optimise.ts";
import { compileSync } from "../../src/session/session.ts";
import { sizeOf } from "../../src/tensor.ts";

/** Bytes of the largest input and output of one operation, without halos. */
function largestPair(name: string, side: number): number {
  const { nodes } = optimise(lower(createModel(name, {}, null), [1, 3, side, side]));
  return Math.max(...nodes.map(({ inputs, output }) =>
    4 * (sizeOf(output.shape) + Math.max(0, ...inputs.map(({ shape }) => sizeOf(shape))))));
}

for (const [name, side] of [["efficientnet_b0", 224], ["tf_efficientnet_b0", 224], ["mobilenetv3_small_100", 224]] as const) {
  for (const numerics of ["exact", "fast"] as const) {
    test(`${name} at ${side}, ${numerics}: the arena is at most 1.15 of the largest pair of values`, () => {
      const session = compileSync(createModel(name, {}, null), { input: [1, 3, side, side], numerics, kernels: "wasm" });
      const [arena, pair] = [session.arenaBytes, largestPair(name, side)];
      session.close();
      assert.ok(arena <= 1.15 * pair && arena >= pair, `${arena} bytes, ${(arena / pair).toFixed(3)} of ${pair}`);
    });
  }
}

test.run();
