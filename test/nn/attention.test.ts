/** What may stand in SE's place: each against PyTorch and finite differences, in sessions, in the families, with the right names. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../kernels/reference/index.ts";
import { createModel } from "../../models/index.ts";
import { readOptions } from "../../models/options.ts";
import { attentionNames, makeSe, seReaders } from "../../models/se-options.ts";
import type { AttentionName } from "../../models/se-options.ts";
import { Attention } from "../../src/nn/attention/attention.ts";
import { ChannelConv } from "../../src/nn/attention/channel-conv.ts";
import { EfficientChannelAttention, ecaKernel } from "../../src/nn/attention/efficient-channel-attention.ts";
import { GatherExcite } from "../../src/nn/attention/gather-excite.ts";
import { ScaleElements, ScalePixels } from "../../src/nn/attention/scale.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { stateShapes } from "../../src/nn/state-dict.ts";
import { summarise } from "../../src/nn/summary.ts";
import { Tensor } from "../../src/tensor.ts";
import { float32FromBase64, float64FromBase64 } from "../support/base64.ts";
import { fileJson } from "../support/files.ts";
import { checkNetwork } from "../models/gradients/network-gradients.ts";
import { sessionError } from "../models/session-agreement.ts";
import { stir } from "../support/random.ts";

interface Golden {
  readonly name: string;
  readonly kind: AttentionName;
  readonly channels: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly shape: readonly number[];
  readonly state: Readonly<Record<string, readonly [shape: number[], data: string]>>;
  readonly x: string;
  readonly dy: string;
  readonly y: string;
  readonly dx: string;
  readonly gradients: Readonly<Record<string, string>>;
}

function make(kind: string, channels: number, options: Readonly<Record<string, unknown>> = {}): Attention {
  const block = makeSe(channels, readOptions("test", { attention: kind, ...options }, seReaders({ se: false })));
  if (block === undefined) throw new Error("none");
  return block;
}

const kinds = attentionNames.filter((kind) => kind !== "none");
const goldens = fileJson<readonly Golden[]>("goldens/layers/torch_attention.json");

test("every attention has a golden", () => {
  assert.equal([...new Set(goldens.map(({ kind }) => kind))].sort(), [...kinds].sort());
});

for (const golden of goldens) {
  test(`${golden.name}: PyTorch's output and gradients, under the same names`, () => {
    const block = make(golden.kind, golden.channels, golden.options).cast("float64").train();
    const state = block.namedState();
    assert.equal(
      [...state].map(([name, { value }]) => `${name} ${value.shape}`),
      Object.entries(golden.state).map(([name, [shape]]) => `${name} ${shape}`),
    );
    for (const [name, entry] of state) entry.value.data.set(float32FromBase64(golden.state[name][1]));
    const double = (text: string): Tensor<Float64Array> => new Tensor(Float64Array.from(float32FromBase64(text)), golden.shape);
    const near = (what: string, actual: ArrayLike<number>, text: string): void => {
      const expected = float64FromBase64(text);
      assert.is(actual.length, expected.length, what);
      expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-11, `${what}[${i}]: ${actual[i]}, PyTorch ${value}`));
    };
    near("y", block.forward(double(golden.x)).data, golden.y);
    near("dx", block.backward(double(golden.dy)).data, golden.dx);
    for (const [name, parameter] of block.namedParameters()) near(name, parameter.gradient.data, golden.gradients[name]);
  });
}

const variants: [AttentionName, Record<string, unknown>][] = [
  ...kinds.map((kind): [AttentionName, Record<string, unknown>] => [kind, { reduction: 2 }]),
  ["ese", { gate: "sigmoid", seBias: false }],
  ["sse", { seBias: false }],
  ["scse", { reduction: 3, squeeze: "max", gate: "tanh" }],
  ["ge", { extent: 2 }],
  ["ge", { extent: 4, gather: "conv" }],
  ["ge", { extent: 2, gather: "conv", gatherMlp: true, reduction: 3 }],
  ["cbam", { reduction: 3, inner: "silu" }],
];

for (const [kind, options] of variants) {
  test(`${kind} ${JSON.stringify(options)}: every gradient agrees with finite differences`, () => {
    assert.equal(checkNetwork(make(kind, 6, options).use(reference), [2, 6, 5, 4], { most: 1000 }), []);
  });
}

/** As it stands in a network: after a convolution with normalisation, inside a residual. */
class Block extends Composite {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d;
  readonly attention: Attention;
  readonly body: Module;

  constructor(attention: Attention) {
    super();
    this.conv = new Conv2d(6, 6, { kernel: 1, bias: false });
    this.norm = new BatchNorm2d(6);
    this.attention = attention;
    this.body = new Residual(new Sequential(this.conv, this.norm, this.attention));
  }
}

for (const kernels of ["plain", "wasm"] as const) {
  test(`${kernels} sessions give the eager answers`, () => {
    for (const [kind, options] of variants) {
      for (const input of [[2, 6, 7, 5], [1, 6, 1, 1]]) {
        const error = sessionError(stir(new Block(make(kind, 6, options))), input, kernels);
        assert.ok(error < 1e-5, `${kind} ${JSON.stringify(options)} on ${input}: off by ${error}`);
      }
    }
  });

  test(`${kernels} sessions of networks with each attention`, () => {
    for (const kind of attentionNames) {
      const error = sessionError(stir(createModel("se_resnet8", { attention: kind, width: 4, reduction: 2 })), [2, 3, 12, 9], kernels);
      assert.ok(error < 1e-4, `${kind}: off by ${error}`);
    }
  });
}

for (const kind of kinds) {
  test(`${kind} in a network: gradients`, () => {
    const model = createModel("resnet8", { attention: kind, width: 2, reduction: 2, classes: 3, inChannels: 2 });
    assert.equal(checkNetwork(model, [3, 2, 8, 7], { most: 2 }), []);
  });
}

test("a network with another attention costs what it costs without, and the attention's own apart", () => {
  const plain = summarise(createModel("resnet50", {}, null), [1, 3, 224, 224]);
  for (const kind of kinds) {
    const s = summarise(createModel("resnet50", { attention: kind }, null), [1, 3, 224, 224]);
    assert.is(s.parameters - s.seParameters, plain.parameters, kind);
    assert.is(s.macs, plain.macs, kind);
    assert.ok(s.seMacs > 0 || kind === "ge", kind);
    // scSE scales twice, CBAM by channel and by pixel.
    assert.is(s.scaleMacs, 5_519_360 * (kind === "scse" || kind === "cbam" ? 2 : 1), kind);
  }
});

test("parameters of each in ResNet-50, from the formulas", () => {
  // Channels of the 16 blocks, four stages of 3, 4, 6 and 3.
  const channels = [256, 512, 1024, 2048].flatMap((c, i) => Array.from({ length: [3, 4, 6, 3][i] }, () => c));
  const sum = (of: (c: number) => number): number => channels.reduce((total, c) => total + of(c), 0);
  const counts: [string, Record<string, unknown>, number][] = [
    ["se", {}, sum((c) => (c * c) / 8 + c / 16 + c)],
    ["cse", {}, sum((c) => c * c + c / 2 + c)],
    ["ese", {}, sum((c) => c * c + c)],
    ["eca", {}, 13 * 5 + 3 * 7],
    ["sse", {}, sum((c) => c + 1)],
    ["scse", {}, sum((c) => c * c + c / 2 + c + c + 1)],
    ["ge", {}, 0],
    ["ge", { gather: "conv", extent: 8 }, sum((c) => 3 * (9 * c + 2 * c))],
    ["cbam", {}, sum((c) => (c * c) / 8 + 98 + 2)],
  ];
  for (const [kind, options, expected] of counts) {
    assert.is(createModel("resnet50", { attention: kind, ...options }, null).parameterCount() - 25_557_032, expected, kind);
  }
});

test("kernel sizes of ECA: 3 up to 127 channels, 5 up to 2047, then 7", () => {
  assert.equal([1, 2, 16, 64, 127, 128, 1024, 2047, 2048, 4096].map(ecaKernel), [3, 3, 3, 3, 3, 5, 5, 5, 7, 7]);
  assert.equal([...stateShapes(new EfficientChannelAttention(64))], [["conv.weight", [1, 1, 3]]]);
});

test("blocks are attentions and say what they are", () => {
  for (const kind of kinds) assert.instance(make(kind, 32), Attention);
  assert.equal(kinds.map((kind) => make(kind, 32).describe()), [
    "SqueezeExcite 32, hidden 2", "EffectiveSqueezeExcite 32", "EfficientChannelAttention, kernel 3", "SqueezeExcite 32, hidden 16",
    "SpatialSqueezeExcite 32", "ConcurrentSqueezeExcite 32, hidden 16", "GatherExcite 32, mean of the image", "Cbam 32, hidden 2",
  ]);
});

test("wrong options and inputs are refused", () => {
  assert.throws(
    () => createModel("seresnet50", { attention: "sea" }, null), /^seresnet50: option "attention" wants one of none, se, ese.*, got "sea"/,
  );
  assert.throws(
    () => createModel("seresnet50", { attention: "ge", extent: 3 }, null), /gather "mean" wants an extent of 0, 2, 4, 8, 16, got 3/,
  );
  assert.throws(
    () => createModel("seresnet50", { attention: "ge", gather: "conv" }, null), /gather "conv" wants an extent of 2, 4, 8, 16, got 0/,
  );
  assert.throws(() => make("cbam", 8), /reduction 16 leaves no hidden unit for 8 channels/);
  assert.throws(() => new ChannelConv(4), /size wants an odd whole number, got 4/);
  assert.throws(() => new ChannelConv(3).outputShape([1, 4, 2, 1]), /input wants images of one pixel, got \[1,4,2,1\]/);
  assert.throws(
    () => new ScalePixels(new Conv2d(3, 3, { kernel: 1 })).outputShape([1, 3, 4, 4]), /the gate wants shape \[1,1,4,4\], got \[1,3,4,4\]/,
  );
  assert.throws(() => new ScaleElements(new Conv2d(3, 2, { kernel: 1 })).outputShape([1, 3, 4, 4]), /gate: input wants 3 channels, got 2/);
  assert.throws(() => new GatherExcite(4, { extent: 2 }).train().backward(Tensor.zeros([1, 4, 2, 2])), /backward wants a forward pass/);
});

test.run();
