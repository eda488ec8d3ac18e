/** Depthwise kernels against the reference and, to the bit, against the promised order of summation and the general kernels. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { plain } from "../activations.ts";
import { packConvWeights } from "../../../kernels/wasm/convolution/panels.ts";
import { convKernel } from "../../../kernels/wasm/convolution/direct.ts";
import type { ConvKernel } from "../../../kernels/wasm/convolution/direct.ts";
import { convolution } from "../../../kernels/wasm/convolution/choose.ts";
import { packDepthwiseWeights } from "../../../kernels/wasm/convolution/depthwise/panels.ts";
import { depthwiseKernel } from "../../../kernels/wasm/convolution/depthwise/depthwise.ts";
import { assertSame, check, problem, run } from "./conv-case.ts";
import type { Case, Family, Part } from "./conv-case.ts";

const depthwise: Family = { kernel: depthwiseKernel, pack: packDepthwiseWeights };
const general: Family = { kernel: convKernel, pack: packConvWeights };

/** A case with as many groups as channels. */
function each(channels: number, rest: Omit<Case, "channels" | "groups">): Case {
  return { channels: [channels, channels], groups: channels, ...rest };
}

test("1 to 33 channels, with 3x3 and 5x5, strides 1 and 2", () => {
  for (let channels = 1; channels <= 33; channels++) {
    for (const stride of [[1, 1], [2, 2]] as const) {
      check(depthwise, each(channels, { size: [6, 9], kernel: [3, 3], stride, padding: [1, 1], outHalo: channels % 2 }));
      check(depthwise, each(channels, { size: [7, 8], kernel: [5, 5], stride, padding: [2, 2], moreHalo: channels % 3 }));
    }
  }
});

test("1 to 14 pixels in a row", () => {
  for (let width = 1; width <= 14; width++) {
    for (const stride of [1, 2, 3]) {
      for (const channels of [4, 6]) {
        check(depthwise, each(channels, { size: [4, width], kernel: [3, 3], stride: [1, stride], padding: [1, 1] }));
        check(depthwise, each(channels, { size: [4, width], kernel: [5, 5], stride: [stride, 1], padding: [2, 2] }));
      }
    }
  }
});

test("kernels, strides, paddings, dilations, each side its own", () => {
  for (const kernel of [[1, 1], [3, 3], [5, 3], [1, 7], [7, 1], [2, 2], [7, 7], [9, 9]] as const) {
    for (const stride of [[1, 1], [2, 2], [3, 1], [1, 3]] as const) {
      for (const dilation of [[1, 1], [2, 1], [1, 2], [3, 3]] as const) {
        const reach = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)] as const;
        for (const padding of [[0, 0], [reach[0] >> 1, reach[1] >> 1], [2, 1], [0, 0, 1, 1], [1, 3, 2, 0]] as const) {
          const size = [Math.max(7, reach[0] + 1), Math.max(11, reach[1] + 1)] as const;
          check(depthwise, each(5, { size, kernel, stride, padding, dilation }));
        }
      }
    }
  }
});

test("every epilogue, alone and together; the residual has a halo of its own", () => {
  const activations = [
    undefined, plain("relu"), plain("relu6"), plain("hard_swish"), plain("sigmoid"), plain("silu"), plain("tanh"), plain("gelu"),
    plain("gelu_tanh"),
    { activation: "leaky_relu", slope: 0.01, offset: 0 }, { activation: "hard_sigmoid", slope: 1 / 6, offset: 0.5 },
  ] as const;
  for (const activation of activations) {
    for (const gate of [false, true]) {
      for (const residual of [undefined, 0, 2]) {
        for (const channels of [8, 11]) {
          const one = each(channels, { size: [4, 7], kernel: [3, 3], padding: [1, 1], gate, outHalo: channels % 2, bias: !gate });
          check(
            depthwise, { ...one, ...(activation === undefined ? {} : { activation }), ...(residual === undefined ? {} : { residual }) },
          );
        }
      }
    }
  }
});

test("a gate before the bias, as one of the input would be", () => {
  for (const channels of [8, 11]) {
    for (const [kernel, stride] of [[3, 1], [3, 2], [5, 1], [5, 2]] as const) {
      const one = each(
        channels,
        {
          size: [8, 9], kernel: [kernel, kernel], stride: [stride, stride], padding: [kernel >> 1, kernel >> 1], gate: true, biasLast: true,
        },
      );
      check(depthwise, one);
      check(depthwise, { ...one, bias: false, residual: 1, outHalo: 1, activation: plain("relu6") });
      check(depthwise, { ...one, wide: true, activation: plain("silu") });
    }
  }
  const { params } = problem({ channels: [4, 4], size: [8, 8], kernel: [3, 3], padding: [1, 1], gate: true, biasLast: true });
  assert.throws(() => convolution(params), /convolution: biasLast wants a depthwise one/);
  assert.throws(
    () => convolution({ ...params, input: { ...params.input, channels: 64 }, output: { ...params.output, channels: 64 }, winograd: true }),
    /convolution: biasLast wants/,
  );
});

test("channels whose pixels share sets of the cache, and wide machines", () => {
  for (const channels of [512, 1024]) check(depthwise, each(channels, { size: [3, 4], kernel: [3, 3], padding: [1, 1] }));
  for (const width of [1, 4, 7]) {
    check(depthwise, each(10, { size: [4, width], kernel: [3, 3], padding: [1, 1], wide: true, gate: true, residual: 1 }));
  }
});

test("NaN and infinity come through as in the reference", () => {
  for (const activation of [undefined, plain("relu"), plain("relu6"), plain("hard_swish")]) {
    const one = each(7, { size: [9, 8], kernel: [3, 3], padding: [1, 1], hostile: true });
    for (let seed = 1; seed <= 3; seed++) check(depthwise, activation === undefined ? one : { ...one, activation }, seed);
  }
});

test("the same bits as the general kernels", () => {
  for (const channels of [4, 13, 32]) {
    for (const kernel of [3, 5]) {
      const one = each(channels, {
        size: [9, 10], kernel: [kernel, kernel], stride: [2, 1], padding: [1, 2], gate: true, residual: 1, activation: plain("hard_swish"),
      });
      assertSame(run(depthwise, problem(one)), run(general, problem(one)), `${channels} channels, ${kernel}x${kernel}`);
    }
  }
});

test("parts in any order give the bits of the whole", () => {
  const parts = ({ panels }: ConvKernel): Part[] => {
    const all: Part[] = [];
    for (let panel = 0; panel < panels; panel += 2) {
      for (const rows of [[5, 9], [0, 2], [2, 5]] as const) all.push([...rows, panel, Math.min(panels, panel + 2)]);
    }
    return all.reverse();
  };
  for (const channels of [16, 17, 22]) {
    const posed = problem(each(channels, { size: [9, 7], kernel: [3, 3], padding: [1, 1], outHalo: 1, residual: 0, gate: true }));
    assertSame(run(depthwise, posed, parts), run(depthwise, posed), posed.text);
    const lastPanel = Math.ceil(channels / 4);
    assertSame(
      run(depthwise, posed, () => [[0, 9, 0, lastPanel - 1], [0, 9, lastPanel - 1, lastPanel]]), run(depthwise, posed), posed.text,
    );
    const empty = run(depthwise, posed, () => [[3, 3, 0, 1], [0, 9, 1, 1], [0, 9, lastPanel, lastPanel]]);
    assert.ok(empty.every((value) => value === empty[0]), "no part, no output");
  }
});

test("what is depthwise gets these kernels, all else the general ones", () => {
  const sizes = { size: [5, 6], kernel: [3, 3], padding: [1, 1] } as const;
  const nameOf = (one: Case): string => convolution(problem(one).params).kernel.name;
  assert.match(nameOf(each(8, sizes)), /^f32_dwconv_/);
  assert.match(nameOf({ channels: [8, 16], groups: 8, ...sizes }), /^f32_conv_/);
  assert.match(nameOf({ channels: [8, 8], groups: 4, ...sizes }), /^f32_conv_/);
  const { params } = problem({ channels: [8, 8], groups: 4, ...sizes });
  assert.throws(() => depthwiseKernel(params), /depthwiseKernel: wants as many groups as channels in and out, got .*_g4_c8x8/);
  assert.throws(() => packDepthwiseWeights(new Float32Array(7), null, params), /packDepthwiseWeights: weight wants 72 elements, got 7/);
});

test.run();
