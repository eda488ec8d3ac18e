/** What the functions of `unary` and `binary` compute, and activations in double precision. */
import { exp, log, pow, tanh } from "../../../kernels/math.ts";
import { plainInference } from "../../../kernels/plain/inference.ts";
import { erf } from "../../../kernels/erf.ts";
import { roundHalfEven, softplus } from "../../../kernels/reference/general/pointwise.ts";
import type { Activation, BinaryFunction, UnaryFunction } from "../../graph/graph.ts";
import { activate } from "../elementwise/activation.ts";

/** By name: f(x). */
export const unaryFunctions: Readonly<Record<UnaryFunction, (x: number) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  erf,
  exp,
  floor: Math.floor,
  log,
  /** x tanh(softplus(x)) (Misra, arXiv 1908.08681). */
  mish: (x) => x * tanh(softplus(x)),
  negative: (x) => -x,
  not: (x) => (x === 0 ? 1 : 0),
  reciprocal: (x) => 1 / x,
  round: roundHalfEven,
  sign: Math.sign,
  softplus,
  sqrt: Math.sqrt,
  truncate: Math.trunc,
};

/** By name: f(a, b). */
export const binaryFunctions: Readonly<Record<BinaryFunction, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  power: pow,
  minimum: Math.min,
  maximum: Math.max,
  /** With the sign of b. */
  modulo: (a, b) => a - b * Math.floor(a / b),
  /** With the sign of a. */
  remainder: (a, b) => a % b,
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  less_or_equal: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greater_or_equal: (a, b) => Number(a >= b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
  xor: (a, b) => Number((a !== 0) !== (b !== 0)),
};

/** What an activation makes of numbers. */
export function activated(activation: Activation, x: ArrayLike<number>): Float64Array {
  const y = new Float64Array(x.length);
  // The kernels ask nothing of arrays but to be indexed.
  activate(plainInference, y as ArrayLike<number> as Float32Array, activation, x as Float32Array);
  return y;
}
