/** Chapter 14: does the gate's answer depend on the picture, and what is lost if it is replaced by its mean? */
import { Random } from "../../kernels/random.ts";
import { chapter, claim, say, table } from "../shared/page.ts";
import { openBundled } from "../shared/gates.ts";
import { garments } from "../shared/pictures.ts";
import type { Picture } from "../shared/pictures.ts";

chapter(14, "Gates that are frozen");

say(`If a gate hardly depends on the picture, one could compute its mean once and for all, fold it into the convolution before it, and drop
the block. How much would be lost? Look at the output, never at the gates. We take the ten bundled pictures, each shifted and darkened in
nine ways: 90 pictures, of which the network's own answers are known.`);
const random = new Random(14);
const pictures: Picture[] = (await garments()).flatMap(({ name, pixels }) => Array.from({ length: 9 }, (_, variant) => {
  const [down, across] = [(variant % 3) - 1, Math.floor(variant / 3) - 1];
  const light = 0.7 + 0.3 * random.uniform();
  return { name, pixels: Float32Array.from({ length: 784 }, (_, i) => {
    const [h, w] = [Math.floor(i / 28) - down, (i % 28) - across];
    return h < 0 || w < 0 || h > 27 || w > 27 ? 0 : light * pixels[h * 28 + w];
  }) };
}));
const network = openBundled();
const looks = pictures.map((picture) => network.look(picture));
const best = (logits: Float32Array): number => logits.indexOf(Math.max(...logits));
const own = looks.map(({ logits }) => best(logits));

const means = network.gates.map(({ channels }, b) => Float32Array.from({ length: channels }, (_, c) =>
  looks.reduce((sum, { gates }) => sum + gates[b][c], 0) / looks.length));
const constant = (value: number): Float32Array[] => network.gates.map(({ channels }) => new Float32Array(channels).fill(value));

/** Share of the pictures whose answer changes. */
const changed = (gatesOf: (n: number) => readonly (Float32Array | undefined)[]): number =>
  pictures.filter((picture, n) => best(network.answer(picture, gatesOf(n))) !== own[n]).length / pictures.length;
const only = (b: number, gates: Float32Array): (Float32Array | undefined)[] => network.gates.map((_, i) => (i === b ? gates : undefined));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

claim("gates that are set to what they were change no answer, to the bit", looks.every(({ logits, gates }, n) => {
  const again = network.answer(pictures[n], gates);
  return logits.every((value, i) => value === again[i]);
}));

say(
  "One block at a time: its gates at their mean over the 90 pictures, all open (1), or all half open (0.5). Share of answers that change:",
);
const rows = network.gates.map(({ block }, b) => ({
  block, mean: changed(() => only(b, means[b])), one: changed(() => only(b, constant(1)[b])),
  half: changed(() => only(b, constant(0.5)[b]))}));
table(["block", "mean", "1", "0.5"], rows.map(({ block, mean, one, half }) => [block, percent(mean), percent(one), percent(half)]));

const all = { mean: changed(() => means), one: changed(() => constant(1)), half: changed(() => constant(0.5)) };
const others = changed((n) => looks[(n + 45) % looks.length].gates);
say("All blocks at once:");
table(["all gates", "answers that change"], [
  ["at their mean", percent(all.mean)], ["from a picture of another garment", percent(others)], ["at 0.5", percent(all.half)],
  ["at 1 (SE left out)", percent(all.one)]]);
claim("the mean costs less than leaving SE out", all.mean < all.one);
claim("but it does cost: this network listens to its pictures", all.mean > 0);

say(`So a gate is two things, a scale of its channel, which must stay, and an answer to the picture, which matters more or less. How much
differs by network: for a text recogniser 92 % of the answers stay with all gates at their means, for a segmentation network 18 % of the
pixels change. Limits of this table: the means are of the very pictures that they are tried on, which flatters them, and ninety variants of
ten pictures are not ninety pictures. A study that decides something wants a test set.`);
