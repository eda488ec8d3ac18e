/** A session's answers beside the eager engine's. */
import "../../kernels/wasm/assembler/checked.ts";
import { Random } from "../../kernels/random.ts";
import type { Module } from "../../src/nn/module.ts";
import { Parameter } from "../../src/nn/parameter.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";

/** Weights, normalisation and statistics away from their starting values. */
export function stir<M extends Module>(model: M, seed: number = 7): M {
  const random = new Random(seed);
  model.initialise(random);
  for (const [name, entry] of model.namedState()) {
    const { data } = entry.value;
    if (entry instanceof Parameter && entry.value.shape.length > 1) continue;
    for (let i = 0; i < data.length; i++) data[i] = name.endsWith("running_var") ? 0.5 + random.uniform() : data[i] + 0.3 * random.normal();
  }
  return model;
}

/** Normally distributed. */
export function draw(shape: Shape, seed: number = 1): Tensor<Float32Array> {
  const random = new Random(seed);
  const x = Tensor.zeros(shape);
  for (let i = 0; i < x.size; i++) x.data[i] = random.normal();
  return x;
}

/** The largest difference of a session's output from the eager one, as a share of the largest value; Infinity for another shape. */
export function sessionError(model: Module, input: Shape, kernels: "plain" | "wasm"): number {
  const x = draw(input);
  const expected = model.evaluate().forward(x);
  const actual = compileSync(model, { input, kernels }).run(x);
  if (actual.shape.join() !== expected.shape.join()) return Infinity;
  let largest = 1e-30;
  let error = 0;
  for (let i = 0; i < expected.size; i++) {
    largest = Math.max(largest, Math.abs(expected.data[i]));
    // A NaN is no agreement.
    const off = Math.abs(expected.data[i] - actual.data[i]);
    error = off >= 0 ? Math.max(error, off) : Infinity;
  }
  return error / largest;
}
