/**
 * Activations on four numbers at once, as the epilogues of kernels apply them.
 *
 * NaN stays NaN in all of them, as in the reference. Where the reference compares and chooses, so does f32x4.pmin(a, b) = b < a ? b : a
 * and f32x4.pmax(a, b) = a < b ? b : a, one machine instruction each on x64 (f32x4.min and max are six), if the number itself
 * is operand a: then NaN, which is neither larger nor smaller, comes through, and relu(-0) is -0 as there.
 *
 * Those with an exponential take it from exp.ts; near 0 tanh is the odd polynomial of tanhf in the Cephes library (S. L. Moshier, 1989).
 * Largest errors measured against kernels/math.ts, in units in the last place of float32, on 32,768 numbers each of all floats, of
 * [-1, 1], [-20, 20] and [-110, 110] (silu: [-80, 80]): sigmoid 2.02, silu 2.91, tanh 1.47 (test/wasm/activation.test.ts).
 */
import { emitExp } from "./exp.ts";
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
}

export function activationScratch(f: FunctionBuilder): ActivationScratch {
  return { a: f.local.v128("a"), b: f.local.v128("b") };
}

/** Takes nothing, leaves activation(x). The scratch is used by those with an exponential; x stays. */
export function emitActivation(f: FunctionBuilder, activation: Activation, x: Local<"v128">, scratch: ActivationScratch): void {
  const { local, f32x4, v128 } = f;
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
      return tanh(f, x, scratch);
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

/** e^x / (1 + e^x) for negative x, 1 / (1 + e^-x) for others: no cancellation, no overflow. */
function sigmoid(f: FunctionBuilder, x: Local<"v128">, scratch: ActivationScratch): void {
  const { local, f32x4, v128 } = f;
  const { a } = scratch;
  local.get(x);
  f32x4.abs();
  f32x4.neg();
  emitExp(f, scratch.a, scratch.b, true);
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
function tanh(f: FunctionBuilder, x: Local<"v128">, scratch: ActivationScratch): void {
  const { a, b } = scratch;
  const { local, f32x4, i32x4, v128 } = f;
  local.get(x);
  f32x4.abs();
  f32x4.const(-2);
  f32x4.mul();
  emitExp(f, scratch.a, scratch.b, true);
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
