/**
 * kernels/erf.ts beside values of mpmath (test/goldens/math/erf.py), and one hash over many results, so that every engine must give the
 * same bits.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { erf } from "../../kernels/erf.ts";
import { fileJson } from "../support/files.ts";

const golden = fileJson<readonly (readonly [x: number, erf: number])[]>("goldens/math/erf.json");

test("within two units in the last place, odd", () => {
  for (const [x, expected] of golden) {
    const error = Math.abs(erf(x) - expected);
    assert.ok(error <= 4.5e-16 * Math.abs(expected), `erf(${x}) is ${erf(x)}, not ${expected}`);
    assert.ok(Object.is(erf(-x), -erf(x)), `erf(${-x})`);
  }
});

test("it does not fall back where its two series meet", () => {
  let last = -1;
  for (let i = -700; i <= 700; i++) {
    const value = erf(i / 100);
    assert.ok(value >= last && Math.abs(value) <= 1, `erf(${i / 100}) is ${value} after ${last}`);
    last = value;
  }
});

test("special values", () => {
  for (const [x, expected] of [[0, 0], [-0, -0], [Infinity, 1], [-Infinity, -1], [NaN, NaN], [6, 1], [-40, -1]]) {
    assert.ok(Object.is(erf(x), expected), `erf(${x})`);
  }
});

test("every engine gives the same bits", () => {
  const results = Float64Array.from({ length: 20_000 }, (_, i) => erf((i - 10_000) / 1613));
  let hash = 2166136261;
  for (const byte of new Uint8Array(results.buffer)) hash = Math.imul(hash ^ byte, 16777619);
  assert.is((hash >>> 0).toString(16).padStart(8, "0"), "20184450");
});

test.run();
