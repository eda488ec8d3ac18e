/**
 * senet classify on what people hand it: folders, the standard input, a bad file among good ones, published weights without names; and what
 * all commands print.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel, modelNames } from "../../models/index.ts";
import { progressLine } from "../../src/cli/terminal.ts";
import { parseSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import { stateDict } from "../../src/nn/state-dict.ts";
import { version } from "../../src/version.ts";
import { saveWeights } from "../../src/weights/weights.ts";
import { command } from "../support/runtime.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const samples = fileURLToPath(new URL("../../models/pretrained/samples", import.meta.url).href);
const copy = (from: string, to: string): void => writeFileSync(at(to), readFileSync(join(samples, from)));

interface Answer {
  readonly image: string;
  readonly guesses?: readonly { readonly class: string; readonly index: number }[];
  readonly error?: string;
}

mkdirSync(at("album/more"), { recursive: true });
copy("bag-0018.png", "album/a.png");
copy("sandal-0008.png", "album/more/b.png");
writeFileSync(at("album/notes.txt"), "none");

test("a folder, with the folders in it; other files are counted", async () => {
  const { code, output, errors } = await senet("classify", at("album"), "--json", "--top", "1");
  assert.is(code, 0, errors);
  const answers = JSON.parse(output) as Answer[];
  assert.equal(
    answers.map(({ image, guesses }) => [image, guesses?.[0].class]), [[at("album/a.png"), "Bag"], [at("album/more/b.png"), "Sandal"]],
  );
  assert.match(errors, /album: 1 file that is no picture is left out/);
  mkdirSync(at("empty"), { recursive: true });
  const empty = await senet("classify", at("empty"));
  assert.is(empty.code, 1);
  assert.match(empty.errors, /^senet: .*empty: there are no pictures in this folder\n$/);
});

test("one bad file among good ones: the others are classified, and the call fails at its end", async () => {
  writeFileSync(at("bad.png"), readFileSync(at("album/a.png")).slice(0, 60));
  const { code, output, errors } = await senet("classify", at("album/a.png"), at("bad.png"), at("none.png"), at("album/more/b.png"));
  assert.is(code, 1);
  assert.match(output, /a\.png\n +Bag[^]*b\.png\n +Sandal/);
  const lines = errors.trimEnd().split("\n");
  assert.is(lines.length, 3, errors);
  assert.match(lines[0], /^senet: .*bad\.png: .*PNG/);
  assert.match(lines[1], /^senet: cannot read .*none\.png: no such file$/);
  assert.is(lines[2], "senet: 2 of 4 pictures could not be classified");
  const json = await senet("classify", at("bad.png"), at("album/a.png"), "--json");
  assert.is(json.code, 1);
  assert.equal(
    (JSON.parse(json.output) as Answer[]).map(({ guesses, error }) => [guesses?.[0].class, error !== undefined]),
    [[undefined, true], ["Bag", false]],
  );
});

// Deno's child_process rewrites what a shell is told to run where that is Deno.
if (process.platform !== "win32" && process.versions.deno === undefined) {
  test("- is the standard input", async () => {
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url).href);
    const piped = (from: string): Promise<{ output: string; errors: string }> => new Promise((resolve) => {
      execFile("/bin/sh", ["-c", '"$RUNTIME" "$@" < "$0"', from, ...command(main), "classify", "-", "--top", "1", "--threads", "1"], {
        env: { ...process.env, RUNTIME: process.execPath }
      },
        (_, output, errors) => resolve({ output, errors }));
    });
    assert.match((await piped(at("album/a.png"))).output, /^-\n +Bag +90\.\d %/);
    assert.match((await piped("/dev/null")).errors, /^senet: standard input: there is nothing to read\n$/);
    assert.match((await senet("classify", "-", "-")).errors, /the standard input \(-\) can be read once/);
  });
}

test("published weights of 1,000 classes: ImageNet's names, and it is said; other weights have numbers", async () => {
  const model = createModel("mobilenet_v3_small", { width: 0.25 }, 1);
  writeFileSync(at("published.safetensors"), writeSafetensors(stateDict(model)));
  const call = (...more: string[]) => senet(
    "classify", at("album/a.png"), "--weights", at("published.safetensors"), "--model", "mobilenet_v3_small", "--model-options",
    '{"width":0.25}', "--json", "--top", "1000", ...more,
  );
  const { code, output, errors } = await call();
  assert.is(code, 0, errors);
  assert.match(
    errors, /^mobilenet_v3_small of published\.safetensors names no classes: the names are ImageNet's \(--classes FILE gives others\)$/m,
  );
  const named = new Map((JSON.parse(output) as Answer[])[0].guesses!.map((guess) => [guess.index, guess.class]));
  for (const [index, name] of [[0, "tench"], [1, "goldfish"], [134, "crane bird"], [173, "Ibizan hound"], [207, "golden retriever"], [
    285, "Egyptian cat",
  ], [388, "giant panda"], [417, "balloon"],
    [517, "crane"], [639, "maillot tank suit"], [999, "toilet tissue"]] as const) assert.is(named.get(index), name);
  assert.is(new Set(named.values()).size, 1000);
  const preprocessing = { size: [28, 28], resize: 28, interpolation: "bilinear", channels: "gray", mean: [0.5], std: [0.5] } as const;
  writeFileSync(
    at("own.safetensors"),
    saveWeights(createModel("se_resnet8", { classes: 1000, inChannels: 1, width: 4, reduction: 2 }, 1), { preprocessing }),
  );
  const own = await senet("classify", at("album/a.png"), "--weights", at("own.safetensors"), "--json", "--top", "1");
  assert.match((JSON.parse(own.output) as Answer[])[0].guesses![0].class, /^class \d+$/);
  const asked = await senet(
    "classify", at("album/a.png"), "--weights", at("own.safetensors"), "--json", "--top", "1", "--classes", "imagenet",
  );
  assert.not.match((JSON.parse(asked.output) as Answer[])[0].guesses![0].class, /^class \d+$/);
  assert.match(
    (await senet("classify", at("album/a.png"), "--classes", "imagenet")).errors, /ImageNet names 1000 classes, the network has 10/,
  );
});

test("-h, --version, names as JSON, and help that fits 80 columns", async () => {
  assert.is((await senet("--version")).output, `senet ${version}\n`);
  assert.equal(JSON.parse((await senet("summary", "--list", "--json")).output), modelNames);
  assert.is((await senet("-h")).output, (await senet("--help")).output);
  for (const name of ["", "classify", "run", "summary", "bench", "train", "eval", "report", "segment", "convert", "compile"]) {
    const { code, output } = await senet(...(name === "" ? [] : [name]), "-h");
    assert.is(code, 0);
    if (name !== "") assert.is((await senet(name, "--help")).output, output);
    for (const line of output.split("\n")) assert.ok(line.length <= 80, `${name}: ${line}`);
  }
});

test("a progress line says what is left and fits", () => {
  const texts = ["epoch 12/300", "loss 1.2345", "accuracy 12.34 %", "12345 images/s"];
  for (const columns of [20, 40, 79, 80, 120]) {
    const line = progressLine(0.25, 3725, texts, columns);
    assert.ok(line.length <= columns, line);
    if (columns >= 79) assert.match(line, / 25 % {2}1 h 2 min left {2}epoch 12\/300 {2}loss 1\.2345/);
  }
  assert.not.match(progressLine(0.25, undefined, texts, 120), /left/);
});

test("compile --weights: model, options and image size are the file's", async () => {
  const bundled = fileURLToPath(new URL("../../models/pretrained/fashion-mnist.safetensors", import.meta.url).href);
  const { code, output, errors } = await senet("compile", "--weights", bundled, "--out", at("m.wasm"), "--json");
  assert.is(code, 0, errors);
  const { model, input } = JSON.parse(output) as { model: string; input: number[] };
  assert.equal([model, input], ["se_resnet20", [1, 1, 28, 28]]);
  assert.match((await senet("compile", "--out", at("m.wasm"))).errors, /wants MODEL, or --weights of one/);
});

test("what acts on a terminal reaches none: names of classes, files and options are spelled out", async () => {
  const bundled = readFileSync(new URL("../../models/pretrained/fashion-mnist.safetensors", import.meta.url));
  const { tensors, metadata } = parseSafetensors(bundled);
  const names = Array.from({ length: 10 }, (_, i) => `\u001b[2J\u009b31m\u202eclass\n${i}\u0007`);
  writeFileSync(at("bell.safetensors"), writeSafetensors(tensors, { metadata: { ...metadata, "senet.classes": JSON.stringify(names) } }));
  const clean = (text: string): void => assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  const shown = await senet("classify", at("album/a.png"), "--weights", at("bell.safetensors"));
  assert.is(shown.code, 0, shown.errors);
  clean(shown.output);
  assert.is(shown.output.split("\n").length, 5);
  assert.match(shown.output, /\\u001b\[2J\\u009b31m\\u202eclass\\u000a8\\u0007/);
  const json = await senet("classify", at("album/a.png"), "--weights", at("bell.safetensors"), "--json", "--top", "1");
  clean(json.output);
  assert.is((JSON.parse(json.output) as Answer[])[0].guesses![0].class, names[8]);
  for (
    const args of [
      ["\u001b[31m"], ["summary", "\u001b[31m"], ["summary", "resnet50", "--model-options", '{"\u001b]0;x\u0007":1}'],
      ["classify", "\u001b[2J.png"], ["train", "--recipe", "\u001b[1m"],
    ]
  ) {
    const { errors, code } = await senet(...args);
    assert.not.equal(code, 0);
    clean(errors);
  }
});

test.after(() => rmSync(folder, { force: true, recursive: true }));
test.run();
