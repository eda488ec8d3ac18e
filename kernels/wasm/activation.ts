/**
 * Activations on four numbers at once, as the epilogues of kernels apply them.
 *
 * NaN stays NaN in all of them, as in the reference. Where the reference compares and chooses, so does f32x4.pmin(a, b) = b < a ? b : a
 * and f32x4.pmax(a, b) = a < b ? b : a, one machine instruction each on x64 (f32x4.min and max are six), if the number itself
 * is operand a: then NaN, which is neither larger nor smaller, comes through, and relu(-0) is -0 as there.
 *
 * The exponential: e^x = 2^n e^r with n the whole number nearest to x / ln 2 and |r| <= 0.35 (Cody and Waite, Software Manual for
 * the Elementary Functions, 1980); polynomials of expf and tanhf of the Cephes library (S. L. Moshier, 1989). Largest errors
 * seen, in units in the last place of float32, against kernels/math.ts (test/wasm/activation.test.ts): sigmoid 1.7, silu 2.3, tanh 1.5.
 */
import type { FunctionBuilder } from "./function-builder.ts";
import type { Local } from "./handles.ts";

export type ActivationKind = "relu" | "relu6" | "leaky_relu" | "sigmoid" | "hard_sigmoid" | "silu" | "hard_swish" | "tanh";

/** `slope` of leaky_relu and hard_sigmoid, `offset` of hard_sigmoid; of no meaning for the others. */
export interface Activation {
  readonly activation: ActivationKind;
  readonly slope: number;
  readonly offset: number;
}

/** Does it take an exponential? Then it is better applied in a pass of its own over results that lie in the cache, away from busy registers. */
export function isHeavy({ activation }: Activation): boolean {
  return activation === "sigmoid" || activation === "silu" || activation === "tanh";
}

/** For the names of kernels: "relu", "leaky_relu_0.01". Equal names are equal functions. */
export function activationName({ activation, slope, offset }: Activation): string {
  if (activation === "leaky_relu") return `leaky_relu_${slope}`;
  return activation === "hard_sigmoid" ? `hard_sigmoid_${slope}_${offset}` : activation;
}

/** What an activation needs besides its argument. */
export interface ActivationScratch {
  readonly a: Local<"v128">;
  readonly b: Local<"v128">;
  readonly c: Local<"v128">;
}

export function activationScratch(f: FunctionBuilder): ActivationScratch {
  return { a: f.local.v128("a"), b: f.local.v128("b"), c: f.local.v128("c") };
}

/** Takes nothing, leaves activation(x). The scratch is used by leaky_relu, hard_swish and those with an exponential; x stays. */
export function emitActivation(f: FunctionBuilder, activation: Activation, x: Local<"v128">, scratch: ActivationScratch): void {
  const { local, f32x4, v128 } = f;
  const { a, b } = scratch;
  switch (activation.activation) {
    case "relu":
      local.get(x);
      f32x4.const(0);
      f32x4.pmax();
      return;
    case "relu6":
      local.get(x);
      clip(f, 6);
      return;
    case "leaky_relu":
      local.get(x);
      local.get(x);
      f32x4.const(activation.slope);
      f32x4.mul();
      local.get(x);
      f32x4.const(0);
      f32x4.gt();
      v128.bitselect();
      return;
    case "hard_sigmoid":
      local.get(x);
      f32x4.const(activation.slope);
      f32x4.mul();
      f32x4.const(activation.offset);
      f32x4.add();
      clip(f, 1);
      return;
    case "hard_swish":
      local.get(x);
      f32x4.const(3);
      f32x4.add();
      clip(f, 6);
      f32x4.const(1 / 6);
      f32x4.mul();
      local.get(x);
      f32x4.mul();
      return;
    case "sigmoid":
      return sigmoid(f, x, scratch);
    case "silu":
      sigmoid(f, x, scratch);
      local.get(x);
      f32x4.mul();
      return;
    case "tanh":
      return tanh(f, x, a, b, scratch);
  }
}

/** Takes a vector, leaves it cut to 0 ... high. */
function clip(f: FunctionBuilder, high: number): void {
  f.f32x4.const(0);
  f.f32x4.pmax();
  f.f32x4.const(high);
  f.f32x4.pmin();
}

/** Takes x, leaves c[0] + x (c[1] + x (c[2] + ...)), x being in `x`. */
function polynomial(f: FunctionBuilder, x: Local<"v128">, coefficients: readonly number[]): void {
  f.f32x4.const(coefficients[coefficients.length - 1]);
  for (let i = coefficients.length - 2; i >= 0; i--) {
    f.local.get(x);
    f.f32x4.mul();
    f.f32x4.const(coefficients[i]);
    f.f32x4.add();
  }
}

/** Takes k (4 whole numbers) , leaves 2^k. */
function powerOfTwo(f: FunctionBuilder): void {
  f.i32x4.const(127);
  f.i32x4.add();
  f.i32.const(23);
  f.i32x4.shl();
}

/** Takes t <= 0, leaves e^t, subnormal results included; uses all scratch. */
function exponential(f: FunctionBuilder, { a, b, c }: ActivationScratch): void {
  const { local, f32x4, i32x4 } = f;
  // Below -104 the result is 0 in any case, and 2^n would leave its range.
  f32x4.const(-104);
  f32x4.pmax();
  local.tee(a);
  f32x4.const(1.4426950408889634);
  f32x4.mul();
  f32x4.nearest();
  local.set(b);
  // r = t - n ln 2, in two parts: the first has 9 bits, so that its product with n is exact.
  local.get(a);
  local.get(b);
  f32x4.const(0.693359375);
  f32x4.mul();
  f32x4.sub();
  local.get(b);
  f32x4.const(-2.12194440e-4);
  f32x4.mul();
  f32x4.sub();
  local.tee(a);
  polynomial(f, a, [5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4]);
  local.get(a);
  f32x4.mul();
  f32x4.mul();
  local.get(a);
  f32x4.add();
  f32x4.const(1);
  f32x4.add();
  // times 2^n in two steps, for 2^n alone may be too small to be normal.
  local.get(b);
  i32x4.trunc_sat_f32x4_s();
  local.tee(b);
  f.i32.const(1);
  i32x4.shr_s();
  local.tee(c);
  powerOfTwo(f);
  f32x4.mul();
  local.get(b);
  local.get(c);
  i32x4.sub();
  powerOfTwo(f);
  f32x4.mul();
}

/** e^x / (1 + e^x) for negative x, 1 / (1 + e^-x) for others: no cancellation, no overflow. */
function sigmoid(f: FunctionBuilder, x: Local<"v128">, scratch: ActivationScratch): void {
  const { local, f32x4, v128 } = f;
  const { a } = scratch;
  local.get(x);
  f32x4.abs();
  f32x4.neg();
  exponential(f, scratch);
  local.tee(a);
  f32x4.const(1);
  local.get(x);
  f32x4.const(0);
  f32x4.lt();
  v128.bitselect();
  local.get(a);
  f32x4.const(1);
  f32x4.add();
  f32x4.div();
}

/** (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x; near 0, where that cancels, an odd polynomial. */
function tanh(f: FunctionBuilder, x: Local<"v128">, a: Local<"v128">, b: Local<"v128">, scratch: ActivationScratch): void {
  const { local, f32x4, i32x4, v128 } = f;
  local.get(x);
  f32x4.abs();
  f32x4.const(-2);
  f32x4.mul();
  exponential(f, scratch);
  local.set(a);
  f32x4.const(1);
  local.get(a);
  f32x4.sub();
  local.get(a);
  f32x4.const(1);
  f32x4.add();
  f32x4.div();
  local.get(x);
  i32x4.const(-0x80000000);
  v128.and();
  v128.or();
  local.set(b);
  local.get(x);
  local.get(x);
  f32x4.mul();
  local.tee(a);
  polynomial(f, a, [-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3]);
  f32x4.mul();
  local.get(x);
  f32x4.mul();
  local.get(x);
  f32x4.add();
  local.get(b);
  local.get(x);
  f32x4.abs();
  f32x4.const(0.625);
  f32x4.lt();
  v128.bitselect();
}
