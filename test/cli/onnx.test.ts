/** ONNX files on the command line: run, summary, bench, classify, convert; weights beside the model and nowhere else. */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodePng } from "../../src/io/images/png-encode.ts";
import { importOnnx } from "../../src/io/onnx/import.ts";
import { parseSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import { compileSync } from "../../src/session/session.ts";
import { recipeTensor } from "../fixtures/recipe.ts";
import { fileJson } from "../support/files.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/onnx/${name}`, import.meta.url));
const x = recipeTensor("input", [1, 3, 16, 16]);
writeFileSync(at("x.safetensors"), writeSafetensors([["whatever", x]]));

interface Answers {
  readonly files: Readonly<Record<string, {
    readonly cases: readonly { readonly outputs: Readonly<Record<string, { readonly data: readonly number[] }>> }[]
  }>>;
}
const { files } = fileJson<Answers>("fixtures/onnx/expected.json");

function near(path: string, name: string): void {
  const { tensors } = parseSafetensors(readFileSync(path));
  for (const [output, { data }] of Object.entries(files[name].cases[0].outputs)) {
    assert.equal([...tensors.keys()], [output]);
    data.forEach((value, i) => assert.ok(Math.abs(value - tensors.get(output)!.data[i]) < 1e-5, `${output}[${i}]`));
  }
}

test("networks of other programs are named, with what to do", async () => {
  for (const [name, bytes, wanted] of [
    ["m.tflite", "\x1c\0\0\0TFL3rest", /TensorFlow Lite model: python -m tf2onnx\.convert --tflite/],
    ["model.json", '{"format":"graph-model"}', /TensorFlow\.js model\? python -m tf2onnx\.convert --tfjs/],
    ["m.h5", "\x89HDF\r\n\x1a\n", /Keras model\?\): python -m tf2onnx\.convert --keras/],
    ["m.keras", "PK\x03\x04rest", /Keras model\?\): .*model\.export\("M\.onnx"\)/],
  ] as const) {
    writeFileSync(at(name), Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)));
    for (const command of ["summary", "bench"]) {
      const call = await senet(command, at(name));
      assert.is(call.code, 1, call.errors);
      assert.match(call.errors, wanted);
    }
  }
});

test("run takes the only tensor of a file, and writes outputs under the graph's names", async () => {
  const call = await senet("run", fixture("script/se-linear-script.onnx"), "--input", at("x.safetensors"), "--output", at("y.safetensors"));
  assert.is(call.code, 0, call.errors);
  assert.match(call.output, /input x \[1,3,16,16\]; output y \[1,5\] written to/);
  near(at("y.safetensors"), "se-linear-script.onnx");
});

test("weights lie beside the model, also where both were renamed; elsewhere they are not looked for", async () => {
  const name = "se-conv-dynamo-external.onnx";
  const run = (model: string): ReturnType<typeof senet> => senet(
    "run", model, "--input", at("x.safetensors"), "--output", at("y.safetensors"),
  );
  assert.is((await run(fixture(`dynamo/${name}`))).code, 0);
  near(at("y.safetensors"), name);
  copyFileSync(fixture(`dynamo/${name}`), at("renamed.onnx"));
  assert.match((await run(at("renamed.onnx"))).errors, /its weights lie in se-conv-dynamo-external\.onnx\.data, which is not beside it/);
  copyFileSync(fixture(`dynamo/${name}.data`), at("renamed.onnx.data"));
  assert.is((await run(at("renamed.onnx"))).code, 0);
  near(at("y.safetensors"), name);
  mkdirSync(at("linked"), { recursive: true });
  copyFileSync(fixture(`dynamo/${name}`), at("linked/m.onnx"));
  symlinkSync(at("renamed.onnx.data"), at(`linked/${name}.data`));
  assert.match((await run(at("linked/m.onnx"))).errors, /a link out of the model's folder/);
});

test("summary lists operations and SE gates by name", async () => {
  const call = await senet("summary", fixture("other/se-paddle-11.onnx"), "--json");
  assert.is(call.code, 0, call.errors);
  const found = JSON.parse(call.output) as Record<string, unknown> & { gates: { name: string; activation: string; hidden: number }[] };
  assert.equal(found.gates.map(({ name, activation, hidden }) => [name, activation, hidden]), [
    ["p2o.pd_op.hardsigmoid.0.0", "hard_sigmoid", 2], ["p2o.pd_op.hardsigmoid.1.0", "hard_sigmoid", 2],
  ]);
  assert.equal([found.opset, found.se_parameters, found.gap_adds], [11, 2 * (16 + 2 + 16 + 8), 2 * 8 * 64]);
  const text = (await senet("summary", fixture("other/se-paddle-11.onnx"))).output;
  assert.match(text, /2 SE gates; observe and override take these names/);
});

test("free sizes want --input, or are 224 and said", async () => {
  const call = await senet("summary", fixture("dynamo/same-dynamo.onnx"), "--json");
  assert.match(call.errors, /x is \[batch,3,height,width\]: 224x224 is taken/);
  assert.equal((JSON.parse(call.output) as { input: unknown }).input, { x: [1, 3, 224, 224] });
  const given = await senet("summary", fixture("dynamo/same-dynamo.onnx"), "--json", "--input", "2,3,33,17");
  assert.equal((JSON.parse(given.output) as { input: unknown; output: unknown }).output, { linear: [2, 5] });
});

test("bench times sessions of a file; the eager engine and training want models", async () => {
  const call = await senet("bench", fixture("dynamo/unet-dynamo.onnx"), "--runs", "1", "--batch", "2", "--json");
  assert.is(call.code, 0, call.errors);
  assert.equal(
    (JSON.parse(call.output) as { batch: number; kernels: string }[]).map(({ batch, kernels }) => [batch, kernels]),
    [[2, "wasm"], [2, "plain"]],
  );
  assert.match((await senet("bench", fixture("dynamo/unet-dynamo.onnx"), "--engine", "eager")).errors, /runs in a session/);
  assert.match((await senet("bench", fixture("dynamo/unet-dynamo.onnx"), "--train")).errors, /--train times models/);
});

test("a preset may be a file of one's own: its sizes where the file's are free, its levels and order of colours", async () => {
  writeFileSync(at("red.png"), await encodePng({
    width: 9, height: 5, data: Uint8Array.from({ length: 9 * 5 * 4 }, (_, i) => (i % 4 === 0 || i % 4 === 3 ? 255 : 3 * (i % 60))) }));
  const preset = {
    size: [33, 17], resize: [33, 17], interpolation: "bilinear", channels: "rgb", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
  const ask = async (value: object): Promise<{ readonly errors: string; readonly probabilities: readonly number[] }> => {
    writeFileSync(at("prepared.json"), JSON.stringify(value));
    const model = fixture("dynamo/same-dynamo.onnx");
    const { code, output, errors } = await senet("classify", at("red.png"), model, "--preset", at("prepared.json"), "--json", "--top", "5");
    if (code !== 0) return { errors, probabilities: [] };
    const [{ guesses }] = JSON.parse(output) as { guesses: { index: number; probability: number }[] }[];
    return { errors, probabilities: [...guesses].sort((a, b) => a.index - b.index).map(({ probability }) => probability) };
  };
  const own = await ask(preset);
  assert.is(own.probabilities.length, 5);
  assert.not.match(own.errors, /224x224|prepared as for ImageNet/);
  for (const change of [{ channels: "bgr" }, { mean: [0, 0, 0] }, { size: [40, 17], resize: [40, 17] }]) {
    assert.not.equal((await ask({ ...preset, ...change })).probabilities, own.probabilities, JSON.stringify(change));
  }
  assert.match((await ask({ ...preset, means: [0] })).errors, /prepared\.json: preprocessing: unknown field\s"means"/);
  assert.match((await senet("classify", at("red.png"), "--preset", at("none.json"))).errors, /none\.json/);
});

test("classify takes a file as the model, at the size that it wants", async () => {
  const picture = { width: 20, height: 24, data: Uint8Array.from({ length: 20 * 24 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256)) };
  writeFileSync(at("p.png"), await encodePng(picture));
  writeFileSync(at("names.txt"), "a\nb\nc\nd\ne\n");
  const call = await senet(
    "classify", at("p.png"), "--model", fixture("dynamo/mobile-dynamo.onnx"), "--classes", at("names.txt"), "--json", "--top", "5",
  );
  assert.is(call.code, 0, call.errors);
  assert.match(call.errors, /prepared as for ImageNet .* at 16x16/);
  const [{ guesses }] = JSON.parse(call.output) as { guesses: { class: string; probability: number }[] }[];
  assert.equal(guesses.map((guess) => guess.class).sort(), ["a", "b", "c", "d", "e"]);
  assert.ok(Math.abs(guesses.reduce((sum, guess) => sum + guess.probability, 0) - 1) < 1e-5);
  // Of TensorFlow, channels last, with a softmax of its own.
  const tf = await senet("classify", at("p.png"), fixture("other/se-conv-tf-13.onnx"), "--json", "--top", "5");
  const answers = (JSON.parse(tf.output) as { guesses: { probability: number }[] }[])[0].guesses;
  assert.ok(Math.abs(answers.reduce((sum, guess) => sum + guess.probability, 0) - 1) < 1e-5);
});

test("convert writes the weights by their names in the file, and the graph as senet has it", async () => {
  const source = fixture("script/shuffle-script.onnx");
  const call = await senet("convert", source, at("w.safetensors"), "--dtype", "f32");
  assert.is(call.code, 0, call.errors);
  const { tensors } = parseSafetensors(readFileSync(at("w.safetensors")));
  assert.ok(tensors.has("fc.weight"), [...tensors.keys()].join());
  const onnx = await senet("convert", source, at("again.onnx"));
  assert.match(onnx.output, /input x \[1,3,16,16\], any batch, opset 17/);
  const again = importOnnx(readFileSync(at("again.onnx")));
  assert.equal(again.outputs, ["y"]);
  const two = recipeTensor("input", [2, 3, 16, 16]);
  const bits = (bytes: Uint8Array): number[] => [
    ...compileSync(importOnnx(bytes), { input: [2, 3, 16, 16], kernels: "plain" }).run(two).data,
  ];
  assert.equal(bits(readFileSync(at("again.onnx"))), bits(readFileSync(source)));
});

test("what is no ONNX file is named, with what to do; what is not supported, at once", async () => {
  writeFileSync(at("m.onnx"), Uint8Array.from([28, 0, 0, 0, 84, 70, 76, 51, 0, 0]));
  const call = await senet("summary", at("m.onnx"));
  assert.is(call.code, 1);
  assert.match(call.errors, /TensorFlow Lite model: python -m tf2onnx\.convert --tflite/);
  const refused = await senet("summary", fixture("other/refused.onnx"));
  assert.match(
    refused.errors,
    /not supported \(opset 17\): LSTM \(node "rnn"\), NonZero \(node "where"\), org\.example:FusedEverything \(node "mine"\)/,
  );
  assert.is(refused.errors.trim().split("\n").length, 1);
});

test.run();
