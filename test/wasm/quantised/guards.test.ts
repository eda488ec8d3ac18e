/**
 * Kernels of bytes write to their output and their working memory, and to nothing else: guards around all operands stay as they are, and so
 * do inputs and what is stored. All of them, as sessions call them, in parts, on prime and odd sizes with values at the ends.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { probe } from "../../../kernels/wasm/probe/probe.ts";
import { paddedChannels } from "../../../kernels/wasm/quantised/bytes.ts";
import { imageBytes, interiorBytes } from "../../../kernels/wasm/shared/layout.ts";
import type { Node, Operation, Value } from "../../../src/graph/graph.ts";
import type { QuantisedKind } from "../../../src/graph/quantised.ts";
import { byteCapabilities } from "../../../src/session/backends/wasm/bytes.ts";
import type { Binding } from "../../../src/session/backends/wasm/bindings/binding.ts";
import { quantisedBindings } from "../../../src/session/backends/wasm/bindings/quantised.ts";
import { batchOf, layoutOf } from "../../../src/session/plan/layouts.ts";
import { imageOf, isImage, isStored } from "../../../src/session/plan/places.ts";
import type { Image, Place } from "../../../src/session/plan/places.ts";
import { ByteMachine } from "./support.ts";

/** A node whose values are bytes where its kind has such. */
function nodeOf(operation: Operation, output: readonly number[], ...inputs: readonly (readonly number[])[]): Node {
  const { kind } = operation;
  const isByte = (i: number): boolean => i < 0
    ? !["dequantise", "quantised_linear", "quantised_mean"].includes(kind)
    : kind !== "quantise" && kind !== "quantised_linear" && !(i === 1 && (kind === "quantised_scale" || (kind === "quantised_conv2d" &&
      operation.gate)));
  const value = (name: string, shape: readonly number[], byte: boolean): Value => (
    { name, shape, ...(byte ? { dtype: "u7" as const } : {}) });
  return { operation, inputs: inputs.map((shape, i) => value(`x${i}`, shape, isByte(i))), output: value("y", output, isByte(-1)) };
}

/** Runs a node in parts between guards. */
function guarded({ operation, inputs, output }: Node, relaxed: boolean, random: Random): void {
  const node = { operation, inputs, output };
  const kind = operation.kind as QuantisedKind;
  const binding = quantisedBindings[kind] as Binding<QuantisedKind>;
  const images = new Map([...inputs, output].map((value): [Value, Image] => {
    const halo = value === inputs[0] ? (binding.halo?.(node as never) ?? 0) : value === output ? 1 : 0;
    const bytes = value.dtype === "u7";
    const picture = bytes && value.shape[1] <= 4 && kind === "quantised_conv2d" && operation.kind === kind && operation.groups === 1;
    const pixel = bytes ? (picture && value !== output ? 4 : paddedChannels(value.shape[1])) : undefined;
    return [value, imageOf({ ...layoutOf(value, halo), border: bytes ? 7 : undefined, pixel }, batchOf(value))];
  }));
  const arithmetic = byteCapabilities(relaxed ? "relaxed" : "wide").pace!({ fma: false, wide: false }, false);
  const context = { image: (value: Value) => images.get(value)!, arithmetic, emitters: {} };
  const call = binding.bind(node as never, context);
  assert.ok(call !== undefined, `${kind} has a kernel`);
  const machine = new ByteMachine([call.kernel as never], 8);
  const still: [number, Uint8Array][] = [];
  const placed = new Map<Place, number>();
  const place = (each: Place): number => {
    if (typeof each === "number") return each;
    if (placed.has(each)) return placed.get(each)!;
    const size = isImage(each) ? each.images * imageBytes(each.layout) : each.bytes;
    const at = machine.take(size);
    const into = machine.bytes.subarray(at, at + size);
    if (isStored(each)) each.fill(into, undefined as never);
    else if (isImage(each) && each.layout.format === "u7") for (let i = 0; i < size; i++) into[i] = random.uniform() < 0.5 ? 0 : 127;
    else if (isImage(each)) new Float32Array(into.buffer, at, size / 4).fill(3);
    if (each !== images.get(output) && each !== call.scratch) still.push([at, into.slice()]);
    const address = isImage(each) ? at + interiorBytes(each.layout) : at;
    placed.set(each, address);
    return address;
  };
  const operands = call.operands.map((each) => [place(each), isImage(each) && each.images > 1 ? imageBytes(each.layout) : 0]);
  const work = call.scratch === undefined ? [] : [place(call.scratch)];
  // Each range in two parts, in all combinations.
  const parts = call.ranges.map(({ count, unit }) => {
    const cut = unit * Math.floor(count / unit / 2);
    return cut === 0 ? [[0, count]] : [[0, cut], [cut, count]];
  }).reduce<readonly (readonly number[])[]>((all, ranges) => all.flatMap((one) => ranges.map((range) => [...one, ...range])), [[]]);
  for (let n = 0; n < call.images; n++) {
    for (const part of parts) machine.run(call.kernel.name, ...operands.map(([address, pitch]) => address + n * pitch), ...part, ...work);
  }
  assert.ok(machine.guarded, `${kind}: guards`);
  for (const [at, bytes] of still) assert.equal(machine.bytes.slice(at, at + bytes.length), bytes, `${kind}: what it reads`);
}

const numbers = (count: number, value: number): Float32Array => new Float32Array(count).fill(value);

/** Of all kinds. */
function nodes(channels: number, height: number, width: number): Node[] {
  const shape = [2, channels, height, width];
  const [gate, bounds] = [[2, channels, 1, 1], { least: 0, most: 127 }];
  const to = { scale: numbers(channels, 1), zero: 3 };
  const window = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: false } as const;
  const pooled = [2, channels, Math.floor((height - 1) / 2) + 1, Math.floor((width - 1) / 2) + 1];
  const conv = (outputs: number, groups: number, kernel: number, gated: boolean): Node => {
    const padding = (kernel - 1) / 2;
    const result = [2, outputs, height, width];
    return nodeOf({
      kind: "quantised_conv2d", kernel: [kernel, kernel], stride: [1, 1], padding: [padding, padding, padding, padding], dilation: [1, 1],
      groups, zero: 7, gate: gated, residual: gated, bias: new Int32Array(outputs).fill(-9),
      weight: { name: "w", shape: [outputs, channels / groups, kernel, kernel],
        data: new Int8Array(outputs * (channels / groups) * kernel * kernel).fill(-127) },
      epilogue: {
        ...bounds, multiplier: numbers(outputs, 0.01), offset: numbers(outputs, 60), residualMultiplier: gated ? 0.5 : 0,
        hardSwish: gated ? undefined : { factor: numbers(outputs, 0.1), zero: 2 },
      },
    }, result, shape, ...(gated ? [[2, outputs, 1, 1], result] : []));
  };
  const outputs = channels + 3;
  return [
    nodeOf({ kind: "quantise", to, factor: to.scale }, shape, shape), nodeOf({ kind: "dequantise", from: to }, shape, shape),
    conv(outputs, 1, 1, false), conv(channels % 16 === 0 ? channels : 16, 1, 3, true), conv(channels, channels, 3, false),
    nodeOf({ kind: "quantised_add", by: { ...bounds, multiplierA: 1, multiplierB: 1, offset: 0 } }, shape, shape, shape),
    nodeOf({ kind: "quantised_concat", by: { multiplier: numbers(2 * channels, 0.5), offset: numbers(2 * channels, 1) } },
      [2, 2 * channels, height, width], shape, shape),
    nodeOf({ kind: "quantised_channel_shuffle", groups: channels }, shape, shape),
    nodeOf({ kind: "quantised_scale", by: { ...bounds, zero: 3, multiplier: 1, offset: 0 } }, shape, shape, gate),
    nodeOf({ kind: "quantised_affine", by: { ...bounds, multiplier: numbers(channels, 1), offset: numbers(channels, 1) } }, shape, shape),
    nodeOf({ kind: "quantised_table", entries: new Uint8Array(128).fill(5) }, shape, shape),
    nodeOf({ kind: "quantised_mean", by: { factor: numbers(channels, 1), offset: numbers(channels, 1) } }, gate, shape),
    nodeOf({ kind: "quantised_max_pool", ...window }, pooled, shape),
    nodeOf({ kind: "quantised_average_pool", ...window, by: { multiplier: 1, offset: 0, padding: 3 } }, pooled, shape),
    nodeOf({
      kind: "quantised_linear", scale: numbers(outputs, 0.1), bias: numbers(outputs, 1), activation: undefined,
      weight: { name: "w", shape: [outputs, channels], data: new Int8Array(outputs * channels).fill(127) },
    }, [2, outputs, 1, 1], gate),
  ];
}

for (const relaxed of probe().relaxedSimd ? [true, false] : [false]) {
  for (const [channels, height, width] of [[7, 5, 3], [32, 7, 11], [37, 13, 5]]) {
    test(`${relaxed ? "relaxed" : "wide"}: no kernel writes beside its output, ${channels} channels of ${height}x${width}`, () => {
      const random = new Random(7);
      const all = nodes(channels, height, width);
      assert.equal(new Set(all.map(({ operation }) => operation.kind)), new Set(Object.keys(quantisedBindings)));
      for (const node of all) guarded(node, relaxed, random);
    });
  }
}

test.run();
