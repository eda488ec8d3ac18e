/** Weights as bytes: a scale for each output channel, and the bias that takes away what rounding moved on the mean. */
import { Tensor } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import type { QuantisedLayer } from "./recipe.ts";

/** The largest bias, in steps of the sum: far from the end of 32 bits. */
export const MOST_BIAS = 268435456;

/** What a layer is made of. */
export interface LayerNumbers {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  /** Scale of the input of each output channel; undefined where values stay float32. */
  readonly inScale: ((o: number) => number) | undefined;
  /** Mean of each input channel; undefined for no correction of the bias. */
  readonly mean: ArrayLike<number> | undefined;
  readonly groups: number;
}

/**
 * weight [outputs, inputs / groups, ...]: each output channel's largest magnitude becomes 127. The bias gets what the layer's mean output
 * loses by the rounding of weights: the sum of (weight - scale * byte) * mean of the input (Nagel et al., Data-Free Quantization Through
 * Weight Equalization and Bias Correction, arXiv 1906.04721, section 4.2).
 */
export function quantiseWeights({ weight, bias, inScale, mean, groups }: LayerNumbers): QuantisedLayer {
  const shape: Shape = weight.shape;
  const [outputs, inputs] = shape;
  const row = weight.size / outputs;
  const taps = row / inputs;
  const bytes = new Int8Array(weight.size);
  const [scale, biases] = [new Float32Array(outputs), new Float32Array(outputs)];
  for (let o = 0; o < outputs; o++) {
    const from = weight.data.subarray(o * row, (o + 1) * row);
    let largest = 0;
    for (const w of from) largest = Math.max(largest, Math.abs(w));
    const real = bias?.data[o] ?? 0;
    const least = inScale === undefined ? 0 : Math.abs(real) / (inScale(o) * MOST_BIAS);
    scale[o] = Math.max(largest / 127, least);
    if (!(scale[o] > 1e-30)) scale[o] = 1;
    let lost = 0;
    const first = Math.floor(o / (outputs / groups)) * inputs;
    for (let i = 0; i < row; i++) {
      const byte = Math.min(127, Math.max(-127, Math.round(from[i] / scale[o])));
      bytes[o * row + i] = byte;
      if (mean !== undefined) lost += (from[i] - scale[o] * byte) * mean[first + Math.floor(i / taps)];
    }
    biases[o] = real + lost;
  }
  return { shape, weight: bytes, scale, bias: biases };
}
