/** Functions of one number that networks from files have, as emitters: activations with them are computed by the kernels of activations. */
import type { ActivationEmitter } from "./activation.ts";
import { emitErf } from "./erf.ts";
import { emitExp, emitTanh } from "./exp.ts";
import { emitLog, emitLog1p } from "./log.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";

/** Takes nothing, leaves -|x|. */
function negated(f: FunctionBuilder, x: Local<"v128">): void {
  f.local.get(x);
  f.i32x4.const(-0x80000000);
  f.v128.or();
}

export type EmittedFunction = "abs" | "negative" | "sqrt" | "reciprocal" | "exp" | "log" | "erf" | "softplus" | "mish";

/** By name. */
export const functionEmitters: Readonly<Record<EmittedFunction, ActivationEmitter>> = {
  abs(f, x) {
    f.local.get(x);
    f.f32x4.abs();
  },
  negative(f, x) {
    f.local.get(x);
    f.f32x4.neg();
  },
  sqrt(f, x) {
    f.local.get(x);
    f.f32x4.sqrt();
  },
  reciprocal(f, x) {
    f.f32x4.const(1);
    f.local.get(x);
    f.f32x4.div();
  },
  exp(f, x, scratch) {
    f.local.get(x);
    emitExp(f, scratch);
  },
  log: emitLog,
  erf(f, x, scratch) {
    f.local.get(x);
    emitErf(f, scratch);
  },
  /** max(x, 0) + log(1 + e^-|x|). */
  softplus(f, x, scratch) {
    negated(f, x);
    emitExp(f, scratch, true);
    emitLog1p(f, scratch);
    f.local.get(x);
    f.f32x4.const(0);
    f.f32x4.pmax();
    f.f32x4.add();
  },
  /** x tanh(softplus(x)) = x n / (n + 2) with n = e^x (e^x + 2). Beyond 20 that is x in float32. */
  mish(f, x, scratch) {
    const { local, f32x4 } = f;
    local.get(x);
    f32x4.const(20);
    f32x4.pmin();
    emitExp(f, scratch);
    local.tee(scratch.a);
    local.get(scratch.a);
    f32x4.const(2);
    f32x4.add();
    f32x4.mul();
    local.tee(scratch.a);
    local.get(scratch.a);
    f32x4.const(2);
    f32x4.add();
    f32x4.div();
    local.get(x);
    f32x4.mul();
  },
};

/** x where it is above 0, alpha (e^x - 1) elsewhere, with e^x - 1 = 2 t / (1 - t), t = tanh(x / 2): nothing cancels. */
export function eluEmitter(alpha: number): ActivationEmitter {
  return (f, x, scratch) => {
    const { local, f32x4, v128 } = f;
    const half = (scratch.inner ??= local.v128("inner"));
    local.get(x);
    local.get(x);
    f32x4.const(0);
    f32x4.pmin();
    f32x4.const(0.5);
    f32x4.mul();
    local.set(half);
    emitTanh(f, half, scratch);
    local.tee(half);
    f32x4.const(2 * alpha);
    f32x4.mul();
    f32x4.const(1);
    local.get(half);
    f32x4.sub();
    f32x4.div();
    local.get(x);
    f32x4.const(0);
    f32x4.gt();
    v128.bitselect();
  };
}

/** x, at least `least` and at most `most`. */
export function clipEmitter(least: number, most: number): ActivationEmitter {
  return (f, x) => {
    f.local.get(x);
    f.f32x4.const(least);
    f.f32x4.pmax();
    f.f32x4.const(most);
    f.f32x4.pmin();
  };
}
