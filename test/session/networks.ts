/** Small networks for tests of sessions, and what they are compared with. */
import "../../kernels/wasm/assembler/checks/checked.ts";
import { createModel } from "../../models/index.ts";
import type { Module } from "../../src/nn/module.ts";
import type { Shape } from "../../src/tensor.ts";
import { stir } from "../support/random.ts";

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
