/**
 * The error function in double precision, the same bits on every engine: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.
 *
 * Up to 1 it is x times a series in x^2; beyond, 1 - exp(-x^2) times one in t = 2 / (2 + x). The series are Chebyshev's
 * (test/goldens/math/erf.py made them
 * with 40 digits), summed by Clenshaw's recurrence; beyond 6 the result is 1. Within 2e-16 (test/kernels/math.test.ts).
 */
import { exp } from "./math.ts";

/** Of erf(x) / x by x^2 from 0 to 1. */
export const NEAR: readonly number[] = [
  1.9509538787653082, -0.14226120510371365, 0.010035582187599796, -0.0005768764699767485, 2.741993125219606e-5, -1.1043175507344507e-6,
  3.8488755420345036e-8, -1.1808582533875466e-9, 3.2334215826050907e-11, -7.991015947004549e-13, 1.7990725113961456e-14,
  -3.718635487818693e-16,
];
/** Of (1 - erf(x)) exp(x^2) by 2 / (2 + x) from 1/4 to 2/3. */
export const FAR: readonly number[] = [
  0.4815630064563229, 0.1660357343713446, 0.01937548512710411, 0.0013725838866457216, 2.3301617872657463e-5, -4.842439456015362e-6,
  -2.1925049177302584e-7, 2.8603646284729237e-8, 1.258114961136046e-9, -2.4685801467325007e-10, -2.494144837888475e-12,
  2.3295004504759956e-12,
  -9.680201775604102e-14, -1.779692405045016e-14, 2.244625861005935e-15, 2.9106217488718164e-17, -2.84441837713067e-17,
];

/** At u from -1 to 1. */
function chebyshev(coefficients: readonly number[], u: number): number {
  let [a, b] = [0, 0];
  for (let i = coefficients.length - 1; i > 0; i--) {
    const next = 2 * u * a - b + coefficients[i];
    b = a;
    a = next;
  }
  return u * a - b + coefficients[0] / 2;
}

export function erf(x: number): number {
  const a = Math.abs(x);
  if (a <= 1) return x * chebyshev(NEAR, 2 * a * a - 1);
  if (!(a < 6)) return x !== x ? x : Math.sign(x);
  return Math.sign(x) * (1 - exp(-a * a) * chebyshev(FAR, (2 / (2 + a) - 11 / 24) * 4.8));
}
