/** Published layouts of names: every tensor lands under the model's name, other graphs are refused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { modelOfWeights, createModel } from "../../../models/index.ts";
import { renameWeights as rename } from "../../../src/io/weights/names.ts";
import type { RenamedWeights } from "../../../src/io/weights/names.ts";
import { Tensor } from "../../../src/tensor.ts";
import type { Shape } from "../../../src/tensor.ts";
import { manifest, manifestNames } from "../../fixtures/manifests.ts";

function blank(shapes: Iterable<readonly [string, Shape]>): Map<string, Tensor> {
  return new Map(Array.from(shapes, ([name, shape]) => [name, Tensor.zeros(shape)]));
}

/** What the families know of published layouts, by the tensors that a network of theirs wants. */
function renameWeights(file: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Shape>): RenamedWeights {
  const family = wanted.has("features.1.block.0.0.weight") ? "mobilenet_v3_small"
    : wanted.has("features.0.0.weight") ? "mobilenet_v2" : wanted.has("layer0.conv1.weight") ? "legacy_seresnet18" : "seresnet18";
  return rename(file, wanted, createModel(family, {}, null).layouts());
}

/** The i-th tensor of `file` must be the i-th of `wanted`, in the wanted shape, over the same data. */
function lands(file: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Shape>, renamed: ReadonlyMap<string, Tensor>): void {
  assert.is(file.size, wanted.size);
  assert.is(renamed.size, wanted.size);
  const sources = [...file.values()];
  [...wanted].forEach(([name, shape], i) => {
    assert.equal(renamed.get(name)?.shape, shape, name);
    assert.ok(renamed.get(name)!.data === sources[i].data, name);
  });
}

test("native names stay, batch counters go", () => {
  for (const name of ["timm/seresnet18", "timm/legacy_seresnet18", "torchvision/mobilenet_v2", "torchvision/mobilenet_v3_small"]) {
    const wanted = manifest(name);
    const file = blank(wanted);
    const withCounters = blank(manifest(name, true));
    assert.ok(withCounters.size > file.size);
    const result = renameWeights(file, wanted);
    assert.equal([result.layout, result.prefix, result.epsilon], ["native", "", undefined], name);
    lands(file, wanted, result.tensors);
    assert.is(renameWeights(withCounters, wanted).tensors.size, wanted.size, name);
  }
});

test("timm's MobileNetV3 in torchvision's names, with the epsilon it was trained with", () => {
  for (const [timm, torchvision] of [
    ["timm/mobilenetv3_large_100", "torchvision/mobilenet_v3_large"],
    ["timm/mobilenetv3_small_100", "torchvision/mobilenet_v3_small"],
  ]) {
    const wanted = manifest(torchvision);
    const file = blank(manifest(timm));
    const result = renameWeights(file, wanted);
    assert.equal([result.layout, result.epsilon], ["timm MobileNetV3", 1e-5]);
    lands(file, wanted, result.tensors);
  }
});

/** timm's mobilenetv2_100: the stages of the paper's table 2 (arXiv 1801.04381) in timm's names, in torchvision's order. */
function timmMobilenetV2(): [string, Shape][] {
  const tensors: [string, Shape][] = [];
  const conv = (name: string, norm: string, shape: Shape): void => {
    tensors.push([`${name}.weight`, shape]);
    for (const leaf of ["weight", "bias", "running_mean", "running_var"]) tensors.push([`${norm}.${leaf}`, [shape[0]]]);
  };
  conv("conv_stem", "bn1", [32, 3, 3, 3]);
  let from = 32;
  [[1, 16, 1], [6, 24, 2], [6, 32, 3], [6, 64, 4], [6, 96, 3], [6, 160, 3], [6, 320, 1]].forEach(([expansion, to, repeats], stage) => {
    for (let i = 0; i < repeats; i++) {
      const block = `blocks.${stage}.${i}`;
      const wide = from * expansion;
      if (expansion > 1) conv(`${block}.conv_pw`, `${block}.bn1`, [wide, from, 1, 1]);
      conv(`${block}.conv_dw`, `${block}.${expansion > 1 ? "bn2" : "bn1"}`, [wide, 1, 3, 3]);
      conv(`${block}.${expansion > 1 ? "conv_pwl" : "conv_pw"}`, `${block}.${expansion > 1 ? "bn3" : "bn2"}`, [to, wide, 1, 1]);
      from = to;
    }
  });
  conv("conv_head", "bn2", [1280, 320, 1, 1]);
  tensors.push(["classifier.weight", [1000, 1280]], ["classifier.bias", [1000]]);
  return tensors;
}

test("timm's MobileNetV2 in torchvision's names", () => {
  const wanted = manifest("torchvision/mobilenet_v2");
  const file = blank(timmMobilenetV2());
  const result = renameWeights(file, wanted);
  assert.equal([result.layout, result.epsilon], ["timm MobileNetV2", undefined]);
  lands(file, wanted, result.tensors);
});

test("moskomule's SE: linear layers become 1x1 convolutions, absent biases zeros", () => {
  const wanted = new Map([...manifest("timm/seresnet18")].filter(([name]) => !/^layer[34]/.test(name)));
  const file = new Map<string, Tensor>();
  for (const [name, shape] of wanted) {
    const se = /^(.*\.se\.)fc([12])\.(weight|bias)$/.exec(name);
    if (se === null) file.set(name, Tensor.zeros(shape));
    else if (se[3] === "weight") file.set(`${se[1]}fc.${se[2] === "1" ? 0 : 2}.weight`, Tensor.zeros(shape.slice(0, 2)));
  }
  file.set("layer1.0.se.fc.0.bias", Tensor.of([1, 2, 3, 4, 5, 6, 7, 8], [8]));
  const { tensors, layout } = renameWeights(file, wanted);
  assert.is(layout, "moskomule SE-ResNet");
  assert.equal([...tensors.keys()].sort(), [...wanted.keys()].sort());
  for (const [name, shape] of wanted) assert.equal(tensors.get(name)!.shape, shape, name);
  assert.ok(tensors.get("layer2.1.se.fc2.weight")!.data === file.get("layer2.1.se.fc.2.weight")!.data);
  assert.equal([...tensors.get("layer1.0.se.fc1.bias")!.data], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.ok(tensors.get("layer1.0.se.fc2.bias")!.data.every((x) => x === 0));
});

test("Cadene's plain ResNets call fc last_linear", () => {
  const wanted: Map<string, Shape> = new Map([["conv1.weight", [2, 3, 1, 1]], ["fc.weight", [5, 2]], ["fc.bias", [5]]]);
  const file = blank([["conv1.weight", [2, 3, 1, 1]], ["last_linear.weight", [5, 2]], ["last_linear.bias", [5]]]);
  const result = renameWeights(file, wanted);
  assert.is(result.layout, "Cadene ResNet");
  lands(file, wanted, result.tensors);
});

test("linear and 1x1 convolution shapes stand for each other, others do not", () => {
  const wanted: Map<string, Shape> = new Map([["a", [4, 8, 1, 1]], ["b", [4, 8]], ["c", [4, 8]], ["d", [1]], ["e", [0, 1]]]);
  const file = blank([["a", [4, 8]], ["b", [4, 8, 1, 1]], ["c", [8, 4]], ["d", []], ["e", [0]], ["extra", [3, 1]]]);
  const { tensors } = renameWeights(file, wanted);
  assert.equal(
    Array.from(tensors, ([name, { shape }]) => `${name}:${shape.join("x")}`), ["a:4x8x1x1", "b:4x8", "c:8x4", "d:1", "e:0", "extra:3x1"],
  );
});

test("prefixes of wrappers are taken off, several too, but not from a model that has them itself", () => {
  const wanted: Map<string, Shape> = new Map([["conv1.weight", [1]], ["fc.weight", [2]]]);
  const under = (prefix: string): Map<string, Tensor> => blank(Array.from(wanted, ([name, shape]) => [prefix + name, shape]));
  for (const prefix of ["module.", "model.", "state_dict.", "_orig_mod.", "model.module.", "module.module."]) {
    const file = under(prefix);
    const result = renameWeights(file, wanted);
    assert.is(result.prefix, prefix);
    lands(file, wanted, result.tensors);
  }
  const mixed = under("module.").set("other", Tensor.zeros([1]));
  assert.equal([...renameWeights(mixed, wanted).tensors.keys()], ["module.conv1.weight", "module.fc.weight", "other"]);
  const own: Map<string, Shape> = new Map([["model.conv1.weight", [1]]]);
  assert.equal([...renameWeights(blank(own), own).tensors.keys()], ["model.conv1.weight"]);
  assert.is(renameWeights(new Map(), wanted).tensors.size, 0);
  const timm = Array.from(manifest("timm/mobilenetv3_small_100"), ([name, shape]): [string, Shape] => [`module.${name}`, shape]);
  assert.is(renameWeights(blank(timm), manifest("torchvision/mobilenet_v3_small")).layout, "timm MobileNetV3");
});

const refuses = (file: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Shape>, pattern: RegExp): void =>
  assert.throws(() => renameWeights(file, wanted), (e: unknown) => e instanceof RangeError && pattern.test(e.message), String(pattern));

test("Cadene's graph and timm's are not loaded into each other; the message names the model", () => {
  const legacy = blank(manifest("timm/legacy_seresnet18"));
  refuses(legacy, manifest("timm/seresnet18"), /Cadene's names.* stride in the first convolution.*load it into legacy_seresnet18$/);
  refuses(legacy, manifest("timm/resnet50"), /load it into legacy_seresnet18$/);
  refuses(
    blank(manifest("timm/seresnet18")), manifest("timm/legacy_seresnet18"), /timm's names.* stride in the 3x3.*load it into seresnet18$/,
  );
  refuses(blank(manifest("timm/legacy_seresnet50")), manifest("timm/seresnet50"), /load it into legacy_seresnet50$/);
  legacy.delete("layer3.1.conv1.weight");
  refuses(legacy, manifest("timm/seresnet18"), /load it into the legacy_ model of that depth$/);
});

test("two tensors that would get one name are refused", () => {
  const wanted: Map<string, Shape> = new Map([["layer1.0.se.fc1.weight", [1, 1, 1, 1]]]);
  const file = blank([["layer1.0.se.fc.0.weight", [1, 1]], ["layer1.0.se.fc1.weight", [1, 1]]]);
  refuses(file, wanted, /two tensors of the file are named "layer1\.0\.se\.fc1\.weight" in moskomule/);
});

test("weights of another family keep their names, for strict loading to report", () => {
  const { tensors, layout } = renameWeights(blank(manifest("torchvision/mobilenet_v3_small")), manifest("timm/seresnet18"));
  assert.is(layout, "native");
  assert.ok(tensors.has("features.0.0.weight"));
});

test("the model is told from names and shapes", () => {
  const short: Record<string, string> = {
    "timm/mobilenetv3_large_100": "mobilenetv3_large_100", "timm/mobilenetv3_small_100": "mobilenetv3_small_100",
  };
  for (const name of manifestNames) assert.is(modelOfWeights(manifest(name)), short[name] ?? name.replace(/^\w+\//, ""), name);
  assert.is(modelOfWeights(new Map(timmMobilenetV2())), "mobilenet_v2");
  assert.is(modelOfWeights(new Map([["a", [1]]])), undefined);
  const cifar = new Map<string, Shape>();
  for (let stage = 1; stage <= 3; stage++) for (let i = 0; i < 3; i++) cifar.set(`layer${stage}.${i}.conv1.weight`, [1]);
  assert.is(modelOfWeights(cifar), "resnet20");
  assert.is(modelOfWeights(cifar.set("layer1.0.se.fc1.weight", [1])), "se_resnet20");
  const grouped = manifest("timm/legacy_seresnet50").set("layer1.0.conv2.weight", [128, 4, 3, 3]);
  assert.is(modelOfWeights(grouped), "legacy_seresnext50_32x4d");
});

test.run();
