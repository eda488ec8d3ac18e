import { test } from "uvu";
import * as assert from "uvu/assert";
import { constant, cosine, steps } from "../../src/train/schedule.ts";

function near(values: number[], wanted: number[]): void {
  assert.is(values.length, wanted.length);
  values.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-15, `step ${i}: ${value}, wanted ${wanted[i]}`));
}

const rates = (schedule: (step: number) => number, count: number): number[] => Array.from({ length: count }, (_, step) => schedule(step));

test("constant after a linear warm-up", () => {
  near(rates(constant({ peak: 0.4, warmup: 4 }), 6), [0.1, 0.2, 0.3, 0.4, 0.4, 0.4]);
  near(rates(constant({ peak: 0.4 }), 2), [0.4, 0.4]);
});

test("cosine: the peak, half of it at half time, the floor at the end and after it", () => {
  near(rates(cosine({ peak: 1, steps: 4 }), 6), [1, 0.5 + Math.SQRT1_2 / 2, 0.5, 0.5 - Math.SQRT1_2 / 2, 0, 0]);
  near(rates(cosine({ peak: 1, steps: 6, warmup: 2, floor: 0.2 }), 8), [0.5, 1, 1, 0.6 + 0.4 * Math.SQRT1_2, 0.6, 0.6 - 0.4 * Math.SQRT1_2, 0.2, 0.2]);
});

test("steps: divided at every milestone", () => {
  near(rates(steps({ peak: 1, milestones: [2, 4] }), 6), [1, 1, 0.1, 0.1, 0.01, 0.01]);
  near(rates(steps({ peak: 1, milestones: [3], factor: 0.5, warmup: 2 }), 5), [0.5, 1, 1, 0.5, 0.5]);
});

test("wrong options are refused", () => {
  assert.throws(() => constant({ peak: NaN }), /peak/);
  assert.throws(() => constant({ peak: 1, warmup: 1.5 }), /warmup wants a whole number/);
  assert.throws(() => cosine({ peak: 1, steps: 5, warmup: 5 }), /cosine: steps wants a whole number of at least 6, got 5/);
  assert.throws(() => steps({ peak: 1, milestones: [4, 4] }), /milestone 1 wants a whole number of at least 5, got 4/);
});

test.run();
