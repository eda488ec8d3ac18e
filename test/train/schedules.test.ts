import { test } from "uvu";
import * as assert from "uvu/assert";
import { constant, cosine, steps } from "../../src/train/optimisers/schedule.ts";

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
  near(
    rates(cosine({ peak: 1, steps: 6, warmup: 2, floor: 0.2 }), 8),
    [0.5, 1, 1, 0.6 + 0.4 * Math.SQRT1_2, 0.6, 0.6 - 0.4 * Math.SQRT1_2, 0.2, 0.2],
  );
});

test("cosine with restarts: equal periods, each from the peak", () => {
  const quarter = [1, 0.5 + Math.SQRT1_2 / 2, 0.5, 0.5 - Math.SQRT1_2 / 2];
  near(rates(cosine({ peak: 1, steps: 12, restarts: 2 }), 14), [...quarter, ...quarter, ...quarter, 0, 0]);
  // Warm-up first, then two periods of four steps between 1 and 0.2.
  const lifted = quarter.map((rate) => 0.2 + 0.8 * rate);
  near(rates(cosine({ peak: 1, steps: 10, warmup: 2, floor: 0.2, restarts: 1 }), 11), [0.5, 1, ...lifted, ...lifted, 0.2]);
});

test("cosine with restarts: each period a factor longer", () => {
  // T_0 = 2, T_mult = 2: periods of 2, 4 and 8 steps, as equation 5 has them.
  const rate = cosine({ peak: 3, floor: 1, steps: 14, restarts: 2, factor: 2 });
  const wanted = [2, 4, 8].flatMap(
    (period) => Array.from({ length: period }, (_, at) => 1 + 0.5 * (3 - 1) * (1 + Math.cos((at / period) * Math.PI))),
  );
  near(rates(rate, 15), [...wanted, 1]);
  // Where the periods are no whole steps they are rounded, and the last one ends with the run: 10 steps as 1 : 1.5 : 2.25 are 2, 3 and 5.
  const rounded = rates(cosine({ peak: 1, steps: 10, restarts: 2, factor: 1.5 }), 11);
  assert.equal(rounded.map((value, step) => (value === 1 ? step : -1)).filter((step) => step >= 0), [0, 2, 5]);
  assert.is(rounded[10], 0);
  assert.equal(
    rates(cosine({ peak: 0.3, steps: 50, warmup: 7, restarts: 0, factor: 3 }), 52), rates(cosine({ peak: 0.3, steps: 50, warmup: 7 }), 52),
  );
});

test("steps: divided at every milestone", () => {
  near(rates(steps({ peak: 1, milestones: [2, 4] }), 6), [1, 1, 0.1, 0.1, 0.01, 0.01]);
  near(rates(steps({ peak: 1, milestones: [3], factor: 0.5, warmup: 2 }), 5), [0.5, 1, 1, 0.5, 0.5]);
});

test("wrong options are refused", () => {
  assert.throws(() => constant({ peak: NaN }), /peak/);
  assert.throws(() => constant({ peak: 1, warmup: 1.5 }), /warmup wants a whole number/);
  assert.throws(() => cosine({ peak: 1, steps: 5, warmup: 5 }), /cosine: steps wants a whole number of at least 6, got 5/);
  assert.throws(() => cosine({ peak: 1, steps: 5, restarts: 1.5 }), /cosine: restarts wants a whole number of at least 0, got 1.5/);
  assert.throws(() => cosine({ peak: 1, steps: 5, restarts: 1, factor: 0.5 }), /cosine: factor wants a number of at least 1, got 0.5/);
  assert.throws(
    () => cosine({ peak: 1, steps: 5, warmup: 2, restarts: 3 }), /cosine: 3 restarts want more than 3 steps after the warm-up, there are 3/,
  );
  assert.throws(
    () => cosine({ peak: 1, steps: 5, restarts: 4, factor: 10 }),
    /cosine: with 4 restarts and factor 10 the first period of 5 steps would have less than one/,
  );
  assert.throws(() => cosine({ peak: 1, steps: 1e9, restarts: 1000, factor: 1e200 }), /less than one/);
  cosine({ peak: 1, steps: 5, restarts: 4 });
  assert.throws(() => steps({ peak: 1, milestones: [4, 4] }), /milestone 1 wants a whole number of at least 5, got 4/);
});

test.run();
