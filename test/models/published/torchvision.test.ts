/** Our models against torchvision's own (test/goldens/networks/torchvision_manifests.py): names, shapes, counts, and logits in float64. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { loadStateDict, stateShapes } from "../../../src/nn/state-dict.ts";
import { summarise } from "../../../src/nn/summary.ts";
import type { Shape } from "../../../src/tensor.ts";
import { fileJson } from "../../support/files.ts";
import { recipeTensor, recipeWeights } from "../../fixtures/recipe.ts";
import { difference } from "../../support/compare.ts";

interface Golden {
  readonly parameters: number;
  /** Of convolution and linear layers, for one image of 224x224. */
  readonly macs: number;
  /** A number stands for a batch normalisation of so many channels. */
  readonly tensors: Readonly<Record<string, number[] | number>>;
  readonly logits?: readonly number[];
}

const goldens = fileJson<Readonly<Record<string, Golden>>>("goldens/networks/torchvision_manifests.json");

/** Names and shapes in torchvision's order; without num_batches_tracked, which counts batches and which no model here keeps. */
function shapesOf(golden: Golden): [string, Shape][] {
  return Object.entries(golden.tensors).flatMap(([name, shape]): [string, Shape][] => typeof shape === "object"
    ? [[name, shape]]
    : ["weight", "bias", "running_mean", "running_var"].map((leaf): [string, Shape] => [`${name}.${leaf}`, [shape]]));
}

for (const [name, golden] of Object.entries(goldens)) {
  test(`${name} has torchvision's names and shapes, in its order, and its counts`, () => {
    const model = createModel(name, {}, null);
    assert.equal([...stateShapes(model)], shapesOf(golden));
    const counted = summarise(model, [1, 3, 224, 224]);
    assert.is(counted.parameters, golden.parameters);
    // torchvision's MobileNetV3 has SE among its convolutions.
    assert.is(counted.macs + counted.seMacs, golden.macs);
  });

  const logits = golden.logits;
  if (logits === undefined) continue;
  test(`${name} gives torchvision's logits in float64`, () => {
    const model = createModel(name, {}, null);
    loadStateDict(model, recipeWeights(shapesOf(golden)));
    const y = model.cast("float64").evaluate().forward(recipeTensor("input", [1, 3, 64, 64]).toFloat64());
    assert.equal(y.shape, [1, 1000]);
    const error = difference(y.data.subarray(0, 16), logits);
    assert.ok(error < 1e-11, `logits differ by ${error}`);
  });
}

test.run();
