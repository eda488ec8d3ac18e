/** Chapter 12: what the gates of a trained network say. */
import { bars, chapter, claim, numbers, say, table } from "../shared/page.ts";
import { openBundled } from "../shared/gates.ts";
import { garments } from "../shared/pictures.ts";

chapter(12, "What the gates learned");

const network = openBundled();
const pictures = await garments();
const looks = pictures.map((picture) => network.look(picture));
say(
  `The bundled network (94 % on Fashion-MNIST's test images) has ${network.gates.length} SE blocks. We show it its ten bundled pictures ` +
  `and write down every gate.`,
);
const right = pictures.filter(({ name }, i) => {
  const { logits } = looks[i];
  const said = network.classes[logits.indexOf(Math.max(...logits))];
  return said.toLowerCase().replace(/[^a-z]+/g, "-") === name;
}).length;
say(`It names ${right} of the ten rightly.`);
claim("nine of ten: it takes the shirt for something else", right === 9);

say("First look at one block for two pictures: the gates of the first eight channels of the last block.");
const last = network.gates.length - 1;
const labels = Array.from({ length: 8 }, (_, c) => `channel ${c}`);
bars(`${pictures[0].name}`, labels, looks[0].gates[last].subarray(0, 8), 1);
bars(`${pictures[9].name}`, labels, looks[9].gates[last].subarray(0, 8), 1);

/** Mean, and standard deviation, of one number. */
function spread(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

say(`Now all of them. For each block: the mean gate; how far the channels differ from each other (the deviation of the channels' means); how
far a gate differs from picture to picture (the median, over channels, of its deviation over the ten pictures); and the shares that are
nearly shut or open.`);
const rows = network.gates.map(({ block, channels }, b) => {
  const perChannel = Array.from({ length: channels }, (_, c) => spread(looks.map(({ gates }) => gates[b][c])));
  const all = looks.flatMap(({ gates }) => [...gates[b]]);
  const byPicture = perChannel.map(({ deviation }) => deviation).sort((p, q) => p - q);
  return {
    block, channels, mean: spread(all).mean, between: spread(perChannel.map(({ mean }) => mean)).deviation,
    within: byPicture[channels >> 1],
    shut: all.filter((value) => value < 0.05).length / all.length, open: all.filter((value) => value > 0.95).length / all.length };
});
table(["block", "channels", "mean", "between channels", "between pictures", "below .05", "above .95"], rows.map((row) => [
  row.block, row.channels, row.mean.toFixed(2), row.between.toFixed(3), row.within.toFixed(3), `${(100 * row.shut).toFixed(0)} %`,
  `${(100 * row.open).toFixed(0)} %`]));
claim(
  "every gate is a number between 0 and 1",
  looks.every(({ gates }) => gates.every((block) => block.every((value) => value >= 0 && value <= 1))),
);
const early = rows.slice(0, 4);
const late = rows.slice(-2);
claim("in the first four blocks channels differ more from each other than a gate does from picture to picture",
  early.every(({ between, within }) => between > 3 * within));
claim(
  "in the last two blocks it is the other way round: there the gates answer the picture",
  late.every(({ between, within }) => within > between),
);

say(`So a gate is two things: a learned scale of its channel, the same for every picture, and an answer to this picture. Early blocks have
nearly the first alone, for their channels are edges and tones that every garment has; late blocks tell garments apart. (The paper found the
same on ImageNet, its figure 6: gates of early blocks hardly differ between classes, those of late ones do.) And note what the mean alone
would have said: one half, everywhere. That may mean that all gates are half open, or that half of them are shut.`);

say(
  "Do similar garments have similar gates? Distances between pictures in the last block (root of the mean squared difference of the " +
  "gates):",
);
const distances = Float64Array.from({ length: 100 }, (_, i) => {
  const [a, b] = [looks[Math.floor(i / 10)].gates[last], looks[i % 10].gates[last]];
  return Math.sqrt(a.reduce((sum, value, c) => sum + (value - b[c]) ** 2, 0) / a.length);
});
console.log(`\n  in this order: ${pictures.map(({ name }) => name).join(", ")}`);
numbers("distance", distances, 10, 10, 2);
const nearest = pictures.map((_, i) => Math.min(...pictures.map((_, j) => (i === j ? Infinity : distances[10 * i + j]))));
const bag = pictures.findIndex(({ name }) => name === "bag");
say(`The bag stands apart: its nearest neighbour is ${nearest[bag].toFixed(2)} away, every other picture's at most
${Math.max(...nearest.filter((_, i) => i !== bag)).toFixed(2)}. More than that ten pictures do not show. The sneaker is as near to the boot
as to the coat; one picture a class is no class.`);
claim("the bag has the most unusual gates of the ten", nearest.every((value, i) => i === bag || value < nearest[bag]));
