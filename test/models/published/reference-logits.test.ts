/** Eight published networks give the logits that ONNX Runtime computed from graphs built independently of this project. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { loadStateDict, stateShapes } from "../../../src/nn/state-dict.ts";
import { compileSync } from "../../../src/session/session.ts";
import type { Tensor } from "../../../src/tensor.ts";
import { fileJson } from "../../support/files.ts";
import { recipeTensor, recipeWeights } from "../../fixtures/recipe.ts";

const references = fileJson<Record<string, { parameters: number; logits: number[] }>>("fixtures/reference-logits-64.json");

test("there are eight references", () => assert.is(Object.keys(references).length, 8));

for (const [name, { parameters, logits }] of Object.entries(references)) {
  test(`${name} at 64x64`, () => {
    const model = createModel(name.split("/")[1], {}, null);
    assert.is(model.parameterCount(), parameters);
    loadStateDict(model, recipeWeights(stateShapes(model)));
    const input = recipeTensor("input", [1, 3, 64, 64]);
    const largest = Math.max(...logits.map(Math.abs));
    const check = (engine: string, { data }: Tensor): void => {
      const error = Math.max(...logits.map((wanted, i) => Math.abs(wanted - data[i])));
      assert.ok(error <= 1e-4 * largest, `${engine}: off by ${(error / largest).toExponential(1)} of the largest logit`);
    };
    check("eager", model.forward(input));
    check("wasm session", compileSync(model, { input: input.shape, kernels: "wasm" }).run(input));
  });
}

test.run();
