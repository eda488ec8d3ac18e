/**
 * Further networks with gates, beside timm and torchvision: every name and shape, parameters, multiply-accumulates, and the logits for
 * weights that are a function of their names, at image sizes that tell apart padding, rounding, epsilons and gates. Made by
 * test/goldens/fixtures_second.py.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { modelOfWeights, createModel, hasModel } from "../../../models/index.ts";
import { stateShapes } from "../../../src/nn/state-dict.ts";
import { summarise } from "../../../src/nn/summary.ts";
import { compileSync } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { recipeTensor } from "../../fixtures/recipe.ts";
import { manifests, referenceModel, references, tensorsOf } from "../../fixtures/second.ts";

test("every network of the references is here", () => {
  assert.equal(Object.keys(references).filter((name) => !hasModel(name)), []);
});

for (const [name, reference] of Object.entries(references)) {
  test(`${name}: names, counts, logits`, () => {
    const model = referenceModel(name);
    assert.is(model.parameterCount(), reference.parameters);
    assert.is(stateShapes(model).size, tensorsOf(name).size, "tensors");
    const { image, conv_fc_se_macs: macs, se_macs: seMacs } = manifests[name];
    const summary = summarise(model, [1, 3, image, image]);
    assert.is(summary.seMacs, seMacs, "multiply-accumulates of SE");
    assert.is(summary.macs + summary.seMacs, macs, "multiply-accumulates");
    for (const [size, logits] of Object.entries(reference.logits)) {
      const [height, width = height] = size.split("x").map(Number);
      const input = recipeTensor("input", [1, 3, height, width]);
      const { [size]: step } = reference.step;
      const { [size]: largest } = reference.largest;
      const check = (engine: string, { data }: Tensor, bound: number): void => {
        const error = Math.max(...logits.map((wanted, i) => Math.abs(wanted - data[i * step])));
        assert.ok(error <= bound * largest, `${engine} at ${size}: off by ${(error / largest).toExponential(1)} of the largest logit`);
      };
      if (height === 64) check("eager", model.forward(input), 1e-4);
      const session = compileSync(model, { input: input.shape, numerics: "exact" });
      check("exact session", session.run(input), 1e-4);
      session.close();
      // Sizes change what is computed, not how: one is enough for fast sums.
      if (size !== Object.keys(reference.logits)[0]) continue;
      const fast = compileSync(model, { input: input.shape, numerics: "fast" });
      check("fast session", fast.run(input), 1e-3);
      fast.close();
    }
  });
}

test("their weights are recognised by names and shapes alone", () => {
  for (const name of Object.keys(references)) {
    const found = modelOfWeights(tensorsOf(name));
    assert.ok(found !== undefined, name);
    assert.is(createModel(found!, {}, null).parameterCount(), references[name].parameters, `${name} is taken for ${found}`);
  }
});

test.run();
