/**
 * The exponential on four float32 numbers at once: e^x = 2^k e^r with k the whole number nearest to x / ln 2 and |r| <= 0.3466 (Cody
 * and Waite, Software Manual for the Elementary Functions, 1980). e^r = 1 + (r + r^2 q(r)), q being the polynomial of degree 4
 * whose largest relative error is least there (Lawson's iteration), rounded to float32: 4.4e-9.
 *
 * Largest error seen against kernels/math.ts over every 97th float32: 0.96 ulp; results below 2^-126 keep all bits that they have room
 * for. NaN stays NaN; above 88.7228 comes infinity, below -103.97 zero.
 */
import type { FunctionBuilder } from "./function-builder.ts";
import type { Local } from "./handles.ts";

const INVERSE_LN2 = 1.4426950408889634;
// ln 2 in two parts; the first has 9 bits, so that its product with k is exact.
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.12194440e-4;
const Q = [0.4999999403953552, 0.1666651964187622, 0.04166839271783829, 0.00836878176778555, 0.001381446374580264] as const;
/** 1.5 * 2^23: a float32 of this size is a whole number, so adding it rounds, and leaves that number in the lowest bits. */
const MAGIC = 12582912;
/** Bits of the float32 number 1. */
const ONE = 127 << 23;

/**
 * Takes x, leaves e^x. a and b are scratch; with `negative` x must not be above 0, or be NaN, which saves an instruction.
 */
export function emitExp(f: FunctionBuilder, a: Local<"v128">, b: Local<"v128">, negative: boolean = false): void {
  const { local, f32x4, i32x4, i32 } = f;
  // Beyond these bounds the result is 0 or infinity in any case, and 2^k would leave its range. NaN passes: it is operand a.
  f32x4.const(-104);
  f32x4.pmax();
  if (!negative) {
    f32x4.const(89);
    f32x4.pmin();
  }
  local.tee(a);
  f32x4.const(INVERSE_LN2);
  f32x4.mul();
  f32x4.const(MAGIC);
  f32x4.add();
  local.set(b);
  // r = x - k ln 2
  local.get(a);
  kTimes(f, b, LN2_HIGH);
  f32x4.sub();
  kTimes(f, b, LN2_LOW);
  f32x4.sub();
  local.set(a);
  // 1 + (r + r^2 q)
  f32x4.const(Q[4]);
  for (let i = 3; i >= 0; i--) {
    local.get(a);
    f32x4.mul();
    f32x4.const(Q[i]);
    f32x4.add();
  }
  local.get(a);
  f32x4.mul();
  local.get(a);
  f32x4.mul();
  local.get(a);
  f32x4.add();
  f32x4.const(1);
  f32x4.add();
  // times 2^floor(k/2), then 2^(k - floor(k/2)): 2^k alone may be no normal number. The shift by 23 leaves nothing of MAGIC.
  local.get(b);
  i32.const(1);
  i32x4.shr_u();
  local.tee(a);
  power(f);
  f32x4.mul();
  local.get(b);
  local.get(a);
  i32x4.sub();
  power(f);
  f32x4.mul();
}

/** Leaves factor * k, where k + MAGIC is in `shifted`. */
function kTimes(f: FunctionBuilder, shifted: Local<"v128">, factor: number): void {
  f.local.get(shifted);
  f.f32x4.const(MAGIC);
  f.f32x4.sub();
  f.f32x4.const(factor);
  f.f32x4.mul();
}

/** Takes k in the 9 lowest bits, leaves 2^k. */
function power(f: FunctionBuilder): void {
  f.i32.const(23);
  f.i32x4.shl();
  f.i32x4.const(ONE);
  f.i32x4.add();
}
