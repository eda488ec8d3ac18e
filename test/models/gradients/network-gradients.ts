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

interface Prepared {
  /** sum(y * dy) for the parameters and the input as they are. */
  readonly answer: () => number;
  /** The input and every parameter: its values, and what the backward pass says of it. */
  readonly tensors: readonly { readonly name: string; readonly values: Float64Array; readonly gradient: ArrayLike<number> }[];
  readonly random: Random;
}

function prepare(model: Module, input: Shape, { seed = 1, train = true }: { seed?: number; train?: boolean }): Prepared {
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
  const tensors = [{ name: "input", values: x.data, gradient: dx.data as ArrayLike<number> }];
  for (const [name, entry] of model.namedState()) {
    if (entry instanceof Parameter) tensors.push({ name, values: entry.value.data as Float64Array, gradient: entry.gradient.data });
  }
  const answer = (): number => {
    const y = model.forward(x).data;
    let sum = 0;
    for (let j = 0; j < dy.size; j++) sum += dy.data[j] * y[j];
    return sum;
  };
  return { answer, tensors, random };
}

/** The central difference by a step that `move` makes; two steps cancel the error's second order, and what remains falls with h^4. */
function difference(answer: () => number, move: (step: number) => void, h: number): number {
  const slope = (step: number): number => {
    move(step);
    const above = answer();
    move(-step);
    const below = answer();
    return (above - below) / (2 * step);
  };
  const numeric = (4 * slope(h) - slope(2 * h)) / 3;
  move(0);
  return numeric;
}

/** A step that crosses a kink (of a ReLU, a maximum) is wrong, but not a much smaller one; a wrong gradient is wrong at every step. */
const steps = [1e-4, 1e-3, 1e-5, 1e-6];

function leastError(error: (h: number) => number): number {
  let least = Infinity;
  for (const h of steps) {
    least = Math.min(least, error(h));
    if (least < 1e-6) break;
  }
  return least;
}

/**
 * Checks dx and the gradient of every parameter of `model` for sum(y * dy), at up to `most` elements of each tensor. Returns complaints;
 * empty if all is well.
 */
export function checkNetwork(model: Module, input: Shape, options: { seed?: number; most?: number; train?: boolean } = {}): string[] {
  const { answer, tensors, random } = prepare(model, input, options);
  const complaints: string[] = [];
  for (const { name, values, gradient } of tensors) {
    let greatest = 0;
    for (let i = 0; i < gradient.length; i++) {
      if (!Number.isFinite(gradient[i])) complaints.push(`${name}: gradient ${i} is ${gradient[i]}`);
      greatest = Math.max(greatest, Math.abs(gradient[i]));
    }
    for (const i of places(values.length, options.most ?? 12, random)) {
      const keep = values[i];
      const least = leastError((h) => {
        const numeric = difference(answer, (step) => { values[i] = keep + step; }, h);
        const size = Math.max(Math.abs(numeric), Math.abs(gradient[i]), 1e-3 * greatest);
        // What cancels exactly (a bias before a normalisation) leaves rounding only.
        return Math.abs(numeric - gradient[i]) < 1e-9 ? 0 : Math.abs(numeric - gradient[i]) / size;
      });
      if (!(least < 1e-6)) complaints.push(`${name}[${i}]: off by ${least.toExponential(1)}`);
    }
  }
  return complaints;
}

/**
 * The same for deep networks, in a twentieth of the time: tensors whose gradients are of like size are moved together, each along a
 * direction of its own, so that every element of every one takes part. What is wrong is then looked for tensor by tensor.
 */
export function checkAlong(model: Module, input: Shape, options: { seed?: number; train?: boolean } = {}): string[] {
  const { answer, tensors, random } = prepare(model, input, options);
  const moved = tensors.map((tensor) => {
    const { length } = tensor.values;
    const along = tensor.values.map(() => random.normal() / Math.sqrt(length));
    // What a direction of length 1 is expected to say.
    return { ...tensor, keep: tensor.values.slice(), along, slope: Math.hypot(...Array.from(tensor.gradient)) / Math.sqrt(length) };
  });
  moved.sort((a, b) => a.slope - b.slope);

  /** How far the difference is from the sum of gradients along the way, in parts of what the tensors say apart. */
  const off = (group: typeof moved): number => {
    const said = group.map(({ gradient, along }) => along.reduce((sum, d, i) => sum + d * gradient[i], 0));
    const sum = said.reduce((a, b) => a + b, 0);
    const size = Math.hypot(...group.map(({ slope }) => slope));
    return leastError((h) => {
      const numeric = difference(answer, (step) => {
        for (const { values, keep, along } of group) for (let i = 0; i < keep.length; i++) values[i] = keep[i] + step * along[i];
      }, h);
      return Math.abs(numeric - sum) < 1e-9 ? 0 : Math.abs(numeric - sum) / size;
    });
  };

  const complaints: string[] = [];
  for (let from = 0; from < moved.length;) {
    let to = from + 1;
    while (to < moved.length && to < from + 16 && moved[to].slope < 30 * moved[from].slope) to++;
    const group = moved.slice(from, to);
    if (!(off(group) < 1e-6)) {
      const wrong = group.map((tensor) => [tensor.name, off([tensor])] as const).filter(([, error]) => !(error < 1e-6));
      complaints.push(...wrong.map(([name, error]) => `${name}: off by ${error.toExponential(1)}`));
      if (wrong.length === 0) complaints.push(`${group.map(({ name }) => name).join(", ")}: off together`);
    }
    from = to;
  }
  return complaints;
}
