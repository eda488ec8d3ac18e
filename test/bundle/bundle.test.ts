/** Files of one network: the bits of sessions, every format, hosts that forbid this and that, sizes, and what is said of wrong use. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bundledNetwork } from "../../models/bundled.ts";
import { bundle } from "../../src/bundle/bundle.ts";
import type { BundleOptions } from "../../src/bundle/bundle.ts";
import { storeConstants } from "../../src/bundle/constants.ts";
import { roundedFactors } from "../../src/bundle/wasm/plan.ts";
import * as senet from "../../src/index.ts";
import { networkOf, sessionGraph } from "../../src/session/optimise/session-graph.ts";
import { temporaryFolder } from "../cli/call.ts";
import { bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { network } from "../session/networks.ts";
import { load } from "./file.ts";

const { model: fashion, classes, preprocessing } = senet.openNetwork(readFileSync(new URL(bundledNetwork)));
const input = [1, 1, 28, 28];

/** One that takes little time. */
const small = network("se_resnet8", { width: 8, reduction: 2, classes: 3, inChannels: 1 });
const size = [1, 1, 12, 9];
const z = draw(size);
const grey: senet.Preprocessing = { ...preprocessing, size: [12, 9] };

/** The answers of a file, bit for bit. */
const answers = (y: Float32Array): string => bits(new senet.Tensor(y, [y.length])).join();

/** What the session answers. */
function expected(source: Parameters<typeof senet.compileSync>[0], given: senet.Tensor<Float32Array>, kernels?: "plain"): string {
  const session = senet.compileSync(source, { input: given.shape, numerics: "exact", ...(kernels === undefined ? {} : { kernels }) });
  const { data } = session.run(given);
  session.close();
  return answers(data);
}

const families: readonly (readonly [name: string, options: Record<string, unknown>, shape: readonly number[]])[] = [
  ["se_resnet8", { width: 10, reduction: 2, classes: 3 }, [2, 3, 13, 11]],
  ["se_mobilenet_v1", { classes: 7, width: 0.125, reduction: 4 }, [1, 3, 33, 40]],
  ["mobilenet_v3_small", { classes: 7, width: 0.25 }, [1, 3, 33, 32]],
  ["efficientnet_b0", { classes: 5, width: 0.25, depth: 0.3 }, [1, 3, 40, 33]],
  ["ghostnet_100", { classes: 5, width: 0.25 }, [1, 3, 33, 32]],
  ["se_densenet121", { classes: 4, blocks: [1, 1, 1, 1], width: 16, growth: 8 }, [1, 3, 32, 40]],
];

for (const [name, options, shape] of families) {
  test(`${name}: the bits of the session, on WebAssembly and plain`, () => {
    const model = network(name, options);
    const given = draw(shape);
    for (const target of ["wasm", "plain"] as const) {
      const file = load(bundle(model, { input: shape, target, syntax: "script" }));
      const wanted = expected(model, given, target === "plain" ? "plain" : undefined);
      assert.is(answers(file.predict(given.data)), wanted, target);
      // Its memory is dirty now.
      assert.is(answers(file.predict(given.data)), wanted, `${target}, again`);
      assert.is(file.kernels(), target);
    }
  });
}

test("an imported network, and a graph", () => {
  const model = network("se_resnet8", { width: 8, reduction: 2, classes: 3 });
  const graph = senet.lower(model, [1, 3, 12, 9]);
  const imported = senet.importOnnx(senet.writeOnnx(graph));
  const given = draw([1, 3, 12, 9]);
  for (const source of [imported, graph]) {
    for (const target of ["wasm", "plain"] as const) {
      const { predict } = load(bundle(source, { ...(source === imported ? { input: given.shape } : {}), target, syntax: "script" }));
      assert.is(answers(predict(given.data)), expected(source, given, target === "plain" ? "plain" : undefined), target);
    }
  }
});

test("f16 and int8: the session's bits with the numbers that are read back, near the model's", () => {
  const model = network("se_resnet8", { width: 8, reduction: 2, classes: 3 });
  const given = draw([1, 3, 12, 9]);
  const { graph } = sessionGraph(networkOf(model), { input: given.shape });
  const exact = senet.compileSync(model, { input: given.shape, kernels: "plain" }).run(given).data;
  const largest = Math.max(...exact.map(Math.abs));
  for (const [format, near] of [["f16", 2e-3], ["int8", 0.1]] as const) {
    for (const target of ["wasm", "plain"] as const) {
      const y = load(bundle(model, { input: given.shape, target, format, syntax: "script" })).predict(given.data);
      const rounded = storeConstants(graph, format, target === "wasm" ? roundedFactors(graph) : undefined).graph;
      assert.is(answers(y), expected(rounded, given, target === "plain" ? "plain" : undefined), `${format}, ${target}`);
      y.forEach((number, i) => assert.ok(Math.abs(number - exact[i]) <= near * largest, `${format}: ${number}, ${exact[i]}`));
    }
  }
});

test("a network of bytes keeps its bits", () => {
  const model = network("se_resnet8", { width: 8, reduction: 2, classes: 3 });
  const given = draw([1, 3, 12, 9]);
  const quantised = senet.quantise(model, [given], { reported: 0 }).network;
  assert.is(answers(load(bundle(quantised, { input: given.shape, syntax: "script" })).predict(given.data)), expected(quantised, given));
  assert.throws(() => bundle(quantised, { input: given.shape, target: "plain" }), /target plain has no kernels of bytes/);
});

test("pictures are prepared as `preprocess` does it", () => {
  const image = senet.decodePngSync(readFileSync(new URL("../../models/pretrained/samples/bag-0018.png", import.meta.url)));
  const file = load(bundle(fashion, { input, target: "plain", syntax: "script", classes, preprocessing }));
  const wanted = expected(fashion, senet.preprocess(image, preprocessing), "plain");
  assert.is(answers(file.predict(image)), wanted);
  assert.is(answers(file.predict(image.data)), wanted);
  assert.is(answers(file.predict(image.data.filter((_, i) => i % 4 === 0))), wanted, "grey");
  assert.is(answers(file.predict(image.data.filter((_, i) => i % 4 !== 3))), wanted, "RGB");
  assert.equal(file.classes, classes);
  assert.equal(file.input, input);
  const colours = network("se_resnet8", { width: 8, reduction: 2 });
  const two = { data: Uint8Array.from({ length: 12 * 9 * 4 }, (_, i) => (i * 37) % 256), width: 12, height: 9 };
  for (const channels of ["rgb", "bgr"] as const) {
    const how = { ...preprocessing, size: [9, 12] as const, resize: undefined, channels, mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] };
    const { resize: _, ...without } = how;
    const given = senet.preprocess(two, without as senet.Preprocessing);
    const { predict } = load(bundle(
      colours, { input: [1, 3, 9, 12], target: "plain", syntax: "script", preprocessing: without as senet.Preprocessing },
    ));
    assert.is(answers(predict(two)), expected(colours, given, "plain"), channels);
  }
});

test("weights beside: only the network's own", async () => {
  const { code, weights } = bundle(small, { input: size, beside: true, format: "f16", syntax: "script" });
  const file = load({ code });
  assert.throws(() => file.predict(z.data), /await ready\(weights\) first/);
  const failing = async (given: unknown): Promise<string> => (
    file.ready(given as Uint8Array).then(() => "", (error: Error) => error.message)
  );
  assert.match(await failing(undefined), /weights wants the bytes of the weights file/);
  assert.match(await failing(weights!.subarray(4)), /not this network's weights: \d+ bytes are wanted, got \d+/);
  assert.match(await failing(weights!.map((byte, i) => byte ^ Number(i === 99))), /not this network's weights/);
  assert.is(await file.ready(weights), "wasm");
  const whole = load(bundle(small, { input: size, format: "f16", syntax: "script" }));
  assert.is(answers(file.predict(z.data)), answers(whole.predict(z.data)));
});

test("where WebAssembly does not run: plain kernels if they are there, else one sentence", async () => {
  const options: BundleOptions = { input: size, syntax: "script" };
  const both = bundle(small, { ...options, target: "both" });
  const refusing = { ...WebAssembly, Module: class { constructor() { throw new Error("forbidden"); } },
    Memory: WebAssembly!.Memory, instantiate: () => Promise.reject(new Error("forbidden")) };
  const wanted = answers(load(both, { WebAssembly: undefined }).predict(z.data));
  const { graph } = sessionGraph(networkOf(small), { input: size });
  const rounded = storeConstants(graph, "f32", roundedFactors(graph)).graph;
  assert.is(wanted, expected(rounded, z, "plain"));
  for (const hidden of [{ WebAssembly: undefined }, { WebAssembly: refusing }]) {
    const file = load(both, hidden);
    assert.match(await file.ready(), /^plain: WebAssembly does not run here: /);
    assert.is(answers(file.predict(z.data)), wanted);
    const alone = load(bundle(small, options), hidden);
    assert.throws(() => alone.predict(z.data), /wants WebAssembly with SIMD, which does not run here: /);
    assert.match(await alone.ready().then(() => "", (error: Error) => error.message), /wants WebAssembly with SIMD/);
  }
  assert.is(await load(both).ready(), "wasm");
});

test("a module's exports, and a script's variable", async () => {
  const { code } = bundle(small, { input: size, target: "plain", format: "int8", classes: ["a", "b", "c"] });
  const path = join(temporaryFolder(), "net.mjs");
  writeFileSync(path, code);
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  assert.is(typeof module.predict, "function");
  assert.equal(module.classes, ["a", "b", "c"]);
  assert.ok(module.default);
  const script = bundle(small, { input: size, target: "plain", format: "int8", syntax: "script", name: "boots" }).code;
  assert.is(typeof (new Function(`${script}; return boots.predict;`)() as unknown), "function");
});

test("only old words: no classes, arrows, let, BigInt, eval, imports, nothing but ASCII", () => {
  const { code } = bundle(fashion, { input, target: "both", beside: true, syntax: "script", classes, preprocessing });
  const bare = code.replace(/"(?:[^"\\\n]|\\.)*"/g, '""').replace(/^\/\*.*\*\//, "");
  assert.is(/\b(class|let|const|async|await|import|export|eval|Function|BigInt|of)\b|=>|`|\?\.|\*\*|\.\.\./.exec(bare), null);
  assert.ok(/^[\x20-\x7e\n]*$/.test(code) && !code.includes("</"));
});

test("small: at most 14 KB on WebAssembly and 7 KB plain, without weights", () => {
  for (const [target, most] of [["wasm", 14_000], ["plain", 7_000]] as const) {
    const { code } = bundle(fashion, { input, target, beside: true, classes, preprocessing });
    const bytes = gzipSync(Uint8Array.from(code, (letter) => letter.charCodeAt(0)), { level: 9 }).length;
    assert.ok(bytes <= most, `${target}: ${bytes} bytes`);
  }
});

test("wrong calls of predict", () => {
  const { predict } = load(bundle(small, { input: size, target: "plain", format: "f16", syntax: "script", preprocessing: grey }));
  for (const [given, text] of [
    [[], /wants 1 argument \(input\), got 0/], [[z.data, z.data], /wants 1 argument/],
    [[undefined], /wants 1x1x12x9 numbers .* got Undefined/],
    [["text"], /got String/], [[[..."text"]], /got Array/], [[new Float32Array(3)], /input input wants 108 numbers, got 3/],
    [[new Uint8Array(5)], /1, 3 or 4 bytes a pixel, got 5 bytes/],
    [[{ data: new Uint8Array(16), width: 2, height: 2 }], /9x12 pixels, got 2x2/],
  ] as const) {
    assert.throws(() => predict(...given), text);
  }
  const numbers = load(bundle(small, { input: size, target: "plain", format: "f16", syntax: "script" }));
  assert.throws(() => numbers.predict(new Uint8Array(108)), /wants 1x1x12x9 numbers \(Float32Array\), got Uint8Array/);
});

test("wrong options", () => {
  const wrong = (options: object): string => {
    try {
      bundle(fashion, { input, ...options });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(wrong({ format: "f64" }), /format wants f32, f16, int8, got "f64"/);
  assert.match(wrong({ target: "gpu" }), /target wants wasm, plain, both/);
  assert.match(wrong({ name: "1x" }), /name wants a name that variables may have, got "1x"/);
  assert.match(wrong({ name: "class" }), /name wants/);
  assert.match(wrong({ formatz: "f32" }), /unknown option "formatz" \(did you mean "format"\?\)/);
  assert.match(wrong({ classes: ["one"] }), /classes has 1 name, the network gives \[1,10\]/);
  const larger = wrong({ preprocessing: { ...preprocessing, size: [32, 32] } });
  assert.match(larger, /makes \[1,1,32,32\] of a picture, the network takes \[1,1,28,28\]/);
  assert.match(wrong({ input: [1, 3, 28, 28] }), /channels|input/);
  const unet = network("se_unet", { width: 4 });
  assert.throws(() => bundle(unet, { input: [1, 3, 16, 16], target: "plain" }), /target plain has no kernel for conv_transpose2d \(/);
});

test.run();
