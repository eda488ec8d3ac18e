/**
 * Chapter 16: a network that others trained, taken apart. It wants a file that is not ours:
 *
 *   npm pack @mediapipe/selfie_segmentation@0.1.1675465747 && tar xzf mediapipe-selfie_segmentation-*.tgz
 *   npx tsx learn/selfie/chapter.ts package/selfie_segmentation.tflite [FOLDER OF PICTURES]
 *
 * Without a folder the pictures are drawn by a rule (pictures.ts); your own photographs say more.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { decodeImage } from "../../src/io/images/decode.ts";
import type { RgbaImage } from "../../src/io/images/image.ts";
import type { Tensor } from "../../src/tensor.ts";
import { bars, chapter, claim, heading, picture, say, table } from "../shared/page.ts";
import { flipped, openSelfie, prepared } from "./open.ts";
import { changes, person } from "./pictures.ts";
import { gateNames, right } from "./selfie.ts";
import type { Reading } from "./selfie.ts";
import { readTflite } from "./tflite.ts";

const packaged = "node_modules/@mediapipe/selfie_segmentation/selfie_segmentation.tflite";
const [given, folder] = process.argv.slice(2).filter((word, i, all) => word !== "--svg" && all[i - 1] !== "--svg");
const path = given ?? join(dirname(fileURLToPath(import.meta.url)), "../../test/peers", packaged);
if (!existsSync(path)) {
  console.log(`${path} is not there. The head of learn/selfie/chapter.ts says how the file is had.`);
  process.exit(1);
}

chapter(16, "A network that others trained, taken apart");

const file = readTflite(readFileSync(path));
const network = openSelfie(file);
const values = [...file.values()].reduce((sum, { data }) => sum + data.length, 0);
say(`selfie_segmentation.tflite says for every pixel whether it is a person. ${file.size} tensors, ${values} numbers, and
${network.channels.length} gates: a MobileNetV3 that goes down to 16x16, and a decoder that comes up again (selfie.ts draws it).`);
claim("ten gates", network.channels.length === gateNames.length);

async function photographs(where: string): Promise<RgbaImage[]> {
  const names = readdirSync(where).filter((name) => /\.(png|jpe?g|ppm)$/i.test(name)).sort();
  return Promise.all(names.map(async (name) => decodeImage(readFileSync(join(where, name)))));
}
const sources = folder === undefined ? Array.from({ length: 8 }, (_, i) => person(i + 1)) : await photographs(folder);
const pictures = sources.flatMap((source) => changes.map((change) => prepared(change(source))));
say(`The pictures: ${sources.length} ${folder === undefined ? "drawn by a rule" : `of ${folder}`}, each as it is, mirrored, half as bright,
and its middle alone: ${pictures.length}.`);
claim("there are four at least", sources.length >= 4);
/** Is this one of the pictures of which means are taken? Every other source; the rest is what they are tried on. */
const isKnown = (i: number): boolean => Math.floor(i / changes.length) % 2 === 0;

const looks = pictures.map((x) => network.look(x));
const small = Float32Array.from({ length: 32 * 32 }, (_, i) => looks[0].mask[8 * Math.floor(i / 32) * 256 + 8 * (i % 32)]);
picture("the first mask, every eighth pixel", small, 32, 32);

heading("What the gates are");
const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
const deviation = (numbers: readonly number[]): number => {
  const centre = mean(numbers);
  return Math.sqrt(mean(numbers.map((value) => (value - centre) ** 2)));
};
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

// Who tries means on the pictures that they were taken of flatters them.
const known = looks.filter((_, i) => isKnown(i));
const tried = pictures.map((x, i) => ({ x, own: looks[i].mask })).filter((_, i) => !isKnown(i));
const blocks = gateNames.map((name, b) => {
  const channels = network.channels[b];
  const of = (c: number): number[] => looks.map(({ gates }) => gates[b][c]);
  const all = looks.flatMap(({ gates }) => [...gates[b]]);
  const spreads = Array.from({ length: channels }, (_, c) => deviation(of(c)));
  const means = Array.from({ length: channels }, (_, c) => mean(of(c)));
  return {
    name, channels, mean: mean(all), shut: all.filter((gate) => gate < 0.05).length / all.length,
    open: all.filter((gate) => gate > 0.95).length / all.length, pictures: median(spreads), between: deviation(means),
    frozen: Float32Array.from({ length: channels }, (_, c) => mean(known.map(({ gates }) => gates[b][c]))) };
});
/** The share of pixels that change sides where these blocks have these gates. */
const cost = (set: readonly (Float32Array | undefined)[]): number =>
  mean(tried.map(({ x, own }) => flipped(own, network.look(x, set).mask)));
const only = (b: number, gates: Float32Array): (Float32Array | undefined)[] => blocks.map((_, i) => (i === b ? gates : undefined));
const filled = (channels: number, value: number): Float32Array => new Float32Array(channels).fill(value);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const costs = blocks.map(({ channels, frozen }, b) => ({
  frozen: cost(only(b, frozen)), one: cost(only(b, filled(channels, 1))), half: cost(only(b, filled(channels, 0.5))) }));
table(
  ["block", "channels", "mean", "~0", "~1", "between channels", "between pictures", "frozen", "all 1", "all ½"],
  blocks.map(({ name, channels, mean: centre, shut, open, between, pictures: spread }, b) => [
    name, channels, centre.toFixed(2), percent(shut), percent(open), between.toFixed(3), spread.toFixed(3), percent(costs[b].frozen),
    percent(costs[b].one), percent(costs[b].half)]));
say(`The last three columns: how many pixels of the mask change sides where this block's gates are their means over other pictures, all 1,
or all one half. "Between channels" is the deviation of the channels' means; "between pictures" the median channel's deviation from picture
to picture.`);
const allFrozen = cost(blocks.map(({ frozen }) => frozen));
const allOne = cost(blocks.map(({ channels }) => filled(channels, 1)));
bars("pixels that change sides: all ten frozen to their means; all ten at 1", ["means", "ones"], [allFrozen, allOne], 1);

say(`A gate is first a learned scale of its channel: channels differ from each other, for every picture alike, and where that scale is left
out (all 1) far more is lost than where it is kept and only the answer to the picture is taken away (means).`);
claim("in the first three blocks channels differ more from each other than a gate does from picture to picture",
  blocks.slice(0, 3).every(({ between, pictures: spread }) => between > spread));
claim("with all gates at 1 more pixels change sides than with all at their means", allOne > allFrozen);
const deep = mean(blocks.slice(3, 7).map(({ pictures: spread }) => spread));
const early = mean(blocks.slice(0, 3).map(({ pictures: spread }) => spread));
say(`How far a gate answers the picture differs by depth: between pictures, ${early.toFixed(3)} in the blocks B, E and F,
${deep.toFixed(3)} in G, H, I and J.`);
claim("deeper blocks answer the picture more than early ones", deep > early);
say(`The look of the gates says little of what hangs on them. Compare the mean gate, or the share that is nearly open, with the last three
columns: no rule leads from one to the other. Judge by the mask.`);

heading("What a mistake costs");
say(`Who writes such a network down anew gets one thing or the other wrong, and a mask comes out that looks like a mask. Here is the share
of pixels that change sides, beside the right answer (0).`);
const mistakes: readonly [string, Partial<Reading>, number][] = [
  ["as it is", {}, 1], ["padding on both sides at stride 2", { padding: "symmetric" }, 1],
  ["the gate multiplies what comes from below", { gated: "upsampled" }, 1], ["the gate multiplies the sum", { gated: "sum" }, 1],
  ["the gate is pooled from the skip alone", { pooled: "skip" }, 1], ["levels from -1 to 1", {}, 2],
  ["hard sigmoid for sigmoid", { gate: "hard_sigmoid" }, 1], ["swish for hard swish", { activation: "silu" }, 1],
  ["corners aligned when enlarging", { alignCorners: true }, 1],
];
const wrong = mistakes.map(([name, change, range]) => {
  const other = openSelfie(file, { ...right, ...change });
  const share = mean(tried.map(({ x, own }) => flipped(own, other.look(range === 1 ? x : stretched(x)).mask)));
  other.close();
  return { name, share };
});
table(["", "pixels that change sides"], wrong.map(({ name, share }) => [name, percent(share)]));
claim("the right one changes none", wrong[0].share === 0);
claim("every mistake changes some", wrong.slice(1).every(({ share }) => share > 0));
claim(
  "symmetric padding, the gate on the wrong operand: each more than one pixel in a hundred",
  wrong.slice(1, 3).every(({ share }) => share > 0.01),
);
say("So test against numbers, not by eye: test/peers/selfie.ts holds gates and mask of this file to within 1e-4.");
network.close();

/** From 0..1 to -1..1. */
function stretched(x: Tensor<Float32Array>): Tensor<Float32Array> {
  const other = x.like();
  x.data.forEach((value, i) => (other.data[i] = 2 * value - 1));
  return other;
}
