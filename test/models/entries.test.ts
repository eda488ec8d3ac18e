/** What families say of their networks: names, whose they are, usual images, published preprocessing and layouts. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { modelOfWeights, createModel, hasModel, modelNames, presets, usualInput, usualPreprocessing } from "../../models/index.ts";
import { renameWeights } from "../../src/io/weights/names.ts";
import { stateShapes } from "../../src/nn/state-dict.ts";
import { loadWeights, saveWeights } from "../../src/weights/weights.ts";
import { difference } from "../support/compare.ts";
import { draw, stir } from "../support/random.ts";
import { sessionError } from "./session-agreement.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";

test("a library's name may stand before a model's, where it has one of that name", () => {
  for (
    const [given, own] of [
      ["timm/seresnet50", "seresnet50"], ["torchvision/resnet18", "resnet18"], ["torchvision/mobilenet_v3_small", "mobilenet_v3_small"],
    ]
  ) {
    assert.ok(hasModel(given));
    assert.is(createModel(given, {}, null).identity?.model, own);
  }
  assert.throws(
    () => createModel("torchvision/seresnet50"),
    (e: Error) => e instanceof RangeError && e.message === 'unknown model "torchvision/seresnet50"; the name is of timm: say "seresnet50"',
  );
  assert.throws(() => createModel("timm/se_resnet20"), /the name is ours: say "se_resnet20"/);
  assert.throws(() => createModel("timm/seresnet5"), /unknown model "timm\/seresnet5".*seresnet50/);
  assert.throws(() => createModel("keras/resnet50"), /unknown model/);
  assert.not.ok(hasModel("torchvision/seresnet50"));
});

test("the image that a model is usually run at", () => {
  const input = (name: string, options = {}) => usualInput(createModel(name, options, null));
  assert.equal(input("seresnet18"), [1, 3, 224, 224]);
  assert.equal(input("se_resnet20", { inChannels: 1 }), [1, 1, 32, 32]);
  assert.equal(input("resnet110"), [1, 3, 32, 32]);
  assert.equal(input("mobilenet_v1", { smallImages: true }), [1, 3, 32, 32]);
  assert.equal(input("timm/mobilenetv3_small_100"), [1, 3, 224, 224]);
});

test("every model takes its usual image", () => {
  for (const name of modelNames) {
    const model = createModel(name, /vgg/.test(name) ? { units: 8 } : {}, null);
    assert.is(model.outputShape(usualInput(model))[0], 1, name);
  }
});

test("published preprocessing: the network's own, a library's, or ImageNet's", () => {
  assert.equal(usualPreprocessing("googlenet"), { ...presets.imagenet, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  assert.equal(usualPreprocessing("seresnet50"), presets["seresnet50.a1_in1k"]);
  assert.is(usualPreprocessing("legacy_seresnet18").interpolation, "bicubic");
  assert.is(usualPreprocessing("resnet50"), presets.imagenet);
  assert.is(usualPreprocessing("torchvision/resnet50"), presets.imagenet);
  assert.equal([usualPreprocessing("timm/resnet50").resize, usualPreprocessing("timm/resnet50").interpolation], [235, "bicubic"]);
});

test("timm's VGG: hidden layers kept as convolutions over the pooled image", () => {
  const model = createModel("vgg11_bn", { units: 16 }, null);
  const wanted = stateShapes(model);
  const names: Record<string, string> = { "classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc" };
  const file = new Map(Array.from(wanted, ([name, shape]): [string, Tensor] => {
    const [, layer, leaf] = /^(classifier\.\d)\.(weight|bias)$/.exec(name) ?? [];
    if (layer === undefined) return [name, Tensor.zeros(shape)];
    const kept = leaf === "bias" || layer === "classifier.6" ? shape : layer === "classifier.0" ? [16, 512, 7, 7] : [16, 16, 1, 1];
    return [`${names[layer]}.${leaf}`, Tensor.zeros(kept)];
  }));
  const { tensors, layout } = renameWeights(file, wanted, model.layouts());
  assert.is(layout, "timm VGG");
  assert.equal(new Map(Array.from(tensors, ([name, { shape }]) => [name, shape])), wanted);
});

test("timm/vgg: the same weights, another network for images larger than 224x224, in sessions too", () => {
  const options = { width: 2, units: 16, classes: 5, dropout: 0 };
  const [ours, theirs] = ["vgg11", "timm/vgg11"].map((name) => createModel(name, options, null));
  assert.equal([ours.identity?.model, theirs.identity?.model], ["vgg11", "timm/vgg11"]);
  stir(ours);
  loadWeights(theirs, saveWeights(ours));
  for (const [size, same] of [[64, true], [224, true], [256, false]] as const) {
    const x = draw([1, 3, size, size]);
    const off = difference(theirs.evaluate().forward(x).data, ours.evaluate().forward(x).data);
    assert.is(off < 1e-5, same, `${size}: off by ${off}`);
    for (const kernels of ["plain", "wasm"] as const) assert.ok(sessionError(theirs, x.shape, kernels) < 1e-3, `${kernels}, ${size}`);
  }
  assert.is(modelOfWeights(stateShapes(createModel("timm/vgg13_bn", {}, null))), "timm/vgg13_bn");
});

test("torchvision's GoogLeNet: the classifiers that are for training only are left out", () => {
  const model = createModel("googlenet", { width: 0.25 }, null);
  const wanted = stateShapes(model);
  const file = new Map(Array.from(wanted, ([name, shape]): [string, Tensor] => [name, Tensor.zeros(shape)]));
  for (const name of ["aux1.conv.conv.weight", "aux1.fc1.weight", "aux1.fc2.weight", "aux2.fc2.bias"]) file.set(name, Tensor.zeros([1]));
  const { tensors, layout } = renameWeights(file, wanted, model.layouts());
  assert.is(layout, "torchvision GoogLeNet");
  assert.equal([...tensors.keys()], [...wanted.keys()]);
});

test("a network is told from names and shapes by its family, or one that has the same", () => {
  for (const name of modelNames) {
    const shapes = stateShapes(createModel(name, {}, null));
    const told = modelOfWeights(shapes);
    assert.ok(told, name);
    // By other names it may be, and with linear layers as 1x1 convolutions.
    const sizes = (of: ReadonlyMap<string, Shape>): string[] => [...of.values()].map((shape) => shape.join("x").replace(/(x1)+$/, ""))
      .sort();
    if (told !== name) assert.equal(sizes(stateShapes(createModel(told, {}, null))), sizes(shapes), `${name} and ${told}`);
  }
});

test.run();
