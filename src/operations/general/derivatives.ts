/** The slopes of the functions of `unary` and `binary`, for training. */
import { exp, log, pow as power, tanh } from "../../../kernels/math.ts";
import { softplus } from "../../../kernels/reference/general/pointwise.ts";
import type { BinaryFunction, UnaryFunction } from "../../graph/graph.ts";

const flat = (): number => 0;
const sigmoid = (x: number): number => 1 / (1 + exp(-x));

/** By name: f'(x), where y is f(x). Steps have none: 0. */
export const unarySlopes: Readonly<Record<UnaryFunction, (x: number, y: number) => number>> = {
  abs: Math.sign,
  ceil: flat,
  // 2 / sqrt(pi)
  erf: (x) => 1.1283791670955126 * exp(-x * x),
  exp: (_, y) => y,
  floor: flat,
  log: (x) => 1 / x,
  mish: (x) => {
    const t = tanh(softplus(x));
    return t + x * (1 - t * t) * sigmoid(x);
  },
  negative: () => -1,
  not: flat,
  reciprocal: (_, y) => -y * y,
  round: flat,
  sign: flat,
  softplus: sigmoid,
  sqrt: (_, y) => 0.5 / y,
  truncate: flat,
};

type Slope = (a: number, b: number) => number;

/** Of two equal numbers each is the smaller, or larger, one by half. */
const half = (a: number, b: number): number => (a < b ? 1 : a === b ? 0.5 : 0);
const steps = [flat, flat] as const;

/** By name: the slope by a, and the slope by b. */
export const binarySlopes: Readonly<Record<BinaryFunction, readonly [byA: Slope, byB: Slope]>> = {
  add: [() => 1, () => 1],
  subtract: [() => 1, () => -1],
  multiply: [(_, b) => b, (a) => a],
  divide: [(_, b) => 1 / b, (a, b) => -a / (b * b)],
  power: [(a, b) => (b === 0 ? 0 : b * power(a, b - 1)), (a, b) => (a === 0 ? 0 : power(a, b) * log(a))],
  minimum: [half, (a, b) => half(b, a)],
  maximum: [(a, b) => half(b, a), half],
  modulo: [() => 1, (a, b) => -Math.floor(a / b)],
  remainder: [() => 1, (a, b) => -Math.trunc(a / b)],
  equal: steps, less: steps, less_or_equal: steps, greater: steps, greater_or_equal: steps, and: steps, or: steps, xor: steps,
};
