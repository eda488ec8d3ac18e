/**
 * The exponential, the sigmoid and the hyperbolic tangent on four float32 numbers at once.
 *
 * e^x = 2^k e^r with k the whole number nearest to x / ln 2 and |r| <= 0.3466 (Cody and Waite, Software Manual for the Elementary
 * Functions, 1980). e^r = 1 + (r + r^2 q(r)), q being the polynomial of degree 4 whose largest relative error is least there
 * (Lawson's iteration), rounded to float32: 4.4e-9.
 *
 * Largest errors seen against kernels/math.ts: e^x 0.96 ulp over every 97th float32; sigmoid and tanh: activation.ts. Results below 2^-126
 * keep all bits that they have room for. NaN stays NaN; e^x is infinity above 88.7228, 0 below -103.97.
 *
 * A processor works on some 130 vector instructions at once, which is three or four of these functions; it is the length of the
 * longest chain of results that one waits for, and not their number alone, that makes the time. Hence the polynomial in pairs (Estrin).
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";

const INVERSE_LN2 = 1.4426950408889634;
// ln 2 in two parts; the first has 9 bits, so that its product with k is exact.
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.12194440e-4;
const Q = [0.4999999403953552, 0.1666651964187622, 0.04166839271783829, 0.00836878176778555, 0.001381446374580264] as const;
/** 1.5 * 2^23: a float32 of this size is a whole number, so adding it rounds, and leaves that number in the lowest bits. */
const MAGIC = 12582912;
/** Bits of the float32 number 1, and of the sign. */
const ONE = 127 << 23;
const SIGN = -0x80000000;

/** Locals that these functions write to. */
export interface ExpScratch {
  readonly a: Local<"v128">;
  readonly b: Local<"v128">;
  readonly c: Local<"v128">;
}

/** Takes x, leaves e^x. With `negative` x must not be above 0 (but may be NaN), which saves an instruction. */
export function emitExp(f: FunctionBuilder, scratch: ExpScratch, negative: boolean = false): void {
  const { local, f32x4, i32x4, i32 } = f;
  const { a, b } = scratch;
  // Beyond these bounds the result is 0 or infinity in any case, and 2^k would leave its range. NaN passes: it is operand a.
  f32x4.const(-104);
  f32x4.pmax();
  if (!negative) {
    f32x4.const(89);
    f32x4.pmin();
  }
  reduce(f, scratch);
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

/** Takes x, leaves r + r^2 q(r) = e^r - 1, and k + MAGIC in b. */
function reduce(f: FunctionBuilder, { a, b, c }: ExpScratch): void {
  const { local, f32x4 } = f;
  local.tee(a);
  f32x4.const(INVERSE_LN2);
  f32x4.mul();
  f32x4.const(MAGIC);
  f32x4.add();
  local.tee(b);
  f32x4.const(MAGIC);
  f32x4.sub();
  local.set(c);
  // r = x - k ln 2
  local.get(a);
  local.get(c);
  f32x4.const(LN2_HIGH);
  f32x4.mul();
  f32x4.sub();
  local.get(c);
  f32x4.const(LN2_LOW);
  f32x4.mul();
  f32x4.sub();
  local.tee(a);
  local.get(a);
  f32x4.mul();
  local.set(c); // r^2
  // r + r^2 (q0 + q1 r + r^2 (q2 + q3 r + q4 r^2))
  const pair = (constant: number, factor: Local<"v128">, coefficient: number): void => {
    local.get(factor);
    f32x4.const(coefficient);
    f32x4.mul();
    f32x4.const(constant);
    f32x4.add();
  };
  pair(Q[0], a, Q[1]);
  pair(Q[2], a, Q[3]);
  local.get(c);
  f32x4.const(Q[4]);
  f32x4.mul();
  f32x4.add();
  local.get(c);
  f32x4.mul();
  f32x4.add();
  local.get(c);
  f32x4.mul();
  local.get(a);
  f32x4.add();
}

/** Takes k in the 9 lowest bits, leaves 2^k. */
function power(f: FunctionBuilder): void {
  f.i32.const(23);
  f.i32x4.shl();
  f.i32x4.const(ONE);
  f.i32x4.add();
}

/** Takes nothing, leaves -|x|. (f32x4.abs and neg build their constants anew each time.) */
function negated(f: FunctionBuilder, x: Local<"v128">): void {
  f.local.get(x);
  f.i32x4.const(SIGN);
  f.v128.or();
}

/** Takes nothing, leaves the sigmoid: z / (1 + z) where x < 0, 1 / (1 + z) elsewhere, with z = e^-|x|: no cancellation, no overflow. */
export function emitSigmoid(f: FunctionBuilder, x: Local<"v128">, scratch: ExpScratch): void {
  const { local, f32x4, i32x4, i32, v128 } = f;
  negated(f, x);
  emitExp(f, scratch, true);
  // z is at most 1: the numerator is the larger of z and, where x is not negative, 1.
  local.tee(scratch.a);
  f32x4.const(1);
  local.get(x);
  i32.const(31);
  i32x4.shr_s();
  v128.andnot();
  f32x4.pmax();
  local.get(scratch.a);
  f32x4.const(1);
  f32x4.add();
  f32x4.div();
}

/**
 * Takes nothing, leaves tanh(x) = -m / (m + 2) with the sign of x, where m = e^(-2|x|) - 1 = 2^k (e^r - 1) + (2^k - 1): nothing cancels
 * near 0.
 */
export function emitTanh(f: FunctionBuilder, x: Local<"v128">, scratch: ExpScratch): void {
  const { local, f32x4, i32x4, v128 } = f;
  const { a, b } = scratch;
  local.get(x);
  negated(f, x);
  local.tee(a);
  local.get(a);
  f32x4.add();
  // Beyond -20 m is -1 in float32.
  f32x4.const(-20);
  f32x4.pmax();
  reduce(f, scratch);
  local.get(b);
  power(f);
  local.tee(b);
  f32x4.mul();
  local.get(b);
  f32x4.const(1);
  f32x4.sub();
  f32x4.add();
  local.tee(a);
  local.get(a);
  f32x4.const(2);
  f32x4.add();
  f32x4.div();
  i32x4.const(SIGN);
  v128.bitselect();
}
