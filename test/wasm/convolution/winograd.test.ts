/** Winograd's kernels against the reference: sizes, edges, epilogues, parts, what is not finite, and how large the error is. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { plain } from "../activations.ts";
import { convolution } from "../../../kernels/wasm/convolution/choose.ts";
import type { Convolution } from "../../../kernels/wasm/convolution/choose.ts";
import { convKernel } from "../../../kernels/wasm/convolution/direct.ts";
import type { ScratchKernel } from "../../../kernels/wasm/convolution/direct.ts";
import type { ConvParams } from "../../../kernels/wasm/convolution/params.ts";
import { groupedWinograd } from "../../../kernels/wasm/convolution/winograd/groups.ts";
import type { WinogradKernel } from "../../../kernels/wasm/convolution/winograd/winograd.ts";
import { packWinogradWeights } from "../../../kernels/wasm/convolution/winograd/panels.ts";
import { winogradKernel } from "../../../kernels/wasm/convolution/winograd/winograd.ts";
import { packConvWeights } from "../../../kernels/wasm/convolution/panels.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { WINOGRAD_ERROR, winogradBlock, winogradPays } from "../../../kernels/wasm/convolution/tiles.ts";
import type { WinogradBlock } from "../../../kernels/wasm/convolution/tiles.ts";
import { assertClose, assertSame, problem, reference, run } from "./conv-case.ts";
import type { Case, Family, Part } from "./conv-case.ts";

/** Weights transformed in the run, and when they are packed. */
const late: Family = {
  kernel: (params) => winogradKernel(params, { ...winogradBlock(params), inputs: params.input.channels }), pack: packConvWeights,
};
const early: Family = { kernel: (params) => winogradKernel(params, { ...winogradBlock(params), inputs: 0 }), pack: packWinogradWeights };

/** The promise: of the largest output. */
const BOUND = 1e-5;

function of(channels: readonly [number, number], size: readonly [number, number], rest: Partial<Case> = {}): Case {
  return { channels, size, kernel: [3, 3], padding: [1, 1], ...rest };
}

function check(one: Case, seed?: number): void {
  const posed = problem(one, seed);
  for (const family of [late, early]) assertClose(run(family, posed), reference(posed), BOUND, posed.text);
}

test("1 to 33 output and 1 to 9 input channels: every width of the last panel and vector", () => {
  for (let out = 1; out <= 33; out++) check(of([1 + (out % 9), out], [5, 7], { outHalo: out % 2 }));
});

test("1 to 13 rows and columns: every edge of a tile", () => {
  for (let height = 1; height <= 13; height += 3) {
    for (let width = 1; width <= 13; width++) {
      check(of([5, 7], [height, width], { outHalo: width % 3 }));
      check(of([4, 18], [width, height], { moreHalo: 1 }));
    }
  }
});

test("every padding, each side its own", () => {
  for (const padding of [[0, 0], [0, 1], [1, 0], [2, 1], [2, 2], [3, 3], [0, 0, 1, 1], [1, 0, 2, 3], [3, 2, 0, 1]] as const) {
    check(of([3, 5], [6, 11], { padding, residual: 1 }));
  }
});

test("every epilogue, alone and together; the residual has a halo of its own", () => {
  const activations = [
    undefined, plain("relu"), plain("relu6"), plain("hard_swish"), plain("sigmoid"), plain("silu"), plain("tanh"), plain("gelu"),
    plain("gelu_tanh"),
  ] as const;
  for (const activation of activations) {
    for (const gate of [false, true]) {
      for (const residual of [undefined, 0, 2]) {
        const one = of([6, 23], [5, 6], { gate, outHalo: 1, bias: !gate });
        check({ ...one, ...(activation === undefined ? {} : { activation }), ...(residual === undefined ? {} : { residual }) });
      }
    }
  }
});

test("the residual may be the output", () => {
  const one = problem(of([5, 21], [7, 9], { residual: 0, activation: plain("relu") }));
  assertSame(run(late, one, undefined, true), run(late, one), one.text);
});

test("several blocks of tiles, and parts in any order: the bits of the whole", () => {
  for (const one of [of([9, 41], [17, 23], { outHalo: 1, residual: 0, gate: true, activation: plain("relu") }), of([20, 16], [16, 8])]) {
    const posed = problem(one);
    const whole = run(late, posed);
    const parts = ({ panels }: { readonly panels: number }): Part[] => {
      const all: Part[] = [];
      for (let panel = 0; panel < panels; panel++) {
        for (const rows of [[12, one.size[0]], [0, 4], [4, 12]] as const) all.push([...rows, panel, panel + 1]);
      }
      return all.reverse();
    };
    assertSame(run(late, posed, parts), whole, posed.text);
    assertSame(run(early, posed, parts), run(early, posed), posed.text);
    const [inputs] = one.channels;
    for (const [tiles, pixels] of [[1, 2], [2, 2], [4, 4], [6, 3], [12, 6], [100, 5]]) {
      assertSame(
        run({ ...late, kernel: (params) => winogradKernel(params, { tiles, pixels, inputs }) }, posed), whole,
        `${posed.text}, blocks of ${tiles}, ${pixels} at once`,
      );
    }
    const empty = run(late, posed, () => [[4, 4, 0, 1], [0, 8, 1, 1]]);
    assert.ok(empty.every((value) => value === empty[0]), "no part, no output");
  }
});

test("what is not finite comes through, and no further than its tile", () => {
  const posed = problem(of([3, 6], [13, 14]));
  const at = 13 * 14 + 6 * 14 + 6;
  for (const value of [NaN, Infinity, -Infinity]) {
    const hit = { ...posed, x: posed.x.map((each, i) => (i === at ? value : each)) };
    const got = run(late, hit);
    const wanted = reference(hit);
    const clean = run(late, posed);
    for (let i = 0; i < got.length; i++) {
      const [row, column] = [Math.floor(i / 14) % 13, i % 14];
      if (!Number.isFinite(wanted[i])) assert.not.ok(Number.isFinite(got[i]), `pixel ${row}, ${column}`);
      // Pixel (6, 6) lies under tiles of rows and columns 4 to 7 alone.
      if (row >> 2 !== 1 || column >> 2 !== 1) assert.is(got[i], clean[i], `pixel ${row}, ${column}`);
    }
  }
});

test("the error on many channels", () => {
  for (const [channels, size] of [[64, 16], [256, 14]] as const) {
    check(of([channels, 16], [size, size], { activation: plain("relu") }), channels);
  }
});

test("unfused, errors stay within so many times those of direct sums, for as few channels as it takes and for many", () => {
  for (const channels of [8, 12, 16, 24, 40, 64, 96, 160, 256, 512]) {
    const posed = problem(of([channels, 12], [9, 12]), channels);
    const wanted = reference(posed);
    const error = (family: Family): number => Math.hypot(...run(family, posed).map((value, i) => value - wanted[i]));
    const direct = error({ kernel: convKernel, pack: packConvWeights });
    for (const family of [late, early]) {
      const times = error(family) / direct;
      assert.ok(times < WINOGRAD_ERROR, `${channels} channels: ${times} times`);
    }
  }
});

test("fused multiply-adds, where the host has them", () => {
  const one = of([19, 29], [7, 9], { gate: true, activation: plain("relu"), fma: true });
  const m = new ModuleBuilder("fma");
  m.importMemory("host", "memory", { minimum: 1 });
  late.kernel(problem(one).params).emit(m);
  if (typeof WebAssembly !== "undefined" && WebAssembly.validate(m.toBytes())) check(one);
  else assert.throws(() => check(one), /relaxed|opcode|invalid/i);
});

test("tiles for 256 bits give the same bits", () => {
  for (const size of [[9, 13], [19, 22]] as const) {
    const one = of([6, 33], size);
    for (const family of [late, early]) {
      assertSame(run(family, problem({ ...one, wide: true })), run(family, problem(one)), JSON.stringify(size));
      assertSame(run(family, problem({ ...one, tall: true })), run(family, problem(one)), `${JSON.stringify(size)}, tall`);
    }
  }
});

test("convolution takes these kernels where they may be, and pay", () => {
  const wanted = problem(of([64, 64], [14, 14])).params;
  assert.ok(winogradPays(wanted));
  const direct = convolution(wanted);
  const fast = convolution({ ...wanted, winograd: true });
  assert.match(direct.kernel.name, /^f32_conv_/);
  assert.equal([direct.scratch, direct.rowUnit], [0, 1]);
  assert.match(fast.kernel.name, /^f32_winograd4x4_/);
  assert.equal([fast.scratch, fast.rowUnit], [(winogradKernel(wanted) as WinogradKernel).scratch, 4]);
  assert.ok(fast.scratch > 0);
  for (
    const other of [
      of([64, 64], [14, 14], { stride: [2, 2] }), of([64, 64], [14, 14], { groups: 2 }), of([64, 64], [2, 2]), of([3, 64], [14, 14]),
      of([64, 64], [4, 4]),
    ]
  ) {
    assert.match(convolution({ ...problem(other).params, winograd: true }).kernel.name, /^f32_conv_/);
  }
});

test("weights transformed for some input channels at a time: the bits of all at once", () => {
  for (const [channels, inputs] of [[12, 4], [12, 6], [20, 5], [9, 1]]) {
    const one = problem(of([channels, 37], [9, 11], { gate: true, residual: 1, activation: plain("relu") }));
    for (const pixels of [2, 6]) {
      const some = (count: number): WinogradKernel => winogradKernel(one.params, { tiles: 6, pixels, inputs: count });
      assertSame(
        run({ ...late, kernel: () => some(inputs) }, one), run({ ...late, kernel: () => some(channels) }, one),
        `${one.text}, ${inputs} at a time`,
      );
    }
  }
});

test("what a block is: about 18 tiles; weights transformed before where they are few, else for some input channels at a time", () => {
  const blockOf = (channels: readonly [number, number], side: number): WinogradBlock => winogradBlock(
    problem(of(channels, [side, side])).params,
  );
  assert.equal(blockOf([64, 64], 56), { tiles: 18, pixels: 2, inputs: 0 });
  assert.equal(blockOf([128, 128], 28), { tiles: 18, pixels: 2, inputs: 128 });
  assert.equal(blockOf([256, 256], 14), { tiles: 16, pixels: 2, inputs: 128 });
  assert.equal(blockOf([384, 64], 8), { tiles: 4, pixels: 2, inputs: 128 });
  assert.equal(blockOf([257, 64], 8), { tiles: 4, pixels: 2, inputs: 257 });
  assert.equal(blockOf([256, 512], 28), { tiles: 18, pixels: 2, inputs: 128 });
});

test("factors multiply weights, not biases, whenever these are transformed", () => {
  const posed = problem(of([3, 5], [6, 7]));
  const factors = Float64Array.of(2, 0.5, -1, 1, 3);
  const scaled = posed.weight.map((value, i) => value * factors[Math.floor(i / 27)]);
  for (const [{ kernel }, pack] of [[late, packConvWeights], [early, packWinogradWeights]] as const) {
    const got = run({ kernel, pack: (weight, bias, params) => pack(weight, bias, params, undefined, factors) }, posed);
    assertClose(got, reference({ ...posed, weight: scaled }), BOUND, posed.text);
  }
});

test("names tell kernels apart, and sizes that do not belong together are refused", () => {
  const base = of([3, 8], [5, 6]);
  const others: readonly Case[] = [
    base, of([3, 8], [6, 6]), of([3, 8], [5, 7]), { ...base, gate: true }, { ...base, outHalo: 1 }, { ...base, fma: true },
  ];
  assert.is(new Set(others.map((one) => winogradKernel(problem(one).params).name)).size, others.length);
  const { params } = problem(base);
  assert.throws(
    () => winogradKernel(problem({ ...base, stride: [2, 1] }).params),
    /winogradKernel: wants kernel 3x3, stride 1, dilation 1 and groups 1, got .*k3x3_s2x1/,
  );
  assert.throws(() => winogradKernel({ ...params, input: { ...params.input, halo: 0 } }), /winogradKernel: input halo wants/);
});

test("in groups: widths with and without a rest, parts, epilogues, weights transformed in the run and when they are packed", () => {
  const family = (inputs: "packed" | "all"): Family => {
    const of = (params: ConvParams): Convolution =>
      groupedWinograd(params, { ...winogradBlock(params), inputs: inputs === "packed" ? 0 : params.input.channels / params.groups })!;
    return {
      kernel: (params) => of(params).kernel as ScratchKernel,
      pack: (weight, bias, params) => {
        const into = new Float32Array(of(params).packedSize);
        of(params).pack(weight, bias, into);
        return into;
      },
    };
  };
  const cases: readonly Case[] = [
    of([32, 32], [14, 13], { groups: 2 }),
    of([24, 48], [9, 10], { groups: 2, activation: plain("relu"), residual: 1, gate: true, outHalo: 1 }),
    of([72, 72], [8, 12], { groups: 3, activation: plain("silu"), bias: false }),
    of([40, 40], [5, 8], { groups: 5, residual: 0 }),
    of([27, 45], [12, 12], { groups: 3 }),
  ];
  for (const one of cases) {
    const posed = problem(one);
    for (const each of [family("packed"), family("all")]) {
      const whole = run(each, posed);
      assertClose(whole, reference(posed), BOUND, posed.text);
      const parts = ({ panels }: { readonly panels: number }): Part[] =>
        Array.from({ length: panels }, (_, panel): Part => [0, one.size[0], panel, panel + 1]).reverse();
      assertSame(run(each, posed, parts), whole, `${posed.text}, in parts`);
      assertSame(run(each, posed, ({ panels }) => [[0, 4, 1, panels], [0, 4, 0, 1], [4, one.size[0], 0, panels]]), whole, posed.text);
    }
  }
  assert.is(groupedWinograd(problem(of([16, 16], [8, 8], { groups: 16 })).params), undefined, "depthwise");
  assert.is(groupedWinograd(problem(of([32, 32], [8, 8], { groups: 2, stride: [2, 2] })).params), undefined, "stride 2");
});

test.run();
