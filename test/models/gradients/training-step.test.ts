/** Every parameter of every full-size model gets a finite gradient that is not all zero, in one training step on small images. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel, modelNames } from "../../../models/index.ts";
import { hasNoTwins } from "../small-networks.ts";
import { Random } from "../../../kernels/random.ts";
import type { Module } from "../../../src/nn/module.ts";
import { Tensor } from "../../../src/tensor.ts";
import type { Shape } from "../../../src/tensor.ts";

/** A prime, so that no two rows of a weight begin at the same place. */
const noise = new Float32Array(65_521);
const random = new Random(5);
for (let i = 0; i < noise.length; i++) noise[i] = random.normal();

/** Weights of variance 2 / fan-in, biases and gammas near 0 and 1, from a repeated piece: drawing 140 million numbers takes seconds. */
function fill(model: Module): void {
  for (const [name, { value }] of model.namedParameters()) {
    const fanIn = value.size / value.shape[0];
    const deviation = value.shape.length > 1 ? Math.sqrt(2 / fanIn) : 0.1;
    const mean = value.shape.length === 1 && name.endsWith("weight") ? 1 : 0;
    const piece = noise.map((x) => mean + deviation * x);
    for (let i = 0; i < value.size; i += piece.length) value.data.set(piece.subarray(0, value.size - i), i);
  }
}

function draw(shape: Shape): Tensor {
  const x = Tensor.zeros(shape);
  for (let i = 0; i < x.size; i++) x.data[i] = noise[i % noise.length];
  return x;
}

/** A network without SE has no parameter that its twin with SE has not. */
const withSe = new Set(modelNames.filter((name) => /(^|_)se/.test(name)).map((name) => name.replace(/(^|_)se_?/, "$1")));

/**
 * Of families whose twins without SE have no name, one or two each: deeper members are the same blocks in larger numbers. Their image is
 * one of which more than a pixel is left.
 */
const chosen = new Set([
  "efficientnet_b0", "tf_efficientnet_b0", "tf_efficientnetv2_b0", "test_efficientnet", "tinynet_e", "semnasnet_100", "mnasnet_small",
  "mixnet_s",
  "lcnet_050", "fbnetv3_b", "mobilenetv3_small_050", "tf_mobilenetv3_small_100", "hardcorenas_a", "regnety_002", "ghostnet_100",
  "ghostnetv2_100",
  "ese_vovnet19b_dw", "rexnet_100", "repvit_m0_9", "lraspp_mobilenet_v3_large", "resnetrs50", "ecaresnet26t", "seresnext26t_32x4d"]);

/** Of one family the deeper ones are the same blocks in larger numbers. */
const deeper = /(101|152|110|169)(_|$)|vgg1[39]|vgg16$/;

for (const name of modelNames.filter((each) => (hasNoTwins(each) ? chosen.has(each) : !withSe.has(each) && !deeper.test(each)))) {
  test(name, () => {
    // VGG's 120 million weights of linear layers are the same for all depths: one network has them all.
    const options = name.includes("vgg") && name !== "se_vgg16_bn" ? { units: 64 } : {};
    const model = createModel(name, options, null).train();
    fill(model);
    // 32 is the least that VGG and U-Net take.
    const side = hasNoTwins(name) ? 64 : 32;
    const y = model.forward(draw([2, 3, side, side]));
    model.backward(draw(y.shape));
    const wrong: string[] = [];
    for (const [path, { gradient: { data } }] of model.namedParameters()) {
      let sum = 0;
      for (let i = 0; i < data.length; i++) sum += Math.abs(data[i]);
      if (!(sum > 0 && sum < Infinity)) wrong.push(`${path}: absolute values sum to ${sum}`);
    }
    assert.equal(wrong, []);
  });
}

test.run();
