/** Ten steps of a small member of every family: a training session and the eager model take the same way. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { crossEntropy } from "../../../src/train/loss.ts";
import { Sgd } from "../../../src/train/sgd.ts";
import { smallNetworks, title } from "../../models/small-networks.ts";
import { randomLabels, randomModel, randomTensor } from "./reference.ts";

const rule = { momentum: 0.9, nesterov: true, weightDecay: 1e-3 } as const;

/** Inception's weights begin so small that a step of this rate moves its loss as one a hundred times as large moves those of the others. */
const rateOf = (name: string): number => (/inception|googlenet/.test(name) ? 1e-5 : 1e-3);

/** Largest relative difference of a loss. Where channels of Inception stand at a kink, single and double precision part by a thousandth. */
const toleranceOf = (name: string): number => (/inception|googlenet/.test(name) ? 1e-2 : 1e-4);

for (const network of smallNetworks) {
  // scSE scales by pixels, which sessions do not train.
  if (network.options.attention === "scse") continue;
  const options = /vgg|senet154|googlenet/.test(network.model) ? { ...network.options, dropout: 0 } : network.options;
  const rate = rateOf(network.model);
  // Enough images that no channel is normalised by a handful of values, which would make the smallest difference a large one.
  const input = [24, ...network.input.slice(1)];
  test(`${title(network)}: ten losses of a session are those of the eager model`, () => {
    const random = new Random(7);
    const [eager, compiled] = [randomModel(network.model, options), randomModel(network.model, options)];
    const session = compileTrainingSync(compiled, { input, optimiser: { method: "sgd", ...rule }, numerics: "exact", threads: 1 });
    const optimiser = new Sgd(eager.namedParameters(), rule);
    const x = randomTensor(input, random);
    const [batch, classes, ...pixels] = eager.outputShape(input);
    const labels = randomLabels(batch * pixels.reduce((a, b) => a * b, 1), classes, random);
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const loss = crossEntropy(eager.kernels, eager.forward(x), labels);
      eager.clearGradients();
      eager.backward(loss.gradient());
      optimiser.step(rate);
      const found = session.trainStep(x, labels, rate);
      losses.push(found);
      assert.ok(Math.abs(found - loss.value) < toleranceOf(network.model) * loss.value, `step ${step}: ${found} in the session, ${loss.value} in the eager model`);
    }
    assert.ok(losses[9] < losses[0], `the loss falls: ${losses.join(" ")}`);
    session.close();
  });
}

test.run();
