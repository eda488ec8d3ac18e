/**
 * Layers on single pixels: SE's excitation and the classifier. Their values stay float32, only their weights are bytes, so they cost a
 * quarter of the memory and no accuracy to speak of. Each product and each sum is rounded to float32, in the order of the inputs:
 *
 *   s = 0;  s = s + (x[n, i] * weight[o, i])  for i = 0, 1, ...
 *   y[n, o] = activation(s * scale[o] + bias[o])
 *
 * Activations are float32 too, an operation a rounding (functions below); the exponential is that of kernels/wasm/shared/exp.ts.
 */
import type { Activation, ActivationKind } from "../../activations.ts";
import { round } from "./numbers.ts";

/** What may follow a layer on single pixels. */
export const rowActivations: readonly ActivationKind[] = ["relu", "relu6", "leaky_relu", "sigmoid", "hard_sigmoid", "silu", "hard_swish"];

/** x [batch, inputs], y [batch, outputs], weight [outputs, inputs], scale and bias [outputs]. */
export interface LinearShape {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  /** One of `rowActivations`. */
  readonly activation: Activation | undefined;
}

export function linear(
  y: Float32Array, x: Float32Array, weight: Int8Array, scale: Float32Array, bias: Float32Array,
  { batch, inputs, outputs, activation }: LinearShape,
): void {
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum = round(sum + round(x[n * inputs + i] * weight[o * inputs + i]));
      y[n * outputs + o] = activate(round(round(sum * scale[o]) + bias[o]), activation);
    }
  }
}

/** Of a float32 number, the function in float32. @throws RangeError for what is none of `rowActivations` */
export function activate(x: number, activation: Activation | undefined): number {
  switch (activation?.activation) {
    case undefined: return x;
    case "relu": return cut(x, Infinity);
    case "relu6": return cut(x, 6);
    case "leaky_relu": return x > 0 ? x : round(x * round(activation!.slope));
    case "hard_sigmoid": return cut(round(round(x * round(activation!.slope)) + round(activation!.offset)), 1);
    case "hard_swish": return round(round(cut(round(x + 3), 6) * SIXTH) * x);
    case "sigmoid": return sigmoid(x);
    case "silu": return round(sigmoid(x) * x);
    default: throw new RangeError(`quantised linear: ${activation!.activation} is none of ${rowActivations.join(", ")}`);
  }
}

const SIXTH = round(1 / 6);

/** x cut to 0 ... high; NaN stays. */
function cut(x: number, high: number): number {
  const above = x < 0 ? 0 : x;
  return high < above ? high : above;
}

const INVERSE_LN2 = round(1.4426950408889634);
const LN2_HIGH = 0.693359375;
const LN2_LOW = round(-2.12194440e-4);
const Q = [0.4999999403953552, 0.1666651964187622, 0.04166839271783829, 0.00836878176778555, 0.001381446374580264].map(round);
const MAGIC = 12582912;

/** e^x for x not above 0, as kernels/wasm/shared/exp.ts has it: 2^k e^r with |r| <= 0.3466, e^r by a polynomial in pairs (Estrin). */
function exp(x: number): number {
  const a = x < -104 ? -104 : x;
  const k = round(round(round(a * INVERSE_LN2) + MAGIC) - MAGIC);
  const r = round(round(a - round(k * LN2_HIGH)) - round(k * LN2_LOW));
  const square = round(r * r);
  const low = round(round(r * Q[1]) + Q[0]);
  const high = round(round(round(r * Q[3]) + Q[2]) + round(square * Q[4]));
  const power = round(1 + round(round(round(round(high * square) + low) * square) + r));
  // 2^k alone may be no normal number.
  const half = Math.floor(k / 2);
  return round(round(power * twoTo(half)) * twoTo(k - half));
}

/** 2^k for whole k, exact. */
function twoTo(k: number): number {
  let power = 1;
  for (let i = Math.abs(k); i > 0; i--) power *= 2;
  return k < 0 ? 1 / power : power;
}

/** z / (1 + z) where x < 0, 1 / (1 + z) elsewhere, with z = e^-|x|: nothing cancels, nothing overflows. */
function sigmoid(x: number): number {
  const z = exp(-Math.abs(x));
  return round((x < 0 ? z : 1) / round(z + 1));
}
