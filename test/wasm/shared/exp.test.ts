/** The vector exponential against the one in double precision. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exp } from "../../../kernels/math.ts";
import { emitExp } from "../../../kernels/wasm/shared/exp.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { instantiate } from "../machine.ts";

const COUNT = 65536;

/** e^x of as many numbers, in a loop over the memory. */
function compile(negative: boolean): (x: Float32Array) => Float32Array {
  const m = new ModuleBuilder("exp");
  m.importMemory("host", "memory", { minimum: 8 });
  m.func("exp", { params: { at: "i32", count: "i32" }, export: true }, (f, { at, count }) => {
    const [a, b, c] = f.local.array("v128", "scratch", 3);
    f.countDown(count, () => {
      f.local.get(at);
      f.local.get(at);
      f.v128.load();
      emitExp(f, { a, b, c }, negative);
      f.v128.store();
      f.local.increase(at, 16);
    });
  });
  const { buffer, exports } = instantiate(m.toBytes(), 8);
  const run = exports.exp as (at: number, count: number) => void;
  return (x) => {
    new Float32Array(buffer).set(x);
    run(0, x.length / 4);
    return new Float32Array(buffer, 0, x.length).slice();
  };
}

const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);

/** The distance of two neighbouring float32 numbers at |x|. */
function ulp(x: number): number {
  float[0] = Math.abs(x);
  const exponent = Math.max(bits[0] >>> 23, 1) - 150;
  let size = 1;
  for (let i = 0; i < Math.abs(exponent); i++) size *= exponent < 0 ? 0.5 : 2;
  return size;
}

/** The largest error over every `step`-th float32 number of [first, last], given by their bits. */
function worst(run: (x: Float32Array) => Float32Array, first: number, last: number, step: number): number {
  let largest = 0;
  const all = new Int32Array(COUNT);
  for (let next = first; next <= last; ) {
    for (let i = 0; i < COUNT; i++, next += step) all[i] = Math.min(next, last);
    const x = new Float32Array(all.buffer);
    const y = run(x);
    for (let i = 0; i < COUNT; i++) {
      const wanted = exp(x[i]);
      const error = Math.abs(y[i] - wanted) / ulp(Math.fround(wanted));
      if (!(error <= largest)) largest = error;
    }
  }
  return largest;
}

const PLUS_104 = 0x42d00000; // bits of 104
const LARGEST = 0x42b17217; // of 88.72283, whose exponential still is a float32
const SIGN = -0x80000000;

test("within 1 ulp of the exact result, subnormal ones included", () => {
  const run = compile(false);
  const positive = worst(run, 0x30000000, LARGEST, 499);
  const negative = worst(run, SIGN + 0x30000000, SIGN + PLUS_104, 499);
  assert.ok(positive < 1, `positive: ${positive} ulp`);
  assert.ok(negative < 1, `negative: ${negative} ulp`);
});

test("the variant for negative arguments has the same bits", () => {
  const x = Float32Array.from({ length: COUNT }, (_, i) => -i / 400);
  assert.equal(compile(true)(x), compile(false)(x));
});

test("special values", () => {
  const x = Float32Array.from([0, -0, NaN, Infinity, -Infinity, 88.7, 88.73, 89.5, 3e38, -3e38, -103.9, -104.1, 1e-45, -1e-45, -87.4, 1]);
  const y = compile(false)(x);
  assert.equal([...y.slice(0, 2)], [1, 1]);
  assert.ok(Number.isNaN(y[2]));
  assert.equal([...y.slice(3, 5)], [Infinity, 0]);
  assert.ok(y[5] > 3e38 && y[5] < Infinity);
  assert.equal([...y.slice(6, 10)], [Infinity, Infinity, Infinity, 0]);
  assert.equal([...y.slice(10, 14)], [Math.fround(1.4e-45), 0, 1, 1]);
  assert.is(y[14], Math.fround(exp(x[14])));
  const negative = compile(true)(Float32Array.from([NaN, -Infinity, -0, -104.1]));
  assert.ok(Number.isNaN(negative[0]));
  assert.equal([...negative.slice(1)], [0, 1, 0]);
});

test.run();
