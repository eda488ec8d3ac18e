/** Steps of a small member of every family, without dropout and with it: a training session and the eager model take the same way. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import type { Module } from "../../../src/nn/module.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { crossEntropy } from "../../../src/train/loss.ts";
import { Sgd } from "../../../src/train/optimisers/sgd.ts";
import { smallNetworks, title } from "../../models/small-networks.ts";
import type { SmallNetwork } from "../../models/small-networks.ts";
import { draw, drawLabels } from "../../support/random.ts";
import { dropFrom, randomModel, withDropout } from "./reference.ts";

const rule = { momentum: 0.9, nesterov: true, weightDecay: 1e-3 } as const;

/** Inception's weights begin so small that a step of this rate moves its loss as one a hundred times as large moves those of the others. */
const rateOf = (name: string): number => (/inception|googlenet/.test(name) ? 1e-5 : 1e-3);

/** Largest relative difference of a loss. Where channels of Inception stand at a kink, single and double precision part by a thousandth. */
const toleranceOf = (name: string): number => (/inception|googlenet/.test(name) ? 1e-2 : 1e-4);

interface Way {
  readonly session: number[];
  readonly eager: number[];
  /** Dropouts in the model. */
  readonly dropouts: number;
}

/** Losses of `steps` steps on one batch, both ways from the same weights, and with the same numbers drawn for dropout. */
function train({ model: name, options, input: [, ...image] }: SmallNetwork, dropout: number, rate: number, steps: number): Way {
  // Enough images that no channel is normalised by a handful of values, which would make the smallest difference a large one.
  const input = [24, ...image];
  const random = new Random(7);
  const make = (): Module => randomModel(name, withDropout(name, options, dropout));
  const [eager, compiled] = [make(), make()];
  const [dropouts] = [eager, compiled].map((model) => dropFrom(model, new Random(9)));
  const session = compileTrainingSync(compiled, { input, optimiser: { method: "sgd", ...rule }, numerics: "exact", threads: 1 });
  const optimiser = new Sgd(eager.namedParameters(), rule);
  const x = draw(input, random);
  const [batch, classes, ...pixels] = eager.outputShape(input);
  const labels = drawLabels(batch * pixels.reduce((a, b) => a * b, 1), classes, random);
  const way: Way = { session: [], eager: [], dropouts };
  for (let step = 0; step < steps; step++) {
    const loss = crossEntropy(eager.kernels, eager.forward(x), labels);
    eager.clearGradients();
    eager.backward(loss.gradient());
    optimiser.step(rate);
    way.eager.push(loss.value);
    way.session.push(session.trainStep(x, labels, rate));
  }
  session.close();
  return way;
}

function assertSame({ session, eager }: Way, tolerance: number): void {
  eager.forEach((loss, step) => {
    assert.ok(
      Math.abs(session[step] - loss) < tolerance * loss, `step ${step}: ${session[step]} in the session, ${loss} in the eager model`,
    );
  });
}

for (const network of smallNetworks) {
  // scSE scales by pixels, which sessions do not train.
  if (network.options.attention === "scse") continue;
  const { model } = network;
  test(`${title(network)}: ten losses of a session are those of the eager model`, () => {
    const way = train(network, 0, rateOf(model), 10);
    assertSame(way, toleranceOf(model));
    assert.ok(way.session[9] < way.session[0], `the loss falls: ${way.session.join(" ")}`);
  });
}

const mobile = { classes: 5, inChannels: 2, width: 0.25, reduction: 4 };
const dropping: readonly SmallNetwork[] = [
  ...smallNetworks,
  { model: "se_resnet8", options: { classes: 5, inChannels: 2, width: 4, reduction: 2 }, input: [2, 2, 12, 10] },
  { model: "se_mobilenet_v1", options: mobile, input: [2, 2, 32, 33] },
  { model: "se_mobilenet_v2", options: mobile, input: [2, 2, 33, 32] },
  { model: "mobilenet_v3_small", options: mobile, input: [2, 2, 32, 32] },
];

for (const network of dropping) {
  // U-Net and ShuffleNet have none.
  if (/unet|shufflenet/.test(network.model)) continue;
  test(`${title(network)}: three losses with dropout are those of the eager model`, () => {
    // Masks bring ever new values to the kinks of relu: a short way, with steps so small that it does not matter on which side one falls.
    const way = train(network, 0.3, 1e-5, 3);
    assert.ok(way.dropouts > 0);
    assertSame(way, 1e-4);
    // The masks of another step are further away than any rounding.
    assert.ok(Math.max(...way.session) - Math.min(...way.session) > 1e-3 * way.session[0], way.session.join(" "));
  });
}

test.run();
