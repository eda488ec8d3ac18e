/** The commands as a user calls them: what they print, their exit codes, and that bad input ends in one line with nothing written. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { importOnnx } from "../../src/io/onnx/import.ts";
import { parseSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import { stateDict } from "../../src/nn/state-dict.ts";
import { Tensor } from "../../src/tensor.ts";
import { saveWeights } from "../../src/weights/weights.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const options = { classes: 4, inChannels: 2, width: 4, reduction: 2 };
const given = ["--model-options", JSON.stringify(options)];
const model = createModel("se_resnet8", options, 7);
const image = Tensor.of(Array.from({ length: 2 * 9 * 8 }, (_, i) => ((i * 37) % 19) / 19), [1, 2, 9, 8]);

writeFileSync(at("weights.safetensors"), saveWeights(model, { classes: ["a", "b", "c", "d"] }));
writeFileSync(at("input.safetensors"), writeSafetensors([["input", image]]));

/** A failed call: its code, exactly one line on standard error that says what is meant, nothing on standard output. */
async function fails(code: number, message: RegExp, ...args: string[]): Promise<void> {
  const before = readdirSync(folder, { withFileTypes: true }).length;
  const call = await senet(...args);
  assert.is(call.code, code, `${args.join(" ")}: ${call.errors}`);
  assert.match(call.errors, message, call.errors);
  assert.match(call.errors, /^senet[^\n]*\n$/);
  assert.is(call.output, "");
  assert.is(readdirSync(folder, { withFileTypes: true }).length, before, "nothing is written");
}

const running = (...more: string[]): string[] =>
  [
    "run", "se_resnet8", ...given, "--weights", at("weights.safetensors"), "--input", at("input.safetensors"), "--output",
    at("never.safetensors"), ...more,
  ];

test("run writes the model's output, on every family of kernels", async () => {
  const ways = [["eager", "plain"], ["eager", "reference"], ["session", "plain"], ["session", "wasm"], ["session", "auto"]];
  for (const [engine, kernels] of ways) {
    const call = await senet(...running("--output", at("output.safetensors"), "--engine", engine, "--kernels", kernels));
    assert.is(call.code, 0, call.errors);
    const { tensors } = parseSafetensors(readFileSync(at("output.safetensors")));
    const [output, expected] = [tensors.get("output")!.data, model.forward(image).data];
    if (engine === "session") for (let i = 0; i < expected.length; i++) assert.ok(Math.abs(output[i] - expected[i]) < 1e-4, kernels);
    else assert.equal(Array.from(output), Array.from(expected), kernels);
    rmSync(at("output.safetensors"), { force: true });
  }
});

test("classify, run and eval compute in a session, on kernels of one meaning, and say so", async () => {
  const output = at("output.safetensors");
  const outputOf = async (...more: string[]): Promise<{ text: string; values: Float32Array }> => {
    const call = await senet(...running("--output", output, ...more));
    assert.is(call.code, 0, call.errors);
    return { text: call.output, values: parseSafetensors(readFileSync(output)).tensors.get("output")!.data as Float32Array };
  };
  const [usual, eager] = [await outputOf(), await outputOf("--engine", "eager")];
  assert.match(usual.text, /\(wasm: simd/);
  assert.match(eager.text, /\(eager, plain kernels\)/);
  assert.equal((await outputOf("--numerics", "exact", "--threads", "1")).values, usual.values, "exact is the default");
  assert.match((await outputOf("--kernels", "reference")).text, /\(eager, reference kernels\)/);
  assert.match((await outputOf("--kernels", "plain")).text, /\(plain: /);
  rmSync(output, { force: true });
  const probabilities = async (...more: string[]): Promise<[string, number][]> => {
    const call = await senet("classify", "--json", "--top", "2", ...more);
    return (JSON.parse(call.output) as { guesses: { class: string; probability: number }[] }[])
      .flatMap(({ guesses }) => guesses.map((g): [string, number] => [g.class, g.probability]));
  };
  const [session, modules] = [await probabilities(), await probabilities("--engine", "eager")];
  session.forEach(
    ([name, p], i) => assert.ok(
      name === modules[i][0] && Math.abs(p - modules[i][1]) < 1e-5, `${name} ${p}, eager ${modules[i].join(" ")}`,
    ),
  );
  for (const command of [["classify"], ["eval", "--data", folder], running()]) {
    await fails(
      2, /the eager engine has plain and reference kernels; wasm ones want --engine session/, ...command, "--engine", "eager", "--kernels",
      "wasm",
    );
    await fails(
      2, /a session has wasm and plain kernels; reference ones want --engine eager/, ...command, "--engine", "session", "--kernels",
      "reference",
    );
  }
  await fails(2, /wasm kernels wants --engine session/, "bench", "se_resnet8", ...given, "--engine", "eager", "--kernels", "wasm");
  assert.match(
    (await senet("bench", "se_resnet8", ...given, "--train", "--runs", "1", "--input", "2,2,8,8")).output, /session, wasm, fast/,
  );
});

test("run loads in part on request", async () => {
  const other = ["--model-options", JSON.stringify({ ...options, classes: 3 })];
  const call = await senet(...running(...other, "--partial", "--output", at("output.safetensors")));
  assert.is(call.code, 0, call.errors);
  assert.match(call.errors, /loaded in part: 2 misshapen: fc.weight \[4,16\], wanted \[3,16\], fc.bias/);
  rmSync(at("output.safetensors"), { force: true });
});

test("summary prints the counts, for people and for programs", async () => {
  const call = await senet("summary", "seresnet50");
  assert.is(call.code, 0);
  assert.match(call.output, /parameters +28,088,024, of which SE 2,530,992 \(9\.01 %\)/);
  assert.match(call.output, /4089\.2 M in convolution and linear layers/);
  const json = JSON.parse((await senet("summary", "se_mobilenet_v1", "--json")).output) as Record<string, unknown>;
  const { layers, ...counts } = json;
  assert.equal(counts, {
    model: "se_mobilenet_v1", input: [1, 3, 224, 224], output: [1, 1000], parameters: 4718044, se_parameters: 486068,
    macs: 568740352, se_macs: 479744, scale_macs: 2709504, gap_adds: 2709504,
  });
  assert.ok(Array.isArray(layers) && layers.length > 100);
});

test("bench prints the contract's fields", async () => {
  const call = await senet(
    "bench", "se_resnet8", ...given, "--input", "2,2,8,8", "--runs", "2", "--engine", "session,eager", "--kernels", "reference,plain,wasm",
    "--json",
  );
  assert.is(call.code, 0, call.errors);
  const results = JSON.parse(call.output) as Record<string, number>[];
  assert.equal(
    results.map((r) => [r.engine, r.kernels]), [["session", "plain"], ["session", "wasm"], ["eager", "reference"], ["eager", "plain"]],
  );
  for (const r of results) {
    for (const field of ["median_ms", "min_ms", "first_ms", "compile_ms", "arena_bytes", "gflops"]) assert.type(r[field], "number");
  }
  const many = await senet(
    "bench", "se_resnet8", ...given, "--input", "1,2,8,8", "--runs", "1", "--engine", "session,eager", "--kernels", "wasm,plain",
    "--threads", "1,2", "--numerics", "exact,fast", "--json",
  );
  const ran = JSON.parse(many.output) as { kernels: string; threads: number; numerics: string | null }[];
  assert.equal(
    ran.map((r) => [r.kernels, r.threads, r.numerics]),
    [["wasm", 1, "exact"], ["wasm", 1, "fast"], ["wasm", 2, "exact"], ["wasm", 2, "fast"], ["plain", 1, null], ["plain", 1, null]],
  );
  await fails(2, /--threads wants whole numbers of at least 1, such as 1,2, got "0"/, "bench", "resnet50", "--threads", "0");
  await fails(2, /--numerics wants some of exact, fast, turbo, got "fats".*"fast"/, "bench", "resnet50", "--numerics", "fats");
  assert.match((await senet("bench", "se_resnet8", ...given, "--train", "--runs", "1", "--input", "2,2,8,8")).output, /training step/);
});

test("convert: half precision and ONNX", async () => {
  const half = await senet("convert", at("weights.safetensors"), at("half.safetensors"));
  assert.is(half.code, 0, half.errors);
  const [full, small] = ["weights", "half"].map((name) => parseSafetensors(readFileSync(at(`${name}.safetensors`))));
  assert.equal(small.metadata, full.metadata, "the file still says what it is");
  for (const [name, { data }] of full.tensors) {
    for (let i = 0; i < data.length; i++) {
      assert.ok(Math.abs(small.tensors.get(name)!.data[i] - data[i]) <= Math.abs(data[i]) / 1024 + 1e-7, name);
    }
  }
  const onnx = await senet("convert", at("weights.safetensors"), at("model.onnx"), "--input", "1,2,9,8");
  assert.is(onnx.code, 0, onnx.errors);
  assert.match(onnx.output, /model\.onnx: se_resnet8 of weights\.safetensors, input \[1,2,9,8\], opset 17, /);
  const batchOf = async (...input: string[]): Promise<unknown> => {
    assert.is((await senet("convert", at("weights.safetensors"), at("model.onnx"), ...input)).code, 0);
    return importOnnx(new Uint8Array(readFileSync(at("model.onnx")))).inputs[0].shape?.[0];
  };
  assert.is(await batchOf("--input", "4,2,9,8"), 4);
  assert.is(await batchOf("--input", "1,2,9,8", "--fixed-batch"), 1);
  assert.is(await batchOf("--input", "1,2,9,8"), "N");
  for (const name of ["half.safetensors", "model.onnx"]) rmSync(at(name), { force: true });
  await fails(2, /OUT wants to end in \.safetensors or \.onnx, got ".*model\.pb"/, "convert", at("weights.safetensors"), at("model.pb"));
  await fails(1, /wants 2 channels, got 3/, "convert", at("weights.safetensors"), at("model.onnx"), "--input", "1,3,9,8");
});

test("help", async () => {
  assert.match((await senet("--help")).output, /classify .*\n/);
  assert.match((await senet()).output, /senet <command>/);
  for (const command of ["classify", "run", "summary", "bench", "train", "eval", "report", "convert", "compile"]) {
    const call = await senet(command, "--help");
    assert.is(call.code, 0);
    assert.match(call.output, new RegExp(`^senet ${command} `));
  }
});

test("help COMMAND, and --version in every usual spelling", async () => {
  const { output } = await senet("classify", "--help");
  for (const asked of ["help", "--help", "-h"]) assert.is((await senet(asked, "classify")).output, output);
  for (const asked of ["--version", "-v", "-V", "version"]) assert.match((await senet(asked)).output, /^senet \d+\.\d+\.\d+\n$/);
  await fails(2, /unknown command "clasify" \(did you mean "classify"\?\)/, "help", "clasify");
});

test("wrong usage: code 2, with the nearest name", async () => {
  await fails(2, /--list names every model: MODEL is not wanted with it/, "summary", "--list", "seresnet50");
  await fails(2, /--input is for a MODEL, and --list names them all/, "summary", "--list", "--input", "1,3,8,8");
  await fails(2, /unknown command "clasify" \(did you mean "classify"\?\)/, "clasify");
  await fails(2, /unknown model "sersnet50" \(did you mean "seresnet50"\?\)/, "summary", "sersnet50");
  await fails(2, /unknown option -weights \(did you mean "--weights"\?\)/, "classify", "-weights", "x");
  await fails(2, /unknown option -x \(options begin with two dashes\)/, "classify", "-x");
  await fails(2, /unknown option --inptu \(did you mean "--input"\?\)/, "summary", "resnet50", "--inptu", "1,3,8,8");
  await fails(2, /--input wants a value/, "summary", "resnet50", "--input");
  await fails(2, /--input wants four whole numbers/, "summary", "resnet50", "--input", "1,3,x,8");
  await fails(2, /--model-options wants a JSON object/, "summary", "resnet50", "--model-options", "[1]");
  await fails(2, /unknown option "clases" \(did you mean "classes"\?\)/, "summary", "resnet50", "--model-options", '{"clases":3}');
  await fails(2, /wants --weights FILE/, "run", "resnet50", "--input", "x", "--output", "y");
  await fails(
    2, /--kernels wants one of auto, wasm, plain, reference, got "plane" \(did you mean "plain"\?\)/, ...running("--kernels", "plane"),
  );
  await fails(2, /--runs wants a whole number of at least 1, got "0"/, "bench", "resnet50", "--runs", "0");
  await fails(2, /--json takes no value/, "summary", "resnet50", "--json=yes");
});

test("bad files: code 1, and nothing is written", async () => {
  const weights = readFileSync(at("weights.safetensors"));
  const bad = (name: string, bytes: Uint8Array | string): string => (writeFileSync(at(name), bytes), at(name));
  const nan = image.clone();
  nan.data[17] = NaN;
  const cut = bad("cut.safetensors", weights.slice(0, 1000));
  const torn = bad("torn.safetensors", weights.slice(0, weights.length - 4));
  const huge = bad("huge.safetensors", Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127, 123));
  const gray = bad("gray.safetensors", writeSafetensors([["input", Tensor.zeros([1, 1, 9, 8])]]));
  const unnamed = bad("unnamed.safetensors", writeSafetensors([["image", image]]));
  const infinite = bad("infinite.safetensors", writeSafetensors([["input", nan]]));
  const foreign = bad("foreign.safetensors", writeSafetensors(stateDict(createModel("resnet8", { ...options, width: 2 }, 0))));
  const text = bad("text.png", "not a picture");
  const jpeg = bad("photo.jpg", Uint8Array.of(255, 216, 255, 224, 0, 16));
  const webp = bad("photo.webp", "RIFF\x24\0\0\0WEBPVP8 ");

  await fails(1, /cannot read .*none\.safetensors: no such file/, ...running("--weights", at("none.safetensors")));
  await fails(1, /cut short/, ...running("--weights", cut));
  await fails(1, /safetensors: /, ...running("--weights", torn));
  await fails(1, /header/, ...running("--weights", huge));
  await fails(
    1, /12 missing: .*se\.fc1\.weight.*misshapen: conv1\.weight \[2,2,3,3\], wanted \[4,2,3,3\]/, ...running("--weights", foreign),
  );
  await fails(1, /wants 2 channels, got 1/, ...running("--input", gray));
  await fails(1, /has no tensor named "input" \(it has image\)/, ...running("--input", unnamed));
  await fails(1, /input wants finite numbers, element 17 is NaN/, ...running("--input", infinite));
  await fails(1, /it is a directory/, ...running("--input", folder));
  await fails(1, /cannot write .*: /, ...running("--output", join(at("text.png"), "out.safetensors")));
  await fails(1, /text\.png: image: the file is of no format that is known/, "classify", text, "--weights", at("weights.safetensors"));
  await fails(1, /photo\.jpg: JPEG: the file is cut short at byte 6/, "classify", jpeg, "--weights", at("weights.safetensors"));
  await fails(
    1, /photo\.webp: WebP images are not read here; make it PNG or JPEG, or install sharp/, "classify", webp, "--weights",
    at("weights.safetensors"),
  );
  await fails(1, /none\.png: no such file/, "classify", at("none.png"), "--weights", at("weights.safetensors"));
  assert.not(existsSync(at("never.safetensors")));
});

test.after(() => rmSync(folder, { force: true, recursive: true }));
test.run();
