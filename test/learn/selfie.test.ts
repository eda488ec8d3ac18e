/**
 * MediaPipe's selfie segmentation of learn/selfie with made-up weights of its shapes, for machines that have not its file: the reader of
 * .tflite on a file that is written here, the network's gates and sessions, gradients of its two ways to gate. test/peers/selfie.ts has the
 * real file.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../kernels/reference/index.ts";
import { Random } from "../../kernels/random.ts";
import { GatedBranch, GatedSkip } from "../../learn/selfie/gated-skip.ts";
import { changes, person } from "../../learn/selfie/pictures.ts";
import { flipped, openSelfie, prepared } from "../../learn/selfie/open.ts";
import { gateNames, right, selfieSegmentation } from "../../learn/selfie/selfie.ts";
import { readTflite } from "../../learn/selfie/tflite.ts";
import type { StoredKernel } from "../../learn/selfie/tflite.ts";
import { FormatError } from "../../src/errors.ts";
import { gatesOf } from "../../src/graph/gates.ts";
import { numberToHalf } from "../../src/io/weights/half.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Sigmoid, Tanh } from "../../src/nn/layers/activations.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { lower } from "../../src/nn/lower.ts";
import type { Module } from "../../src/nn/module.ts";
import { Tensor } from "../../src/tensor.ts";

/** Channels in and out of c0 to c42; kernels are 1x1 but for the first. */
const convolutions = [
  [3, 16], [16, 16], [16, 8], [8, 16], [16, 16], [16, 72], [72, 24], [24, 88], [88, 24], [24, 96], [96, 24], [24, 96], [96, 32],
  ...[[128, 32], [128, 32], [96, 24], [96, 24]].flatMap(([wide, hidden]) => [[32, wide], [wide, hidden], [hidden, wide], [wide, 32]]),
  [32, 128], [32, 128], [128, 24], [24, 24], [24, 24], [24, 24], [24, 16], ...Array.from({ length: 7 }, () => [16, 16]),
];
/** Channels and sides of the kernels of d0 to d10. */
const depthwise = [[16, 3], [72, 3], [88, 3], [96, 5], [128, 5], [128, 5], [96, 5], [96, 5], [24, 3], [16, 3], [16, 3]];

/** Weights as the file has them, of numbers that keep the values in bounds. */
function madeUp(seed: number): Map<string, StoredKernel> {
  const random = new Random(seed);
  const file = new Map<string, StoredKernel>();
  const add = (name: string, shape: readonly number[], fan: number): void => {
    const size = shape.reduce((product, n) => product * n, 1);
    const scale = Math.sqrt(2 / fan);
    file.set(`${name}/Kernel`, { shape, data: Float32Array.from({ length: size }, () => scale * random.normal()) });
    const outputs = shape[0] === 1 && shape[3] > 1 && name.startsWith("depthwise") ? shape[3] : shape[0];
    file.set(`${name}/Bias`, { shape: [outputs], data: Float32Array.from({ length: outputs }, () => 0.1 * random.normal()) });
  };
  convolutions.forEach(([inputs, outputs], i) => {
    const side = i === 0 ? 3 : 1;
    add(i === 0 ? "conv2d" : `conv2d_${i}`, [outputs, side, side, inputs], inputs * side * side);
  });
  depthwise.forEach(([channels, side], i) =>
    add(i === 0 ? "depthwise_conv2d" : `depthwise_conv2d_${i}`, [1, side, side, channels], side * side));
  add("segment", [1, 2, 2, 16], 16);
  return file;
}

/** A .tflite with these tensors, written from its end to its beginning, as flatbuffers are; alternately in half and single precision. */
function tfliteOf(tensors: ReadonlyMap<string, StoredKernel>): Uint8Array {
  const bytes: number[] = new Array<number>(8).fill(0);
  const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255];
  const put = (at: number, value: number): void => u32(value).forEach((byte, i) => (bytes[at + i] = byte));
  const align = (): number => {
    while (bytes.length % 4 !== 0) bytes.push(0);
    return bytes.length;
  };
  const vector = (elements: readonly (readonly number[])[]): number => {
    const at = align();
    bytes.push(...u32(elements.length), ...elements.flat());
    return at;
  };
  /** A table of 4-byte slots: a number, or where a thing lies that came before. Offsets lead forward, so tables come first. */
  const table = (slots: number): { readonly at: number; set(slot: number, value: number): void; point(slot: number, to: number): void } => {
    const vtable = align();
    bytes.push(4 + 2 * slots, 0, 4 + 4 * slots, 0, ...Array.from({ length: slots }, (_, i) => [4 + 4 * i, 0]).flat());
    const at = align();
    bytes.push(...u32(at - vtable), ...new Array<number>(4 * slots).fill(0));
    const place = (slot: number): number => at + 4 + 4 * slot;
    return { at, set: (slot, value) => put(place(slot), value), point: (slot, to) => put(place(slot), to - place(slot)) };
  };
  const pointers = (tables: readonly { readonly at: number }[], at: number): void =>
    tables.forEach((each, i) => put(at + 4 + 4 * i, each.at - (at + 4 + 4 * i)));
  const zeros = (count: number): number[][] => Array.from({ length: count }, () => [0, 0, 0, 0]);

  const model = table(5);
  const graphs = vector(zeros(1));
  const buffers = vector(zeros(tensors.size + 1));
  const graph = table(4);
  const list = vector(zeros(tensors.size));
  put(0, model.at);
  "TFL3".split("").forEach((letter, i) => (bytes[4 + i] = letter.charCodeAt(0)));
  model.point(2, graphs);
  model.point(4, buffers);
  pointers([graph], graphs);
  graph.point(0, list);
  const made = [...tensors].map(([name, { shape, data }], i) => {
    const [tensor, buffer] = [table(4), table(1)];
    const half = i % 2 === 0;
    tensor.point(0, vector(shape.map(u32)));
    tensor.set(1, half ? 1 : 0);
    tensor.set(2, i + 1);
    tensor.point(3, vector([...name].map((letter) => [letter.charCodeAt(0)])));
    const numbers = half
      ? [...data].flatMap((value) => [numberToHalf(value) & 255, numberToHalf(value) >> 8])
      : [...new Uint8Array(data.buffer.slice(0))];
    buffer.point(0, vector(numbers.map((byte) => [byte])));
    return { tensor, buffer };
  });
  pointers(made.map(({ tensor }) => tensor), list);
  pointers([table(1), ...made.map(({ buffer }) => buffer)], buffers);
  return Uint8Array.from(bytes);
}

test("the reader finds every tensor of a file, in half and single precision", () => {
  const tensors = new Map([
    ["conv2d/Kernel", { shape: [2, 1, 1, 3], data: Float32Array.of(1, -2, 0.5, 65504, 6e-8, 0) }],
    ["conv2d/Bias", { shape: [2], data: Float32Array.of(0.1, -1e30) }], ["last", { shape: [1], data: Float32Array.of(0.25) }],
  ]);
  const found = readTflite(tfliteOf(tensors));
  assert.equal([...found.keys()], [...tensors.keys()]);
  assert.equal(found.get("conv2d/Kernel")!.shape, [2, 1, 1, 3]);
  assert.equal([...found.get("conv2d/Kernel")!.data.subarray(0, 4)], [1, -2, 0.5, 65504]);
  assert.ok(Math.abs(found.get("conv2d/Kernel")!.data[4] - 6e-8) < 1e-9);
  assert.equal(found.get("conv2d/Bias")!.data, tensors.get("conv2d/Bias")!.data);
});

test("a file that is cut short, or none, is refused, wherever it ends", () => {
  const whole = tfliteOf(new Map([["a", { shape: [4], data: Float32Array.of(1, 2, 3, 4) }]]));
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    let found: Map<string, StoredKernel> | undefined;
    try {
      found = readTflite(cut);
    } catch (error) {
      assert.ok(error instanceof FormatError, `${length} bytes: ${String(error)}`);
    }
    // What is missing may be a table at the end that nothing needs; the numbers must be there.
    if (found !== undefined && found.size > 0) assert.equal([...found.get("a")!.data], [1, 2, 3, 4], `${length} bytes`);
  }
  assert.throws(() => readTflite(new Uint8Array(64)), /bytes 4 to 7 are not TFL3/);
  const random = new Random(7);
  for (let i = 0; i < 2000; i++) {
    const damaged = whole.slice();
    damaged[Math.floor(random.uniform() * whole.length)] = Math.floor(256 * random.uniform());
    try {
      readTflite(damaged);
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});

test("another network's file is refused by the name of what it lacks", () => {
  const file = madeUp(1);
  file.delete("conv2d_30/Kernel");
  assert.throws(() => selfieSegmentation(file), /the file has no tensor "conv2d_30\/Kernel"/);
});

test("106,401 numbers, ten gates, sessions as the modules one by one", () => {
  const file = madeUp(2);
  const model = selfieSegmentation(file);
  assert.is(model.parameterCount(), 106401);
  const gates = gatesOf(lower(model, [1, 3, 64, 64]));
  assert.equal(gates.map(({ channels }) => channels), [16, 96, 128, 128, 96, 96, 128, 24, 16, 16]);
  assert.is(gates.length, gateNames.length);
  assert.equal(gates.map(({ hidden }) => hidden), [8, 24, 32, 32, 24, 24, undefined, 24, 16, 16]);
  assert.equal(gates.map(({ scaled, pooled }) => scaled === pooled), [true, true, true, true, true, true, false, false, false, false]);
  const x = prepared(person(3));
  const eager = model.forward(x).data;
  for (const numerics of ["exact", "fast"] as const) {
    const network = openSelfie(file, right, numerics);
    const { mask } = network.look(x);
    network.close();
    assert.ok(mask.every((value, i) => Math.abs(value - eager[i]) < 1e-4), numerics);
  }
});

test("gates that are set are used, and every other reading of the graph gives another mask", () => {
  const file = madeUp(2);
  const x = prepared(person(3));
  const network = openSelfie(file);
  const own = network.look(x);
  const set = network.channels.map((channels, b) => (b === 8 ? new Float32Array(channels) : undefined));
  const changed = network.look(x, set);
  assert.ok(changed.gates[8].every((gate) => gate === 0));
  assert.is.not(changed.mask[5000], own.mask[5000]);
  assert.is(flipped(own.mask, own.mask), 0);
  network.close();
  for (const change of [
    { padding: "symmetric" }, { gated: "upsampled" }, { gated: "sum" }, { pooled: "skip" }, { gate: "hard_sigmoid" },
    { activation: "silu" }, { alignCorners: true },
  ] as const) {
    const other = openSelfie(file, { ...right, ...change });
    const { mask } = other.look(x);
    other.close();
    assert.ok(mask.some((value, i) => Math.abs(value - own.mask[i]) > 1e-3), JSON.stringify(change));
  }
});

/** Loss = sum of y times random numbers: its gradient by x beside central differences, in float64 on the reference kernels. */
function checkGradient(module: Module, what: string): void {
  const random = new Random(5);
  module.use(reference).cast("float64").initialise(random).train();
  for (const parameter of module.parameters()) parameter.value.data.forEach((_, i, all) => (all[i] = 0.4 * random.normal()));
  const x = new Tensor(Float64Array.from({ length: 2 * 3 * 4 * 5 }, () => random.normal()), [2, 3, 4, 5]);
  const dy = x.like();
  dy.data.forEach((_, i) => (dy.data[i] = random.normal()));
  const loss = (): number => module.forward(x).data.reduce((sum, value, i) => sum + value * dy.data[i], 0);
  loss();
  const dx = module.backward(dy).data;
  for (let i = 0; i < x.size; i += 7) {
    const kept = x.data[i];
    x.data[i] = kept + 1e-5;
    const above = loss();
    x.data[i] = kept - 1e-5;
    const difference = (above - loss()) / 2e-5;
    x.data[i] = kept;
    assert.ok(Math.abs(difference - dx[i]) < 1e-7 * Math.max(1, Math.abs(difference)), `${what}, ${i}: ${difference} and ${dx[i]}`);
  }
}

const gate = (): Module => new Sequential(new GlobalAveragePool(), new Conv2d(3, 3, { kernel: 1 }), new Sigmoid());
const inner = (): Module => new Sequential(new Conv2d(3, 3, { kernel: 3, padding: 1 }), new Tanh());

test("gradients of a gated branch and of gated skips, in every reading", () => {
  checkGradient(new GatedBranch(inner(), gate()), "branch");
  for (const gated of ["skip", "upsampled", "sum"] as const) {
    for (const pooled of ["sum", "skip"] as const) checkGradient(new GatedSkip(inner(), gate(), { gated, pooled }), `${gated}, ${pooled}`);
  }
});

test("what comes from below must be as large as the skip", () => {
  const wrong = new GatedSkip(new Conv2d(3, 3, { kernel: 3 }), gate(), right);
  assert.throws(() => lower(wrong, [1, 3, 8, 8]), /wants the skip's shape \[1,3,8,8\], got \[1,3,6,6\]/);
});

test("the changes of pictures: mirrored twice is the picture, half as bright, the middle", () => {
  const picture = person(1);
  const [same, mirrored, dark, middle] = changes.map((change) => change(picture));
  assert.equal(same.data, picture.data);
  assert.equal(changes[1](mirrored).data, picture.data);
  assert.is(dark.data[0], picture.data[0] >> 1);
  assert.equal([middle.width, middle.height], [192, 192]);
  assert.is(middle.data[0], picture.data[4 * (32 * 256 + 32)]);
});

test.run();
