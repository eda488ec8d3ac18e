/** The memory planner: nothing that lives at the same time overlaps, and little is wasted. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { lowerBound, planMemory } from "../../../src/session/plan/memory-plan.ts";
import type { Lifetime } from "../../../src/session/plan/memory-plan.ts";

function overlaps(lifetimes: readonly Lifetime[], offsets: readonly number[]): string[] {
  const found: string[] = [];
  lifetimes.forEach((a, i) => lifetimes.slice(0, i).forEach((b, j) => {
    const sameTime = a.from <= b.to && b.from <= a.to;
    const sameBytes = offsets[i] < offsets[j] + b.size && offsets[j] < offsets[i] + a.size;
    if (sameTime && sameBytes) found.push(`${i} and ${j}`);
  }));
  return found;
}

test("a chain wants the two largest neighbours", () => {
  const chain = [640, 200, 400, 300].map((size, i) => ({ size, from: i, to: i + 1 }));
  const { offsets, total } = planMemory(chain, 4);
  assert.equal(overlaps(chain, offsets), []);
  assert.is(total, 840);
  assert.is(lowerBound(chain), 840);
});

test("a value goes into the tightest gap", () => {
  // Gaps of 64 and of 128 bytes between three that live all the time.
  const lifetimes = [
    { size: 640, from: 0, to: 9 }, { size: 128, from: 0, to: 3 }, { size: 512, from: 0, to: 9 },
    { size: 64, from: 4, to: 5 }, { size: 64, from: 6, to: 7 },
  ];
  const { offsets, total } = planMemory(lifetimes);
  assert.equal(overlaps(lifetimes, offsets), []);
  assert.is(total, 1280);
});

test("offsets are aligned, empty values cost nothing", () => {
  const { offsets, total } = planMemory([{ size: 10, from: 0, to: 1 }, { size: 20, from: 0, to: 1 }, { size: 0, from: 0, to: 1 }], 64);
  assert.ok(offsets.every((offset) => offset % 64 === 0));
  assert.is(total, 128);
  assert.is(planMemory([]).total, 0);
});

test("random graphs: never an overlap, never far from the bound", () => {
  const random = new Random(3);
  let worst = 1;
  for (let round = 0; round < 200; round++) {
    const lifetimes = Array.from(
      { length: 2 + random.below(40) }, (_, i) => ({ size: 64 * (1 + random.below(50)), from: i, to: i + 1 + random.below(4) }),
    );
    const { offsets, total } = planMemory(lifetimes);
    assert.equal(overlaps(lifetimes, offsets), []);
    assert.ok(total >= lowerBound(lifetimes));
    worst = Math.max(worst, total / lowerBound(lifetimes));
  }
  assert.ok(worst < 1.5, `the worst plan is ${worst} times the bound`);
});

test.run();
