/**
 * Logarithms on four float32 numbers at once.
 *
 * log x = k ln 2 + log m with x = 2^k m and m from sqrt(1/2) to sqrt(2); log m = 2 atanh(s) with s = (m - 1) / (m + 1), at most 0.1716, by
 * its series to s^11. Within 2.5 units in the last place (test/wasm/shared/functions.test.ts). NaN stays NaN.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import type { ExpScratch } from "./exp.ts";

const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.12194440e-4;
/** Bits of sqrt(1/2), from which on m begins. */
const ROOT_HALF = 0x3f3504f3;

/** Takes nothing, leaves 2 atanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...) with `terms` terms; s is in a, and b is written to. */
function doubleAtanh(f: FunctionBuilder, { a, b }: ExpScratch, terms: number): void {
  const { local, f32x4 } = f;
  local.get(a);
  local.get(a);
  f32x4.mul();
  local.set(b);
  for (let i = terms - 1; i >= 0; i--) {
    if (i < terms - 1) {
      local.get(b);
      f32x4.mul();
    }
    f32x4.const(2 / (2 * i + 1));
    if (i < terms - 1) f32x4.add();
  }
  local.get(a);
  f32x4.mul();
}

/** Takes z from 0 to 1, leaves log(1 + z) = 2 atanh(z / (2 + z)). */
export function emitLog1p(f: FunctionBuilder, scratch: ExpScratch): void {
  const { local, f32x4 } = f;
  local.tee(scratch.a);
  local.get(scratch.a);
  f32x4.const(2);
  f32x4.add();
  f32x4.div();
  local.set(scratch.a);
  doubleAtanh(f, scratch, 8);
}

/** Takes nothing, leaves log x: -infinity for 0, infinity for itself, NaN below 0; x stays. */
export function emitLog(f: FunctionBuilder, x: Local<"v128">, scratch: ExpScratch): void {
  const { local, f32x4, i32x4, i32, v128 } = f;
  const { a, b, c } = scratch;
  // What is no normal number is made one: times 2^23, and 23 less in the end.
  local.get(x);
  f32x4.const(8388608);
  f32x4.mul();
  local.get(x);
  local.get(x);
  f32x4.const(1.1754943508222875e-38);
  f32x4.lt();
  local.tee(b);
  v128.bitselect();
  local.set(a);
  // k: how many times 2^23 fits between sqrt(1/2) and the bits.
  local.get(a);
  i32x4.const(ROOT_HALF);
  i32x4.sub();
  i32.const(23);
  i32x4.shr_s();
  local.tee(c);
  // m: the bits less those of k.
  local.get(a);
  local.get(c);
  i32.const(23);
  i32x4.shl();
  i32x4.sub();
  local.set(a);
  // k as a number, less 23 where that was put on. It is small: 1.5 * 2^23 and it have its bits side by side.
  i32x4.const(0x4b400000);
  i32x4.add();
  f32x4.const(12582912);
  f32x4.sub();
  local.get(b);
  f32x4.const(23);
  v128.and();
  f32x4.sub();
  local.set(c);
  local.get(a);
  f32x4.const(1);
  f32x4.sub();
  local.get(a);
  f32x4.const(1);
  f32x4.add();
  f32x4.div();
  local.set(a);
  doubleAtanh(f, scratch, 6);
  local.get(c);
  f32x4.const(LN2_LOW);
  f32x4.mul();
  f32x4.add();
  local.get(c);
  f32x4.const(LN2_HIGH);
  f32x4.mul();
  f32x4.add();
  local.set(a);
  // 0 and infinity, and what has no logarithm: x / x - x is NaN for infinities and 0, so each is chosen by comparison.
  const where = (value: number, compare: () => void): void => {
    f32x4.const(value);
    local.get(a);
    compare();
    v128.bitselect();
    local.set(a);
  };
  where(Infinity, () => {
    local.get(x);
    f32x4.const(Infinity);
    f32x4.eq();
  });
  where(-Infinity, () => {
    local.get(x);
    f32x4.const(0);
    f32x4.eq();
  });
  where(NaN, () => {
    local.get(x);
    f32x4.const(0);
    f32x4.lt();
  });
  // NaN itself.
  local.get(a);
  local.get(x);
  local.get(x);
  local.get(x);
  f32x4.eq();
  v128.bitselect();
}

