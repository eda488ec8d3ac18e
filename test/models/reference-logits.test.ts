/** Eight published networks give the logits that ONNX Runtime computed from graphs built independently of this project. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import { fileJson } from "../files.ts";
import { recipeTensor, recipeWeights } from "../fixtures/recipe.ts";

const references = fileJson<Record<string, { parameters: number; logits: number[] }>>("fixtures/reference-logits-64.json");

test("there are eight references", () => assert.is(Object.keys(references).length, 8));

for (const [name, { parameters, logits }] of Object.entries(references)) {
  test(`${name} at 64x64`, () => {
    const model = createModel(name.split("/")[1], {}, null);
    assert.is(model.parameterCount(), parameters);
    loadStateDict(model, recipeWeights(stateShapes(model)));
    const output = model.forward(recipeTensor("input", [1, 3, 64, 64])).data;
    const largest = Math.max(...logits.map(Math.abs));
    const error = Math.max(...logits.map((wanted, i) => Math.abs(wanted - output[i])));
    assert.ok(error <= 1e-4 * largest, `off by ${(error / largest).toExponential(1)} of the largest logit`);
  });
}

test.run();
