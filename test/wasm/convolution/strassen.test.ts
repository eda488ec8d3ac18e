/** Strassen's kernels against the reference: sizes, strides, epilogues, parts, and how large the error is. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isStrassen, strassenKernel } from "../../../kernels/wasm/convolution/strassen/strassen.ts";
import { packStrassenWeights } from "../../../kernels/wasm/convolution/strassen/panels.ts";
import { strassenPays, strassenRows } from "../../../kernels/wasm/convolution/strassen/choose.ts";
import { assertClose, assertSame, problem, reference, run } from "./conv-case.ts";
import type { Case, Family, Part } from "./conv-case.ts";

const strassen: Family = { kernel: (params) => strassenKernel(params), pack: packStrassenWeights };
const plain = (activation: "relu" | "relu6" | "sigmoid" | "hard_swish") => ({ activation, slope: 0, offset: 0 });

/** The promise: of the largest output. */
const BOUND = 3e-6;

function of(channels: readonly [number, number], size: readonly [number, number], rest: Partial<Case> = {}): Case {
  return { channels, size, kernel: [1, 1], ...rest };
}

function check(one: Case, seed?: number): void {
  const posed = problem(one, seed);
  assertClose(run(strassen, posed), reference(posed), BOUND, posed.text);
}

test("sizes, channels and strides, with and without a halo on either side", () => {
  for (const size of [[2, 1], [2, 7], [6, 5], [8, 3]] as const) {
    for (const channels of [[16, 32], [48, 64], [64, 96]] as const) {
      check(of(channels, size, { outHalo: size[1] % 2, moreHalo: 1 }));
      check(of(channels, [2 * size[0], 2 * size[1]], { stride: [2, 2], outHalo: 1 }));
      check(of(channels, [2 * size[0], 2 * size[1]], { kernel: [3, 3], padding: [1, 1], stride: [2, 2], outHalo: 1 }));
      check(of(channels, size, { kernel: [3, 3], padding: [1, 1] }));
      check(of(channels, [2 * size[0], 2 * size[1]], { kernel: [3, 3], padding: [0, 0, 1, 1], stride: [2, 2], outHalo: 1 }));
      check(of(channels, [size[0] + 1, size[1] + 2], { kernel: [2, 3], moreHalo: 1 }));
    }
  }
});

test("every epilogue, alone and together; the residual has a halo of its own", () => {
  for (const activation of [undefined, plain("relu"), plain("relu6"), plain("hard_swish")] as const) {
    for (const gate of [false, true]) {
      for (const residual of [undefined, 0, 2]) {
        const one = of([32, 64], [4, 6], { gate, outHalo: 1, bias: !gate });
        check({ ...one, ...(activation === undefined ? {} : { activation }), ...(residual === undefined ? {} : { residual }) });
      }
    }
  }
});

test("the residual may be the output", () => {
  const one = problem(of([32, 64], [6, 5], { residual: 0, activation: plain("relu") }));
  assertSame(run(strassen, one, undefined, true), run(strassen, one), one.text);
});

test("panels in any order, some rows at a time, and tiles for 256 bits: the bits of the whole", () => {
  const one = of([32, 128], [12, 7], { outHalo: 1, residual: 1, gate: true, activation: plain("relu") });
  const posed = problem(one);
  const whole = run(strassen, posed);
  const parts = ({ panels }: { readonly panels: number }): Part[] => Array.from(
    { length: panels }, (_, panel): Part => [0, 12, panel, panel + 1],
  ).reverse();
  assertSame(run(strassen, posed, parts), whole, posed.text);
  const places = problem({ ...one, size: [24, 13], kernel: [3, 3], padding: [1, 1], stride: [2, 2] });
  for (const rows of [1, 2, 3, 6]) {
    assertSame(
      run({ ...strassen, kernel: (params) => strassenKernel(params, rows) }, places), run(strassen, places), `${rows} rows at a time, 3x3`,
    );
  }
  for (const rows of [1, 2, 3, 6]) {
    assertSame(run({ ...strassen, kernel: (params) => strassenKernel(params, rows) }, posed), whole, `${rows} rows at a time`);
  }
  assertSame(run(strassen, problem({ ...one, wide: true })), whole, "wide");
  assertSame(run(strassen, problem({ ...one, tall: true })), whole, "tall");
  const empty = run(strassen, posed, () => [[0, 12, 1, 1]]);
  assert.ok(empty.every((value) => value === empty[0]), "no part, no output");
});

test("what is not finite comes through, and no further than its pixel of either half", () => {
  const posed = problem(of([16, 32], [6, 5]));
  const clean = run(strassen, posed);
  for (const value of [NaN, Infinity, -Infinity]) {
    // Channel 3 of pixel (1, 2).
    const hit = { ...posed, x: posed.x.map((each, i) => (i === 3 * 30 + 5 + 2 ? value : each)) };
    const [got, wanted] = [run(strassen, hit), reference(hit)];
    for (let i = 0; i < got.length; i++) {
      const [row, column] = [Math.floor(i / 5) % 6, i % 5];
      if (!Number.isFinite(wanted[i])) assert.not.ok(Number.isFinite(got[i]), `pixel ${row}, ${column}`);
      if (row % 3 !== 1 || column !== 2) assert.is(got[i], clean[i], `pixel ${row}, ${column}`);
    }
  }
});

test("the error on many channels", () => {
  for (const [channels, size] of [[[512, 128], 14], [[128, 512], 14], [[1024, 64], 8]] as const) {
    check(of(channels, [size, size], { activation: plain("relu") }), size);
  }
});

test("factors multiply weights, not biases", () => {
  const posed = problem(of([16, 32], [4, 3]));
  const factors = Float64Array.from({ length: 32 }, (_, i) => 0.5 + i / 16);
  const scaled = posed.weight.map((value, i) => value * factors[Math.floor(i / 16)]);
  const got = run({ ...strassen, pack: (weight, bias, params) => packStrassenWeights(weight, bias, params, undefined, factors) }, posed);
  assertClose(got, reference({ ...posed, weight: scaled }), BOUND, posed.text);
});

test("what it is for, and where it pays", () => {
  const params = (one: Case) => problem(one).params;
  assert.ok(isStrassen(params(of([16, 32], [2, 1]))));
  for (
    const other of [
      of([8, 32], [2, 1]), of([16, 16], [2, 1]), of([16, 32], [3, 1]), of([32, 32], [2, 1], { groups: 2 }),
      of([16, 32], [4, 2], { kernel: [3, 1], dilation: [1, 2] }), of([16, 32], [2, 1], { activation: plain("sigmoid") }),
    ]
  ) {
    assert.not.ok(isStrassen(params(other)), JSON.stringify(other));
    assert.throws(() => strassenKernel(params(other)), /strassenKernel: wants no groups, no dilation, an even height/);
  }
  assert.ok(strassenPays(params(of([512, 1024], [14, 14]))));
  assert.ok(strassenPays(params(of([320, 768], [14, 14]))));
  assert.not.ok(strassenPays(params(of([128, 512], [14, 14]))));
  assert.not.ok(strassenPays(params(of([512, 2048], [8, 8]))));
  assert.ok(strassenPays(params(of([128, 128], [56, 56], { kernel: [3, 3], padding: [1, 1], stride: [2, 2] }))));
  assert.not.ok(strassenPays(params(of([128, 128], [28, 28], { kernel: [3, 3], padding: [1, 1] }))));
  for (const [channels, side] of [[[128, 512], 28], [[1024, 256], 14]] as const) {
    const one = params(of(channels, [side, side]));
    assert.is((side / 2) % strassenRows(one), 0);
  }
  assert.throws(
    () => packStrassenWeights(new Float32Array(7), null, params(of([16, 32], [2, 1]))),
    /packStrassenWeights: weight wants 512 elements, got 7/,
  );
});

test.run();
