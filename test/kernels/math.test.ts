/**
 * kernels/math.ts against exact values (test/goldens/math/math.py), its special values, and one hash a function over many
 * thousand results, so that every engine must give the same bits.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cos, exp, expm1, log, log1p, pow, sigmoid, sin, tanh } from "../../kernels/math.ts";
import { fileJson } from "../support/files.ts";
import { mulberry32 } from "../fixtures/recipe.ts";

type Unary = (x: number) => number;
type Name = "exp" | "expm1" | "log" | "log1p" | "tanh" | "sigmoid" | "sin" | "cos" | "pow";
const functions: Record<Name, (x: number, y: number) => number> = { exp, expm1, log, log1p, tanh, sigmoid, sin, cos, pow };

/** The bounds that the doc comments state, in ulp; 1 for subnormal results. */
const bounds: Record<Name, number> = {
  exp: 0.7, expm1: 1, log: 0.85, log1p: 0.85, tanh: 0.9, sigmoid: 0.75, sin: 0.85, cos: 0.85, pow: 0.9,
};

/** FNV-1a over the bits of many results (see `hashOf`). Whoever changes a bit in math.ts changes every trained network. */
const hashes: Record<Name, string> = {
  exp: "18e89c39", expm1: "89722164", log: "6300ff9e", log1p: "ab051925", tanh: "09e6f2a3", sigmoid: "8bf35947", sin: "c01f71cc",
  cos: "f5f70377",
  pow: "a5b589fa",
};

const view = new DataView(new ArrayBuffer(8));

function fromHex(text: string): number {
  view.setUint32(0, parseInt(text.slice(0, 8), 16));
  view.setUint32(4, parseInt(text.slice(8), 16));
  return view.getFloat64(0);
}

/** The next double in the direction of the sign of `step` (which counts doubles). */
function neighbour(x: number, step: number): number {
  view.setFloat64(0, x);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(x < 0 ? -step : step));
  return view.getFloat64(0);
}

/** The distance between doubles just above the magnitude of x. */
function ulp(x: number): number {
  const size = Math.abs(x);
  return size === Number.MAX_VALUE ? size - neighbour(size, -1) : neighbour(size, 1) - size;
}

const LEAST_NORMAL = 2.2250738585072014e-308;
const golden = fileJson<Record<Name, string>>("goldens/math/math.json");

for (const name of Object.keys(functions) as Name[]) {
  test(`${name} keeps its error bound`, () => {
    const width = name === "pow" ? 50 : 34;
    const records = golden[name].length / width;
    assert.ok(Number.isInteger(records) && records > 200, `${records} records`);
    let worst = 0;
    let where = "";
    for (let i = 0; i < golden[name].length; i += width) {
      const x = fromHex(golden[name].slice(i, i + 16));
      const y = fromHex(golden[name].slice(i + width - 34, i + width - 18));
      const expected = fromHex(golden[name].slice(i + width - 18, i + width - 2));
      const above = (parseInt(golden[name].slice(i + width - 2, i + width), 16) << 24 >> 24) / 256;
      const actual = functions[name](x, y);
      // The rest is stored in 256ths, so known to 1/512.
      const error = Math.abs((actual - expected) / ulp(expected) - above) - 1 / 512;
      const share = error / (Math.abs(expected) < LEAST_NORMAL ? 1 : bounds[name]);
      if (!(share <= worst)) {
        [worst, where] = [share, `${name}(${name === "pow" ? `${x}, ${y}` : x}) is ${actual}, not ${expected}: ${error} ulp`];
      }
    }
    assert.ok(worst < 1, where);
  });
}

/** Doubles from a seed: a third small, a third moderate, a third of any bits at all (NaN and infinities included). */
function grid(seed: number, count: number): Float64Array {
  const random = mulberry32(seed);
  return new Float64Array(count).map((_, i) => {
    if (i % 3 === 0) return 8 * random() - 4;
    if (i % 3 === 1) return 1500 * random() - 750;
    view.setUint32(0, random() * 4294967296);
    view.setUint32(4, random() * 4294967296);
    return view.getFloat64(0);
  });
}

function hashOf(results: Float64Array): string {
  let hash = 2166136261;
  for (const value of results) {
    // Engines may differ in the bits of a NaN: only that it is one counts.
    view.setFloat64(0, value);
    if (value !== value) view.setBigUint64(0, 0x7ff8000000000000n);
    for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ view.getUint8(i), 16777619);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

test("every engine gives the same bits", () => {
  const x = grid(1, 60_000);
  const y = grid(2, 60_000);
  const found: Partial<Record<Name, string>> = {};
  for (const name of Object.keys(functions) as Name[]) found[name] = hashOf(x.map((value, i) => functions[name](value, y[i])));
  assert.equal(found, hashes);
});

test("special values", () => {
  const rows: readonly (readonly [Unary, readonly (readonly [number, number])[]])[] = [
    [exp, [[0, 1], [-0, 1], [Infinity, Infinity], [-Infinity, 0], [709.7827128933841, Infinity], [-746, 0], [-745.2, 0], [-745, 5e-324]]],
    [expm1, [[0, 0], [-0, -0], [Infinity, Infinity], [-Infinity, -1], [5e-324, 5e-324], [-50, -1], [710, Infinity]]],
    [log, [[1, 0], [0, -Infinity], [-0, -Infinity], [Infinity, Infinity], [-1, NaN], [-Infinity, NaN], [-5e-324, NaN]]],
    [log1p, [[0, 0], [-0, -0], [-1, -Infinity], [Infinity, Infinity], [-1.0000000000000002, NaN], [-Infinity, NaN], [-5e-324, -5e-324]]],
    [tanh, [[0, 0], [-0, -0], [Infinity, 1], [-Infinity, -1], [30, 1], [-30, -1], [-5e-324, -5e-324]]],
    [sigmoid, [[0, 0.5], [-0, 0.5], [Infinity, 1], [-Infinity, 0], [50, 1], [-800, 0], [5e-324, 0.5]]],
    [sin, [[0, 0], [-0, -0], [Infinity, NaN], [-Infinity, NaN], [5e-324, 5e-324]]],
    [cos, [[0, 1], [-0, 1], [Infinity, NaN], [-Infinity, NaN], [5e-324, 1]]],
  ];
  for (const [f, pairs] of rows) {
    assert.ok(Object.is(f(NaN), NaN), `${f.name}(NaN) is ${f(NaN)}`);
    for (const [x, expected] of pairs) {
      assert.ok(Object.is(f(x), expected), `${f.name}(${Object.is(x, -0) ? "-0" : x}) is ${f(x)}, not ${expected}`);
    }
  }
});

test("pow has ECMAScript's special values", () => {
  // Math.pow is defined to the bit wherever zeros, ones, infinities and NaN meet, and its sign and NaN for negative bases.
  const values = [
    NaN, 0, -0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, Infinity, -Infinity, 5e-324, -5e-324, 1e300, -1e300, 1e-30, -1e-30,
    9007199254740991, -9007199254740991, 9007199254740992, 1.2e21, -1.2e21,
  ];
  for (const x of values) {
    for (const y of values) {
      const expected = Math.pow(x, y);
      const exact = expected === 0 || !Number.isFinite(expected) || Math.abs(expected) === 1;
      const close = exact ? Object.is(pow(x, y), expected) : Math.abs(pow(x, y) - expected) <= 1e-15 * Math.abs(expected) + 1e-323;
      assert.ok(close, `pow(${x}, ${y}) is ${pow(x, y)}, not ${expected}`);
    }
  }
});

test("pow is exact where the result is", () => {
  for (let base = 2, least = 1; base <= 40; base++) {
    for (let n = 1, product: number = least * base; product <= Number.MAX_SAFE_INTEGER; n++, product *= base) {
      assert.is(pow(base, n), product, `pow(${base}, ${n})`);
      assert.is(pow(-base, n), n % 2 === 1 ? -product : product, `pow(${-base}, ${n})`);
    }
  }
  for (let k = -1074, power = 5e-324; k <= 1023; k++, power *= 2) assert.is(pow(2, k), power, `pow(2, ${k})`);
});

test("neighbours stay in order", () => {
  const starts = [
    -30, -20.5, -5, -1.0397207708399179, -0.34657359027997264, -0.1, -1e-3,
    1e-7, 0.17328679513998632, 0.34657359027997264, 0.5, 1, 1.4142135623730951, 2, 7, 18.9, 30,
  ];
  for (const f of [exp, expm1, log, log1p, tanh, sigmoid]) {
    for (const start of starts.filter((x) => (f !== log || x > 0) && (f !== log1p || x > -1))) {
      let x = neighbour(start, -200);
      let before = f(x);
      for (let i = 0; i < 400; i++) {
        x = neighbour(x, 1);
        const after = f(x);
        assert.ok(after >= before, `${f.name} falls from ${before} to ${after} at ${x}`);
        before = after;
      }
    }
  }
});

test("sine is odd, cosine even, and both keep the unit circle, whatever the size of the angle", () => {
  for (const x of grid(3, 3000)) {
    if (!Number.isFinite(x)) continue;
    assert.is(sin(-x), -sin(x));
    assert.is(cos(-x), cos(x));
    assert.ok(Math.abs(sin(x) * sin(x) + cos(x) * cos(x) - 1) < 1e-15, `${x}`);
  }
});

test.run();
