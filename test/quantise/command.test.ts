/** senet convert --int8, and what takes its files: made in one command, refused in one line. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { senet, temporaryFolder } from "../cli/call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const bundled = fileURLToPath(new URL("../../models/pretrained/fashion-mnist.safetensors", import.meta.url));
const samples = fileURLToPath(new URL("../../models/pretrained/samples", import.meta.url));
const int8 = at("int8.safetensors");

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
  await refused(1, /it is quantised already/, "convert", int8, out, ...calibrated);
  await refused(1, /of another network than mobilenet_v3_small/, "classify", "--model", "mobilenet_v3_small", "--weights", int8);
});

test.run();
