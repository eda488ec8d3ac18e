/** senet explain: every SE block is on the page, with the numbers that a session gives, to the bit; of our networks and of ONNX files. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { gatesOf } from "../../src/graph/gates.ts";
import { decodeImage } from "../../src/io/images/decode.ts";
import { preprocess } from "../../src/io/images/preprocess.ts";
import { parseSafetensors } from "../../src/io/weights/safetensors.ts";
import { moduleNetwork } from "../../src/nn/lower.ts";
import { loadStateDict, stateShapes } from "../../src/nn/state-dict.ts";
import { compileSync } from "../../src/session/session.ts";
import { loadWeights, saveWeights, weightsDescription } from "../../src/weights/weights.ts";
import { recipeWeights } from "../fixtures/recipe.ts";
import { bytesFromBase64 } from "../support/base64.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const pretrained = (name: string): string => fileURLToPath(new URL(`../../models/pretrained/${name}`, import.meta.url));
const boot = pretrained("samples/ankle-boot-0000.png");

const floats = (text: string): number[] => [...new Float32Array(bytesFromBase64(text).slice().buffer)];

/** Of every block on a page: its name, gates and squeezed values. */
function blocksOf(page: string): { name: string; gates: number[]; squeeze: number[] }[] {
  return [...page.matchAll(/data-name="([^"]*)" data-gates="([^"]*)"\s+data-squeeze="([^"]*)"/g)].map(([, name, gates, squeeze]) => (
    { name, gates: floats(gates), squeeze: floats(squeeze) }));
}

/** The same from a session of the weights file. */
async function wanted(weights: string): Promise<{ name: string; gates: number[]; squeeze: number[] }[]> {
  const file = parseSafetensors(readFileSync(weights));
  const { model: name, options, preprocessing } = weightsDescription(file)!;
  const model = createModel(name, options, null);
  loadWeights(model, file);
  const x = preprocess(await decodeImage(readFileSync(boot)), preprocessing!);
  const gates = gatesOf(moduleNetwork(model).lower({ input: x.shape }));
  const session = compileSync(
    model, { input: x.shape, numerics: "exact", observe: [...new Set(gates.flatMap((gate) => [gate.name, gate.nodes[0].output.name]))] },
  );
  const seen = session.run({ input: x });
  return gates.map((gate) => ({ name: gate.name, gates: [...seen[gate.name].data], squeeze: [...seen[gate.nodes[0].output.name].data] }));
}

test("the bundled network: six blocks, their gates to the bit", async () => {
  const call = await senet("explain", boot, "--out", at("bundled.html"));
  assert.is(call.code, 0, call.errors);
  assert.match(call.output, /Ankle boot, 91/);
  const page = readFileSync(at("bundled.html"), "utf8");
  const blocks = blocksOf(page);
  assert.is(blocks.length, 6);
  assert.equal(blocks, await wanted(pretrained("fashion-mnist.safetensors")));
  assert.not.match(page, /(src|href)="(?!data:)/, "a page of its own");
  assert.not.match(page, /<script/);
});

const described = { preprocessing: {
  size: [64, 64], resize: 64, interpolation: "bilinear", channels: "rgb", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25],
} } as const;
for (const [name, options, blocks] of [["seresnet50", { width: 16, classes: 7 }, 16], ["mobilenet_v3_large", { classes: 7 }, 8]] as const) {
  test(`${name}: ${blocks} blocks, their gates to the bit, under 3 MB`, async () => {
    const model = createModel(name, options, null);
    loadStateDict(model, recipeWeights(stateShapes(model)));
    writeFileSync(at(`${name}.safetensors`), saveWeights(model, described));
    const call = await senet("explain", boot, "--weights", at(`${name}.safetensors`), "--out", at(`${name}.html`));
    assert.is(call.code, 0, call.errors);
    const page = readFileSync(at(`${name}.html`), "utf8");
    const found = blocksOf(page);
    assert.is(found.length, blocks);
    assert.equal(found, await wanted(at(`${name}.safetensors`)));
    assert.ok(page.length < 3e6);
  });
}

test("an ONNX file of the same network says the same", async () => {
  assert.is((await senet("convert", pretrained("fashion-mnist.safetensors"), at("bundled.onnx"))).code, 0);
  const ours = JSON.parse((await senet("explain", boot, "--json")).output) as { blocks: {
    gates: number[]; effects: { one: { kept: number } }
  }[] };
  writeFileSync(at("names.txt"), Array.from({ length: 10 }, (_, i) => `garment ${i}`).join("\n"));
  const call = await senet("explain", boot, "--model", at("bundled.onnx"), "--classes", at("names.txt"), "--json");
  assert.is(call.code, 0, call.errors);
  const theirs = JSON.parse(call.output) as typeof ours & { guesses: { name: string }[] };
  assert.is(theirs.guesses[0].name, "garment 9");
  assert.is(theirs.blocks.length, ours.blocks.length);
});

test("what is left when gates are replaced is what a session says", async () => {
  const { blocks, guesses } = JSON.parse((await senet("explain", boot, "--json")).output) as {
    guesses: { probability: number }[]; blocks: { effects: Record<"mean" | "one" | "off", { kept: number; same: boolean }> }[] };
  assert.ok(blocks.some(({ effects }) => !effects.off.same), "without its channels the boot is none");
  for (const { effects } of blocks) {
    for (const { kept, same } of Object.values(effects)) assert.ok(kept >= 0 && kept <= 1 && (kept < 0.5 || same));
    assert.not.equal(effects.one.kept, guesses[0].probability);
  }
});

test("bad input: one line, the right code", async () => {
  const model = createModel("resnet8", { classes: 3 }, 1);
  writeFileSync(at("plain.safetensors"), saveWeights(model, described));
  const none = await senet("explain", boot, "--weights", at("plain.safetensors"), "--out", at("none.html"));
  assert.is(none.code, 1);
  assert.match(none.errors, /has no gates/);
  const nowhere = await senet("explain", boot, "--out", folder);
  assert.is(nowhere.code, 1);
  const top = await senet("explain", boot, "--top", "0");
  assert.is(top.code, 2);
});

test.run();
