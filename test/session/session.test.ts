/** Sessions give the eager engine's answers, for every operation, input size and wrong use. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { activation, activationNames } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Recalibrate, Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d, ConvTranspose2d } from "../../src/nn/layers/conv.ts";
import { lower } from "../../src/nn/lower.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { AdaptiveAveragePool2d, AveragePool2d, GlobalAveragePool, GlobalMaxPool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { ChannelShuffle, Identity } from "../../src/nn/layers/reshape.ts";
import { Upsample } from "../../src/nn/layers/upsample.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import { optimise } from "../../src/session/optimise/optimise.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";
import { loadWeights, saveWeights } from "../../src/weights/weights.ts";
import { agree } from "../support/compare.ts";
import { draw, stir } from "../support/random.ts";

class Only extends Composite {
  readonly only: Sequential;
  readonly body: Module;
  constructor(...modules: Module[]) {
    super();
    this.only = new Sequential(...modules);
    this.body = this.only;
  }
}

const depthwise = (channels: number): Conv2d => new Conv2d(channels, channels, { kernel: 3, padding: 1, groups: channels, bias: false });
const conv = (from: number, to: number): Conv2d => new Conv2d(from, to, { kernel: 3, padding: 1, bias: false });

const small: [string, () => Module, Shape][] = [
  ["convolution, normalisation, activation", () => new Only(conv(3, 5), new BatchNorm2d(5), activation("relu")), [2, 3, 7, 6]],
  ["normalisation with nothing to fold into", () => new Only(new BatchNorm2d(3), activation("hard_swish")), [2, 3, 7, 6]],
  [
    "convolution with bias and normalisation", () => new Only(new Conv2d(4, 6, { kernel: 3, groups: 2, stride: 2 }), new BatchNorm2d(6)),
    [1, 4, 9, 8],
  ],
  [
    "depthwise, dilated", () => new Only(new Conv2d(4, 4, { kernel: 3, groups: 4, dilation: 2, padding: 2 }), activation("relu6")),
    [2, 4, 7, 6],
  ],
  ["residual of a convolution and itself", () => new Only(new Residual(new Sequential(conv(3, 3), activation("relu")))), [2, 3, 5, 4]],
  ["residual of two convolutions", () => new Only(new Residual(conv(3, 4), conv(3, 4)), activation("silu")), [2, 3, 5, 4]],
  ["residual of nothing and nothing", () => new Only(new Residual(new Identity(), new Identity())), [2, 3, 5, 4]],
  [
    "SE after a 1x1 convolution",
    () => new Only(new Conv2d(3, 8, { kernel: 1 }), new BatchNorm2d(8), new SqueezeExcite(8, { reduction: 2 })), [2, 3, 5, 4],
  ],
  [
    "SE after a 3x3 convolution",
    () => new Only(conv(3, 8), new SqueezeExcite(8, { reduction: 2, gate: "hard_sigmoid" }), activation("relu")), [2, 3, 5, 4],
  ],
  [
    "SE before a depthwise convolution",
    () => new Only(
      conv(3, 8), activation("relu"), new SqueezeExcite(8, { reduction: 2 }), depthwise(8), new BatchNorm2d(8), activation("relu6"),
    ),
    [2, 3, 7, 6],
  ],
  [
    "SE before a depthwise convolution without bias",
    () => new Only(conv(3, 6), activation("relu"), new SqueezeExcite(6, { reduction: 2 }), depthwise(6)), [1, 3, 7, 6],
  ],
  [
    "SE before a depthwise convolution of one channel",
    () => new Only(conv(3, 1), activation("relu"), new SqueezeExcite(1, { reduction: 1 }), depthwise(1)), [1, 3, 7, 6],
  ],
  ["SE by maximum", () => new Only(new Conv2d(3, 8, { kernel: 1 }), new SqueezeExcite(8, { reduction: 2, squeeze: "max" })), [2, 3, 5, 4]],
  ["SE on the input, added to it", () => new Only(new Residual(new SqueezeExcite(4, { reduction: 2 }))), [3, 4, 5, 4]],
  ["a gate without layers", () => new Only(new Conv2d(3, 3, { kernel: 1 }), new Recalibrate(new GlobalAveragePool())), [2, 3, 5, 4]],
  [
    "concatenation, shuffle, upsampling",
    () => new Only(new Concatenate(conv(3, 2), new Identity(), conv(3, 1)), new ChannelShuffle(3), new Upsample(2)), [2, 3, 5, 4],
  ],
  [
    "bilinear, transposed convolution",
    () => new Only(new Upsample(2, "bilinear", true), new ConvTranspose2d(3, 2, { kernel: 3, stride: 2, outputPadding: 1 })), [1, 3, 4, 3],
  ],
  [
    "pools",
    () => new Only(
      new MaxPool2d({ kernel: 3, stride: 2, ceilMode: true }), new AveragePool2d({ kernel: 2, stride: 1 }),
      new AdaptiveAveragePool2d([3, 2]),
    ),
    [2, 3, 12, 13],
  ],
  ["a maximum", () => new Only(new GlobalMaxPool()), [2, 3, 5, 4]],
  ...activationNames.map((kind): [string, () => Module, Shape] => [kind, () => new Only(conv(2, 3), activation(kind)), [2, 2, 5, 4]]),
];

const families = ["plain", "wasm"] as const;

for (const kernels of families) {
  for (const [what, make, shape] of small) {
    test(`${kernels}: ${what}`, () => {
      const model = stir(make());
      agree(compileSync(model, { input: shape, kernels, numerics: "exact" }).run(draw(shape)), model.forward(draw(shape)), 1e-5, what);
    });
  }
}

const networks: [string, Record<string, unknown>, Shape][] = [
  ["se_resnet8", { width: 4, reduction: 2, inChannels: 2 }, [2, 2, 13, 12]],
  ...["pre", "post", "identity", "3x3"].map((position): [string, Record<string, unknown>, Shape] =>
    ["se_resnet8", { width: 4, reduction: 2, inChannels: 2, position }, [1, 2, 9, 9]]),
  ["seresnet18", { width: 8 }, [1, 3, 40, 33]],
  ["seresnet50", { width: 8, classes: 10 }, [1, 3, 40, 33]],
  ["legacy_seresnet18", { classes: 10 }, [1, 3, 33, 33]],
  ["se_mobilenet_v1", { width: 0.25, classes: 10 }, [1, 3, 40, 40]],
  ["mobilenet_v2", { width: 0.25, classes: 10 }, [1, 3, 40, 40]],
  ["mobilenet_v3_small", { width: 0.5, classes: 10 }, [2, 3, 40, 40]],
];

for (const kernels of families) {
  for (const [name, options, shape] of networks) {
    test(`${kernels}: ${name} ${JSON.stringify(options)}`, () => {
      const model = stir(createModel(name, options));
      agree(compileSync(model, { input: shape, kernels, numerics: "exact" }).run(draw(shape)), model.forward(draw(shape)), 1e-4, name);
    });
  }
}

const optimised = (name: string): Graph => optimise(lower(createModel(name, {}, null), [1, 3, 224, 224]));
const kinds = (graph: Graph): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { operation } of graph.nodes) counts[operation.kind] = (counts[operation.kind] ?? 0) + 1;
  return counts;
};

test("SE-ResNet-50: normalisation, SE's scale, residual and ReLU are all inside the convolutions", () => {
  // 53 convolutions of ResNet-50, and for each of 16 SE blocks the squeezed convolution and two fully connected layers.
  const graph = optimised("seresnet50");
  assert.equal(kinds(graph), { conv2d: 53 + 3 * 16, max_pool: 1, global_pool: 17, flatten: 1, linear: 1 });
  const gated = graph.nodes.filter(({ operation }) => operation.kind === "conv2d" && operation.epilogue?.gate === true);
  assert.is(gated.length, 16);
  // In the four blocks with a projection the residual is that projection's: it takes the sum, after the gated one.
  assert.is(graph.nodes.filter(({ operation }) => operation.kind === "conv2d" && operation.epilogue?.residual === true).length, 16);
  assert.ok(
    graph.nodes.every(
      ({ inputs }, i) => inputs.every((input) => graph.inputs.includes(input) || graph.nodes.slice(0, i).some((n) => n.output === input)),
    ),
  );
});

test("SE-MobileNet v1: the scale before a depthwise convolution is in its epilogue, unless it is observed", () => {
  const counts = kinds(optimised("se_mobilenet_v1"));
  assert.equal([counts.conv2d, counts.global_pool, counts.scale], [27 + 2 * 13, 14, 1]);
  const graph = lower(createModel("se_mobilenet_v1", {}, null), [1, 3, 224, 224]);
  const names = graph.nodes.filter(({ operation }) => operation.kind === "scale").map(({ output }) => output.name);
  const watched = optimise(graph, new Set([names[2]]));
  assert.is(kinds(watched).scale, 2);
  assert.ok(watched.nodes.some(({ output }) => output.name === names[2]));
});

test("MobileNetV3: the scale stays where an activation stands before the squeeze", () => {
  assert.equal(
    kinds(optimised("mobilenet_v3_large")), { conv2d: 46 + 2 * 8, global_pool: 9, scale: 8, flatten: 1, linear: 2, activation: 1 },
  );
});

for (const kernels of families) test(`${kernels}: one session, many shapes; each the eager answer`, () => {
  const model = stir(createModel("se_resnet8", { width: 4, reduction: 2 }));
  const session = compileSync(model, { input: [1, 3, 8, 8], kernels });
  for (const shape of [[1, 3, 8, 8], [3, 3, 8, 8], [1, 3, 11, 7], [2, 3, 16, 16], [1, 3, 9, 9], [1, 3, 8, 8], [3, 3, 8, 8]]) {
    agree(session.run(draw(shape)), model.forward(draw(shape)), 1e-5, shape.join());
  }
});

for (const kernels of families) test(`${kernels}: runs do not disturb each other, and outputs are copies`, () => {
  const model = stir(createModel("se_resnet8", { width: 4, reduction: 2 }));
  const session = compileSync(model, { input: [1, 3, 8, 8], kernels });
  const first = session.run(draw([1, 3, 8, 8], 1));
  const kept = Array.from(first.data);
  session.run(draw([1, 3, 8, 8], 2));
  assert.equal(Array.from(first.data), kept);
  assert.equal(Array.from(session.run(draw([1, 3, 8, 8], 1)).data), kept);
  const into = new Float32Array(10);
  assert.is(session.run(draw([1, 3, 8, 8], 1), { into }).data, into);
  assert.equal(Array.from(into), kept);
});

for (const kernels of families) test(`${kernels}: weights may come after compile, and a file's epsilon with them: the same bits`, () => {
  const trained = createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, 1);
  for (const module of trained.tree()) if (module instanceof BatchNorm2d) module.epsilon = 0.05;
  const file = saveWeights(trained);
  const x = draw([1, 3, 9, 8]);
  const [late, early] = [1, 2].map(() => createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, null));
  const session = compileSync(late, { input: x.shape, kernels });
  session.run(x);
  loadWeights(late, file);
  session.refresh();
  loadWeights(early, file);
  assert.equal(session.run(x).data, compileSync(early, { input: x.shape, kernels }).run(x).data);
  agree(session.run(x), trained.forward(x), 1e-5, "after refresh");
});

for (const kernels of families) test(`${kernels}: changed parameters count after refresh`, () => {
  const model = stir(createModel("se_resnet8", { width: 4, reduction: 2 }));
  const session = compileSync(model, { input: [1, 3, 8, 8], kernels });
  const x = draw([1, 3, 8, 8]);
  const before = session.run(x);
  stir(model, 99);
  assert.equal(session.run(x).data, before.data);
  session.refresh();
  agree(session.run(x), model.forward(x), 1e-5, "after refresh");
});

test("gates can be observed in a folded network, and are what the eager engine computes", () => {
  const model = stir(createModel("se_resnet8", { width: 8, reduction: 2 }));
  const gates = ["layer1.0.se.activation_2", "layer3.0.se.activation_2"];
  const session = compileSync(model, { input: [2, 3, 8, 8], observe: gates });
  const x = draw([2, 3, 8, 8]);
  session.run(x);
  let h = x;
  const net = model as unknown as Record<string, Module & { modules: Module[]; se: SqueezeExcite }>;
  for (const part of ["conv1", "bn1"]) h = net[part].forward(h);
  h = activation("relu").forward(h);
  const block = net.layer1.modules[0] as unknown as Record<string, Module> & { se: SqueezeExcite };
  for (const part of ["conv1", "bn1"]) h = block[part].forward(h);
  h = activation("relu").forward(h);
  for (const part of ["conv2", "bn2"]) h = block[part].forward(h);
  agree(session.observed(gates[0]), (block.se.body as Recalibrate).gate.forward(h), 1e-5, "gate");
  assert.equal(session.observed(gates[1]).shape, [2, 32, 1, 1]);
  assert.throws(() => session.observed("layer1.0.se.activation_3"), /is not observed \(did you mean "layer1\.0\.se\.activation_2"\?\)/);
});

test("wrong use is refused and the session still works", () => {
  const model = stir(createModel("se_resnet8", { width: 4, reduction: 2 }));
  const session = compileSync(model, { input: [1, 3, 8, 8] });
  const x = draw([1, 3, 8, 8]);
  const answer = Array.from(session.run(x).data);
  assert.throws(() => session.run(draw([1, 2, 8, 8])), /wants 3 channels, got 2/);
  assert.throws(() => session.run(Tensor.zeros([0, 3, 8, 8])), /at least one image/);
  assert.throws(() => session.run(x.toFloat64() as unknown as Tensor<Float32Array>), /x wants a Tensor of Float32Array/);
  assert.throws(() => session.run([1, 2] as unknown as Tensor<Float32Array>), /x wants a Tensor of Float32Array/);
  assert.throws(() => session.run(x, { into: new Float32Array(9) }), /into wants 10 elements for an output of shape \[1,10\], got 9/);
  assert.throws(() => compileSync(model, { input: [1, 3, 1e5, 1e5] }), /is more than this engine takes/);
  assert.throws(
    () => compileSync(model, { input: [1, 3, 8, 8], observe: ["layer1.0.se.activaton_2"] }),
    /no value of this model \(did you mean "layer1\.0\.se\.activation"|_2"/,
  );
  assert.equal(Array.from(session.run(x).data), answer);
  session.close();
  assert.throws(() => session.run(x), /session: it is closed/);
  assert.throws(() => session.plan, /session: it is closed/);
});

test("the plan prints, and memory is less than the eager engine's", () => {
  const model = createModel("seresnet18", { width: 8 }, null);
  assert.match(compileSync(model, { input: [1, 3, 64, 64], kernels: "plain" }).plan, /^conv2d +\[1,8,32,32\] +plain +activation\n/);
  const session = compileSync(model, { input: [1, 3, 64, 64], kernels: "wasm", numerics: "exact" });
  assert.match(session.plan, /^conv2d +\[1,8,32,32\] +f32_conv_\S+ +activation\n/);
  const eager = lower(createModel("seresnet18", { width: 8 }, null), [1, 3, 64, 64]).nodes.reduce(
    (sum, { output }) => sum + 4 * output.shape.reduce((a, b) => a * b, 1), 0,
  );
  assert.ok(session.arenaBytes < eager / 3, `${session.arenaBytes} of ${eager}`);
});

test.run();
