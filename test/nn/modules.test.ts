/** The module system: names, modes, saving and loading, and the errors of wrong use. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { createModel } from "../../models/index.ts";
import { ReLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Upsample } from "../../src/nn/layers/upsample.ts";
import { SqueezeExcite, hiddenWidth, makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import { loadStateDict, stateDict } from "../../src/nn/state-dict.ts";
import { Tensor } from "../../src/tensor.ts";
import { checkNetwork } from "../models/gradients/network-gradients.ts";

class Tiny extends Composite {
  readonly conv1: Conv2d;
  readonly seModule: SqueezeExcite;
  readonly downsample: Sequential;
  readonly body: Module;

  constructor() {
    super();
    this.conv1 = new Conv2d(2, 4, { kernel: 3, padding: 1 });
    this.seModule = new SqueezeExcite(4, { reduction: 2 });
    this.downsample = new Sequential(new Conv2d(2, 4, { kernel: 1, bias: false }), new BatchNorm2d(4));
    this.body = new Residual(new Sequential(this.conv1, this.seModule), this.downsample);
  }
}

const image = Tensor.of(Array.from({ length: 2 * 2 * 5 * 4 }, (_, i) => ((i * 29) % 17) / 17 - 0.4), [2, 2, 5, 4]);

test("state dict: names are paths of fields, in their order; the body is no name", () => {
  assert.equal([...new Tiny().namedState().keys()], [
    "conv1.weight", "conv1.bias", "se_module.fc1.weight", "se_module.fc1.bias", "se_module.fc2.weight", "se_module.fc2.bias",
    "downsample.0.weight", "downsample.1.weight", "downsample.1.bias", "downsample.1.running_mean", "downsample.1.running_var",
  ]);
});

test("a module prints itself as a table", () => {
  const lines = String(new Tiny()).split("\n");
  assert.is(lines.length, 8);
  assert.match(lines[0], /^\(model\) +Tiny +114$/);
  assert.match(lines[2], /^se_module +SqueezeExcite 4, hidden 2 +22$/);
});

test("state goes out and in; another model of the same shape then gives the same bits", () => {
  const [a, b] = [new Tiny().initialise(new Random(1)), new Tiny().initialise(new Random(2))];
  assert.not.equal(Array.from(a.forward(image).data), Array.from(b.forward(image).data));
  loadStateDict(b, stateDict(a));
  assert.equal(Array.from(a.forward(image).data), Array.from(b.forward(image).data));
});

test("a state dict that does not fit is refused whole, with every name", () => {
  const model = new Tiny().initialise(new Random(1));
  const before = stateDict(model);
  const state = stateDict(new Tiny().initialise(new Random(2)));
  state.delete("conv1.bias");
  state.set("fc.weight", Tensor.zeros([1]));
  state.set("downsample.1.bias", Tensor.zeros([5]));
  assert.throws(
    () => loadStateDict(model, state),
    /1 missing: conv1\.bias; 1 unexpected: fc\.weight; 1 misshapen: downsample\.1\.bias \[5\], wanted \[4\]/,
  );
  for (const [name, value] of stateDict(model)) assert.equal(value.data, before.get(name)!.data, `${name} must not change`);
  const report = loadStateDict(model, state, { partial: true });
  assert.equal(report.missing, ["conv1.bias"]);
  assert.equal(model.conv1.weight.value.data, state.get("conv1.weight")!.data);
  assert.throws(() => loadStateDict(model, new Map([["other", Tensor.zeros([1])]]), { partial: true }), /no tensor has a name and shape/);
});

test("backward wants a forward pass in training mode, once", () => {
  const model = new Sequential(new Conv2d(2, 3, { kernel: 1 }), new ReLU());
  const dy = Tensor.zeros([2, 3, 5, 4]);
  assert.throws(() => model.backward(dy), /ReLU: backward wants a forward pass in training mode/);
  model.forward(image);
  assert.throws(() => model.backward(dy), /backward wants a forward pass in training mode/, "evaluation keeps nothing");
  model.train();
  model.forward(image);
  assert.equal(model.backward(dy).shape, image.shape);
  assert.throws(() => model.backward(dy), /backward wants a forward pass/, "what was kept is used up");
  model.forward(image);
  assert.throws(() => model.backward(image), /backward wants a gradient of shape \[2,3,5,4\], got \[2,2,5,4\]/);
});

test("one module in two places is an error", () => {
  const conv = new Conv2d(2, 2, { kernel: 1 });
  assert.throws(() => new Sequential(conv, conv), /this Conv2d 2->2, 1x1 already stands in a model/);
  const relu = new ReLU();
  const first = new Sequential(relu);
  assert.ok(first);
  assert.throws(() => new Residual(relu), /already stands in a model/);
  assert.throws(() => new Sequential({} as Module), /Sequential: wants modules, got Object/);
});

test("gradients accumulate over passes until they are cleared", () => {
  const model = new Tiny().initialise(new Random(3)).train();
  const dy = Tensor.of(new Float32Array(160).fill(0.5), [2, 4, 5, 4]);
  model.forward(image);
  model.backward(dy);
  const once = model.conv1.weight.gradient.clone();
  model.forward(image);
  model.backward(dy);
  const twice = model.conv1.weight.gradient;
  for (let i = 0; i < once.size; i++) assert.ok(Math.abs(twice.data[i] - 2 * once.data[i]) < 1e-4 * Math.max(1, Math.abs(once.data[i])));
  model.clearGradients();
  assert.ok(model.conv1.weight.gradient.data.every((g: number) => g === 0));
});

test("frozen parameters get no gradient, frozen statistics do not move", () => {
  const model = new Tiny().initialise(new Random(3)).train();
  const norm = model.downsample.modules[1] as BatchNorm2d;
  norm.frozen = true;
  norm.weight.frozen = true;
  model.conv1.weight.frozen = true;
  model.forward(image);
  model.backward(Tensor.of(new Float32Array(160).fill(1), [2, 4, 5, 4]));
  assert.not(model.conv1.weight.hasGradient);
  assert.not(norm.weight.hasGradient);
  assert.ok(norm.bias.gradient.data.some((g: number) => g !== 0));
  assert.ok(norm.runningMean.value.data.every((m: number) => m === 0));
});

test("equal seeds give equal weights, others other ones", () => {
  const weights = (seed: number): number[] => Array.from(
    createModel("se_resnet8", {}, seed).namedState().get("layer2.0.se.fc1.weight")!.value.data,
  );
  assert.equal(weights(5), weights(5));
  assert.not.equal(weights(5), weights(6));
});

test("starting values: Kaiming by fan-out for convolutions, gamma zero at the end of branches where asked", () => {
  const conv = new Conv2d(64, 128, { kernel: 3 }).initialise(new Random(1)) as Conv2d;
  const data = Array.from(conv.weight.value.data);
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  const deviation = Math.sqrt(data.reduce((a, b) => a + (b - mean) * (b - mean), 0) / data.length);
  assert.ok(Math.abs(deviation / Math.sqrt(2 / (128 * 9)) - 1) < 0.01);
  const gamma = (zeroInit: boolean): number => createModel("seresnet18", { zeroInit, width: 8 }, 1).namedState()
    .get("layer1.0.bn2.weight")!.value.data[0];
  assert.is(gamma(true), 0);
  assert.is(gamma(false), 1);
});

test("precision must be one", () => {
  const model = new Tiny().cast("float64");
  assert.throws(() => model.forward(image), /input is float32 but the parameters are float64; model\.cast\("float32"\)/);
  assert.instance(model.forward(image.toFloat64()).data, Float64Array);
  assert.instance(model.cast("float32").forward(image).data, Float32Array);
});

test("dropout: nothing in evaluation, about its share in training, the same mask in both passes", () => {
  const dropout = new Dropout(0.25);
  const ones = Tensor.of(new Float32Array(4000).fill(1), [1, 4000]);
  assert.is(dropout.forward(ones), ones);
  dropout.train();
  const y = dropout.forward(ones);
  const dropped = y.data.filter((v) => v === 0).length;
  assert.ok(dropped > 900 && dropped < 1100);
  assert.ok(y.data.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6));
  assert.equal(dropout.backward(ones).data, y.data);
  assert.throws(() => new Dropout(1), /probability wants a number from 0 to below 1, got 1/);
});

test("concatenation and upsampling: shapes and gradients", () => {
  const model = new Sequential(
    new Concatenate(new Conv2d(2, 3, { kernel: 1 }), new Sequential(new Conv2d(2, 2, { kernel: 3, padding: 1 }), new ReLU())),
    new Upsample(2, "bilinear"));
  assert.equal(model.outputShape([2, 2, 5, 4]), [2, 5, 10, 8]);
  assert.equal(checkNetwork(model, [2, 2, 5, 4], { most: 100 }), []);
  const uneven = new Concatenate(new Conv2d(2, 3, { kernel: 1 }), new Conv2d(2, 3, { kernel: 3 }));
  assert.throws(() => uneven.forward(image), /branches want equal batch and image sizes, got \[2,3,5,4\] and \[2,3,3,2\]/);
});

test("shapes that do not fit are refused with the layer's name", () => {
  assert.throws(() => new Linear(3, 2).forward(image), /Linear 3->2: input wants \[batch,3\], got \[2,2,5,4\]/);
  assert.throws(
    () => new Residual(new Conv2d(2, 3, { kernel: 1 })).outputShape([1, 2, 4, 4]), /the branch gives \[1,3,4,4\], the shortcut \[1,2,4,4\]/,
  );
  assert.throws(() => new Conv2d(6, 4, { kernel: 1, groups: 4 }), /groups wants a divisor of 6 input and 4 output channels, got 4/);
  assert.throws(() => new BatchNorm2d(2).train().forward(Tensor.zeros([1, 2, 1, 1])), /training wants more than one value per channel/);
  assert.throws(() => new GlobalAveragePool().forward(Tensor.zeros([2, 2])), /wants \[batch,channels,height,width\]/);
});

test("SE's hidden width by both published rules", () => {
  const rows = [
    [16, 1, 8], [64, 4, 8], [96, 6, 8], [192, 12, 16], [320, 20, 24], [576, 36, 40], [608, 38, 40], [1056, 66, 64], [2048, 128, 128],
  ];
  for (const [channels, floor, divisible] of rows) {
    assert.is(hiddenWidth(channels, { rounding: "floor" }), floor);
    assert.is(hiddenWidth(channels, { rounding: "divisible" }), divisible);
  }
  assert.is(hiddenWidth(64, { hidden: 5 }), 5);
  assert.equal([16, 72, 120, 480, 672, 960].map((c) => makeDivisible(Math.floor(c / 4))), [8, 24, 32, 120, 168, 240]);
  assert.throws(() => hiddenWidth(8, {}), /reduction 16 leaves no hidden unit for 8 channels/);
});

test.run();
