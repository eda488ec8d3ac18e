/** The recipe of weights and the reference answers: what every comparison of whole networks stands on. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sizeOf } from "../../../src/tensor.ts";
import { fnv1a, mulberry32, recipeTensor, recipeWeights } from "../../fixtures/recipe.ts";
import { manifest, manifestNames } from "../../fixtures/manifests.ts";
import { fileJson } from "../../support/files.ts";

test("the generator gives the published first values", () => {
  const check = fileJson<Record<string, number[]>>("fixtures/generator-check.json");
  assert.equal([...recipeTensor("input", [1, 3, 64, 64]).data.subarray(0, 3)], check.input);
  assert.equal([...recipeTensor("conv1.weight", [64, 3, 7, 7]).data.subarray(0, 3)], check["conv1.weight"]);
});

test("FNV-1a of the words that its authors list", () => {
  assert.is(fnv1a(""), 0x811c9dc5);
  assert.is(fnv1a("a"), 0xe40c292c);
  assert.is(fnv1a("foobar"), 0xbf9cf968);
});

test("each kind of tensor has its range", () => {
  const range = (name: string, shape: number[]): [number, number] => {
    const { data } = recipeTensor(name, shape);
    return [Math.round(Math.min(...data) * 100) / 100, Math.round(Math.max(...data) * 100) / 100];
  };
  assert.equal(range("bn1.running_mean", [5000]), [-0.1, 0.1]);
  assert.equal(range("bn1.running_var", [5000]), [0.5, 1.5]);
  assert.equal(range("bn1.weight", [5000]), [0.8, 1.2]);
  assert.equal(range("fc.bias", [5000]), [-0.1, 0.1]);
  assert.equal(range("fc.weight", [500, 16]), [-0.5, 0.5]);
  const next = mulberry32(1);
  assert.ok([next(), next(), next()].every((u) => u >= 0 && u < 1));
});

test("manifests count the published parameters", () => {
  const logits = fileJson<Record<string, { parameters: number; logits: number[] }>>("fixtures/reference-logits-64.json");
  assert.is(Object.keys(logits).length, 8);
  const entries: Record<string, number> = {
    "timm/resnet50": 320, "timm/seresnet50": 384, "torchvision/mobilenet_v3_large": 312, "torchvision/mobilenet_v3_small": 244,
    "torchvision/mobilenet_v2": 314,
  };
  for (const [name, { parameters, logits: values }] of Object.entries(logits)) {
    let count = 0;
    for (const [tensor, shape] of manifest(name)) if (!/running_(mean|var)$/.test(tensor)) count += sizeOf(shape);
    assert.is(count, parameters, name);
    assert.is(values.length, 1000, name);
    assert.ok(values.every(Number.isFinite) && new Set(values).size > 990, name);
    if (entries[name] !== undefined) assert.is(manifest(name, true).size, entries[name], name);
  }
  assert.is(manifestNames.length, 10);
  assert.throws(() => manifest("resnet1"), /no manifest of "resnet1"; there are timm\/resnet50/);
});

test("counters have no weights", () => {
  const weights = recipeWeights([["bn1.weight", [2]], ["bn1.num_batches_tracked", []]]);
  assert.equal([...weights.keys()], ["bn1.weight"]);
});

test.run();
