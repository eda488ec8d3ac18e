/** The order of a run's images: each epoch has all of them once, looking ahead changes nothing, and a state goes on where it was taken. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { ImageOrder } from "../../src/train/image-order.ts";

const none = { images: 0, until: 0 };
const made = (heldOut = none): ImageOrder => new ImageOrder(new Random(7), 10, 3, heldOut);
const STEPS = 9;
const taken = (order: ImageOrder, from = 0): number[][] =>
  Array.from({ length: STEPS - from }, (_, i) => [...order.take(from + i)]);
const expected = taken(made());

test("an epoch has each image once at most, and no two the same order", () => {
  assert.is(made().stepsPerEpoch, 3);
  for (let epoch = 0; epoch < 3; epoch++) assert.is(new Set(expected.slice(3 * epoch, 3 * epoch + 3).flat()).size, 9);
  assert.not.equal(expected.slice(0, 3), expected.slice(3, 6));
});

test("who looks ahead, once or twice, gets what is taken then", () => {
  const order = made();
  for (const [step, wanted] of expected.entries()) {
    assert.equal([...order.ahead(step)], wanted);
    if (step % 2 === 0) assert.equal([...order.ahead(step)], wanted);
    assert.equal([...order.take(step)], wanted);
  }
});

test("a state goes on with the same images: from every step, also where somebody looked ahead", () => {
  for (const looks of [false, true]) {
    for (let step = 0; step < STEPS; step++) {
      const order = made();
      for (let i = 0; i < step; i++) order.take(i);
      if (looks) order.ahead(step);
      const state = order.state(step);
      const other = made();
      other.restore(state, step);
      assert.equal(taken(other, step), expected.slice(step), `step ${step}${looks ? ", looked ahead" : ""}`);
      assert.equal(taken(order, step), expected.slice(step), "who is asked for a state goes on, too");
    }
  }
});

test("held out images come in from their epoch on, first those that would be left out", () => {
  const order = made({ images: 4, until: 2 });
  assert.is(order.stepsPerEpoch, 2);
  for (let step = 0; step < 4; step++) assert.ok([...order.take(step)].every((index) => index < 6), `step ${step}`);
  const late = [4, 5].flatMap((step) => [...order.take(step)]);
  assert.is(late.filter((index) => index >= 6).length, 4);
});

test.run();
