/** Small networks for tests of sessions, and what they are compared with. */
import "../../kernels/wasm/assembler/checked.ts";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import type { Module } from "../../src/nn/module.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";
import { draw, stir } from "../models/session-agreement.ts";

export { draw } from "../models/session-agreement.ts";

/** A residual network with SE, of 6,000 parameters: fast to compile, with each fusion in it. */
export function smallResNet(seed: number = 7): Module {
  return stir(createModel("se_resnet8", { width: 8, reduction: 2 }), seed).evaluate();
}

/** Wide enough that stages are shared between threads, of three families: gates inside convolutions, before them, and without SE. */
export const sharedNetworks: readonly (readonly [string, Record<string, unknown>, Shape])[] = [
  ["seresnet18", { width: 16, classes: 10 }, [1, 3, 45, 40]],
  ["mobilenet_v3_small", { classes: 10 }, [1, 3, 64, 49]],
  ["se_densenet121", { classes: 10, blocks: [2, 2, 1, 2], width: 16, growth: 8 }, [1, 3, 48, 40]],
];

export function network(name: string, options: Record<string, unknown>): Module {
  return stir(createModel(name, options)).evaluate();
}

/** The bits of a tensor, so that -0 and NaN count. */
export function bits({ data }: Tensor): number[] {
  return Array.from(new Int32Array(Float32Array.from(data).buffer));
}

/** @param bound of the largest value */
export function agree(actual: Tensor, expected: Tensor, bound: number, what: string): void {
  assert.equal(actual.shape, expected.shape, what);
  let largest = 1e-30;
  let error = 0;
  for (let i = 0; i < expected.size; i++) {
    largest = Math.max(largest, Math.abs(expected.data[i]));
    const off = Math.abs(expected.data[i] - actual.data[i]);
    // A NaN is no agreement.
    error = off >= 0 ? Math.max(error, off) : Infinity;
  }
  assert.ok(error <= bound * largest, `${what}: off by ${(error / largest).toExponential(1)}`);
}

/** The same for many draws of one shape. */
export function draws(shape: Shape, count: number): Tensor<Float32Array>[] {
  return Array.from({ length: count }, (_, seed) => draw(shape, seed + 1));
}
