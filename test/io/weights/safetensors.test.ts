/** safetensors: a file of another writer (test/goldens/files/safetensors.py), round trips, the official library's own bytes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseSafetensors, writeSafetensors } from "../../../src/io/weights/safetensors.ts";
import { halfToNumber, numberToHalf } from "../../../src/io/weights/half.ts";
import { Tensor } from "../../../src/tensor.ts";
import { recipeTensor } from "../../fixtures/recipe.ts";
import { fileBytes, fileJson } from "../../support/files.ts";

const golden = fileJson<Record<string, [number[], (number | string)[]]>>("goldens/files/safetensors.json");
const goldenBytes = fileBytes("goldens/files/safetensors.safetensors");

function checkGolden(file: ReturnType<typeof parseSafetensors>): void {
  assert.equal([...file.tensors.keys()].sort(), Object.keys(golden).sort());
  for (const [name, [shape, values]] of Object.entries(golden)) {
    const tensor = file.tensors.get(name)!;
    assert.equal(tensor.shape, shape, name);
    assert.is(tensor.data.BYTES_PER_ELEMENT, name === "double" ? 8 : 4, name);
    values.forEach((value, i) => assert.ok(Object.is(tensor.data[i], Number(value)), `${name}[${i}] is ${tensor.data[i]}, wants ${value}`));
  }
  assert.equal(file.ignored, ["bn1.num_batches_tracked", "layer1.0.bn2.num_batches_tracked"]);
  assert.equal(file.metadata, { format: "pt", größe: "a\nb" });
}

test("reads another writer's file: F32, F16, BF16, F64, counters, unaligned", () => {
  checkGolden(parseSafetensors(goldenBytes));
  checkGolden(parseSafetensors(goldenBytes.buffer as ArrayBuffer));
});

test("at any offset in a larger buffer, with copies or shared", () => {
  for (let offset = 0; offset < 8; offset++) {
    const buffer = new Uint8Array(goldenBytes.length + 16);
    buffer.set(goldenBytes, offset);
    for (const share of [false, true]) checkGolden(parseSafetensors(buffer.subarray(offset, offset + goldenBytes.length), { share }));
  }
});

test("in an engine without TextDecoder and TextEncoder", () => {
  const host = globalThis as { TextDecoder?: unknown; TextEncoder?: unknown };
  const { TextDecoder, TextEncoder } = host;
  const withHost = writeSafetensors([["größe \u{1f600}", Tensor.of([1], [1])]]);
  host.TextDecoder = host.TextEncoder = undefined;
  try {
    checkGolden(parseSafetensors(goldenBytes));
    assert.equal(writeSafetensors([["größe \u{1f600}", Tensor.of([1], [1])]]), withHost);
  } finally {
    Object.assign(host, { TextDecoder, TextEncoder });
  }
});

test("reads buffers of shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(goldenBytes.length));
  shared.set(goldenBytes);
  checkGolden(parseSafetensors(shared));
});

test("tensors are copies unless they are to be shared", () => {
  const bytes = writeSafetensors([["x", Tensor.of([1, 2], [2])]]);
  const copied = parseSafetensors(bytes).tensors.get("x")!;
  const shared = parseSafetensors(bytes, { share: true }).tensors.get("x")!;
  bytes.fill(0, bytes.length - 8);
  assert.equal([...copied.data], [1, 2]);
  assert.equal([...shared.data], [0, 0]);
});

test("round trip of every precision, NaN and zeros included", () => {
  const single = new Tensor(Float32Array.of(1, -0, NaN, Infinity, 1e-45, 1 / 3), [2, 3]);
  const double = new Tensor(Float64Array.of(Math.PI, -0, 5e-324), [3, 1]);
  const tensors: [string, Tensor][] = [
    ["b.weight", single], ["a.weight", double], ["none", Tensor.zeros([0, 3])], ["scalar", Tensor.of([7], [])],
  ];
  const back = parseSafetensors(writeSafetensors(tensors, { metadata: { z: "1", a: "ä\n\"" } }));
  assert.equal(back.metadata, { a: "ä\n\"", z: "1" });
  for (const [name, tensor] of tensors) {
    const came = back.tensors.get(name)!;
    assert.equal(came.shape, tensor.shape);
    assert.is(came.data.constructor, tensor.data.constructor);
    assert.is(came.size, tensor.size);
    assert.ok(tensor.data.every((x, i) => Object.is(x, came.data[i])), name);
  }
  const down = parseSafetensors(writeSafetensors(tensors, { dtype: "F32" })).tensors.get("a.weight")!;
  assert.equal(down.data, Float32Array.of(Math.PI, -0, 0));
  const up = parseSafetensors(writeSafetensors(tensors, { dtype: "F64" })).tensors.get("b.weight")!;
  assert.equal(Array.from(up.data), Array.from(single.data));
});

test("half precision: half the bytes, rounded to the nearest half, from float64 in one rounding", () => {
  const weight = recipeTensor("conv1.weight", [64, 3, 7, 7]);
  const full = writeSafetensors([["conv1.weight", weight]]);
  const half = writeSafetensors([["conv1.weight", weight]], { dtype: "F16" });
  assert.is(full.length - half.length, 2 * weight.size);
  const back = parseSafetensors(half).tensors.get("conv1.weight")!;
  assert.ok(
    back.data.every(
      (x, i) => x === halfToNumber(numberToHalf(weight.data[i])) && Math.abs(x - weight.data[i]) <= Math.max(Math.abs(x) / 2048, 2 ** -25),
    ),
  );
  assert.ok(back.size === weight.size && back.data.some((x, i) => x !== weight.data[i]));
  // Just above a tie between two halves: by way of float32 it would land on the tie and round down to even.
  const sly = new Tensor(Float64Array.of(1 + 2 ** -11 + 2 ** -40), [1]);
  assert.is(parseSafetensors(writeSafetensors([["x", sly]], { dtype: "F16" })).tensors.get("x")!.data[0], 1 + 2 ** -10);
});

test("a tensor that half precision cannot hold stays float32", () => {
  const file = writeSafetensors([["small", Tensor.of([65519, Infinity], [2])], ["large", Tensor.of([0, 65520], [2])]], { dtype: "F16" });
  const { tensors } = parseSafetensors(file);
  assert.equal([...tensors.get("small")!.data], [65504, Infinity]);
  assert.equal([...tensors.get("large")!.data], [0, 65520]);
  assert.is(file.length % 8, (2 * 4 + 2 * 2) % 8);
});

test("the bytes that the official library's own tests want", () => {
  const six = Tensor.of([0, 1, 2, 3, 4, 5], [1, 2, 3]);
  const data = [0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64];
  const text = (header: string): number[] => [header.length, 0, 0, 0, 0, 0, 0, 0, ...Array.from(header, (c) => c.charCodeAt(0))];
  assert.equal(
    [...writeSafetensors([["attn.0", six]])], [...text('{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}'), ...data],
  );
  const padded = '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       ';
  assert.is(padded.length, 72);
  assert.equal([...writeSafetensors([["attn0", six.reshape([1, 1, 2, 3])]])], [...text(padded), ...data]);
  assert.equal([...writeSafetensors([])], text("{}      "));
  assert.equal([...writeSafetensors([], { metadata: { framework: "pt" } })], text('{"__metadata__":{"framework":"pt"}}     '));
});

test("the same tensors in another order give the same bytes, the widest first", () => {
  const tensors: [string, Tensor][] = [["z", Tensor.of([1], [1])], ["a", Tensor.of([2], [1])], ["m", new Tensor(Float64Array.of(3), [1])]];
  const metadata = { one: "1", two: "2" };
  const bytes = writeSafetensors(tensors, { metadata });
  assert.equal(writeSafetensors([...tensors].reverse(), { metadata: { two: "2", one: "1" } }), bytes);
  assert.equal([...parseSafetensors(bytes).tensors.keys()], ["m", "a", "z"]);
});

test("batch counters on request", () => {
  const bytes = writeSafetensors(
    [["bn1.running_mean", Tensor.zeros([3])], ["running_mean", Tensor.zeros([1])]], { batchesTracked: 2 ** 33 + 5 },
  );
  const back = parseSafetensors(bytes);
  assert.equal(back.ignored, ["bn1.num_batches_tracked", "num_batches_tracked"]);
  assert.equal([...back.tensors.keys()], ["bn1.running_mean", "running_mean"]);
  const headerLength = new DataView(bytes.buffer).getUint32(0, true);
  assert.equal([...bytes.subarray(8 + headerLength, 16 + headerLength)], [5, 0, 0, 0, 2, 0, 0, 0]);
  assert.throws(() => writeSafetensors([], { batchesTracked: -1 }), /batchesTracked wants a whole number of at least 0, got -1/);
});

test("refuses to write what would not read back", () => {
  const one = Tensor.of([1], [1]);
  const wrong = (type: ErrorConstructor, message: RegExp) => (e: unknown): boolean => e instanceof type && message.test(
    (e as Error).message,
  );
  assert.throws(() => writeSafetensors([["a", one], ["a", one]]), wrong(RangeError, /two tensors are named "a"/));
  assert.throws(() => writeSafetensors([["__metadata__", one]]), wrong(RangeError, /cannot be named "__metadata__"/));
  assert.throws(() => writeSafetensors([["a\ud800", one]]), wrong(RangeError, /cannot be named "a\\ud800"/));
  assert.throws(
    () => writeSafetensors([], { metadata: { a: 1 as unknown as string } }), wrong(TypeError, /metadata wants texts, "a" is 1/),
  );
  assert.throws(() => writeSafetensors([], { metadata: { a: "\udc00" } }), wrong(RangeError, /metadata "a" is not well-formed/));
  assert.throws(
    () => parseSafetensors("text" as unknown as Uint8Array), wrong(TypeError, /bytes wants a Uint8Array or ArrayBuffer, got "text"/),
  );
});

test.run();
