/** Int8 training: a session computes what the network of bytes will, bit by bit, learns, and leaves what does not learn as it is. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import type { Module } from "../../src/nn/module.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { saveQuantised, readQuantised } from "../../src/quantise/file.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { requantise } from "../../src/quantise/training.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import { compileTraining, compileTrainingSync } from "../../src/session/training/training-session.ts";
import { Tensor } from "../../src/tensor.ts";
import { bits } from "../support/compare.ts";
import { draw, draws, stir } from "../support/random.ts";

interface Network {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: readonly number[];
}

const resnet: Network = { model: "se_resnet8", options: { width: 8, reduction: 4, classes: 5 }, input: [3, 3, 17, 15] };

/** Gates and residuals in convolutions, the squeeze before them, gates before a bias, hard swish, tables, pools, parts of float32. */
const networks: readonly Network[] = [
  resnet,
  {
    model: "seresnext50_32x4d", options: { blocks: [1, 1, 1, 1], width: 4, groups: 2, groupWidth: 32, reduction: 4, classes: 5 },
    input: [2, 3, 33, 32],
  },
  {
    model: "se_mobilenet_v1", options: { width: 0.125, reduction: 4, classes: 5, smallImages: true, inChannels: 1 }, input: [2, 1, 28, 26],
  },
  { model: "mobilenet_v3_small", options: { width: 0.25, classes: 5 }, input: [2, 3, 33, 32] },
  { model: "efficientnet_b0", options: { width: 0.25, depth: 0.3, classes: 5 }, input: [2, 3, 33, 32] },
  { model: "se_densenet121", options: { blocks: [2, 2, 1, 1], width: 6, growth: 3, reduction: 2, classes: 5 }, input: [2, 3, 64, 64] },
  {
    model: "se_shufflenet_v2_x1_0", options: { blocks: [2, 2, 1], channels: [4, 8, 12, 20, 24], reduction: 2, classes: 5 },
    input: [2, 3, 33, 32],
  },
];

const made = ({ model, options }: Network): Module => stir(createModel(model, options, 1)).evaluate();
const single = ({ input: [, ...size] }: Network): number[] => [1, ...size];
const sgd = { method: "sgd", momentum: 0.5 } as const;

for (const network of networks) {
  test(`${network.model}: each step computes what the network of bytes does with the weights of then`, () => {
    const model = made(network);
    const { input } = network;
    const { network: int8 } = quantise(model, draws(single(network), 2), { reported: 0 });
    const before = new Map([...model.namedState()].map(([name, { value }]) => [name, bits(value).join()]));
    const session = compileTrainingSync(model, { input, optimiser: sgd, int8, threads: 1 });
    assert.not.match(session.kernels, /plain/);
    const labels = Int32Array.from({ length: input[0] }, (_, i) => (2 * i) % 5);
    for (let step = 0; step < 2; step++) {
      session.pull();
      const bytes = compileSync(requantise(model, int8), { input });
      const x = draw(input, 7 + step);
      session.trainStep(x, labels, 0.01);
      assert.equal(bits(session.logits), bits(bytes.run(x) as Tensor<Float32Array>), `step ${step}`);
      bytes.close();
    }
    session.pull();
    session.close();
    const moved = [...model.namedState()].filter(([name, { value }]) => bits(value).join() !== before.get(name)).map(([name]) => name);
    // All layers, and the biases behind them; not the statistics, nor gammas, which would be the layers' weights once more.
    const weights = [...before.keys()].filter((name) => name.endsWith(".weight") && model.namedState().get(name)!.value.shape.length > 1);
    // Random networks of many layers let little through to the first ones.
    const still = weights.filter((name) => !moved.includes(name));
    assert.ok(network === resnet ? still.length === 0 : still.length < weights.length, `${still} have not moved`);
    assert.ok(moved.some((name) => name.endsWith(".bias")) && moved.every((name) => !/running|bn\d?\.weight/.test(name)), moved.join());
  });
}

const along = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [product, left, right] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) [product, left, right] = [product + a[i] * b[i], left + a[i] ** 2, right + b[i] ** 2];
  return product / Math.sqrt(left * right);
};

test("gradients go along those of the network that does not round, and are as long", () => {
  // Of the MobileNet, whose depthwise layers have gates before biases, the last layers: what a random one lets through is noise.
  for (const [network, names, least] of [[resnet, /./, 0.95], [networks[2], /^(blocks\.12|fc)\b/, 0.99]] as const) {
    const model = made(network);
    const input = [24, ...network.input.slice(1)];
    for (const module of model.tree()) if (module instanceof BatchNorm2d) module.frozen = true;
    const { network: int8 } = quantise(model, draws(single(network), 12), { reported: 0 });
    const common = { input, optimiser: sgd, numerics: "exact", threads: 1 } as const;
    const sessions = [compileTrainingSync(model, { ...common, int8 }), compileTrainingSync(model.train(), common)];
    const labels = Int32Array.from({ length: input[0] }, (_, i) => (2 * i) % 5);
    for (const session of sessions) session.backward(draw(input, 5), labels);
    let compared = 0;
    for (const [name, { value }] of model.namedParameters()) {
      if (!names.test(name)) continue;
      // Gammas stay: with statistics that stay they would be weights once more.
      const [rounded, whole] = sessions.map((session) => {
        try {
          return session.gradient(name).data;
        } catch {
          return undefined;
        }
      });
      if (rounded === undefined || whole === undefined || value.size < 4) continue;
      compared++;
      const [cosine, ratio] = [along(rounded, whole), Math.hypot(...rounded) / Math.hypot(...whole)];
      assert.ok(cosine > least && Math.abs(ratio - 1) < 0.15, `${network.model} ${name}: cosine ${cosine}, length ${ratio}`);
    }
    assert.ok(compared >= 8, `${compared}`);
    for (const session of sessions) session.close();
  }
});

test("training lowers the loss of the network of bytes, the same bits on one thread and two, and the file has them", async () => {
  const x = draw(resnet.input, 3);
  const labels = Int32Array.of(0, 1, 2);
  const results = await Promise.all([1, 2].map(async (threads) => {
    const model = made(resnet);
    const { network: int8 } = quantise(model, draws(single(resnet), 2), { reported: 0 });
    const session = await compileTraining(model, { input: resnet.input, optimiser: { method: "adamw" }, int8, threads, average: 0.5 });
    const losses = Array.from({ length: 8 }, () => session.trainStep(x, labels, 0.01));
    assert.ok(losses[7] < 0.8 * losses[0], losses.join());
    session.pull({ average: true });
    session.close();
    const trained = requantise(model, int8);
    const read = readQuantised(made(resnet), saveQuantised(trained));
    const [own, file] = await Promise.all([trained, read].map(async (each) => {
      const run = await compile(each, { input: resnet.input });
      return bits(run.run(x) as Tensor<Float32Array>);
    }));
    assert.equal(own, file);
    return file;
  }));
  assert.equal(results[0], results[1]);
});

test("what was frozen stays; what makes no sense is refused", () => {
  const model = made(resnet);
  const { network: int8 } = quantise(model, draws(single(resnet), 1), { reported: 0 });
  const { input } = resnet;
  const before = bits(model.namedParameters().get("conv1.weight")!.value).join();
  model.namedParameters().get("conv1.weight")!.frozen = true;
  const session = compileTrainingSync(model, { input, optimiser: sgd, int8, frozen: ["layer1"], threads: 1 });
  assert.throws(() => session.gradient("layer1.0.conv1.weight"), /is frozen/);
  assert.throws(() => session.gradient("conv1.weight"), /is frozen/);
  session.trainStep(draw(input), Int32Array.of(0, 1, 2), 0.1);
  session.pull();
  assert.is(bits(model.namedParameters().get("conv1.weight")!.value).join(), before);
  session.close();
  const other = createModel("mobilenet_v3_small", { width: 0.25, classes: 5 }, 1);
  const options = { input, optimiser: sgd, threads: 1 } as const;
  assert.throws(() => compileTrainingSync(other, { ...options, int8 }), /ranges are of another network: mobilenet_v3_small.* has no layer/);
  assert.throws(() => compileTrainingSync(model, { ...options, int8, numerics: "fast" }), /int8 training is exact.*got fast/);
  const read = readQuantised(model, saveQuantised(int8));
  assert.throws(() => compileTrainingSync(model, { ...options, int8: read }), /int8 wants the network that quantise made of this model/);
  assert.throws(() => compileTrainingSync(model, { ...options, int8: 3 as never }), /int8 wants the network that quantise made.*got 3/);
  assert.throws(() => requantise(other, int8), /the ranges are of another network/);
});

test.run();
