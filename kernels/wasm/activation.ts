/**
 * Activations on four numbers at once, as the epilogues of kernels apply them.
 *
 * NaN stays NaN in all of them, as in the reference. Where the reference compares and chooses, so does f32x4.pmin(a, b) = b < a ? b : a
 * and f32x4.pmax(a, b) = a < b ? b : a, one machine instruction each on x64 (f32x4.min and max are six), if the number itself
 * is operand a: then NaN, which is neither larger nor smaller, comes through, and relu(-0) is -0 as there.
 *
 * Those with an exponential are in exp.ts.
 * Largest errors measured against kernels/math.ts, in units in the last place of float32, on 32,768 numbers each of all floats, of
 * [-1, 1], [-20, 20] and [-110, 110] (silu: [-80, 80]): sigmoid 2.02, silu 2.91, tanh 2.44 (test/wasm/activation.test.ts).
 */
import { emitSigmoid, emitTanh } from "./exp.ts";
import type { ExpScratch } from "./exp.ts";
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
export type ActivationScratch = ExpScratch;

export function activationScratch(f: FunctionBuilder): ActivationScratch {
  return { a: f.local.v128("a"), b: f.local.v128("b"), c: f.local.v128("c") };
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
      return emitSigmoid(f, x, scratch);
    case "silu":
      emitSigmoid(f, x, scratch);
      local.get(x);
      f32x4.mul();
      return;
    case "tanh":
      return emitTanh(f, x, scratch);
  }
}

/** Takes a vector, leaves it cut to 0 ... high. */
function clip(f: FunctionBuilder, high: number): void {
  f.f32x4.const(0);
  f.f32x4.pmax();
  f.f32x4.const(high);
  f.f32x4.pmin();
}
