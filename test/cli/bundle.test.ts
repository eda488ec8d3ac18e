/** senet bundle: a file that answers as the session does, of every kind of MODEL; wrong usage leaves nothing behind. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel, lower, saveWeights, writeOnnx } from "../../src/index.ts";
import { compileSync } from "../../src/session/session.ts";
import { load } from "../bundle/file.ts";
import { bits } from "../support/compare.ts";
import { decodeUtf8 } from "../../src/io/bytes/utf8.ts";
import { draw, stir } from "../support/random.ts";
import { Tensor } from "../../src/tensor.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const text = (name: string): string => decodeUtf8(readFileSync(at(name)), name);
const options = { classes: 3, inChannels: 1, width: 4, reduction: 2 };
const model = stir(createModel("se_resnet8", options)).evaluate();
const input = [1, 1, 9, 8];
const x = draw(input);
const wanted = bits(compileSync(model, { input, numerics: "exact" }).run(x));

writeFileSync(at("described.safetensors"), saveWeights(model, { classes: ["a", "b", "c"] }));
writeFileSync(at("model.onnx"), writeOnnx(lower(model, input)));

test("a model by its name, a file that describes itself, an ONNX file", async () => {
  for (
    const args of [
      ["se_resnet8", "--weights", at("described.safetensors"), "--model-options", JSON.stringify(options), "--input", "1,1,9,8"],
      [at("described.safetensors"), "--input", "1,1,9,8"], ["--weights", at("described.safetensors"), "--input", "1,1,9,8"],
      [at("model.onnx")],
    ]
  ) {
    const call = await senet("bundle", ...args, "--format", "f32", "--syntax", "script", "--out", at("net.js"));
    assert.is(call.code, 0, call.errors);
    assert.match(call.output, /net\.js: .*, input \S+, wasm, f32, [\d,]+ bytes\nmemory [\d,]+ bytes/);
    const y = load({ code: text("net.js") }).predict(x.data);
    assert.equal(bits(new Tensor(y, [3])), wanted, args.join(" "));
  }
  assert.equal(load({ code: text("net.js") }).classes, undefined);
});

test("the bundled network, weights beside", async () => {
  const call = await senet("bundle", "--out", at("net.js"), "--data", at("net.bin"), "--target", "plain", "--syntax", "script", "--json");
  assert.is(call.code, 0, call.errors);
  const told = JSON.parse(call.output) as Record<string, unknown>;
  assert.is(told.data_bytes, readFileSync(at("net.bin")).length);
  assert.is(told.pictures, true);
  const file = load({ code: text("net.js") });
  assert.is(await file.ready(readFileSync(at("net.bin"))), "plain");
  assert.is(file.predict(new Uint8Array(784)).length, 10);
});

test("wrong usage", async () => {
  rmSync(at("net.js"), { force: true });
  mkdirSync(at("folder"), { recursive: true });
  for (
    const [args, code, message] of [
      [[], 2, /wants --out FILE/], [["--out", at("folder")], 1, /cannot write .*folder: it is a directory/],
      [["--out", at("net.js"), "--format", "f64"], 2, /--format wants one of f32, f16, int8, got "f64"/],
      [["--out", at("net.js"), "--target", "gpu"], 2, /--target wants one of wasm, plain, both/],
      [["--out", at("net.js"), "--data", at("net.js")], 2, /--out and --data are one file/],
      [["seresnet50", "--out", at("net.js")], 2, /--weights FILE is wanted/],
      [["seresnet50", "--weights", at("described.safetensors"), "--out", at("net.js")], 1, /described\.safetensors: /],
      [["nothing.safetensors", "--out", at("net.js")], 1, /cannot read nothing\.safetensors: no such file/],
      [[at("described.safetensors"), "--weights", "W.safetensors", "--out", at("net.js")], 2, /is a file of weights, and so is/],
      [["--out", at("net.js"), "--name", "1x"], 1, /name wants a name that variables may have/],
    ] as const
  ) {
    const call = await senet("bundle", ...args);
    assert.match(call.errors, message);
    assert.is(call.errors.trim().split("\n").length <= 3, true, call.errors);
    assert.is(call.code, code, call.errors);
    assert.not(existsSync(at("net.js")), args.join(" "));
  }
});

test.run();
