/** senet gates: what it says of gates is what a session's gates are, on a folder of pictures; its accuracies are those of senet eval. */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel, saveWeights } from "../../src/index.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const samples = fileURLToPath(new URL("../../models/pretrained/samples", import.meta.url));
/** As the network names them. */
const classes: Readonly<Record<string, string>> = {
  "ankle-boot": "Ankle boot", bag: "Bag", coat: "Coat", dress: "Dress", pullover: "Pullover", sandal: "Sandal", shirt: "Shirt",
  sneaker: "Sneaker",
  "t-shirt-top": "T-shirt top", trouser: "Trouser" };
const files = readdirSync(samples, { withFileTypes: true }).map(({ name }) => name).filter((name) => name.endsWith(".png")).sort();
for (const file of files) {
  const into = at(`test/${classes[file.replace(/-\d+\.png$/, "")]}`);
  mkdirSync(into, { recursive: true });
  // Twice: every other picture is looked at, the others are tried, and so both are the same ten.
  for (const copy of ["a", "b"]) copyFileSync(join(samples, file), join(into, `${copy}.png`));
}
// Names as the folders have them.
const names = at("names.txt");

interface Block {
  readonly name: string;
  readonly mean: number;
  readonly shut: number;
  readonly betweenPictures: number;
  readonly explainedByClass: number;
  readonly byClass: readonly (readonly number[])[];
  readonly withinClass: readonly number[];
  readonly frozen: number;
}

test("gates by class are those of each class's picture", async () => {
  writeFileSync(
    names, ["T-shirt top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"].join("\n"),
  );
  const call = await senet("gates", "--data", folder, "--classes", names, "--json");
  assert.is(call.code, 0, call.errors);
  const { blocks, looked, measured, accuracy, allFrozen, allOne } = JSON.parse(call.output) as {
    blocks: Block[]; looked: number; measured: number; accuracy: number; allFrozen: number; allOne: number };
  assert.equal([looked, measured, blocks.length], [10, 10, 6]);
  assert.is(accuracy, 0.9, "it takes the shirt for something else");
  assert.ok(allFrozen <= 1 && allOne < accuracy);
  const own = JSON.parse((await senet("explain", join(samples, "bag-0018.png"), "--json")).output) as { blocks: {
    name: string; gates: number[]
  }[] };
  blocks.forEach((block, b) => {
    assert.is(block.name, own.blocks[b].name);
    assert.equal(block.byClass[8], own.blocks[b].gates, "one picture of a class: its mean is its gates");
    const all = block.byClass.flat();
    assert.ok(Math.abs(block.mean - all.reduce((x, y) => x + y, 0) / all.length) < 1e-12);
    assert.is(block.shut, all.filter((gate) => gate < 0.05).length / all.length);
    assert.ok(block.withinClass.every((deviation) => deviation < 1e-6));
    assert.ok(Math.abs(block.explainedByClass - 1) < 1e-6, "where a class is one picture it explains everything");
    assert.ok(block.betweenPictures > 0 && block.frozen >= 0.5);
  });
});

test("the page, and its figures as files", async () => {
  const call = await senet("gates", "--data", folder, "--classes", names, "--out", at("gates.html"), "--svg", at("figures"));
  assert.is(call.code, 0, call.errors);
  assert.match(call.output, /90\.00 % right/);
  const page = readFileSync(at("gates.html"), "utf8");
  assert.is((page.match(/<figure/g) ?? []).length, 6);
  assert.match(page, /Ankle boot/);
  assert.not.match(page, /<script|(src|href)="(?!data:)/);
  assert.is(readdirSync(at("figures"), { withFileTypes: true }).length, 6);
});

test("some of the network's classes will do; of others it says how many answers stay", async () => {
  const copy = (to: string, file: string): void => {
    mkdirSync(at(to), { recursive: true });
    for (const name of ["a.png", "b.png"]) copyFileSync(join(samples, file), join(at(to), name));
  };
  for (const [name, file] of [["Bag", "bag-0018.png"], ["Coat", "coat-0006.png"]]) copy(`some/${name}`, file);
  const some = await senet("gates", "--data", at("some"), "--classes", names, "--json");
  assert.is(some.code, 0, some.errors);
  const { accuracy, against, classes: named } = JSON.parse(some.output) as { accuracy: number; against: string; classes: string[] };
  assert.equal([accuracy, against, named.length], [1, "labels", 10]);
  for (const [name, file] of [["soft", "coat-0006.png"], ["hard", "ankle-boot-0000.png"]]) copy(`mine/${name}`, file);
  const mine = await senet("gates", "--data", at("mine"), "--classes", names, "--json");
  assert.is(mine.code, 0, mine.errors);
  assert.match(mine.errors, /"hard", "soft" are no class of .*: what is measured is how many answers are as with its own gates/);
  const kept = JSON.parse(mine.output) as { accuracy: number; against: string; allOne: number; classes: string[] };
  assert.equal([kept.accuracy, kept.against, kept.classes], [1, "own answers", ["hard", "soft"]]);
  assert.ok(kept.allOne <= 1);
});

test("a network that answers for every pixel: shares of the picture, and pixels that keep their class", async () => {
  const model = createModel("se_unet", { classes: 3, inChannels: 1, width: 4 }, 5).evaluate();
  const preprocessing = { size: [16, 16], resize: 16, interpolation: "bilinear", channels: "gray", mean: [0.5], std: [0.5] } as const;
  writeFileSync(at("unet.safetensors"), saveWeights(model, { classes: ["ground", "leaf", "sky"], preprocessing }));
  const explained = await senet("explain", join(samples, "bag-0018.png"), "--weights", at("unet.safetensors"), "--json");
  assert.is(explained.code, 0, explained.errors);
  const { pixels, guesses } = JSON.parse(explained.output) as { pixels: boolean; guesses: { name: string; probability: number }[] };
  assert.ok(pixels && guesses.length === 3);
  assert.ok(Math.abs(guesses.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-5);
  const call = await senet("gates", "--data", at("mine"), "--weights", at("unet.safetensors"), "--out", at("unet.html"));
  assert.is(call.code, 0, call.errors);
  assert.match(call.errors, /answers for every pixel/);
  assert.match(readFileSync(at("unet.html"), "utf8"), /answers kept with all gates 1/);
});

test("bad input: one line, the right code", async () => {
  assert.is((await senet("gates")).code, 2);
  assert.is((await senet("gates", "--data", at("nothing-here"))).code, 1);
  assert.is((await senet("gates", "--data", folder, "--images", "1")).code, 2);
});

test.run();
