/**
 * Small members of families with SE give PyTorch's logits in float64, in every placement (test/goldens/networks/torch_families.py,
 * torch_inception_unet.py, torch_ir_se.py, timm_vgg.py).
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { loadStateDict, stateShapes } from "../../../src/nn/state-dict.ts";
import { fileJson } from "../../support/files.ts";
import { recipeTensor, recipeWeights } from "../../fixtures/recipe.ts";
import { difference } from "../../support/compare.ts";

interface Golden {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: number[];
  readonly logits: readonly number[];
}

const goldens = ["torch_families", "torch_inception_unet", "torch_ir_se", "timm_vgg"].flatMap(
  (name) => fileJson<readonly Golden[]>(`goldens/networks/${name}.json`),
);

for (const { model, options, input, logits } of goldens) {
  test(`${model} ${JSON.stringify(options)}`, () => {
    const net = createModel(model, options, null);
    loadStateDict(net, recipeWeights(stateShapes(net)));
    const y = net.cast("float64").forward(recipeTensor("input", input).toFloat64());
    assert.is(y.size, logits.length);
    const error = difference(y.data, logits);
    assert.ok(error < 1e-11, `logits differ by ${error}`);
  });
}

test.run();
