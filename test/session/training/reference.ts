/** What tests of training sessions compare with: eager models, in double precision on the reference kernels. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import * as reference from "../../../kernels/reference/index.ts";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import type { Module } from "../../../src/nn/module.ts";
import { Dropout } from "../../../src/nn/layers/dropout.ts";
import { loadStateDict, stateDict } from "../../../src/nn/state-dict.ts";
import { Tensor } from "../../../src/tensor.ts";
import { crossEntropy } from "../../../src/train/loss.ts";

/** A model with starting values, in which no gamma or bias is 0 or 1. */
export function randomModel(name: string, options: Readonly<Record<string, unknown>>, seed: number = 1): Module {
  const random = new Random(seed);
  const model = createModel(name, options, seed);
  for (const { value } of model.parameters()) {
    if (value.shape.length === 1) for (let i = 0; i < value.size; i++) value.data[i] += 0.2 * random.normal();
  }
  return model.train();
}

/** Lets all dropouts of a model draw from one generator. @returns how many there are */
export function dropFrom(model: Module, random: Random): number {
  const dropouts = [...model.tree()].filter((module) => module instanceof Dropout);
  for (const dropout of dropouts) dropout.random = random;
  return dropouts.length;
}

/** Options with dropout, for the families that have it. */
export function withDropout(name: string, options: Readonly<Record<string, unknown>>, dropout: number): Readonly<Record<string, unknown>> {
  return /unet|shufflenet|lraspp/.test(name) ? options : { ...options, dropout };
}

export interface Reference {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** After the forward pass. */
  readonly statistics: ReadonlyMap<string, Tensor>;
}

/** Loss, gradients of all parameters, and running statistics, of a copy of the model in double precision. */
export function referenceStep(model: Module, copy: Module, x: Tensor, labels: Int32Array, smoothing: number = 0): Reference {
  loadStateDict(copy, stateDict(model));
  copy.cast("float64").use(reference).train();
  for (const [name, parameter] of model.namedParameters()) copy.namedParameters().get(name)!.frozen = parameter.frozen;
  copy.clearGradients();
  const loss = crossEntropy(copy.kernels, copy.forward(x.toFloat64()), labels, smoothing);
  copy.backward(loss.gradient());
  return {
    loss: loss.value,
    gradients: new Map([...copy.namedParameters()].filter(([, { frozen }]) => !frozen).map(([name, { gradient }]) => [name, gradient])),
    statistics: new Map(
      [...copy.namedState()].filter(([name]) => name.includes("running_")).map(([name, { value }]) => [name, value.clone()]),
    ),
  };
}
