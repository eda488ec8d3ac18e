/**
 * Training sessions of a small member of every family, with dropout where it has some: each gradient beside the
 * double-precision reference.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import type { Floats } from "../../../src/tensor.ts";
import { smallNetworks, title, furtherNetworks } from "../../models/small-networks.ts";
import type { SmallNetwork } from "../../models/small-networks.ts";
import { difference } from "../../support/compare.ts";
import { draw, drawLabels } from "../../support/random.ts";
import { dropFrom, randomModel, referenceStep, withDropout } from "./reference.ts";

const mobile = { classes: 5, inChannels: 2, width: 0.25, reduction: 4 };
const largest = (data: Floats): number => Float64Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const networks: readonly SmallNetwork[] = [
  ...smallNetworks,
  ...furtherNetworks,
  { model: "resnet8", options: { classes: 5, inChannels: 2, width: 4, reduction: 2, attention: "cbam" }, input: [2, 2, 14, 15] },
  { model: "resnet8", options: { classes: 5, inChannels: 2, width: 4, reduction: 2, attention: "ge", extent: 4 }, input: [2, 2, 14, 15] },
  { model: "se_mobilenet_v1", options: mobile, input: [2, 2, 32, 33] },
  { model: "se_mobilenet_v2", options: mobile, input: [2, 2, 33, 32] },
  { model: "mobilenet_v3_small", options: mobile, input: [2, 2, 64, 32] },
];

for (const network of networks) {
  const { model: name } = network;
  const options = withDropout(name, network.options, 0.3);
  // A batch of one image would be normalised by itself to nothing where a layer has one pixel.
  // ReXNet normalises the hidden numbers of SE, one of each image: over four of them that magnifies any rounding.
  const input = [name.startsWith("rexnet") ? 16 : 4, ...network.input.slice(1)];
  test(`${title(network)}: every gradient agrees with the float64 reference`, () => {
    const random = new Random(5);
    const model = randomModel(name, options);
    const session = compileTrainingSync(model, { input, optimiser: { method: "sgd" }, numerics: "exact", threads: 1 });
    // Kernels that are right pass their check, whatever else the network has.
    assert.not.match(session.kernels, /plain for/);
    const x = draw(input, random);
    const [, classes, ...pixels] = model.outputShape(input);
    const labels = drawLabels(input[0] * pixels.reduce((a, b) => a * b, 1), classes, random);
    const copy = createModel(name, options, null);
    for (const each of [model, copy]) dropFrom(each, new Random(9));
    const expected = referenceStep(model, copy, x, labels);
    const loss = session.backward(x, labels);
    assert.ok(Math.abs(loss - expected.loss) < 1e-5 * expected.loss, `loss ${loss}, wanted ${expected.loss}`);
    // A bias before batch normalisation has a gradient of nothing but rounding: what is small is compared with the largest of all.
    const least = 0.01 * Math.max(...[...expected.gradients.values()].map(({ data }) => largest(data)));
    for (const [parameter, gradient] of expected.gradients) {
      const size = largest(gradient.data);
      const error = (difference(session.gradient(parameter).data, gradient.data) * size) / Math.max(size, least);
      // Single precision puts a few values on the other side of a kink; what is left out or doubled is off by a tenth and more.
      assert.ok(error < 5e-3, `${parameter} is off by ${error}`);
    }
    session.close();
  });
}

test.run();
