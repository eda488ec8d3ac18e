/** A tiny SE-ResNet that learns the textures of textures.ts in seconds: what several chapters train. */
import { createModel } from "../../models/index.ts";
import type { Module } from "../../src/nn/module.ts";
import { compileTrainingSync } from "../../src/session/training/training-session.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import { drawTextures, textures } from "./textures.ts";

const batch = 32;

/** A ResNet of three stages with one block each, 4, 8 and 16 channels; `options` as of `senet summary se_resnet8`. */
export function tinyNetwork(seed: number, options: Readonly<Record<string, unknown>> = {}): Module {
  return createModel("se_resnet8", { classes: textures.length, inChannels: 1, width: 4, reduction: 4, ...options }, seed);
}

/** Trains in place and gives the loss of every step. The same seed gives the same weights to the bit, wherever it runs. */
export function trainTiny(model: Module, steps: number, seed: number): number[] {
  const session = compileTrainingSync(model, {
    input: [batch, 1, 16, 16], optimiser: { method: "sgd", nesterov: true, weightDecay: 1e-4 }, numerics: "exact", threads: 1 });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { images, labels } = drawTextures(batch, seed * 100_000 + step);
    const rate = 0.1 * (1 - step / steps);
    losses.push(session.trainStep(new Tensor(images, [batch, 1, 16, 16]), labels, rate));
  }
  session.pull();
  session.close();
  model.evaluate();
  return losses;
}

/** Share of new pictures that are named rightly. */
export function accuracyOf(model: Module, seed: number, count: number = 256): number {
  const { images, labels } = drawTextures(count, seed);
  using session = compileSync(model, { input: [count, 1, 16, 16], numerics: "exact" });
  const { data } = session.run(new Tensor(images, [count, 1, 16, 16]));
  let right = 0;
  for (let n = 0; n < count; n++) {
    const scores = [...data.subarray(n * textures.length, (n + 1) * textures.length)];
    if (scores.indexOf(Math.max(...scores)) === labels[n]) right++;
  }
  return right / count;
}
