/** senet convert --int8, and what takes its files: made in one command, refused in one line. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel, stateDict } from "../../src/index.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import { Tensor } from "../../src/tensor.ts";
import { senet, temporaryFolder } from "../cli/call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const bundled = fileURLToPath(new URL("../../models/pretrained/fashion-mnist.safetensors", import.meta.url));
const samples = fileURLToPath(new URL("../../models/pretrained/samples", import.meta.url));
const int8 = at("int8.safetensors");
const options = readSafetensors(readFileSync(bundled)).metadata["senet.options"];

test("one command makes a file, which classify takes: the bundled pictures are what they were", async () => {
  const made = await senet("convert", bundled, int8, "--int8", "--calibrate", samples);
  assert.is(made.code, 0, made.errors);
  assert.match(made.output, /int8, measured on 10 images, \d/);
  assert.match(made.output, /signal-to-noise ratio of the output: \d\d\.\d dB; worst layers: layer/);
  const names = async (...given: readonly string[]): Promise<string[]> => {
    const { code, output, errors } = await senet("classify", "--json", ...given);
    assert.is(code, 0, errors);
    return (JSON.parse(output) as { guesses: { class: string }[] }[]).map(({ guesses: [first] }) => first.class);
  };
  assert.equal(await names("--weights", int8), await names());
});

test("run, bench and convert to ONNX take the file too", async () => {
  const input = at("input.safetensors");
  writeFileSync(input, writeSafetensors([["input", Tensor.zeros([2, 1, 28, 28])]]));
  const tensors = ["wasm", "plain"].map((kernels) => at(`${kernels}.safetensors`));
  for (const output of tensors) {
    const [, kernels] = /(\w+).safetensors$/.exec(output)!;
    const ran = await senet("run", "se_resnet20", "--model-options", options, "--weights", int8, "--input", input, "--output", output,
      "--kernels", kernels);
    assert.is(ran.code, 0, ran.errors);
  }
  assert.equal(...(tensors.map((output) => [...readFileSync(output)]) as [number[], number[]]));
  const timed = await senet("bench", "se_resnet20", "--weights", int8, "--runs", "1", "--kernels", "wasm", "--json");
  assert.is(timed.code, 0, timed.errors);
  assert.equal((JSON.parse(timed.output) as { input: number[] }[])[0].input, [1, 1, 28, 28]);
  const written = await senet("convert", int8, at("int8.onnx"));
  assert.is(written.code, 0, written.errors);
  assert.match(written.output, /int8 \(QDQ\), input \[1,1,28,28\], opset 17/);
});

test("what is guessed of published weights is said, and stands in the file: ImageNet's names, and how pictures are prepared", async () => {
  const published = at("model.safetensors");
  const model = createModel("lcnet_035", {}, 1);
  writeFileSync(published, writeSafetensors(stateDict(model)));
  const out = at("published.int8.safetensors");
  const made = await senet("convert", published, out, "--model", "lcnet_035", "--int8", "--calibrate", samples, "--images", "1");
  assert.is(made.code, 0, made.errors);
  assert.match(made.errors, /names no classes: the names are ImageNet's/);
  assert.match(made.errors, /does not say how its pictures are prepared: 224 x 224/);
  const { metadata } = readSafetensors(readFileSync(out));
  assert.is((JSON.parse(metadata["senet.classes"]) as string[]).length, 1000);
});

test("what makes no sense is said in one line", async () => {
  const refused = async (code: number, message: RegExp, ...given: readonly string[]): Promise<void> => {
    const call = await senet(...given);
    assert.is(call.code, code, call.errors);
    assert.match(call.errors, message);
    assert.is(call.errors.trim().split("\n").length, 1, call.errors);
  };
  const out = at("other.safetensors");
  const calibrated = ["--int8", "--calibrate", samples];
  await refused(2, /--int8 wants --calibrate DIR/, "convert", bundled, out, "--int8");
  await refused(2, /--keep wants --int8 with it/, "convert", bundled, out, "--keep", "conv1");
  await refused(2, /OUT wants to end in .safetensors/, "convert", bundled, at("o.onnx"), ...calibrated);
  await refused(1, /there are no pictures in this folder/, "convert", bundled, out, "--int8", "--calibrate", at("."));
  await refused(1, /wants a folder with pictures/, "convert", bundled, out, "--int8", "--calibrate", bundled);
  await refused(1, /keep names "conf1", which is no layer.*conv1/, "convert", bundled, out, ...calibrated, "--keep", "conf1");
  await refused(2, /wants weights of a network that --model can name; .*brings a graph/, "convert", at("int8.onnx"), out, ...calibrated);
  await refused(1, /it is quantised already/, "convert", int8, out, ...calibrated);
  await refused(2, /is a quantised network: it becomes OUT.onnx/, "convert", int8, out);
  const run = ["run", "se_resnet20", "--model-options", options, "--weights", int8, "--input", at("input.safetensors"), "--output", out];
  await refused(2, /--partial is for weights of float32/, ...run, "--partial");
  await refused(2, /runs in a session; the eager engine/, ...run, "--engine", "eager");
  await refused(2, /does not learn/, "bench", "se_resnet20", "--weights", int8, "--train");
  await refused(1, /of another network than mobilenet_v3_small/, "classify", "--model", "mobilenet_v3_small", "--weights", int8);
});

test.run();
