/** Quantised networks and single operations on bytes in sessions: plain kernels, and WebAssembly by both kinds of dots and on threads. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { Random } from "../../kernels/random.ts";
import { probe } from "../../kernels/wasm/probe/probe.ts";
import type { Dots } from "../../kernels/wasm/quantised/conv.ts";
import { fixedNetwork } from "../../src/graph/network.ts";
import type { Graph, Node, Operation, Value } from "../../src/graph/graph.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { byteSessions } from "../../src/quantise/network.ts";
import { byteCapabilities, byteOperations } from "../../src/session/backends/wasm/bytes.ts";
import { atOnce } from "../../src/session/backends/making.ts";
import { checkBytes } from "../../src/session/backends/wasm/checks/bytes.ts";
import { WasmExecutor } from "../../src/session/backends/wasm/executor.ts";
import type { CompileWasm } from "../../src/session/backends/wasm/executor.ts";
import { compileSyncWith } from "../../src/session/compile.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import { bits } from "../support/compare.ts";
import { draw, draws, stir } from "../support/random.ts";

const kinds: readonly Dots[] = probe().relaxedSimd ? ["relaxed", "wide"] : ["wide"];

const networks: readonly [string, Readonly<Record<string, unknown>>, readonly number[]][] = [
  ["se_resnet8", { width: 8, reduction: 4 }, [1, 3, 17, 15]],
  ["se_resnet20", { blocks: [1, 1, 1], width: 24, reduction: 4, inChannels: 1 }, [1, 1, 14, 13]],
  ["se_mobilenet_v1", { width: 0.25 }, [1, 3, 64, 64]],
  ["mobilenet_v3_small", {}, [1, 3, 64, 64]],
  ["efficientnet_b0", {}, [1, 3, 64, 64]],
  ["regnety_016", { classes: 10 }, [1, 3, 64, 64]],
  ["se_densenet121", { blocks: [2, 2, 1, 1], width: 6, growth: 5, reduction: 2, classes: 5 }, [1, 3, 64, 64]],
  ["shufflenet_v1", { classes: 10 }, [1, 3, 64, 64]],
];

for (const [name, options, shape] of networks) {
  test(`${name}: the same bits on plain kernels, by both kinds of dots, and on two threads`, async () => {
    const model = stir(createModel(name, options, 1)).evaluate();
    const { network } = quantise(model, draws(shape, 2), { reported: 0 });
    const input = [2, ...shape.slice(1)];
    const x = draw(input, 5);
    const expected = bits(compileSync(network, { input, kernels: "plain" }).run(x));
    for (const dots of kinds) {
      const session = compileSyncWith(byteCapabilities(dots), network, { input, numerics: "exact", kernels: "wasm" });
      assert.equal(bits(session.run(x)), expected, dots);
      assert.ok(!/quantised.*plain, between/.test(session.plan), session.plan);
    }
    const two = await compile(network, { input, threads: 2 });
    assert.equal(bits(two.run(x)), expected);
    assert.equal(bits(await two.runAsync(x)), expected);
    two.close();
  });
}

/** A graph of one operation on bytes that are made of inputs; the answer is float32 again. */
function graphOf(
  shapes: readonly (readonly number[])[], bytes: readonly boolean[], operation: Operation, output: readonly number[], float: boolean,
): Graph {
  const inputs = shapes.map((shape, i): Value => ({ name: `input ${i}`, shape }));
  const meaning = (shape: readonly number[]) => ({ scale: new Float32Array(shape[1]).fill(1), zero: 0 });
  const nodes: Node[] = [];
  const given = inputs.map((input, i): Value => {
    if (!bytes[i]) return input;
    // More than four channels a pixel, or the four bytes of pictures would be a layout of their own.
    const value: Value = { name: `bytes ${i}`, shape: input.shape, dtype: "u7" };
    const to = meaning(input.shape);
    nodes.push({ operation: { kind: "quantise", to, factor: to.scale }, inputs: [input], output: value });
    return value;
  });
  const made: Value = { name: "made", shape: output, ...(float ? {} : { dtype: "u7" as const }) };
  nodes.push({ operation, inputs: given, output: made });
  if (float) return { inputs, nodes, outputs: [made] };
  const y: Value = { name: "y", shape: output };
  nodes.push({ operation: { kind: "dequantise", from: meaning(output) }, inputs: [made], output: y });
  return { inputs, nodes, outputs: [y] };
}

function agreeOn(graph: Graph, random: Random, what: string): void {
  const network = { ...fixedNetwork(graph), sessions: byteSessions };
  for (const extreme of [false, true]) {
    const given = Object.fromEntries(graph.inputs.map(({ name, shape }) => {
      const x = draw(shape, random);
      x.data.forEach((_, i) => (x.data[i] = extreme ? (random.uniform() < 0.5 ? 0 : 127) : 140 * random.uniform() - 5));
      return [name, x];
    }));
    const [plain, wasm] = [
      compileSync(network, { kernels: "plain" }), compileSyncWith(byteCapabilities(), network, { kernels: "wasm", numerics: "exact" }),
    ];
    const [expected, actual] = [plain, wasm].map((session) => session.run(given)[graph.outputs[0].name]);
    assert.ok(!/plain, between/.test(wasm.plan), wasm.plan);
    assert.equal(bits(actual), bits(expected), what);
  }
}

for (const channels of [5, 7, 16, 19, 35, 64]) {
  for (const [height, width] of [[1, 1], [3, 5], [7, 7], [13, 11]]) {
    test(`single operations on ${channels} channels of ${height}x${width}`, () => {
      const random = new Random(channels);
      const shape = [2, channels, height, width];
      const numbers = (offset: number, scale: number): Float32Array => (
        Float32Array.from({ length: channels }, () => offset + scale * random.normal()));
      const add = { multiplierA: Math.fround(0.7), multiplierB: Math.fround(0.41), offset: Math.fround(-3.3), least: 2, most: 120 };
      agreeOn(graphOf([shape, shape], [true, true], { kind: "quantised_add", by: add }, shape, false), random, "add");
      for (const scaled of [[true, true, true], [false, true, false], [false, false, false]]) {
        const counts = [channels, 19, channels];
        const parts = counts.flatMap((count, i) => new Array<boolean>(count).fill(scaled[i]));
        const by = {
          multiplier: Float32Array.from(parts, (own) => (own ? 0.8 : 1)), offset: Float32Array.from(parts, (own) => (own ? 3.3 : 0)),
        };
        const [shapes, whole] = [counts.map((count) => [2, count, height, width]), [2, parts.length, height, width]];
        agreeOn(graphOf(shapes, [true, true, true], { kind: "quantised_concat", by }, whole, false), random, `concat ${scaled.join()}`);
      }
      for (const groups of [channels, 5, 2].filter((each) => channels % each === 0)) {
        agreeOn(graphOf([shape], [true], { kind: "quantised_channel_shuffle", groups }, shape, false), random, `shuffle ${groups}`);
      }
      const scale = { zero: 40, multiplier: Math.fround(0.01), offset: 31, least: 0, most: 127 };
      agreeOn(graphOf([shape, [2, channels, 1, 1]], [true, false], { kind: "quantised_scale", by: scale }, shape, false), random, "scale");
      const affine = { multiplier: numbers(1, 0.3), offset: numbers(0, 20), least: 1, most: 126 };
      agreeOn(graphOf([shape], [true], { kind: "quantised_affine", by: affine }, shape, false), random, "affine");
      const entries = Uint8Array.from({ length: 128 }, (_, i) => (i * 89 + 3) % 128);
      agreeOn(graphOf([shape], [true], { kind: "quantised_table", entries }, shape, false), random, "table");
      const mean = { factor: numbers(0.01, 0.001), offset: numbers(0, 1) };
      agreeOn(graphOf([shape], [true], { kind: "quantised_mean", by: mean }, [2, channels, 1, 1], true), random, "mean");
      for (const [kernel, stride, padding] of [[3, 2, 1], [2, 1, 0], [3, 1, 1]]) {
        if (height + 2 * padding < kernel || width + 2 * padding < kernel) continue;
        const window = {
          kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding, padding, padding], ceilMode: false,
        } as const;
        const size = (n: number): number => Math.floor((n + 2 * padding - kernel) / stride) + 1;
        const pooled = [2, channels, size(height), size(width)];
        agreeOn(graphOf([shape], [true], { kind: "quantised_max_pool", ...window }, pooled, false), random, "max pool");
        for (const outside of [undefined, 17]) {
          const by = { multiplier: Math.fround(0.9), offset: Math.fround(4.1), padding: outside };
          agreeOn(graphOf([shape], [true], { kind: "quantised_average_pool", ...window, by }, pooled, false), random, "average pool");
        }
      }
      if (height * width > 1) return;
      for (const activation of [undefined, "relu", "relu6", "sigmoid", "silu", "hard_sigmoid", "hard_swish", "leaky_relu"] as const) {
        const [outputs, row] = [channels + 2, [2, channels, 1, 1]];
        const data = Int8Array.from({ length: outputs * channels }, () => 255 * random.uniform() - 127);
        const linear: Operation = {
          kind: "quantised_linear", scale: Float32Array.from({ length: outputs }, () => 0.0003 * random.normal()),
          bias: Float32Array.from({ length: outputs }, () => random.normal()),
          weight: { name: "w", shape: [outputs, channels], data },
          activation: activation && { activation, slope: 0.2, offset: 0.5 },
        };
        agreeOn(graphOf([row], [false], linear, [2, outputs, 1, 1], true), random, `linear ${activation}`);
      }
    });
  }
}

test("kernels are checked before they are used: right ones pass, one wrong instruction is found, and the plain kernels take over", () => {
  const arithmetic = byteCapabilities().pace!({ fma: false, wide: false }, false);
  const kindsOf = (patch?: (bytes: Uint8Array<ArrayBuffer>) => void): ReadonlyMap<string, string> => {
    const compile: CompileWasm = (emit) => {
      const bytes = emit().toBytes();
      patch?.(bytes);
      return new WebAssembly!.Module(bytes);
    };
    const executor = new WasmExecutor({ arithmetic, threads: 1, pool: undefined, refused: new Set(), compile });
    try {
      return atOnce(checkBytes(new Set(["quantised_conv2d"]), executor, byteOperations));
    } finally {
      executor.release();
    }
  };
  assert.equal([...kindsOf()], []);
  // 1.5 * 2^23 becomes another number everywhere: nothing is rounded as it should be.
  const magic = new Uint8Array(Float32Array.of(12582912, 12582912, 12582912, 12582912).buffer);
  const other = new Uint8Array(Float32Array.of(12582912, 12582912, 12582912, 12582913).buffer);
  const wrong = kindsOf((bytes) => {
    for (let i = 0; i + 16 <= bytes.length; i++) if (magic.every((byte, k) => bytes[i + k] === byte)) bytes.set(other, i);
  });
  assert.ok(wrong.has("quantised_conv2d") && wrong.has("quantised_add"), [...wrong.keys()].join());
});

test.run();
