/**
 * Sigmoid and SiLU in fewer instructions, for sessions that need not give the same bits everywhere: 15 fused instead of 36 (exp.ts).
 *
 * sigmoid(x) = 1 / (1 + e^-x), and SiLU is x divided by the same, so that there is one division and no product after it. e^-x = 2^k 2^r
 * with k the whole number nearest to -x / ln 2. 2^r = 1 + r q(r), q of degree 4, is the polynomial whose largest relative error is least
 * for |r| <= 1/2 (Lawson's iteration), rounded to float32: 1.1e-7. Arguments beyond +-87 are taken for these: the gate is 1 there, or
 * less than 2e-38.
 *
 * Largest relative errors against kernels/math.ts, fused and not: 4e-7 and 9e-7 for |x| <= 8, 5e-7 and 2e-6 to 20, 1.4e-6 and 8e-6 to 80
 * (test/wasm/shared/short-sigmoid.test.ts): 1 / ln 2 is rounded, and unfused its product with x.
 */
import type { Activation, ActivationEmitter, ActivationScratch } from "./activation.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";

const LOG2_E = 1.4426950408889634;
const MOST = 87;
const C = [1, 0.6931470036506653, 0.24022242426872253, 0.05550733581185341, 0.009671512991189957, 0.001326472731307149] as const;
/** 1.5 * 2^23: adding it rounds to a whole number, which stands in the lowest bits then. */
const MAGIC = 12582912;

/** Takes b and c after a, leaves a b + c. @param second pushes b, @param third c */
function multiplyAdd(f: FunctionBuilder, fma: boolean, second: () => void, third: () => void): void {
  second();
  if (!fma) f.f32x4.mul();
  third();
  if (fma) f.f32x4.relaxed_madd();
  else f.f32x4.add();
}

/** @param silu is x divided by 1 + e^-x, instead of 1? */
function gate(fma: boolean, silu: boolean): ActivationEmitter {
  return (f, x, scratch) => {
    const { local, f32x4, i32, i32x4 } = f;
    const { a, b, c } = scratch;
    const constant = (value: number) => (): void => pushHeld(f, scratch, value);
    const get = (which: typeof a) => (): void => local.get(which);
    // What is divided stays below the divisor: 1, or x (NaN passes: it is operand a).
    if (!silu) constant(1)();
    local.get(x);
    constant(-MOST)();
    f32x4.pmax();
    if (silu) {
      local.tee(a);
      local.get(a);
    }
    constant(MOST)();
    f32x4.pmin();
    local.tee(a);
    multiplyAdd(f, fma, constant(-LOG2_E), constant(MAGIC));
    local.set(c);
    // r = -x / ln 2 - k, in a; k + MAGIC in c
    local.get(a);
    multiplyAdd(f, fma, constant(-LOG2_E), () => {
      constant(MAGIC)();
      local.get(c);
      f32x4.sub();
    });
    local.set(a);
    // 1 + c1 r + r^2 (c2 + c3 r + r^2 (c4 + c5 r)), r^2 in b
    local.get(a);
    local.get(a);
    f32x4.mul();
    local.set(b);
    const pair = (i: number): void => {
      local.get(a);
      multiplyAdd(f, fma, constant(C[i + 1]), constant(C[i]));
    };
    pair(4);
    multiplyAdd(f, fma, get(b), () => pair(2));
    multiplyAdd(f, fma, get(b), () => pair(0));
    // Times 2^k, by its bits: the shift leaves nothing of MAGIC. NaN may become a number so; of SiLU the numerator is NaN still.
    local.get(c);
    i32.const(23);
    i32x4.shl();
    if (silu) i32x4.add();
    else {
      constant(1)();
      i32x4.add();
      f32x4.mul();
    }
    constant(1)();
    f32x4.add();
    f32x4.div();
  };
}

/** Puts all constants into locals. */
function hold(f: FunctionBuilder, scratch: ActivationScratch): void {
  const held = (scratch.held ??= new Map());
  for (const value of [...C, -MOST, MOST, -LOG2_E, MAGIC]) {
    const place = held.get(value) ?? f.local.v128("held");
    held.set(value, place);
    f.f32x4.const(value);
    f.local.set(place);
  }
}

/** Pushes a vector of four times the number, from where it is held. */
function pushHeld(f: FunctionBuilder, { held }: ActivationScratch, value: number): void {
  const place = held?.get(value);
  if (place === undefined) f.f32x4.const(value);
  else f.local.get(place);
}

/** By the name of what they compute, with fused multiply-adds or without. */
export function shortActivations(fma: boolean): Readonly<Record<"sigmoid" | "silu", Activation>> {
  const of = (name: string, emit: ActivationEmitter): Activation =>
    ({ activation: `short_${name}${fma ? "_fma" : ""}`, slope: 0, offset: 0, emit, hold });
  return { sigmoid: of("sigmoid", gate(fma, false)), silu: of("silu", gate(fma, true)) };
}
