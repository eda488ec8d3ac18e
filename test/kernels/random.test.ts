/** Random numbers: the published generator to the bit, its seeds, its state, and that what is drawn from it is fair. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uint32());
}

test("xoshiro128** from the state 1, 2, 3, 4", () => {
  // From an implementation of the published algorithm in whole numbers of unlimited size.
  const random = new Random(0);
  random.state = [1, 2, 3, 4];
  assert.equal(draw(random, 10), [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804]);
  assert.equal(random.state, [939045227, 1864939416, 1451579149, 2199351389]);
});

test("seeds: splitmix32 over both halves", () => {
  const known: readonly (readonly [seed: number, state: readonly number[], drawn: readonly number[]])[] = [
    [0, [1684164658, 3653269916, 2939563536, 2141751570], [1789933344, 44971166, 2521387044, 3848737593]],
    [1, [1580013426, 350525680, 3524174333, 3011703609], [393288148, 2174103013, 3814759091, 2092745082]],
    [-1, [4293442868, 1302505678, 2762329221, 3361369063], [3419807058, 345877377, 4195585175, 24275265]],
    [2 * 549755813888 + 7, [2103839394, 3833087170, 3217801609, 4185648676], [2450198291, 3307601385, 175884347, 4200341199]],
    [Number.MAX_SAFE_INTEGER, [1251974415, 304151412, 232008965, 3386728502], [3860444053, 3995244029, 3554510358, 2680870531]],
  ];
  for (const [seed, state, drawn] of known) {
    const random = new Random(seed);
    assert.equal(random.state, state);
    assert.equal(draw(random, 4), drawn);
  }
  for (const bad of [0.5, NaN, Infinity, 2 * Number.MAX_SAFE_INTEGER]) {
    assert.throws(() => new Random(bad), /^Random: seed wants a whole number, got /);
  }
});

test("a saved state goes on where it was", () => {
  const random = new Random(5);
  draw(random, 100);
  const state = random.state;
  const wanted = draw(random, 50);
  const again = new Random(6);
  again.state = state;
  assert.equal(draw(again, 50), wanted);
  // The state that was read is a copy: drawing does not change it.
  random.state = state;
  assert.equal(draw(random, 50), wanted);
});

test("a state that is none is refused, and the old one stays", () => {
  const random = new Random(5);
  const state = random.state;
  for (const bad of [[], [1, 2, 3], [0, 0, 0, 0], [1, 2, 3, -4], [1, 2, 3, 4.5], [1, 2, 3, 4294967296], [1, 2, 3, NaN]]) {
    assert.throws(() => (random.state = bad), /Random: state wants four whole numbers below 2\^32, not all zero, got \[/);
  }
  assert.equal(random.state, state);
});

test("uniform: from 0 to below 1, evenly", () => {
  const random = new Random(1);
  const bins = new Float64Array(10);
  let sum = 0;
  const count = 100_000;
  for (let i = 0; i < count; i++) {
    const value = random.uniform();
    assert.ok(value >= 0 && value < 1);
    bins[Math.floor(value * 10)]++;
    sum += value;
  }
  // Standard deviations: 0.0009 of the mean, 95 of a bin.
  assert.ok(Math.abs(sum / count - 0.5) < 0.004, String(sum / count));
  for (const bin of bins) assert.ok(Math.abs(bin - 10_000) < 400, String(bin));
});

test("below: every number equally often, at awkward limits too", () => {
  const random = new Random(2);
  const counts = new Float64Array(7);
  for (let i = 0; i < 70_000; i++) counts[random.below(7)]++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 400, String(count));
  assert.is(random.below(1), 0);
  // With the plain remainder, two thirds of the numbers below 3 * 2^30 would fall into its lower third, not one.
  let low = 0;
  for (let i = 0; i < 30_000; i++) if (random.below(3221225472) < 1073741824) low++;
  assert.ok(Math.abs(low - 10_000) < 400, String(low));
  const whole = new Random(3);
  assert.is(new Random(3).below(4294967296), whole.uint32());
  for (const bad of [0, -1, 1.5, NaN, 4294967297]) {
    assert.throws(() => random.below(bad), /^Random: below wants a whole number from 1 to 2\^32, got /);
  }
});

test("normal: mean, spread, tails and symmetry of a normal distribution", () => {
  const random = new Random(4);
  const count = 100_000;
  let [sum, squares, cubes, inner, outer] = [0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const value = random.normal();
    assert.ok(Number.isFinite(value));
    sum += value;
    squares += value * value;
    cubes += value * value * value;
    if (Math.abs(value) < 1) inner++;
    if (Math.abs(value) > 3) outer++;
  }
  // Standard deviations: 0.003, 0.0045, 0.012, 0.0015 and 0.00016.
  assert.ok(Math.abs(sum / count) < 0.015, String(sum / count));
  assert.ok(Math.abs(squares / count - 1) < 0.02, String(squares / count));
  assert.ok(Math.abs(cubes / count) < 0.06, String(cubes / count));
  assert.ok(Math.abs(inner / count - 0.6827) < 0.007, String(inner / count));
  assert.ok(Math.abs(outer / count - 0.0027) < 0.0008, String(outer / count));
});

test("normal: as Box and Muller have it, with the same bits everywhere", () => {
  const first = new Random(11);
  for (const wanted of [0.44342959192882836, -0.14952346459971402, 0.6120941564865173, 0.0747442928120507]) {
    assert.ok(Math.abs(first.normal() - wanted) < 1e-15, String(wanted));
  }
  // A digest (FNV-1a) of a thousand; V8 and JavaScriptCore agree on it.
  const random = new Random(11);
  let digest = 0x811c9dc5;
  const value = new Float64Array(1);
  const words = new Uint32Array(value.buffer);
  for (let i = 0; i < 1000; i++) {
    value[0] = random.normal();
    digest = Math.imul(Math.imul(digest ^ words[0], 0x01000193) ^ words[1], 0x01000193);
  }
  assert.is(digest >>> 0, 1548055230);
});

test("shuffle: a permutation, in place, each order equally often", () => {
  const random = new Random(7);
  const indices = Int32Array.from({ length: 1000 }, (_, i) => i);
  assert.is(random.shuffle(indices), indices);
  assert.not.equal([...indices], Array.from({ length: 1000 }, (_, i) => i));
  assert.equal([...indices].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));

  const orders = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = random.shuffle([0, 1, 2, 3]).join("");
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  assert.is(orders.size, 24);
  // Standard deviation 31.
  for (const [order, count] of orders) assert.ok(Math.abs(count - 1000) < 150, `${order}: ${count}`);
  assert.equal(random.shuffle([]), []);
});

test.run();
