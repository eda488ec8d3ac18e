/** Numbers drawn from beta distributions, the same on every engine. */
import { exp, log } from "./math.ts";
import type { Random } from "./random.ts";

/**
 * A number from 0 to 1, drawn from the beta distribution of these two parameters: G(a) / (G(a) + G(b)), where G are drawn from gamma
 * distributions. How many numbers of `random` that takes is itself a matter of chance.
 * @throws RangeError unless both are finite numbers above 0
 */
export function drawBeta(random: Random, a: number, b: number): number {
  for (const parameter of [a, b]) {
    if (!(parameter >= LEAST && parameter < Infinity)) {
      throw new RangeError(`drawBeta: wants two finite numbers above 0, got ${a} and ${b}`);
    }
  }
  const first = drawLogGamma(random, a);
  return 1 / (1 + exp(drawLogGamma(random, b) - first));
}

/** Below it the logarithms of what is drawn overflow. */
const LEAST = 1e-300;

/**
 * The logarithm of a number drawn from the gamma distribution of this shape and scale 1 (Marsaglia and Tsang, A Simple Method for
 * Generating Gamma Variables, ACM TOMS 26, 2000: section 2; below shape 1 by its section 6, G(shape) = G(shape + 1) * U^(1 / shape)). The
 * logarithm, because numbers of a small shape are mostly too small for a double.
 */
function drawLogGamma(random: Random, shape: number): number {
  if (shape < 1) return drawLogGamma(random, shape + 1) + log((random.uint32() + 1) / 4294967296) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = random.uniform();
    const square = x * x;
    // The first comparison is sure of most numbers, and saves the logarithms.
    if (u < 1 - 0.0331 * square * square || log(u) < 0.5 * square + d * (1 - v + log(v))) return log(d) + log(v);
  }
}
