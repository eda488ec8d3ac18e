/**
 * The error function on four float32 numbers at once: x P(x^2) / Q(x^2), both of degree 5, whose largest relative error on [0, 3.925] is
 * least (Lawson's
 * iteration), 1.9e-8; beyond, it is 1 in float32. Rounding makes up to 8 units in the last place of it
 * (test/wasm/shared/activation.test.ts). NaN stays NaN.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { ExpScratch } from "./exp.ts";

const END = 3.925;
const P = [1.1283791, 0.19058456, 0.052767895, 0.0037721063, 0.0002848256, 2.0459943e-6] as const;
const Q = [1, 0.5022339, 0.11417875, 0.014982313, 0.0011637354, 3.804649e-5] as const;

/** Takes x, leaves erf(x), at most 1 and at least -1. */
export function emitErf(f: FunctionBuilder, { a, b }: Pick<ExpScratch, "a" | "b">): void {
  const { local, f32x4 } = f;
  const cut = (end: number): void => {
    f32x4.const(-end);
    f32x4.pmax();
    f32x4.const(end);
    f32x4.pmin();
  };
  const polynomial = (coefficients: readonly number[]): void => {
    [...coefficients].reverse().forEach((coefficient, i) => {
      if (i > 0) {
        local.get(b);
        f32x4.mul();
      }
      f32x4.const(coefficient);
      if (i > 0) f32x4.add();
    });
  };
  cut(END);
  local.tee(a);
  local.get(a);
  f32x4.mul();
  local.set(b);
  polynomial(P);
  local.get(a);
  f32x4.mul();
  polynomial(Q);
  f32x4.div();
  cut(1);
}
