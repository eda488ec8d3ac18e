/** Networks of bytes in few bytes: the bits of other sessions, at most 30 KB to load, and one clear error for what is no sound file. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { probe } from "../../kernels/wasm/probe/probe.ts";
import { FormatError } from "../../src/errors.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { ReLU } from "../../src/nn/layers/activations.ts";
import { decodeUtf8 } from "../../src/io/bytes/utf8.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import type { StoredTensor } from "../../src/io/weights/stored.ts";
import { readQuantised, saveQuantised } from "../../src/quantise/file.ts";
import { openInt8, openInt8Sync } from "../../src/quantise/lean/index.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { compileSync } from "../../src/session/session.ts";
import { bundle, bundles } from "../support/bundle.ts";
import { fileBytes } from "../support/files.ts";
import { draw, draws, stir } from "../support/random.ts";
import { saying } from "../support/errors.ts";

/** Node 20 has none. */
const relaxed = probe().relaxedSimd;

const networks: readonly [string, Readonly<Record<string, unknown>>, readonly number[]][] = [
  ["se_resnet8", { width: 8, reduction: 4 }, [1, 3, 17, 15]],
  ["se_resnet20", { blocks: [1, 1, 1], width: 8, reduction: 4, inChannels: 1 }, [1, 1, 14, 14]],
  ["se_mobilenet_v1", { width: 0.25 }, [1, 3, 64, 64]],
  ["mobilenet_v3_small", {}, [1, 3, 64, 64]],
  ["efficientnet_b0", { classes: 10 }, [1, 3, 64, 64]],
  ["se_densenet121", { blocks: [2, 2, 1, 1], width: 6, growth: 5, reduction: 2, classes: 5 }, [1, 3, 64, 64]],
  ["shufflenet_v1", { classes: 10 }, [1, 3, 64, 64]],
];

for (const [name, options, shape] of networks) {
  test(`${name}: the bits of other sessions of the file, by both kinds of dots`, async () => {
    const model = stir(createModel(name, options, 1)).evaluate();
    const { network } = quantise(model, draws(shape, 2), { reported: 0 });
    const file = saveQuantised(network);
    const session = compileSync(readQuantised(createModel(name, options, null), file), { input: shape });
    const networks = [await openInt8(file, { dots: "wide" }), openInt8Sync(file.slice().buffer, { dots: relaxed ? "relaxed" : "wide" })];
    for (const seed of [5, 6]) {
      const x = draw(shape, seed);
      const wanted = Array.from(session.run(x).data);
      for (const { kernels, run } of networks) assert.equal(Array.from(run(x.data)), wanted, kernels);
    }
    assert.equal(networks.map(({ kernels }) => kernels), ["dots of 16 bits", relaxed ? "relaxed dots of bytes" : "dots of 16 bits"]);
    assert.equal([networks[0].input, networks[0].output], [shape, session.run(draw(shape)).shape]);
  });
}

test("a classifier of all pixels: the bits of other sessions of the file", () => {
  const made = (): Sequential => new Sequential(
    new Conv2d(3, 10, { kernel: 3, padding: 1 }), new ReLU(), new Flatten(), new Linear(10 * 5 * 7, 4));
  const input = [1, 3, 5, 7];
  const file = saveQuantised(quantise(stir(made()).evaluate(), draws(input, 2), { reported: 0 }).network);
  const x = draw(input, 9);
  assert.equal(Array.from(openInt8Sync(file).run(x.data)), Array.from(compileSync(readQuantised(made(), file), { input }).run(x).data));
});

const shape = [1, 3, 17, 15];
const { network } = quantise(stir(createModel("se_resnet8", { width: 8, reduction: 4 }, 1)).evaluate(), draws(shape, 2), { reported: 0 });
const about = { model: "se_resnet8", options: { width: 8, reduction: 4 }, classes: [..."abcdefghij"] };
const file = saveQuantised(network, about);

test("a file says what it says of itself; inputs of another size, and what is no file, are refused", async () => {
  const lean = openInt8Sync(file);
  assert.equal(JSON.parse(lean.metadata["senet.classes"]), about.classes);
  assert.throws(() => lean.run(new Float32Array(4)), saying("run: x wants 765 numbers, [1,3,17,15], got 4"));
  assert.throws(() => openInt8Sync("int8.safetensors" as never), (error: Error) => error instanceof TypeError);
  assert.is(await openInt8(new Uint8Array(3)).catch((error: Error) => error.message), "quantised file: 3 bytes are none");
});

test("the example of docs/int8.md runs", async () => {
  const page = decodeUtf8(fileBytes("../docs/int8.md"), "the page");
  const [, block] = /```js\nimport \{ openInt8 \} from "senet\/lean\/int8";\n([^`]*)```/.exec(page) ?? [];
  assert.ok(block);
  const said: string[] = [];
  type Run = (...given: unknown[]) => unknown;
  const run = new Function("openInt8", "fetch", "pixels", "console", `return (async () => { ${block} })();`) as Run;
  const fetched = async (): Promise<unknown> => ({ arrayBuffer: async () => file.slice().buffer });
  await run(openInt8, fetched, draw(shape).data, { log: (text: string) => said.push(text) });
  assert.ok(said.length === 1 && about.classes.includes(said[0]), said.join());
});

test("what keeps a layer in float32 is told as such", () => {
  const model = stir(createModel("se_resnet8", about.options, 1)).evaluate();
  const kept = quantise(model, draws(shape, 1), { reported: 0, keep: ["conv1"] });
  assert.throws(() => openInt8Sync(saveQuantised(kept.network)), /^quantised file: it has no senet.int8.graph: some of it is float32/);
});

const { tensors, metadata } = readSafetensors(file);
type Edit = (tensors: Map<string, StoredTensor>, metadata: Record<string, string>) => void;

function edited(edit: Edit): Uint8Array {
  const [all, texts] = [new Map(tensors), { ...metadata }];
  edit(all, texts);
  return writeSafetensors(all, { metadata: texts });
}

function floats(...values: readonly number[]): StoredTensor {
  return { dtype: "F32", shape: [values.length], bytes: () => new Uint8Array(Float32Array.from(values).buffer) };
}

function flipped(at: number, bit: number): Uint8Array {
  const copy = file.slice();
  copy[at] ^= 1 << bit;
  return copy;
}

const graph = (change: (graph: { values: Record<string, unknown>; nodes: unknown[][]; inputs: unknown }) => void): Edit => (_, texts) => {
  const read = JSON.parse(texts["senet.int8.graph"]) as Parameters<typeof change>[0];
  change(read);
  texts["senet.int8.graph"] = JSON.stringify(read);
};

const bad: Readonly<Record<string, () => Uint8Array>> = {
  "empty": () => new Uint8Array(0),
  "cut in the header": () => file.slice(0, 100),
  "cut in the data": () => file.slice(0, file.length - 9),
  "a header longer than the file": () => Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0, 1, 2),
  "a header beyond 32 bits": () => flipped(5, 0),
  "no JSON": () => flipped(9, 6),
  "ordinary weights": () => writeSafetensors([["a", floats(1)]]),
  "another version": () => edited((_, texts) => (texts["senet.int8"] = "2")),
  "a scale of zero": () => edited((all) => all.set("conv1.weight/scale", floats(0, ...new Array<number>(7).fill(1)))),
  "a negative scale": () => edited((all) => all.set("input/scale", floats(-1))),
  "a scale that is no number": () => edited((all) => all.set("input/scale", floats(NaN))),
  "an infinite bias": () => edited((all) => all.set("conv1.weight/bias", floats(Infinity, ...new Array<number>(7).fill(1)))),
  "a missing scale": () => edited((all) => all.delete("conv1.weight/scale")),
  "a missing bias": () => edited((all) => all.delete("conv1.weight/bias")),
  "a missing layer": () => edited((all) => all.delete("conv1.weight")),
  "scales of another length": () => edited((all) => all.set("conv1.weight/scale", floats(1, 1))),
  "a zero point of 128": () => edited((all) => all.set("input/zero_point", { dtype: "U8", shape: [1], bytes: () => Uint8Array.of(128) })),
  "scales for other channels": () => edited((all) => all.set("input/scale", floats(1, 1))),
  "a bias near the end of 32 bits": () => edited((all) => all.set("conv1.weight/bias", floats(1e38, ...new Array<number>(7).fill(1)))),
  "a value whose zero point is missing": () => edited((all) => all.delete("input/zero_point")),
  "another network's scales": () => edited((all) => all.set("nothing/zero_point", all.get("input/zero_point")!)),
  "weights of floats": () => edited((all) => all.set("conv1.weight", floats(...new Array<number>(8 * 27).fill(1)))),
  "a graph that is no JSON": () => edited((_, texts) => (texts["senet.int8.graph"] = "{")),
  "a graph of another form": () => edited((_, texts) => (texts["senet.int8.graph"] = "[1]")),
  "an operation that there is not": () => edited(graph(({ nodes }) => (nodes[1][0] = { kind: "shuffle" }))),
  "a value that nothing makes": () => edited(graph(({ nodes }) => (nodes[1][1] = ["other"]))),
  "sizes that are none": () => edited(graph(({ values }) => (values["input"] = [1, 3, -17, 15]))),
  "sizes that nobody has": () => edited(graph(({ values }) => (values["input"] = [1, 3, 1e9, 1e9]))),
  "another size": () => edited(graph(({ values }) => (values["input"] = [1, 3, 17, 16]))),
  "another number of channels": () => edited(graph(({ values }) => (values["input"] = [1, 4, 17, 15]))),
};

for (const [what, make] of Object.entries(bad)) {
  test(`refused in one line: ${what}`, () => {
    assert.throws(() => openInt8Sync(make()), (error: Error) => {
      assert.instance(error, FormatError, `${error.name}: ${error.message}`);
      assert.ok(error.message.startsWith("quantised file: ") && !error.message.includes("\n"), error.message);
      return true;
    });
  });
}

test("weights and scales that are not the file's own give another answer than it says", () => {
  const { dtype, shape: sizes, bytes } = tensors.get("layer1.0.conv1.weight")!;
  const turned = Uint8Array.from(bytes(), (byte) => 256 - byte);
  const scale = new Float32Array(Uint8Array.from(tensors.get("fc.weight/scale")!.bytes()).buffer).map((each) => 1.001 * each);
  for (
    const each of [
      edited((all) => all.set("layer1.0.conv1.weight", { dtype, shape: sizes, bytes: () => turned })),
      edited((all) => all.set("fc.weight/scale", floats(...scale))),
    ]
  ) assert.throws(() => openInt8Sync(each), /another answer than it says/);
});

if (bundles) {
  test("at most 30 KB to load, reader and all: nothing of float32 networks, passes or threads", async () => {
    const { bytes, text } = await bundle(`export { openInt8 } from "./src/quantise/lean/index.ts";`);
    assert.ok(bytes <= 30_000, `${bytes} bytes`);
    for (const word of ["worker_threads", "winograd", "batch_norm_fold", "relaxed_madd_sum"]) assert.not(text.includes(word), word);
  });
}

test.run();
