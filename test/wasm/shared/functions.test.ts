/** Functions of one number that networks from files have, number by number. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exp, log } from "../../../kernels/math.ts";
import { clipEmitter, eluEmitter, functionEmitters } from "../../../kernels/wasm/shared/functions.ts";
import type { EmittedFunction } from "../../../kernels/wasm/shared/functions.ts";
import { unaryFunctions } from "../../../src/operations/general/functions.ts";
import type { Activation } from "../../../kernels/wasm/shared/activation.ts";
import { apply, between, everywhere, largestError } from "./numbers.ts";

const named = (activation: string, emit = functionEmitters[activation as EmittedFunction]): Activation => ({
  activation, emit, slope: 0, offset: 0,
});

test("what machines have an instruction for is exact, NaN, infinities and -0 included", () => {
  for (const by of ["abs", "negative", "sqrt", "reciprocal"] as const) {
    assert.is(largestError(named(by), unaryFunctions[by], [everywhere(), between(3)]), 0, by);
  }
  assert.is(largestError(named("clip", clipEmitter(-0.5, 2)), (x) => Math.min(2, Math.max(-0.5, x)), [everywhere(), between(4)]), 0);
  assert.is(largestError(named("clip", clipEmitter(-Infinity, 1)), (x) => Math.min(1, x), [everywhere(), between(4)]), 0);
});

/** Units in the last place: the largest that were seen, rounded up. */
const BOUNDS = { exp: 1, log: 2.5, softplus: 3, mish: 4, elu: 3.5 };

test("exp, log, softplus, mish and elu are within the stated error", () => {
  const inputs = [everywhere(), between(1), between(20), between(110)];
  const near = [between(0.01), between(1), between(20), between(80)];
  const elu = (x: number): number => (x > 0 ? x : 0.75 * (Math.abs(x) < 1e-5 ? x + x * x / 2 : exp(x) - 1));
  const errors = {
    exp: largestError(named("exp"), exp, inputs),
    log: largestError(
      named("log"), log, [everywhere(), between(1).map(Math.abs), between(20).map(Math.abs), between(0.001).map((x) => 1 + x)],
    ),
    softplus: largestError(named("softplus"), unaryFunctions.softplus, near),
    mish: largestError(named("mish"), unaryFunctions.mish, near),
    elu: largestError(named("elu", eluEmitter(0.75)), elu, near),
  };
  for (const [name, error] of Object.entries(errors)) {
    assert.ok(error <= BOUNDS[name as keyof typeof BOUNDS] && error > 0.4, JSON.stringify(errors));
  }
});

test("at the ends of what float32 holds", () => {
  const [zero, minusZero, nan, infinity, minusInfinity] = [0, 1, 2, 3, 4];
  const x = everywhere();
  const [logs, softplus, mish, elu, erf] = ["log", "softplus", "mish", "elu", "erf"].map((name) =>
    apply(name === "elu" ? named(name, eluEmitter(1)) : named(name), x));
  assert.equal([zero, minusZero, infinity].map((i) => logs[i]), [-Infinity, -Infinity, Infinity]);
  assert.ok([nan, minusInfinity].every((i) => Number.isNaN(logs[i])));
  // The smallest that is no normal number: 2^-149.
  assert.ok(Math.abs(logs[7] + 103.27893) < 1e-4, String(logs[7]));
  assert.equal(
    [softplus[infinity], softplus[minusInfinity], mish[infinity], elu[infinity], elu[minusInfinity]], [Infinity, 0, Infinity, Infinity, -1],
  );
  assert.equal([erf[infinity], erf[minusInfinity]], [1, -1]);
  for (const each of [softplus, mish, elu, erf]) assert.ok(Number.isNaN(each[nan]));
});

test.run();
