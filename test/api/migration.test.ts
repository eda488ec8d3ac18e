/** senet's side of docs/migration, as it stands there, beside what the others answered (bench/peers/migration/main.ts). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RgbaImage } from "../../src/index.ts";
import { root } from "./examples.ts";
import { networkFile, page, picture, sourcesOf, writeFiles } from "./migration-files.ts";

interface Label {
  readonly label: string;
  readonly confidence: number;
}
const answers = JSON.parse(readFileSync(join(page, "../answers.json"), "utf8")) as {
  readonly tfjs: readonly number[];
  readonly losses: readonly number[];
  readonly "onnxruntime-web": readonly number[];
  readonly ml5: readonly Label[];
};

const folder = mkdtempSync(join(tmpdir(), "senet-migration-"));
const from = `from ${JSON.stringify(join(root, "src/index.ts"))}`;
writeFiles(folder, ["picture.js", ...sourcesOf("senet")], (text) => text.replace('from "senet"', from));
writeFileSync(join(folder, "net.safetensors"), readFileSync(join(page, "../net.safetensors")));
writeFileSync(join(folder, "model.onnx"), networkFile());
const before = process.cwd();
process.chdir(folder);
const load = async <T>(file: string): Promise<T> => (await import(pathToFileURL(join(folder, file)).href)) as T;

function near(came: ArrayLike<number>, wanted: readonly number[]): void {
  assert.is(came.length, wanted.length);
  for (const [i, value] of wanted.entries()) assert.ok(Math.abs(came[i] - value) < 1e-5, `${i}: ${came[i]}, wanted ${value}`);
}

test("TensorFlow.js: the answer", async () => {
  near((await load<{ readonly answer: Float32Array }>("senet/predict.js")).answer, answers.tfjs);
});

test("TensorFlow.js: losses of five steps of training", async () => {
  const { losses } = await load<{ readonly losses: readonly number[] }>("senet/train.js");
  near(losses, answers.losses);
  assert.ok(losses[4] < losses[0]);
});

test("onnxruntime-web: the answer", async () => {
  near((await load<{ readonly answer: Float32Array }>("senet/onnx.js")).answer, answers["onnxruntime-web"]);
});

test("ml5: labels in order, with their confidence", async () => {
  const { classify } = await load<{ classify(image: RgbaImage): readonly Label[] }>("senet/classify.js");
  const came = classify(picture());
  assert.equal(came.map(({ label }) => label), answers.ml5.map(({ label }) => label));
  near(came.map(({ confidence }) => confidence), answers.ml5.map(({ confidence }) => confidence));
});

test.after(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

test.run();
