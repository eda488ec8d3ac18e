/** Numbers of beta distributions: fair where the distribution is known by heart, the right spread elsewhere, and no NaN at the limits. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drawBeta } from "../../kernels/beta.ts";
import { Random } from "../../kernels/random.ts";

const COUNT = 20_000;

function draws(a: number, b: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: COUNT }, () => drawBeta(random, a, b));
}

/**
 * The largest distance of the drawn distribution from the wanted one (Kolmogorov and Smirnov), in standard units: above 1.95 once in a
 * thousand.
 */
function distance(drawn: Float64Array, below: (x: number) => number): number {
  let largest = 0;
  drawn.sort().forEach((x, i) => (largest = Math.max(largest, Math.abs(below(x) - i / COUNT), Math.abs(below(x) - (i + 1) / COUNT))));
  return largest * Math.sqrt(COUNT);
}

test("distributions with a formula", () => {
  const formulas: readonly (readonly [a: number, b: number, below: (x: number) => number])[] = [
    [1, 1, (x) => x], [2, 2, (x) => 3 * x ** 2 - 2 * x ** 3], [0.5, 0.5, (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
    [3, 1, (x) => x ** 3], [1, 0.25, (x) => 1 - (1 - x) ** 0.25], [0.2, 1, (x) => x ** 0.2],
  ];
  for (const [a, b, below] of formulas) {
    const found = distance(draws(a, b, 1), below);
    assert.ok(found < 1.95, `Beta(${a}, ${b}): ${found}`);
  }
  assert.ok(distance(draws(1, 1.1, 1), (x) => x) > 1.95, "a tenth more would be noticed");
});

test("mean and variance", () => {
  for (const [a, b] of [[0.2, 0.2], [0.1, 0.3], [1.5, 4], [30, 20], [1000, 3000]]) {
    const drawn = draws(a, b, 2);
    const mean = drawn.reduce((sum, x) => sum + x, 0) / COUNT;
    const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / COUNT;
    const wanted = (a * b) / ((a + b) ** 2 * (a + b + 1));
    assert.ok(Math.abs(mean - a / (a + b)) < 4 * Math.sqrt(wanted / COUNT), `Beta(${a}, ${b}): mean ${mean}`);
    assert.ok(Math.abs(variance / wanted - 1) < 0.05, `Beta(${a}, ${b}): variance ${variance}, wanted ${wanted}`);
  }
});

test("the same numbers for the same state, on every engine", () => {
  const random = new Random(7);
  assert.equal([0.2, 1, 5].map((alpha) => drawBeta(random, alpha, alpha)), [0.9999980741025807, 0.07400350996470366, 0.391108192389043]);
});

test("parameters at the limits, and beyond", () => {
  const random = new Random(3);
  for (const alpha of [1e-300, 1e-9, 0.001, 1e9, 1e300]) {
    for (let i = 0; i < 100; i++) {
      const x = drawBeta(random, alpha, alpha);
      assert.ok(x >= 0 && x <= 1, `Beta(${alpha}, ${alpha}): ${x}`);
      if (alpha < 1e-8) assert.ok(x === 0 || x === 1);
      if (alpha > 1e8) assert.ok(Math.abs(x - 0.5) < 1e-3);
    }
  }
  for (const bad of [0, -1, NaN, Infinity]) {
    assert.throws(() => drawBeta(random, 1, bad), /drawBeta: wants two finite numbers above 0, got 1 and/);
  }
});

test.run();
