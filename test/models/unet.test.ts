/** U-Net and SE-U-Net: counts, names, gradients, sessions, and images of every size that the poolings divide. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../kernels/reference/index.ts";
import { createModel } from "../../models/index.ts";
import { attentionNames } from "../../models/se-options.ts";
import { Attention } from "../../src/nn/attention/attention.ts";
import { stateShapes } from "../../src/nn/state-dict.ts";
import { summarise } from "../../src/nn/summary.ts";
import { crossEntropy } from "../../src/train/loss.ts";
import { checkAlong, checkNetwork } from "./gradients/network-gradients.ts";
import { draw, stir } from "../support/random.ts";
import { sessionError } from "./session-agreement.ts";
import { smooth } from "./gradients/smooth.ts";

test("31,037,633 parameters with one class, as the well-known padded U-Net; SE adds what its formula says", () => {
  assert.is(createModel("unet", { classes: 1 }, null).parameterCount(), 31_037_633);
  // Nine blocks; hidden half the channels: C^2 / 2 twice, C / 2 and C biases.
  const channels = [64, 128, 256, 512, 1024, 512, 256, 128, 64];
  const added = channels.reduce((sum, c) => sum + c * c + c / 2 + c, 0);
  assert.is(createModel("se_unet", { classes: 1 }, null).parameterCount(), 31_037_633 + added);
  const s = summarise(createModel("se_unet", {}, null), [1, 3, 256, 256]);
  assert.is(s.seParameters, added);
  assert.is(s.macs, summarise(createModel("unet", {}, null), [1, 3, 256, 256]).macs);
  assert.equal(s.output, [1, 2, 256, 256]);
});

test("SE stands after every block of encoder and decoder", () => {
  for (const kind of attentionNames.filter((name) => name !== "none")) {
    const paths = [...createModel("unet", { width: 16, attention: kind }, null).namedModules()].flatMap(
      ([path, m]) => (m instanceof Attention && path.endsWith(".se") ? [path] : []),
    );
    const wanted = [0, 1, 2, 3, 4].map((i) => `encoder.${i}.se`).concat([0, 1, 2, 3].map((i) => `decoder.${i}.se`));
    assert.equal(paths, wanted, kind);
  }
});

test("what SE puts out feeds the skip", () => {
  // Closed gates of the first encoder block: nothing of the picture is left for the decoder, by either way.
  const model = stir(createModel("se_unet", { width: 2, depth: 1, inChannels: 1 }));
  const gate = model.namedParameters().get("encoder.0.se.fc2.bias")!;
  gate.value.data.fill(-200);
  const [a, b] = [1, 2].map((seed) => Array.from(model.forward(draw([1, 1, 4, 4], seed)).data));
  assert.equal(a, b);
  gate.value.data.fill(0);
  assert.not.equal(Array.from(model.forward(draw([1, 1, 4, 4], 1)).data), a);
});

test("names and shapes", () => {
  const shapes = stateShapes(createModel("se_unet", { depth: 1, width: 4, classes: 3 }, null));
  const weights = [...shapes].filter(([name]) => /weight$/.test(name) && !name.includes(".bn")).map(([name, shape]) => `${name} ${shape}`);
  assert.equal(weights, [
    "encoder.0.conv1.weight 4,3,3,3", "encoder.0.conv2.weight 4,4,3,3", "encoder.0.se.fc1.weight 2,4,1,1",
    "encoder.0.se.fc2.weight 4,2,1,1",
    "encoder.1.conv1.weight 8,4,3,3", "encoder.1.conv2.weight 8,8,3,3", "encoder.1.se.fc1.weight 4,8,1,1",
    "encoder.1.se.fc2.weight 8,4,1,1",
    "up.0.weight 8,4,2,2", "decoder.0.conv1.weight 4,8,3,3", "decoder.0.conv2.weight 4,4,3,3", "decoder.0.se.fc1.weight 2,4,1,1",
    "decoder.0.se.fc2.weight 4,2,1,1", "head.weight 3,4,1,1",
  ]);
});

const small = { width: 2, classes: 3, inChannels: 2 };

for (const [name, options] of [["se_unet", {}], ["unet", {}], ["se_unet", { attention: "scse" }]] as const) {
  test(`${name} ${JSON.stringify(options)}: gradients`, () => {
    assert.equal(checkNetwork(createModel(name, { ...small, depth: 2, ...options }).use(reference), [2, 2, 8, 12], { most: 2 }), []);
  });
  test(`${name} ${JSON.stringify(options)}, all levels: gradients`, () => {
    assert.equal(checkAlong(createModel(name, { ...small, ...options }).use(smooth), [2, 2, 16, 16]), []);
  });
  for (const kernels of ["plain", "wasm"] as const) {
    test(`${kernels} ${name} ${JSON.stringify(options)}: sessions give the eager answer`, () => {
      for (const input of [[1, 2, 16, 16], [2, 2, 48, 32]]) {
        const error = sessionError(stir(createModel(name, { ...small, width: 4, ...options })), input, kernels);
        assert.ok(error < 1e-4, `${input}: off by ${error}`);
      }
    });
  }
}

test("every parameter of the full-size network gets a finite gradient in one step", () => {
  const model = createModel("se_unet", { classes: 4 }).train();
  const logits = model.forward(draw([2, 3, 16, 32]));
  assert.equal(logits.shape, [2, 4, 16, 32]);
  model.backward(crossEntropy(model.kernels, logits, Int32Array.from({ length: 2 * 16 * 32 }, (_, i) => (i >> 4) % 4)).gradient());
  for (const [name, parameter] of model.namedParameters()) {
    assert.ok(parameter.gradient.data.every(Number.isFinite), name);
    assert.ok(parameter.gradient.data.some((value) => value !== 0), `${name}: nothing arrived`);
  }
});

test("wrong images and options are refused", () => {
  const shape = (name: string, options: object, input: number[]) => () => createModel(name, { ...options }, null).outputShape(input);
  assert.equal(shape("se_unet", {}, [1, 3, 160, 16])(), [1, 2, 160, 16]);
  assert.equal(shape("unet", { depth: 2 }, [1, 3, 12, 20])(), [1, 2, 12, 20]);
  assert.throws(shape("se_unet", {}, [1, 3, 40, 32]), /^se_unet: input wants images of a height and width divisible by 16, got 40x32$/);
  assert.throws(shape("unet", { depth: 5 }, [1, 3, 48, 64]), /divisible by 32, got 48x64$/);
  assert.throws(shape("unet", { depth: 0 }, [1, 3, 48, 64]), /^unet: option "depth" wants a whole number from 1 to 8, got 0$/);
  assert.throws(shape("se_unet", { width: 1, reduction: 4 }, [1, 3, 16, 16]), /reduction 4 leaves no hidden unit for 1 channels/);
  assert.throws(() => createModel("unet", { width: 2 }).forward(draw([1, 3, 17, 16])), /divisible by 16, got 17x16/);
});

test.run();
