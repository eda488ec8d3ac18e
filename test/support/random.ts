/** Random inputs and weights; equal seeds give equal numbers. */
import "../../kernels/wasm/assembler/checks/checked.ts";
import { Random } from "../../kernels/random.ts";
import type { Module } from "../../src/nn/module.ts";
import { Parameter } from "../../src/nn/parameter.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";

/** Normally distributed. @param from a seed, or the generator to go on with */
export function draw(shape: Shape, from: number | Random = 1): Tensor<Float32Array> {
  const random = typeof from === "number" ? new Random(from) : from;
  const x = Tensor.zeros(shape);
  for (let i = 0; i < x.size; i++) x.data[i] = random.normal();
  return x;
}

/** The same for many seeds. */
export function draws(shape: Shape, count: number): Tensor<Float32Array>[] {
  return Array.from({ length: count }, (_, seed) => draw(shape, seed + 1));
}

/** Classes from 0 to classes - 1. */
export function drawLabels(count: number, classes: number, random: Random): Int32Array {
  return Int32Array.from({ length: count }, () => Math.floor(random.uniform() * classes));
}

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
