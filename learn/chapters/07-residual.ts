/** Chapter 7: SE in a residual block: the places where it can stand, and what difference they make. */
import type { Module } from "../../src/nn/module.ts";
import { chapter, claim, say, table } from "../shared/page.ts";
import { accuracyOf, tinyNetwork, trainTiny } from "../shared/tiny.ts";

chapter(7, "SE in a residual block");

say(`A residual block computes y = relu(branch(x) + x). The branch is two or three convolutions, each with its normalisation. The sum lets
gradients pass: whatever the branch does, x goes by it. Where does SE go? The paper tried these (its figure 5, tables 14 and 15):`);
console.log(`
      standard    y = relu(SE(branch(x)) + x)       on the branch, before the sum: what SE-ResNet has
      pre         y = relu(branch(SE(x)) + x)       on the branch, before its first convolution
      post        y = SE(relu(branch(x) + x))       behind the sum
      identity    y = relu(branch(x) + SE(x))       on the shortcut`);

say(`The library builds all of them, and \`3x3\`, inside the branch. Where the block changes its number of channels, the place decides how
many gates there are, so the counts differ a little:`);
const places = ["standard", "pre", "post", "identity", "3x3"] as const;
const without = tinyNetwork(1, { se: false }).parameterCount();
const counts = places.map((position) => tinyNetwork(1, { position }).parameterCount());
table(
  ["place", "parameters", "of which SE"], [["no SE", without, 0], ...places.map((place, i) => [place, counts[i], counts[i] - without])],
);
claim("standard, post and identity have as many gates as the block has outputs, pre as many as it has inputs",
  counts[0] === counts[2] && counts[0] === counts[3] && counts[1] < counts[0]);

say(`One thing can be said without any training: what a shut gate does. With all gates at 0, \`standard\` leaves relu(x): the block becomes
a wire, and the network loses a block. \`post\` leaves nothing at all: everything ends there. So standard's worst case is harmless. We set
every SE's last layer so that its gates are nearly 0, and look whether the input still matters:`);
import { Tensor } from "../../src/tensor.ts";
import { drawTextures } from "../shared/pictures.ts";
const shut = (model: Module): number => {
  for (const [name, { value }] of model.namedState()) {
    if (/\.se\.fc2\.weight$/.test(name)) value.data.fill(0);
    if (/\.se\.fc2\.bias$/.test(name)) value.data.fill(-60);
  }
  const { images } = drawTextures(2, 77);
  const { data } = model.evaluate().forward(new Tensor(images, [2, 1, 16, 16]));
  return Math.max(...Array.from({ length: 4 }, (_, i) => Math.abs(data[i] - data[4 + i])));
};
const shutStandard = shut(tinyNetwork(2, { position: "standard" }));
const shutPost = shut(tinyNetwork(2, { position: "post" }));
table(
  ["all gates shut", "difference of the logits of two pictures"], [["standard", shutStandard.toFixed(4)], ["post", shutPost.toFixed(4)]],
);
claim("standard still tells two pictures apart, post can't", shutStandard > 1e-3 && shutPost < 1e-6);

say("Now the measurement. A network of three blocks, 60 steps on drawn textures, three seeds each; accuracy on 256 new pictures:");
const seeds = [1, 2, 3];
const results = [...places, "no SE" as const].map((place) => {
  const accuracies = seeds.map((seed) => {
    const model = place === "no SE" ? tinyNetwork(seed, { se: false }) : tinyNetwork(seed, { position: place });
    const losses = trainTiny(model, 60, seed);
    if (!(losses.at(-1)! < losses[0])) throw new Error(`${place}: the loss did not fall`);
    return accuracyOf(model, 1000 + seed);
  });
  const mean = accuracies.reduce((sum, value) => sum + value, 0) / seeds.length;
  return { place, mean, low: Math.min(...accuracies), high: Math.max(...accuracies) };
});
table(["place", "mean", "worst seed", "best seed"], results.map(({ place, mean, low, high }) =>
  [place, `${(100 * mean).toFixed(1)} %`, `${(100 * low).toFixed(1)} %`, `${(100 * high).toFixed(1)} %`]));
claim("every one of them learns (a quarter would be chance)", results.every(({ mean }) => mean > 0.5));
say(`Read the table with its spread. Three seeds of a network of a few thousand weights say that all places learn; they can't rank them
where the ranges overlap. On ImageNet, with SE-ResNet-50, the paper found errors of 22.28 % (standard), 22.23 % (pre), 22.78 % (post) and
22.20 % (identity), and 23.30 % without SE: three places alike, \`post\` behind them.`);
