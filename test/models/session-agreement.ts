/** A session's answers beside the eager engine's. */
import "../../kernels/wasm/assembler/checks/checked.ts";
import type { Module } from "../../src/nn/module.ts";
import { compileSync } from "../../src/session/session.ts";
import type { Shape } from "../../src/tensor.ts";
import { difference } from "../support/compare.ts";
import { draw } from "../support/random.ts";

/** How far a session's output is from the eager one (test/support/compare.ts); Infinity for another shape. */
export function sessionError(model: Module, input: Shape, kernels: "plain" | "wasm"): number {
  const x = draw(input);
  const expected = model.evaluate().forward(x);
  const actual = compileSync(model, { input, kernels }).run(x);
  return actual.shape.join() === expected.shape.join() ? difference(actual.data, expected.data) : Infinity;
}
