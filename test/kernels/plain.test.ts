/**
 * The plain kernels beyond what agreement.test.ts asks of every family: equal to the reference bit for bit, on geometries that
 * their division into blocks makes interesting; scratch of exactly the promised size; nothing taken from what an earlier call
 * left behind; geometries that are too large for the tile store.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as plain from "../../kernels/plain/index.ts";
import { Random } from "../../kernels/random.ts";
import * as reference from "../../kernels/reference/index.ts";
import { conv2dScratch, convTranspose2dScratch, divideWeights, linearScratch } from "../../kernels/scratch.ts";
import type { Conv2dOptions, Conv2dShape, Floats, LinearShape } from "../../kernels/shapes.ts";
import { conv2dShape, convTranspose2dShape, linearShape } from "../../kernels/shapes.ts";
import { cases } from "./cases.ts";
import type { Precision } from "./harness.ts";
import { difference } from "../support/compare.ts";
import { run } from "./harness.ts";

const GUARD = 24;
const SENTINEL = -12345.5;

/** An array between sentinels, and the question whether they still stand. */
function guarded(precision: Precision, size: number, value: number): { readonly data: Floats; readonly intact: () => boolean } {
  const whole = new precision(size + 2 * GUARD).fill(SENTINEL);
  const data = whole.subarray(GUARD, GUARD + size).fill(value);
  const intact = (): boolean => whole.subarray(0, GUARD).every((v) => v === SENTINEL) && whole.subarray(GUARD + size)
    .every((v) => v === SENTINEL);
  return { data, intact };
}

function draw(random: Random, precision: Precision, size: number): Floats {
  return new precision(size).map(() => random.uniform() - 0.5);
}

/** Leaves NaN in every corner of the tile store that a geometry of this kind can reach. */
function poison(): void {
  const s = conv2dShape(2, 40, 23, 19, 12, { kernel: 3, padding: 1 });
  const x = new Float32Array(2 * 40 * 23 * 19).fill(NaN);
  const y = new Float32Array(2 * 12 * 23 * 19).fill(NaN);
  const weight = new Float32Array(12 * 40 * 9).fill(NaN);
  const scratch = new Float64Array(conv2dScratch(s)).fill(NaN);
  plain.conv2dForward(new Float32Array(y.length), x, weight, null, s, scratch);
  plain.conv2dBackwardWeight(weight.slice(), x, y, s, scratch);
  const d = conv2dShape(1, 3, 60, 60, 3, { kernel: 5, padding: 2, groups: 3 });
  plain.conv2dForward(new Float32Array(10800), new Float32Array(10800).fill(NaN), weight, null, d, scratch);
  plain.conv2dBackwardInput(new Float32Array(10800), new Float32Array(10800).fill(NaN), weight, d, scratch);
}

type Geometry = readonly [batch: number, channels: number, height: number, width: number, outChannels: number, options: Conv2dOptions];

function yLength(s: Conv2dShape): number {
  return s.batch * s.outChannels * s.outHeight * s.outWidth;
}

interface Names {
  readonly forward: "conv2dForward" | "convTranspose2dForward";
  readonly backwardInput: "conv2dBackwardInput" | "convTranspose2dBackwardInput";
  readonly backwardWeight: "conv2dBackwardWeight" | "convTranspose2dBackwardWeight";
}

const convolution: Names = { forward: "conv2dForward", backwardInput: "conv2dBackwardInput", backwardWeight: "conv2dBackwardWeight" };
const transposed: Names = {
  forward: "convTranspose2dForward", backwardInput: "convTranspose2dBackwardInput", backwardWeight: "convTranspose2dBackwardWeight",
};

/** Forward and both gradients of one geometry, plain against reference; `spoil` may change x and dy before. */
function compare(s: Conv2dShape, names: Names, scratchSize: number, precision: Precision, spoil?: (x: Floats, dy: Floats) => void): void {
  const random = new Random(s.inChannels * 1000 + s.inHeight * 100 + s.outChannels);
  const x = draw(random, precision, s.batch * s.inChannels * s.inHeight * s.inWidth);
  const weight = draw(random, precision, (s.inChannels * s.outChannels * s.kernelHeight * s.kernelWidth) / s.groups);
  const bias = draw(random, precision, s.outChannels);
  const dy = draw(random, precision, yLength(s));
  const before = draw(random, precision, Math.max(x.length, weight.length));
  spoil?.(x, dy);
  poison();
  const what = JSON.stringify(s);
  const none = new Float64Array(0);
  const check = (
    name: string, size: number, prefill: Floats | null, call: (k: typeof plain, out: Floats, scratch: Float64Array) => void,
  ): void => {
    const out = guarded(precision, size, NaN);
    const scratch = guarded(Float64Array, scratchSize, NaN);
    const expected = new precision(size);
    if (prefill !== null) {
      out.data.set(prefill.subarray(0, size));
      expected.set(prefill.subarray(0, size));
    }
    call(plain, out.data, scratch.data as Float64Array);
    call(reference, expected, none);
    assert.is(difference(out.data, expected), 0, `${name} ${what}`);
    assert.ok(out.intact(), `${name} wrote outside its output: ${what}`);
    assert.ok(scratch.intact(), `${name} wrote outside its scratch: ${what}`);
  };
  check(names.forward, yLength(s), null, (k, y, scratch) => k[names.forward](y, x, weight, bias, s, scratch));
  check(names.backwardInput, x.length, before, (k, dx, scratch) => k[names.backwardInput](dx, dy, weight, s, scratch));
  check(names.backwardWeight, weight.length, before, (k, dweight, scratch) => k[names.backwardWeight](dweight, x, dy, s, scratch));
}

function compareConv(
  [batch, channels, height, width, outChannels, options]: Geometry, precision: Precision, spoil?: (x: Floats, dy: Floats) => void,
): void {
  const s = conv2dShape(batch, channels, height, width, outChannels, options);
  compare(s, convolution, conv2dScratch(s), precision, spoil);
}

for (const precision of [Float32Array, Float64Array] as const) {
  test(`${precision.name}: every case equals the reference bit for bit`, () => {
    for (const item of cases) {
      const expected = run(item, reference, precision, true);
      const actual = run(item, plain, precision, true);
      assert.is(difference(actual.y, expected.y), 0, item.name);
      for (const name of Object.keys(expected.rest)) {
        assert.is(difference(actual.rest[name], expected.rest[name]), 0, `${name} of ${item.name}`);
      }
      for (const name of item.by) {
        assert.is(difference(actual.gradients[name], expected.gradients[name]), 0, `gradient by ${name} of ${item.name}`);
      }
    }
  });
}

test("blocks of one image, of several images, and their tails", () => {
  const geometries: Geometry[] = [
    // Many blocks of one image, and columns that end in a tile.
    [1, 131, 31, 29, 4, { kernel: 3, padding: 1 }],
    [2, 67, 37, 23, 5, { kernel: 1 }],
    [1, 257, 13, 17, 3, { kernel: 3, stride: 2, padding: 1 }],
    // Several images a block, and a last block with fewer.
    [7, 13, 5, 7, 11, { kernel: 3, padding: 1 }],
    [29, 3, 7, 7, 4, { kernel: 5, padding: 2, stride: 2 }],
    [11, 40, 7, 7, 8, { kernel: 1 }],
    [13, 17, 1, 1, 5, { kernel: 1 }],
    // Gradients by the weight in pieces: rows of an image, and whole images.
    [3, 5, 41, 37, 7, { kernel: 3, padding: 1 }],
    [23, 6, 11, 13, 5, { kernel: 3, padding: 1 }],
    [2, 2, 3, 700, 2, { kernel: [1, 3], padding: [0, 1] }],
    // Channels in slices of the padded image.
    [1, 90, 40, 40, 2, { kernel: 3, padding: 1 }],
    [9, 64, 14, 14, 5, { kernel: 3, padding: 1 }],
    // More padding than image; a kernel that never meets it.
    [2, 3, 2, 2, 4, { kernel: 3, padding: 5, dilation: 4 }],
    [1, 2, 3, 3, 3, { kernel: 2, padding: 4, stride: 5 }],
    [1, 2, 5, 5, 2, { kernel: 1, padding: 2, stride: 3 }],
  ];
  for (const geometry of geometries) compareConv(geometry, Float32Array);
});

test("depthwise: multiples, bands of a large image, other kernels", () => {
  compareConv([2, 3, 11, 13, 3, { kernel: 3, padding: 1, groups: 3 }], Float32Array);
  compareConv([1, 1, 9, 7, 5, { kernel: 3, padding: 1 }], Float32Array);
  compareConv([1, 2, 301, 263, 2, { kernel: 3, padding: 1, groups: 2 }], Float32Array);
  compareConv([1, 1, 300, 300, 2, { kernel: [5, 3], stride: [3, 2], padding: 4, dilation: 3 }], Float32Array);
  compareConv([1, 2, 3, 3, 2, { kernel: 3, stride: 4, padding: 1, groups: 2 }], Float64Array);
});

test("geometries drawn at random", () => {
  const random = new Random(2017);
  for (let i = 0; i < 120; i++) {
    const groups = [1, 1, 1, 2, 3, 5][random.below(6)];
    const kernel = [1 + random.below(4), 1 + random.below(4)] as const;
    const dilation = [1 + random.below(3), 1 + random.below(3)] as const;
    const padding = [random.below(5), random.below(5)] as const;
    const stride = [1 + random.below(4), 1 + random.below(4)] as const;
    const height = Math.max(1 + random.below(15), dilation[0] * (kernel[0] - 1) + 1 - 2 * padding[0]);
    const width = Math.max(1 + random.below(15), dilation[1] * (kernel[1] - 1) + 1 - 2 * padding[1]);
    const batch = 1 + random.below(4);
    const channels = groups * (1 + random.below(4));
    const outChannels = groups * (1 + random.below(5));
    compareConv([batch, channels, height, width, outChannels, { kernel, stride, padding, dilation, groups }], Float32Array);
    const inHeight = 1 + random.below(7);
    const inWidth = 1 + random.below(7);
    const room = (size: number, d: 0 | 1): boolean => (size - 1) * stride[d] - 2 * padding[d] + dilation[d] * (kernel[d] - 1) + 1 > 0;
    if (!room(inHeight, 0) || !room(inWidth, 1)) continue;
    const s = convTranspose2dShape(batch, channels, inHeight, inWidth, outChannels, {
      kernel, stride, padding, dilation, groups,
      outputPadding: [random.below(Math.max(stride[0], dilation[0])), random.below(Math.max(stride[1], dilation[1]))],
    });
    compare(s, transposed, convTranspose2dScratch(s), Float32Array);
  }
});

test("geometries beyond the tile store are the textbook's", () => {
  // A longer sum than the store's rows, a wider row than its padded piece, more taps than a block has columns.
  compareConv([1, 131073, 1, 1, 2, { kernel: 1 }], Float32Array);
  compareConv([1, 2, 1, 66000, 2, { kernel: [1, 3], padding: [0, 1] }], Float32Array);
  compareConv([1, 1, 1, 66000, 1, { kernel: [1, 3], padding: [0, 1] }], Float32Array);
  compareConv([1, 1, 41, 41, 1, { kernel: 41, padding: 1 }], Float32Array);
  compareConv([1, 2, 40, 40, 1, { kernel: 40, padding: 1 }], Float32Array);
});

test("NaN and infinities go where the reference has them", () => {
  const spoil = (x: Floats, dy: Floats): void => {
    for (const [values, first] of [[x, 3], [dy, 5]] as const) {
      values[first % values.length] = NaN;
      values[(first + 7) % values.length] = Infinity;
      values[values.length - 1 - first] = -Infinity;
    }
  };
  // Without padding: padding is multiplied like any pixel that is 0, and 0 * Infinity is NaN.
  compareConv([2, 5, 9, 8, 7, { kernel: 3 }], Float32Array, spoil);
  compareConv([1, 4, 9, 9, 4, { kernel: 3, groups: 4 }], Float32Array, spoil);
  compareConv([2, 6, 5, 5, 4, { kernel: 1 }], Float64Array, spoil);
  // With padding, where only x is spoilt.
  compareConv([2, 5, 9, 8, 7, { kernel: 3, padding: 1 }], Float32Array, (x) => spoil(x, new Float32Array(40)));
});

test("linear layers: blocks, tails, one image and many", () => {
  const shapes: LinearShape[] = [
    linearShape(1, 1, 1), linearShape(2, 5, 3), linearShape(4, 7, 2), linearShape(5, 129, 67), linearShape(61, 700, 11),
    linearShape(700, 3, 5),
    linearShape(3, 131075, 2), linearShape(5, 2, 131075),
  ];
  for (const s of shapes) {
    const random = new Random(s.batch);
    const x = draw(random, Float32Array, s.batch * s.inFeatures);
    const weight = draw(random, Float32Array, s.inFeatures * s.outFeatures);
    const bias = draw(random, Float32Array, s.outFeatures);
    const dy = draw(random, Float32Array, s.batch * s.outFeatures);
    poison();
    const scratch = new Float64Array(linearScratch(s)).fill(NaN);
    const check = (name: string, start: Floats, call: (k: typeof plain, out: Floats) => void): void => {
      const out = guarded(Float32Array, start.length, 0);
      out.data.set(start);
      const expected = start.slice();
      call(plain, out.data);
      call(reference, expected);
      assert.is(difference(out.data, expected), 0, `${name} ${JSON.stringify(s)}`);
      assert.ok(out.intact(), `${name} wrote outside its output: ${JSON.stringify(s)}`);
    };
    check("forward", new Float32Array(dy.length).fill(NaN), (k, y) => k.linearForward(y, x, weight, bias, s, scratch));
    check("backwardInput", x, (k, dx) => k.linearBackwardInput(dx, dy, weight, s, scratch));
    check("backwardWeight", weight, (k, dweight) => k.linearBackwardWeight(dweight, x, dy, s, scratch));
  }
});

test("scratch stays small", () => {
  const megabytes = (batch: number, channels: number, size: number, outChannels: number, kernel: number, stride: number): number =>
    (conv2dScratch(conv2dShape(batch, channels, size, size, outChannels, { kernel, stride, padding: kernel >> 1 })) * 8) / 1e6;
  for (const batch of [1, 8, 128]) {
    assert.ok(megabytes(batch, 3, 224, 64, 7, 2) < 4);
    assert.ok(megabytes(batch, 512, 7, 512, 3, 1) < 4);
    assert.ok(megabytes(batch, 1024, 14, 2048, 1, 2) < 4);
    assert.ok(megabytes(batch, 256, 56, 64, 1, 1) < 4);
  }
  // Pieces need it; one piece does not.
  assert.is(divideWeights(conv2dShape(1, 16, 14, 14, 16, { kernel: 3, padding: 1 })).pieces, 1);
  assert.is(conv2dScratch(conv2dShape(1, 16, 14, 14, 16, { kernel: 3, padding: 1 })), 0);
  assert.ok(conv2dScratch(conv2dShape(2, 16, 28, 28, 16, { kernel: 3, padding: 1 })) > 0);
});

test("the family is the contract's", () => {
  assert.equal(Object.keys(plain).sort(), Object.keys(reference).sort());
});

test.run();
