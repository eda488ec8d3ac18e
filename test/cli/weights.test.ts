/** Weights files on the command line: PyTorch's wherever weights are taken, what is guessed is said, what is none is named. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { openNetwork } from "../../src/weights/open-network.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import { encodeUtf8 } from "../../src/io/bytes/utf8.ts";
import { stateDict } from "../../src/nn/state-dict.ts";
import { Tensor } from "../../src/tensor.ts";
import { saveWeights } from "../../src/weights/weights.ts";
import { encodePng } from "../../src/io/images/png.ts";
import { manifest } from "../fixtures/manifests.ts";
import { recipeTensor, recipeWeights } from "../fixtures/recipe.ts";
import { joined, little, torchFile } from "../io/weights/pickles.ts";
import type { Tree } from "../io/weights/pickles.ts";
import { quarters } from "../train/tiny.ts";
import { senet, temporaryFolder } from "./call.ts";
import type { Call } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const write = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(at(name), bytes);
  return at(name);
};
const options = { classes: 5, width: 4, reduction: 2 };
const asOptions = ["--model-options", JSON.stringify(options)];
const model = createModel("se_resnet20", options, 3);
const state = Object.fromEntries(stateDict(model));
const under = (head: string, tree: Tree = state): Tree => Object.fromEntries(
  Object.entries(tree).map(([name, value]) => [head + name, value]),
);
const input = recipeTensor("input", [1, 3, 16, 16]);
write("input.safetensors", writeSafetensors([["input", input]]));
const expected = model.forward(input).data;
const pictures = await encodePng({ width: 40, height: 36, data: Uint8Array.from({ length: 40 * 36 * 4 }, (_, i) => (i * 37) % 256) });
write("picture.png", pictures);

function succeeded(call: Call): Call {
  assert.is(call.code, 0, call.errors);
  return call;
}
function failed(call: Call, message: RegExp, code: number = 1): void {
  assert.is(call.code, code, call.errors);
  assert.match(call.errors, message);
  assert.match(call.errors, /^senet[^\n]*\n$/);
}

const run = (weights: string, ...more: string[]): Promise<Call> =>
  senet(
    "run", "se_resnet20", ...asOptions, "--weights", weights, "--input", at("input.safetensors"), "--output", at("output.safetensors"),
    "--engine", "eager", ...more,
  );

test("run, classify, convert, openNetwork take what torch.save wrote, and say what they did to names", async () => {
  const optimizer = { state: { "0": { exp_avg: Tensor.zeros([3]) } }, param_groups: { lr: 1 } };
  for (const [name, tree, said] of [
    ["plain.pth", state, /^$/], ["module.pt", under("module."), /module\.pt: names are read without "module\."\n/],
    [
      "trainer.ckpt", { epoch: 3, state_dict: under("model."), optimizer },
      /names are read without "state_dict\.model\."\n.*left out, as no part of the network: "optimizer"/,
    ],
  ] as const) {
    const path = write(name, torchFile(tree as Tree));
    assert.match(succeeded(await run(path)).errors, said, name);
    const [[, output]] = readSafetensors(readFileSync(at("output.safetensors"))).tensors;
    assert.equal([...new Float32Array(output.bytes().slice().buffer)], [...expected], name);
    const guessed = succeeded(await senet("classify", at("picture.png"), "--weights", path, "--model", "se_resnet20", ...asOptions));
    assert.match(
      guessed.errors,
      /does not say how its pictures are prepared: 32 x 32 pixels, mean 0\.485, 0\.456, 0\.406 .* are assumed; --preset NAME chooses/,
    );
    succeeded(await senet("convert", path, at("out.safetensors")));
    const { tensors } = readSafetensors(readFileSync(at("out.safetensors")));
    assert.is(tensors.size, Object.keys(state).length, name);
    for (const [each, stored] of tensors) {
      const { data } = state[each.replace(/^(module|model)\./, "")];
      assert.equal([...stored.bytes()], [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)], each);
    }
    const opened = openNetwork(new Uint8Array(readFileSync(path)), { model: "se_resnet20", modelOptions: options });
    assert.equal([...opened.model.forward(input).data], [...expected]);
  }
});

test("convert with --model makes a file that describes itself", async () => {
  const path = write("plain.pth", torchFile(state));
  const names = write("names.txt", "a\nb\nc\nd\ne\n");
  succeeded(
    await senet(
      "convert", path, at("described.safetensors"), "--model", "se_resnet20", ...asOptions, "--classes", names, "--preset", "imagenet",
      "--dtype", "f32",
    ),
  );
  const opened = openNetwork(new Uint8Array(readFileSync(at("described.safetensors"))));
  assert.equal([opened.classes, opened.described, [...opened.model.forward(input).data]], [["a", "b", "c", "d", "e"], true, [...expected]]);
  const { output, errors } = succeeded(await senet("classify", at("picture.png"), "--weights", at("described.safetensors")));
  assert.match(output, /^.*picture\.png\n +[a-e] /);
  assert.is(errors, "");
});

test("of several dictionaries one is taken, and it is said; --part takes another", async () => {
  const other = Object.fromEntries(Object.entries(state).map(([name, { shape }]) => [name, recipeTensor(name, shape)]));
  const path = write("ema.pth", torchFile({ model: state, model_ema: other }));
  assert.match(succeeded(await run(path)).errors, /"model" is taken; "model_ema" would fit as well/);
  succeeded(await run(path, "--part", "model_ema"));
  const [[, output]] = readSafetensors(readFileSync(at("output.safetensors"))).tensors;
  assert.not.equal([...new Float32Array(output.bytes().slice().buffer)], [...expected]);
  failed(await run(path, "--part", "swa"), /has no part "swa"; it has "model", "model_ema"/);
  assert.match(succeeded(await senet("convert", path, at("out.safetensors"))).errors, /taken are the \d+ tensors of "model", of \d+/);
  failed(await senet("convert", path, at("out.safetensors"), "--part", "x"), /has no part "x"/, 2);
});

test("the network is guessed below wrappers, with its classes, and that is said", async () => {
  const tiny = createModel("se_resnet8", { classes: 7 }, 1);
  const path = write("guess.pth", torchFile({ state_dict: under("module.", Object.fromEntries(stateDict(tiny))) }));
  const { errors, output } = succeeded(await senet("classify", at("picture.png"), "--weights", path, "--top", "9"));
  assert.match(errors, /guess\.pth: by its names it has weights of se_resnet8; --model says otherwise/);
  assert.is(output.match(/class \d/g)?.length, 7);
});

test("a preset of TensorFlow's weights brings their padding along, or is refused", async () => {
  const shapes = manifest("timm/mobilenetv3_small_100");
  const path = write("tf.safetensors", writeSafetensors(recipeWeights(shapes)));
  const classify = (...more: string[]): Promise<Call> => senet("classify", "--json", at("picture.png"), "--weights", path, ...more);
  const silent = succeeded(await classify());
  assert.match(
    silent.errors, /weights of mobilenetv3_small_100 \(or of tf_mobilenetv3_small_100, whose names are the same\); --model says/,
  );
  const chosen = succeeded(await classify("--preset", "tf_mobilenetv3_small_100.in1k"));
  const asked = succeeded(await classify("--model", "tf_mobilenetv3_small_100", "--preset", "tf_mobilenetv3_small_100.in1k"));
  assert.is(chosen.output, asked.output);
  const symmetric = succeeded(await classify("--model", "mobilenetv3_small_100", "--preset", "mobilenetv3_large_100.ra4_e3600_r224_in1k"));
  assert.is.not(chosen.output, symmetric.output);
  assert.match(
    symmetric.errors,
    /preset "mobilenetv3_large_100\.ra4_e3600_r224_in1k" is of weights of mobilenetv3_large_100; the network is mobilenetv3_small_100/,
  );
  failed(
    await classify("--model", "mobilenetv3_small_100", "--preset", "tf_mobilenetv3_small_100.in1k"),
    /pads otherwise than mobilenetv3_small_100: --model tf_mobilenetv3_small_100 is wanted with it/, 2,
  );
  failed(
    await classify("--model", "tf_mobilenetv3_small_100", "--preset", "mobilenetv3_small_100.lamb_in1k"),
    /pads otherwise than tf_mobilenetv3_small_100/, 2,
  );
});

test("weights of small pictures that say nothing are not fed large ones, nor refused", async () => {
  const tiny = createModel("se_resnet8", { classes: 2, width: 4, reduction: 2 }, 1);
  const path = write("small.safetensors", writeSafetensors(stateDict(tiny)));
  const more = ["--model", "se_resnet8", "--model-options", '{"width":4,"reduction":2}'];
  const { errors } = succeeded(await senet("classify", at("picture.png"), "--weights", path, ...more));
  assert.match(errors, /32 x 32 pixels, mean 0\.485, 0\.456, 0\.406 and deviation .* are assumed/);
  const converted = succeeded(await senet("convert", path, at("small.onnx"), ...more));
  assert.match(converted.output, /input \[1,3,32,32\]/);
  const { mkdirSync } = await import("node:fs");
  for (const label of ["0", "1"]) {
    mkdirSync(at(`tested/test/${label}`), { recursive: true });
    writeFileSync(at(`tested/test/${label}/a.png`), pictures);
  }
  const measured = succeeded(await senet("eval", ...more, "--weights", path, "--data", at("tested"), "--json"));
  assert.is(JSON.parse(measured.output).images, 2);
  assert.match(measured.errors, /32 x 32 pixels/);
});

test("files that are no weights are named by their first bytes, with what to do", async () => {
  const cases: readonly (readonly [name: string, bytes: Uint8Array | string, message: RegExp])[] = [
    [
      "lfs.pth", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 102530333\n",
      /a Git LFS pointer in place of the file, which has 102530333 bytes: git lfs pull/,
    ],
    ["page.safetensors", "\n <!DOCTYPE html><html></html>", /a web page: the download failed/],
    ["error.bin", '{"error":"not found"}', /an error message of a server/],
    ["w.pth.gz", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0, 0), /packed by gzip: unpack it first/],
    [
      "k.weights.h5", joined("\x89".charCodeAt(0), "HDF\r\n", 0x1a, "\n", new Uint8Array(40)),
      /weights of Keras.*model\.load_weights\("NAME\.weights\.h5"\); model\.export\("NAME\.onnx", format="onnx", input_signature=/,
    ],
    [
      "m.onnx.bin", Uint8Array.of(8, 8, 0x12, 7, 112, 121, 116, 111, 114, 99, 104, 26, 5),
      /an ONNX network, which has its weights in it: give it as MODEL/,
    ],
    ["m.tflite", joined(little(28, 4), "TFL3", new Uint8Array(20)), /TensorFlow Lite: python -m tf2onnx\.convert --tflite/],
    ["model.json", '{"format":"layers-model","modelTopology":{}}', /a graph of TensorFlow\.js/],
    ["saved_model.pb", Uint8Array.of(8, 1, 0x12, 4, 1, 2, 3, 4, 5), /a SavedModel of TensorFlow/],
    ["x.npy", joined(0x93, "NUMPY", 1, 0, new Uint8Array(20)), /an array of numpy/],
    ["p.pkl", joined(0x80, 4, 0x95, little(4, 8), "N."), /a pickle, but not of torch\.save/],
    ["empty.pth", "", /empty: was the download stopped\?/],
    ["photo.jpg", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70), /a picture/],
  ];
  for (const [name, bytes, message] of cases) {
    const path = write(name, bytes);
    for (
      const call of [
        await run(path), await senet("convert", path, at("no.safetensors")), await senet("eval", "--weights", path, "--data", folder),
      ]
    ) {
      failed(call, message);
      assert.ok(call.errors.includes(name), call.errors);
    }
    assert.throws(() => openNetwork(typeof bytes === "string" ? encodeUtf8(bytes) : bytes), message);
  }
  assert.not.ok(existsSync(at("no.safetensors")));
});

test("a part that the file has not is told, with the nearest, where the network is guessed too", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "run.safetensors");
  const tensors = [...stateDict(createModel("se_resnet8", {}, 1))];
  writeFileSync(path, writeSafetensors(tensors.map(([name, tensor]) => [`model_ema.${name}`, tensor])));
  for (const part of ["modle_ema", "model_em"]) {
    const call = await senet("classify", "--weights", path, "--part", part);
    assert.is(call.code, 2);
    assert.match(call.errors, /has no part "mod\w+" \(did you mean "model_ema"\?\); it has "model_ema"$/m);
  }
  assert.is((await senet("classify", "--weights", path, "--part", "model_ema")).code, 0);
  rmSync(folder, { recursive: true, force: true });
});

test("weights of another network: what differs, and which network the file is of", async () => {
  const little8 = createModel("se_resnet8", { classes: 3, inChannels: 3, width: 4, reduction: 2 }, 1);
  const small = write("small.safetensors", saveWeights(little8));
  const nameless = write("nameless.safetensors", writeSafetensors(stateDict(createModel("resnet18", { classes: 3 }, 1))));
  for (const [file, of] of [[small, "se_resnet8"], [nameless, "resnet18"]]) {
    const said = /weights do not fit the model: \d+ missing: .*; the file has weights of (\w+), and seresnet50 was asked for$/;
    for (const call of [
      await senet("classify", at("picture.png"), "--model", "seresnet50", "--weights", file),
      await senet("convert", file, at("other.onnx"), "--model", "seresnet50"),
    ]) {
      assert.is(said.exec(call.errors.trimEnd())?.[1], of, call.errors);
    }
    assert.throws(() => openNetwork(readFileSync(file), { model: "seresnet50" }), (error: Error) => said.exec(error.message)?.[1] === of);
  }
  // Options of the caller's, not the file's words.
  const wide = await senet("classify", at("picture.png"), "--weights", small, "--model-options", '{"width":4000}');
  assert.match(wide.errors, /what the file describes, with the options that are given, is a network that is larger than its \d+ tensors/);
});

test("a description cannot ask for more than the file holds", async () => {
  const describe = (name: string, model: string, options: string, tensors: [string, Tensor][] = []): string =>
    write(name, writeSafetensors(tensors, { metadata: { "senet.format": "1", "senet.model": model, "senet.options": options } }));
  const begin = performance.now();
  for (const [i, [model, options]] of ([
    ["se_resnet20", '{"blocks":[1000000,1,1]}'], ["se_resnet20", '{"width":1000000}'], ["seresnet50", '{"width":1000000}'],
    ["seresnet18", '{"classes":1000000000}'],
    ["mobilenet_v3_large", '{"width":1e6}'], ["efficientnet_b0", '{"width":1e6}'], ["vgg16", '{"width":1e6}'],
    ["se_resnet8", '{"inChannels":1e9}'],
  ] as const).entries()) {
    const path = describe(`absurd${i}.safetensors`, model, options);
    for (const call of [await senet("classify", at("picture.png"), "--weights", path), await senet("convert", path, at("no.onnx"))]) {
      assert.ok(call.code === 1 || call.code === 2, call.errors);
      assert.match(
        call.errors, /larger than its 0 tensors of 0 values: its description is wrong, or a part|wants a|unknown/, `${model} ${options}`,
      );
    }
  }
  assert.ok(performance.now() - begin < 30_000, "nothing of it was built");
  // A file without tensors, and a network of a usual size: what is missing is said.
  assert.is((await senet("classify", at("picture.png"), "--weights", describe("none.safetensors", "se_resnet8", "{}"))).code, 1);
});

test("control characters of files do not reach the terminal", async () => {
  const evil = "\u001b[2J\u0007\u202eevil";
  const path = write("evil.safetensors", saveWeights(createModel("se_resnet8", { classes: 2 }, 1), { classes: [`${evil}1`, `${evil}2`] }));
  const strange = write("strange.pth", torchFile({ ...state, [`${evil}.weight`]: Tensor.zeros([2]) }));
  for (
    const call of [
      await senet("classify", at("picture.png"), "--weights", path),
      await senet("classify", "--json", at("picture.png"), "--weights", path), await run(strange),
    ]
  ) {
    assert.not(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(call.output + call.errors), call.output + call.errors);
    assert.match(call.output + call.errors, /evil/);
  }
});

/** Pictures of two classes in a folder of each. */
async function pictureFolder(): Promise<string> {
  const data = quarters(16, 1, 16);
  const { mkdirSync } = await import("node:fs");
  for (const [n, label] of data.labels.entries()) {
    mkdirSync(at(`data/train/${label % 2}`), { recursive: true });
    const levels = data.images.subarray(n * 256, (n + 1) * 256);
    const rgba = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : levels[i >> 2]));
    write(`data/train/${label % 2}/${n}.png`, await encodePng({ width: 16, height: 16, data: rgba }));
  }
  return at("data");
}

test("fine-tuning begins with a .pth; only the last layer may differ, the rest is listed", async () => {
  const data = await pictureFolder();
  const shape = { width: 4, reduction: 2 };
  const more = { ...shape, inChannels: 3 };
  const train = (from: string, name: string, modelOptions: object, ...rest: string[]): Promise<Call> =>
    senet("train", name, "--from", from, "--model-options", JSON.stringify(
      modelOptions,
    ), "--data", data, "--epochs", "1", "--batch", "4", "--threads", "1",
      "--no-report", "--no-state", "--overwrite", "--out", at("tuned.safetensors"), ...rest);
  const own = write("own.pth", torchFile({ model: under("module.") }));
  assert.match(succeeded(await train(own, "se_resnet20", more)).output, /begins with .*own\.pth; new: fc\.weight, fc\.bias/);
  const larger = write("larger.pth", torchFile(Object.fromEntries(stateDict(createModel("se_resnet20", { ...shape, width: 8 }, 1)))));
  failed(
    await train(larger, "se_resnet20", more),
    /do not fit the model, and only fc may differ: \d+ misshapen: conv1\.weight .* and \d+ more; --partial begins with what fits/,
  );
  failed(await train(own, "resnet20", more), /only fc may differ: 36 unexpected: layer1\.0\.se\.fc1\.weight/);
  const bias = write("bias.pth", torchFile({ "fc.bias": Tensor.zeros([2]) }));
  failed(await train(bias, "se_resnet20", more), /only fc may differ: \d+ missing: conv1\.weight/);
  assert.match(succeeded(await train(own, "resnet20", more, "--partial")).output, /new: fc\.weight, fc\.bias/);
  assert.match(succeeded(await train(bias, "se_resnet20", more, "--partial")).output, /new: conv1\.weight/);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();
