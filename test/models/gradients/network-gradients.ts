/** Finite differences of whole networks in float64. */
import { Random } from "../../../kernels/random.ts";
import type { Module } from "../../../src/nn/module.ts";
import { Parameter } from "../../../src/nn/parameter.ts";
import { Tensor, sizeOf } from "../../../src/tensor.ts";
import type { Shape } from "../../../src/tensor.ts";

/** In double precision from the start, not rounded between. */
function drawDouble(shape: Shape, random: Random): Tensor<Float64Array> {
  return new Tensor(Float64Array.from({ length: sizeOf(shape) }, () => random.normal()), shape);
}

/** Moves every parameter off its starting value: gamma 1 and beta 0 would hide errors in terms that they multiply. */
function disturb(model: Module, random: Random): void {
  for (const p of model.parameters()) {
    for (let i = 0; i < p.value.size; i++) p.value.data[i] += 0.1 * random.normal() + (p.value.data[i] === 0 ? 0.2 : 0);
  }
}

/** Up to `most` places of an array, the first and last among them where there are several, the rest drawn. */
function places(size: number, most: number, random: Random): number[] {
  if (size <= most) return Array.from({ length: size }, (_, i) => i);
  const chosen = new Set(most === 1 ? [] : [0, size - 1]);
  while (chosen.size < most) chosen.add(random.below(size));
  return [...chosen];
}

/**
 * Checks dx and the gradient of every parameter of `model` for sum(y * dy), at up to `most` elements of each tensor.
 * Where a step crosses a kink (of a ReLU, a maximum) the difference quotient is wrong at that step, but not at a much smaller
 * one; a wrong gradient is wrong at every step. Returns complaints; empty if all is well.
 */
export function checkNetwork(model: Module, input: Shape, options: { seed?: number; most?: number; train?: boolean } = {}): string[] {
  const { seed = 1, most = 12, train = true } = options;
  const random = new Random(seed);
  model.initialise(random).cast("float64").train();
  disturb(model, random);
  // A network that is checked with running statistics is warmed up first, so that they are not 0 and 1.
  const x = drawDouble(input, random);
  const dy = drawDouble(model.outputShape(input), random);
  model.forward(x);
  if (!train) for (const module of model.tree()) if ("frozen" in module) module.frozen = true;
  model.clearGradients();
  model.forward(x);
  const dx = model.backward(dy);

  const complaints: string[] = [];
  const check = (name: string, values: Float64Array, gradient: ArrayLike<number>): void => {
    let greatest = 0;
    for (let i = 0; i < gradient.length; i++) {
      if (!Number.isFinite(gradient[i])) complaints.push(`${name}: gradient ${i} is ${gradient[i]}`);
      greatest = Math.max(greatest, Math.abs(gradient[i]));
    }
    const error = (i: number, h: number): number => {
      const keep = values[i];
      const slope = (step: number): number => {
        values[i] = keep + step;
        const above = model.forward(x).data;
        values[i] = keep - step;
        const below = model.forward(x).data;
        values[i] = keep;
        let sum = 0;
        for (let j = 0; j < dy.size; j++) sum += dy.data[j] * (above[j] - below[j]);
        return sum / (2 * step);
      };
      // Two steps cancel the error's second order: what remains falls with h^4.
      const numeric = (4 * slope(h) - slope(2 * h)) / 3;
      const size = Math.max(Math.abs(numeric), Math.abs(gradient[i]), 1e-3 * greatest);
      // What cancels exactly (a bias before a normalisation) leaves rounding only.
      return Math.abs(numeric - gradient[i]) < 1e-9 ? 0 : Math.abs(numeric - gradient[i]) / size;
    };
    for (const i of places(values.length, most, random)) {
      const errors: number[] = [];
      for (const h of [1e-4, 1e-3, 1e-5, 1e-6]) {
        errors.push(error(i, h));
        if (errors.at(-1)! < 1e-6) break;
      }
      if (!(errors.at(-1)! < 1e-6)) complaints.push(`${name}[${i}]: off by ${Math.min(...errors).toExponential(1)}`);
    }
  };
  check("input", x.data, dx.data);
  for (const [name, entry] of model.namedState()) {
    if (entry instanceof Parameter) check(name, entry.value.data as Float64Array, entry.gradient.data);
  }
  return complaints;
}
