/** Convolution kernels against the reference and, to the bit, against the promised order of summation. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { plain } from "../activations.ts";
import { packConvWeights } from "../../../kernels/wasm/convolution/panels.ts";
import { probe } from "../../../kernels/wasm/probe/probe.ts";
import { convKernel } from "../../../kernels/wasm/convolution/direct.ts";
import type { ConvKernel } from "../../../kernels/wasm/convolution/direct.ts";
import { convolution } from "../../../kernels/wasm/convolution/choose.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { joinedEnds } from "../../../kernels/wasm/convolution/tiles.ts";
import { assertSame, check, problem, run } from "./conv-case.ts";
import type { Case, Family, Part } from "./conv-case.ts";

const conv: Family = { kernel: convKernel, pack: packConvWeights };

test("1 to 33 output channels: every width of the last panel", () => {
  for (let out = 1; out <= 33; out++) {
    check(conv, { channels: [1 + (out % 5), out], size: [3, 5], kernel: [1, 1], outHalo: out % 2 });
    check(conv, { channels: [2, out], size: [5, 7], kernel: [3, 3], padding: [1, 1], outHalo: 1 });
  }
  check(conv, { channels: [7, 1000], size: [1, 1], kernel: [1, 1] });
});

test("1 to 14 pixels in a row: every end of a row, joined rows and rows apart", () => {
  for (let width = 1; width <= 14; width++) {
    for (const outHalo of [0, 1]) {
      for (const out of [4, 7, 12, 16, 20]) check(conv, { channels: [5, out], size: [3, width], kernel: [1, 1], outHalo });
    }
  }
});

test("kernels, strides, paddings, dilations, each side its own", () => {
  for (const kernel of [[1, 1], [3, 3], [5, 3], [1, 7], [7, 1], [2, 2]] as const) {
    for (const stride of [[1, 1], [2, 2], [3, 1], [1, 3]] as const) {
      for (const dilation of [[1, 1], [2, 1], [1, 2], [3, 3]] as const) {
        const reach = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)] as const;
        for (const padding of [[0, 0], [reach[0] >> 1, reach[1] >> 1], [2, 1], [0, 0, 1, 1], [1, 3, 2, 0]] as const) {
          const size = [Math.max(7, reach[0] + 1), Math.max(11, reach[1] + 1)] as const;
          check(conv, { channels: [3, 6], size, kernel, stride, padding, dilation });
        }
      }
    }
  }
});

test("the first layer of a ResNet, and larger halos than it wants", () => {
  check(
    conv, { channels: [3, 64], size: [23, 19], kernel: [7, 7], stride: [2, 2], padding: [3, 3], activation: plain("relu"), outHalo: 1 },
  );
  check(conv, { channels: [3, 18], size: [9, 8], kernel: [3, 3], stride: [2, 2], padding: [1, 1], moreHalo: 2, outHalo: 3 });
});

test("groups", () => {
  const cases: readonly (readonly [number, number, number])[] = [
    [2, 2, 2], [4, 6, 2], [12, 12, 3], [8, 40, 2], [10, 5, 5], [6, 6, 6], [32, 64, 4], [6, 57, 3],
  ];
  for (const [channelsIn, out, groups] of cases) {
    check(conv, { channels: [channelsIn, out], size: [5, 6], kernel: [3, 3], padding: [1, 1], groups, gate: true, residual: 1 });
    check(conv, { channels: [channelsIn, out], size: [4, 7], kernel: [1, 1], groups });
  }
});

test("every epilogue, alone and together; the residual has a halo of its own", () => {
  const activations = [
    undefined, plain("relu"), plain("relu6"), plain("hard_swish"), plain("sigmoid"), plain("silu"), plain("tanh"), plain("gelu"),
    plain("gelu_tanh"),
    { activation: "leaky_relu", slope: 0.01, offset: 0 }, { activation: "leaky_relu", slope: 1.5, offset: 0 },
    { activation: "hard_sigmoid", slope: 1 / 6, offset: 0.5 },
  ] as const;
  for (const activation of activations) {
    for (const gate of [false, true]) {
      for (const residual of [undefined, 0, 2]) {
        for (const size of [[4, 5], [3, 6]] as const) {
          const one: Case = { channels: [6, 23], size, kernel: [1, 1], gate, outHalo: size[1] % 2, bias: !gate };
          check(conv, { ...one, ...(activation === undefined ? {} : { activation }), ...(residual === undefined ? {} : { residual }) });
        }
      }
    }
  }
});

test("NaN and infinity come through as in the reference", () => {
  for (
    const activation of [
      undefined, plain("relu"), plain("relu6"), plain("hard_swish"), { activation: "leaky_relu", slope: 0, offset: 0 } as const,
    ]
  ) {
    for (const kernel of [[1, 1], [3, 3]] as const) {
      const one: Case = { channels: [2, 21], size: [6, 7], kernel, padding: [kernel[0] >> 1, kernel[0] >> 1], hostile: true };
      for (let seed = 1; seed <= 3; seed++) check(conv, activation === undefined ? one : { ...one, activation }, seed);
    }
  }
});

test("parts in any order give the bits of the whole", () => {
  const parts = ({ panels }: ConvKernel): Part[] => {
    const all: Part[] = [];
    for (let panel = 0; panel < panels; panel++) {
      for (const rows of [[5, 9], [0, 2], [2, 5]] as const) all.push([...rows, panel, panel + 1]);
    }
    return all.reverse();
  };
  const cases: readonly Case[] = [
    { channels: [9, 41], size: [9, 7], kernel: [3, 3], padding: [1, 1], outHalo: 1, residual: 0, gate: true, activation: plain("relu") },
    { channels: [9, 48], size: [9, 7], kernel: [1, 1], residual: 0, gate: true, activation: plain("silu") },
    { channels: [12, 42], size: [9, 4], kernel: [1, 1], groups: 3, outHalo: 1 },
  ];
  for (const one of cases) {
    const posed = problem(one);
    assertSame(run(conv, posed, parts), run(conv, posed), posed.text);
    const empty = run(conv, posed, () => [[3, 3, 0, 1], [0, 9, 1, 1]]);
    assert.ok(empty.every((value) => value === empty[0]), "no part, no output");
  }
});

test("several blocks of rows", () => {
  check(conv, { channels: [160, 18], size: [11, 40], kernel: [3, 3], padding: [1, 1], activation: plain("relu") });
  check(conv, { channels: [700, 5], size: [9, 33], kernel: [1, 1], activation: plain("relu") });
});

test("fused multiply-adds are within rounding, where the host has them", () => {
  const one: Case = { channels: [19, 29], size: [7, 9], kernel: [3, 3], padding: [1, 1], gate: true, activation: plain("relu"), fma: true };
  // Rows of every remainder by 6, also joined ones, and columns of 7 and 8 pixels at the ends of rows.
  const sizes = [
    ...[13, 14, 15, 16, 17].map((width) => [3, width] as const), [1, 1], [1, 7], [1, 8], [2, 5], [2, 11], [5, 5], [7, 7], [8, 7], [9, 7],
  ] as const;
  const wide = sizes.flatMap((image): Case[] => [1, 3].map((size) =>
    ({
      ...one, size: [...image], kernel: [size, size], padding: [(size - 1) / 2, (size - 1) / 2], outHalo: size === 1 ? 0 : 1, wide: true,
    })));
  for (const each of [one, { ...one, channels: [12, 12], groups: 12 } as Case, ...wide]) {
    const m = new ModuleBuilder("fma");
    m.importMemory("host", "memory", { minimum: 1 });
    convolution(problem(each).params).kernel.emit(m);
    if (typeof WebAssembly !== "undefined" && WebAssembly.validate(m.toBytes())) {
      check({ kernel: (params) => convolution(params).kernel, pack: (weight, bias, params) => {
        const { pack, packedSize } = convolution(params);
        const packed = new Float32Array(packedSize);
        pack(weight, bias, packed);
        return packed;
      } }, each);
    } else {
      assert.throws(() => run(conv, problem(each)), /relaxed|opcode|invalid/i);
    }
  }
});

test("tiles for 256 bits give the same bits", () => {
  for (let width = 1; width <= 14; width++) {
    for (const outHalo of [0, 1]) {
      for (const out of [16, 29]) {
        const one: Case = { channels: [5, out], size: [3, width], kernel: [1, 1], outHalo, wide: true };
        check(conv, one);
        check(conv, { ...one, kernel: [3, 3], padding: [1, 1] });
        assert.match(convKernel(problem(one).params).name, /^f32_conv_5x16_/);
      }
    }
  }
  assert.match(
    convKernel(problem({ channels: [5, 16], size: [3, 9], kernel: [1, 1], wide: true, fma: true }).params).name, /^f32_conv_6x16_fma_/,
  );
});

test("tall tiles give the same bits: every rest of a row, panels with and without a rest, epilogues, fused where the host can", () => {
  for (let width = 1; width <= 15; width++) {
    for (const outHalo of [0, 1]) {
      for (const out of [16, 29, 48]) {
        const one: Case = { channels: [5, out], size: [3, width], kernel: [1, 1], outHalo, tall: true };
        check(conv, one);
        check(conv, { ...one, kernel: [3, 3], padding: [1, 1], stride: [1, 2], gate: true, residual: 1, activation: plain("relu") });
        assert.match(convKernel(problem(one).params).name, /^f32_conv_6x8_/);
      }
    }
  }
  check(conv, { channels: [32, 64], size: [7, 7], kernel: [3, 3], padding: [1, 1], groups: 2, tall: true, activation: plain("silu") });
  if (probe().relaxedSimd) check(conv, { channels: [20, 32], size: [5, 14], kernel: [3, 3], padding: [1, 1], tall: true, fma: true });
});

test("large images in tiles for 256 bits go by columns, and images of one column do: the same bits", () => {
  const one: Case = { channels: [300, 21], size: [31, 29], kernel: [1, 1], outHalo: 1, wide: true };
  assert.match(convKernel(problem(one).params).name, /_b5$/);
  assert.is(joinedEnds(problem(one).params), 29);
  assert.not.match(convKernel(problem({ ...one, size: [30, 29] }).params).name, /_b5$/);
  check(conv, one);
  check(conv, { ...one, channels: [300, 32], gate: true, residual: 2, moreHalo: 1, activation: plain("silu") });
  for (const size of [[7, 1], [1, 1], [2, 1]] as const) {
    check(conv, { channels: [5, 21], size, kernel: [1, 1], outHalo: 1, activation: plain("silu") });
    check(conv, { channels: [5, 32], size, kernel: [3, 3], padding: [1, 1], residual: 1, activation: plain("relu") });
  }
});

test("names tell kernels apart", () => {
  const base: Case = { channels: [3, 8], size: [5, 6], kernel: [3, 3], padding: [1, 1] };
  const others: readonly Case[] = [
    base, { ...base, stride: [2, 1] }, { ...base, padding: [1, 0] }, { ...base, dilation: [2, 1] }, { ...base, outHalo: 1 },
    { ...base, moreHalo: 1 },
    { ...base, gate: true }, { ...base, residual: 0 }, { ...base, residual: 1 }, { ...base, activation: plain("relu") },
    { ...base, channels: [3, 9] },
    { ...base, size: [5, 7] }, { ...base, fma: true }, { ...base, activation: { activation: "leaky_relu", slope: 0.1, offset: 0 } },
    { ...base, activation: { activation: "leaky_relu", slope: 0.2, offset: 0 } },
  ];
  const names = others.map((one) => convKernel(problem(one).params).name);
  assert.is(new Set(names).size, names.length);
});

test("sizes that do not belong together are refused", () => {
  const { params } = problem({ channels: [4, 8], size: [5, 6], kernel: [3, 3], padding: [1, 1], residual: 0 });
  assert.throws(
    () => convKernel({ ...params, input: { ...params.input, halo: 0 } }), /convKernel: input halo wants at least the padding, 1, got 0/,
  );
  assert.throws(() => convKernel({ ...params, output: { ...params.output, height: 6 } }), /convKernel: output wants 5x6, got 6x6/);
  assert.throws(() => convKernel({ ...params, groups: 3 }), /groups wants a divisor of 4 input and 8 output channels, got 3/);
  assert.throws(() => convKernel({ ...params, stride: [0, 1] }), /convKernel: stride wants a whole number of at least 1, got 0/);
  const residual = { ...params.output, width: 5 };
  assert.throws(
    () => convKernel({ ...params, epilogue: { ...params.epilogue, residual } }), /residual wants the output's size, 8x5x6, got 8x5x5/,
  );
  assert.throws(() => packConvWeights(new Float32Array(7), null, params), /weight wants 288 elements, got 7/);
  assert.throws(() => packConvWeights(new Float32Array(288), new Float32Array(1), params), /bias wants 8 elements, got 1/);
});

test.run();
