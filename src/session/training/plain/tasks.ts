/**
 * What training has besides operations (the loss, sums of gradients, the update), in JavaScript: where kernels are not trusted, and to
 * judge them.
 */
import { exp } from "../../../../kernels/math.ts";
import { ADAMW_SETTINGS, SGD_SETTINGS } from "../../../../kernels/wasm/training/optimisers.ts";
import { CLIP_EPSILON } from "../../../../kernels/wasm/training/clipping.ts";
import { gather, scatter } from "../../plan/nhwc.ts";
import type { Image } from "../../plan/places.ts";
import type { StepPlanner } from "../step/step-planner.ts";
import type { Workspace } from "./workspace.ts";

type F = Float32Array;

const sizeOfImage = ({ images, layout: { channels, height, width } }: Image): number => images * channels * height * width;

/** to = (or, accumulating, +=) from, which may lie otherwise. */
export function planCopy(plan: StepPlanner, workspace: Workspace, to: Image, from: Image, accumulate: boolean): void {
  const arraysOf = workspace.reserve([sizeOfImage(from), sizeOfImage(to)]);
  plan.script([to, from], ({ memory, address }) => () => {
    const [values, sums] = arraysOf();
    gather(memory, address(from), from, values);
    if (accumulate) {
      gather(memory, address(to), to, sums);
      for (let i = 0; i < sums.length; i++) sums[i] += values[i];
    }
    scatter(memory, address(to), to, accumulate ? sums : values);
  });
}

/** As kernels/wasm/training/cross-entropy.ts has it. @param terms three doubles a row */
export function crossEntropy(dlogits: F, terms: Float64Array, logits: F, targets: F, scales: F, classes: number): void {
  for (let row = 0, at = 0; row < scales.length; row++, at += classes) {
    let [max, sum, dot] = [-Infinity, 0, 0];
    for (let k = at; k < at + classes; k++) max = Math.max(max, logits[k]);
    for (let k = at; k < at + classes; k++) {
      sum += exp(logits[k] - max);
      if (targets[k] !== 0) dot += targets[k] * (logits[k] - max);
    }
    for (let k = at; k < at + classes; k++) dlogits[k] = scales[row] * (exp(logits[k] - max) / sum - targets[k]);
    terms.set([0, sum, dot], 3 * row);
  }
}

/** Shortens a gradient that is longer than `largest`. @param settings receives the factor, and the norm */
export function clip(gradient: F, largest: number, settings: F): void {
  let squares = 0;
  for (const value of gradient) squares += value * value;
  const norm = Math.sqrt(squares);
  settings.set([Math.min(1, largest / (norm + CLIP_EPSILON)), norm]);
  for (let i = 0; i < gradient.length; i++) gradient[i] *= settings[0];
}

/** As kernels/wasm/training/optimisers.ts has it. @param settings SGD_SETTINGS */
export function sgd(p: F, velocity: F, gradient: F, settings: F, nesterov: boolean): void {
  const [rate, momentum, decay, scale] = SGD_SETTINGS.map((_, i) => settings[i]);
  for (let i = 0; i < p.length; i++) {
    const g = gradient[i] * scale + decay * p[i];
    velocity[i] = momentum * velocity[i] + g;
    p[i] -= rate * (nesterov ? g + momentum * velocity[i] : velocity[i]);
  }
}

/** The same of AdamW. @param settings ADAMW_SETTINGS */
export function adamw(p: F, m: F, v: F, gradient: F, settings: F): void {
  const [rate, beta1, oneLessBeta1, beta2, oneLessBeta2, epsilon, decay, scale, correction1, rootCorrection2] = ADAMW_SETTINGS.map(
    (_, i) => settings[i],
  );
  for (let i = 0; i < p.length; i++) {
    const g = gradient[i] * scale;
    m[i] = beta1 * m[i] + oneLessBeta1 * g;
    v[i] = beta2 * v[i] + oneLessBeta2 * g * g;
    p[i] -= rate * (decay * p[i] + (m[i] * correction1) / (Math.sqrt(v[i]) * rootCorrection2 + epsilon));
  }
}

/** average += share * (p - average) */
export function moveAverage(average: F, p: F, share: number): void {
  for (let i = 0; i < p.length; i++) average[i] += share * (p[i] - average[i]);
}
