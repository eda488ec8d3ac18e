/** Training sessions of SE-ResNets: gradients beside the double-precision reference, and ten steps beside the eager trainer's parts. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { crossEntropy } from "../../../src/train/loss.ts";
import { Sgd } from "../../../src/train/optimisers/sgd.ts";
import { difference } from "../../support/compare.ts";
import { draw, drawLabels } from "../../support/random.ts";
import { randomModel, referenceStep } from "./reference.ts";

const options = { inChannels: 1, width: 8, reduction: 4 };
const input = [6, 1, 12, 10];

for (const name of ["se_resnet8", "resnet8"]) {
  test(`${name}: every gradient agrees with the float64 reference`, () => {
    const random = new Random(5);
    const model = randomModel(name, options);
    const session = compileTrainingSync(model, { input, optimiser: { method: "sgd" }, numerics: "exact", threads: 1 });
    const x = draw(input, random);
    const labels = drawLabels(6, 10, random);
    const expected = referenceStep(model, createModel(name, options, null), x, labels);
    const loss = session.backward(x, labels);
    assert.ok(Math.abs(loss - expected.loss) < 1e-5 * expected.loss, `loss ${loss}, wanted ${expected.loss}`);
    for (const [parameter, gradient] of expected.gradients) {
      const error = difference(session.gradient(parameter).data, gradient.data);
      assert.ok(error < 2e-5, `${parameter} is off by ${error}`);
    }
    session.pull();
    for (const [statistic, value] of expected.statistics) {
      const error = difference(model.namedState().get(statistic)!.value.data, value.data);
      assert.ok(error < 1e-5, `${statistic} is off by ${error}`);
    }
    session.close();
  });
}

test("ten steps of SGD go as the eager model's", () => {
  const name = "se_resnet8";
  const random = new Random(6);
  const [model, eager] = [randomModel(name, options), randomModel(name, options)];
  const rule = { momentum: 0.9, nesterov: true, weightDecay: 1e-3 };
  const session = compileTrainingSync(model, { input, optimiser: { method: "sgd", ...rule }, numerics: "exact", threads: 1 });
  const optimiser = new Sgd(eager.namedParameters(), rule);
  for (let step = 0; step < 10; step++) {
    const x = draw(input, random);
    const labels = drawLabels(6, 10, random);
    const loss = crossEntropy(eager.kernels, eager.forward(x), labels);
    eager.clearGradients();
    eager.backward(loss.gradient());
    optimiser.step(0.02);
    const actual = session.trainStep(x, labels, 0.02);
    assert.ok(Math.abs(actual - loss.value) < 1e-3 * loss.value, `step ${step}: ${actual}, eager ${loss.value}`);
  }
  session.close();
});

test.run();
