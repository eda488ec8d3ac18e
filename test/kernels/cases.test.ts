/** The list of cases itself: complete, honest about the kernels it calls, and wide enough. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Kernels } from "../../kernels/contract.ts";
import * as reference from "../../kernels/reference/index.ts";
import { cases } from "./cases.ts";
import { difference } from "../support/compare.ts";
import { draw, run } from "./harness.ts";

const names = Object.keys(reference) as (keyof Kernels)[];

test("every case calls just the kernels that it names", () => {
  // Large cases are made by the same functions as small ones.
  for (const item of cases.filter((item) => item.large !== true)) {
    const called = new Set<string>();
    const recording = new Proxy<Kernels>({ ...reference }, {
      get(kernels, name: keyof Kernels) {
        called.add(name);
        return kernels[name];
      },
    });
    run(item, recording, Float32Array);
    assert.equal([...called].sort(), [...item.kernels].sort(), item.name);
  }
});

test("every kernel has cases: small ones, large ones, and all names are different", () => {
  for (const name of names) {
    const its = cases.filter((item) => item.kernels.includes(name));
    assert.ok(its.some((item) => item.large !== true && item.kinks !== true), `${name} has no small case`);
    assert.ok(its.some((item) => item.large === true), `${name} has no large case`);
  }
  assert.is(new Set(cases.map((item) => item.name)).size, cases.length);
});

test("a case draws the same numbers every time", () => {
  for (const item of cases) {
    const [a, b] = [draw(item, Float64Array), draw(item, Float64Array)];
    for (const name of Object.keys(a.inputs)) assert.is(difference(a.inputs[name], b.inputs[name]), 0, item.name);
    for (const name of item.by) assert.is(difference(a.prefill[name], b.prefill[name]), 0, item.name);
    assert.is(difference(a.dyFor(5), b.dyFor(5)), 0, item.name);
  }
});

test.run();
