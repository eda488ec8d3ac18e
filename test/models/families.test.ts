/** What holds for every family of networks, shown on small members: sessions agree with eager; wrong options and images are refused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import { loadWeights, saveWeights } from "../../src/weights/weights.ts";
import { compileSync } from "../../src/session/session.ts";
import { recipeTensor, recipeWeights } from "../fixtures/recipe.ts";
import { difference } from "../support/compare.ts";
import { smallNetworks, title, furtherNetworks } from "./small-networks.ts";

for (const network of [...smallNetworks, ...furtherNetworks]) {
  test(`${title(network)}: sessions give the eager answer`, () => {
    const { model, options, input } = network;
    const net = createModel(model, options, null);
    loadStateDict(net, recipeWeights(stateShapes(net)));
    const x = recipeTensor("input", input);
    const expected = net.forward(x);
    assert.equal(expected.shape, net.outputShape(input));
    for (const kernels of ["plain", "wasm"] as const) {
      const error = difference(compileSync(net, { input, kernels }).run(x).data, expected.data);
      assert.ok(error < 1e-5, `${kernels}: off by ${error.toExponential(1)}`);
    }
  });
}

/** The message of the RangeError that building, or asking for the output's shape, throws. */
function refusal(model: string, options: Record<string, unknown>, input: number[] = [1, 3, 64, 64]): string {
  try {
    createModel(model, options, null).outputShape(input);
  } catch (error) {
    assert.instance(error, RangeError);
    return (error as Error).message;
  }
  return "";
}

const refused: [string, Record<string, unknown>, number[] | undefined, string][] = [
  ["vgg16", {}, [1, 3, 31, 64], "vgg16: input wants images of at least 32x32, got 31x64"],
  ["se_vgg11_bn", { width: 8 }, undefined, "SqueezeExcite: reduction 16 leaves no hidden unit for 8 channels; it wants at most 8"],
  ["se_vgg16_bn", { placement: "block" }, undefined, 'se_vgg16_bn: option "placement" wants one of conv, stage, got "block"'],
  ["vgg16", { width: 0 }, undefined, 'vgg16: option "width" wants a whole number of at least 1, got 0'],
  ["seresnext50_32x4d", { width: 8 }, undefined,
    'seresnext50_32x4d: option "groupWidth" of 4 leaves no channel for a group at option "width" 8: their product wants at least 64'],
  [
    "senet154", { groupWidth: 1 }, undefined,
    'senet154: option "groups" wants a divisor of half the 64 channels of the 3x3 convolution, got 64',
  ],
  ["seresnext50_32x4d", { blocks: [1, 2, 3] }, undefined,
    'seresnext50_32x4d: option "blocks" wants a list of 4 whole numbers of at least 1, got [1,2,3]'],
  ["bn_inception", {}, [1, 3, 224, 225], "bn_inception: input wants images of a height and width divisible by 32, got 224x225"],
  ["se_googlenet", {}, [1, 3, 14, 15], "se_googlenet: input wants images of at least 15x15, got 14x15"],
  [
    "se_bn_inception", { reduction: 257 }, undefined,
    "SqueezeExcite: reduction 257 leaves no hidden unit for 256 channels; it wants at most 256",
  ],
  ["googlenet", { width: 0 }, undefined, 'googlenet: option "width" wants a number above 0, got 0'],
  ["legacy_senet154", { dropout: 1 }, undefined, 'legacy_senet154: option "dropout" wants a number from 0 to below 1, got 1'],
  ["densenet121", {}, [1, 3, 64, 28], "densenet121: input wants images of at least 29x29, got 64x28"],
  [
    "se_densenet121", { reduction: 300 }, undefined,
    "SqueezeExcite: reduction 300 leaves no hidden unit for 256 channels; it wants at most 256",
  ],
  [
    "se_densenet121", { placement: "layer" }, undefined,
    'se_densenet121: option "placement" wants one of block, transition, both, got "layer"',
  ],
  ["se_shufflenet_v1", { groups: 7 }, undefined,
    'se_shufflenet_v1: option "channels" wants multiples of four times the 7 groups in its stages, got 240'],
  ["shufflenet_v1", { channels: [24, 24, 48, 96] }, undefined,
    'shufflenet_v1: option "channels" wants each stage wider than the last by a multiple of the 3 groups, got 24 and 24'],
  ["ghostnetv2_100", {}, [1, 3, 32, 64], "ghostnetv2_100: input wants images of at least 33x33, got 32x64"],
  ["ese_vovnet19b_dw", {}, [1, 3, 64, 28], "ese_vovnet19b_dw: input wants images of at least 29x29, got 64x28"],
  ["seresnextaa101d_32x8d", {}, [1, 3, 75, 64],
    "seresnextaa101d_32x8d: input wants images of sides of which 8 divides a quarter, as of multiples of 32, got 75x64"],
  ["efficientnet_b0", { width: -1 }, undefined, 'efficientnet_b0: option "width" wants a number above 0, got -1'],
  ["tf_efficientnet_b0", { epsilon: 0 }, undefined, 'tf_efficientnet_b0: option "epsilon" wants a number above 0, got 0'],
  ["regnety_002", { groupWidth: 5 }, undefined,
    'regnety_002: option "widths" wants multiples of "groupWidth" 5, got 24'],
  ["mixnet_s", { depth: 0 }, undefined, 'mixnet_s: option "depth" wants a number above 0, got 0'],
  ["resnetrs50", { blocks: [3, 4] }, undefined, 'resnetrs50: option "blocks" wants a list of 4 whole numbers of at least 1, got [3,4]'],
  ["ir_se50", {}, [1, 3, 224, 224], 'ir_se50: input wants images of 112x112 (option "imageSize"), got 224x224'],
  ["ir_se50", { embedding: 0 }, undefined, 'ir_se50: option "embedding" wants a whole number of at least 1, got 0'],
  ["shufflenet_v2_x0_5", { channels: [24, 48, 97, 192, 1024] }, undefined,
    'shufflenet_v2_x0_5: option "channels" wants even numbers in its stages, got 97'],
  [
    "se_shufflenet_v2_x0_5", { reduction: 25 }, undefined,
    "SqueezeExcite: reduction 25 leaves no hidden unit for 24 channels; it wants at most 24",
  ],
];

for (const [model, options, input, message] of refused) {
  test(
    `${model} ${JSON.stringify(options)} ${input?.join("x") ?? ""}: ${message}`, () => assert.is(refusal(model, options, input), message),
  );
}

test("seresnextaa101d takes the sizes that timm's takes, and no other", () => {
  const options = { classes: 2, inChannels: 1, blocks: [1, 1, 1, 1], width: 4, groups: 1, groupWidth: 64, reduction: 2 };
  for (let side = 1; side <= 130; side++) {
    // By the sums that would not fit: timm's own answer, tried with timm 1.0.31.
    const maps = [Math.floor(Math.ceil(side / 2) / 2)];
    for (let i = 0; i < 3; i++) maps.push(Math.floor(maps[i] / 2));
    const fits = maps[3] > 0 && maps.slice(0, 3).every((map) => map % 2 === 0);
    assert.is(refusal("seresnextaa101d_32x8d", options, [1, 1, side, 96]) === "", fits, `${side}`);
  }
});

test("weights of the sibling with TensorFlow's padding are refused, with the name that fits", () => {
  const small = { width: 0.1, depth: 0.2, classes: 2 };
  const tf = saveWeights(createModel("tf_efficientnet_b0", small));
  const message = 'weights: the file is of tf_efficientnet_b0, which pads as TensorFlow does; efficientnet_b0 pads all sides alike: ' +
    'createModel("tf_efficientnet_b0") fits';
  assert.throws(() => loadWeights(createModel("timm/efficientnet_b0", small, null), tf), (e: Error) => e.message === message);
  assert.throws(() => loadWeights(createModel("tf_mobilenetv3_small_075", { width: 0.1, classes: 2 }, null),
    saveWeights(createModel("mobilenetv3_small_075", { width: 0.1, classes: 2 }))), /mobilenetv3_small_075, which pads all sides alike/);
  loadWeights(createModel("tf_efficientnet_b0", small, null), tf);
  loadWeights(createModel("efficientnet_b0", small, null), tf, { partial: true });
});

test("a forward pass and a session refuse an image that is too small", () => {
  const model = createModel("vgg11", { width: 1, units: 1 });
  const message = /^vgg11: input wants images of at least 32x32, got 16x16$/;
  assert.throws(() => model.forward(recipeTensor("input", [1, 3, 16, 16])), message);
  assert.throws(() => compileSync(model, { input: [1, 3, 16, 16] }), message);
});

test.run();
