/** GELU, which kernels take in as they do other activations, and not every bundle has. */
import type { ActivationEmitter, ActivationScratch } from "./activation.ts";
import { emitErf } from "./erf.ts";
import { emitSigmoid } from "./exp.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";

/** Takes nothing, leaves sigmoid(u) of GELU by tanh, whose u = 2 sqrt(2 / pi) (x + 0.044715 x^3). */
export function emitGeluGate(f: FunctionBuilder, x: Local<"v128">, scratch: ActivationScratch): void {
  const { local, f32x4 } = f;
  const inner = (scratch.inner ??= local.v128("inner"));
  local.get(x);
  local.get(x);
  f32x4.mul();
  f32x4.const(0.07135481282636019);
  f32x4.mul();
  f32x4.const(1.5957691216057308);
  f32x4.add();
  local.get(x);
  f32x4.mul();
  local.set(inner);
  emitSigmoid(f, inner, scratch);
}

/** Takes nothing, leaves the normal distribution's share below x. */
export function emitShareBelow(f: FunctionBuilder, x: Local<"v128">, scratch: ActivationScratch): void {
  const { local, f32x4 } = f;
  local.get(x);
  f32x4.const(Math.SQRT1_2);
  f32x4.mul();
  emitErf(f, scratch);
  f32x4.const(0.5);
  f32x4.mul();
  f32x4.const(0.5);
  f32x4.add();
}

/** x times its gate. */
function gated(gate: ActivationEmitter): ActivationEmitter {
  return (f, x, scratch) => {
    gate(f, x, scratch);
    f.local.get(x);
    f.f32x4.mul();
  };
}

/** By name. */
export const geluEmitters: Readonly<Record<"gelu" | "gelu_tanh", ActivationEmitter>> = {
  gelu: gated(emitShareBelow), gelu_tanh: gated(emitGeluGate),
};
