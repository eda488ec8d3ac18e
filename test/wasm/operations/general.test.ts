/** Kernels of general operations against loops that say what they are: odd sizes, halos, guards, parts, NaN and infinity. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exp, log } from "../../../kernels/math.ts";
import { binaryKernel, fitsBinary } from "../../../kernels/wasm/operations/general/binary.ts";
import type { BinaryKernelFunction } from "../../../kernels/wasm/operations/general/binary.ts";
import { channelConvKernel, channelPoolKernel, softmaxKernel } from "../../../kernels/wasm/operations/general/over-channels.ts";
import { gatherPixelsKernel, resampleKernel } from "../../../kernels/wasm/operations/general/resample.ts";
import { stridedKernel } from "../../../kernels/wasm/operations/general/strided.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import { rowPitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { assertNear, assertSame, hostile, tame } from "../compare.ts";
import { Images, elements, vectorLayout } from "../images.ts";
import type { Placed } from "../images.ts";
import { machine } from "../machine.ts";

function layout(channels: number, height: number, width: number, halo: number = 0): Layout {
  return { channels, height, width, halo };
}

/** Where (channel, row, column) lies in [C,H,W]. */
const at = ({ height, width }: Layout, c: number, h: number, w: number): number => (c * height + h) * width + w;

/** Values of [C,H,W], number by number. */
function build(output: Layout, value: (c: number, h: number, w: number) => number): Float32Array {
  const { height, width } = output;
  return Float32Array.from(
    { length: elements(output) }, (_, i) => value(Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width),
  );
}

/** Runs a kernel on inputs, whole and in parts, which must agree. @param operands inputs with their layouts */
function compute(kernel: Kernel, output: Layout, operands: (images: Images) => readonly Placed[]): Float32Array {
  const { images, run } = machine([kernel]);
  const addresses = operands(images).map(({ address }) => address);
  const [whole, parts] = [images.room(output), images.room(output)];
  run(kernel, [whole.address, ...addresses]);
  const middle = Math.floor(kernel.parts / 2);
  for (const [begin, end] of [[middle, kernel.parts], [middle, middle], [0, middle]]) {
    run(kernel, [parts.address, ...addresses], begin, end);
  }
  assertSame(images.read(parts), images.read(whole), `${kernel.name} in parts`);
  assert.is(images.damage(), "", kernel.name);
  return images.read(whole);
}

const functions: Readonly<Record<BinaryKernelFunction, (a: number, b: number) => number>> = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b, minimum: Math.min, maximum: Math.max,
};

test("functions of two numbers, with each way to stretch either", () => {
  for (const [by, f] of Object.entries(functions) as [BinaryKernelFunction, (a: number, b: number) => number][]) {
    for (const channels of by === "add" ? [1, 2, 3, 4, 5, 7, 16, 19] : [6]) {
      const output = layout(channels, 3, 5, 1);
      for (let mask = 0; mask < 64; mask++) {
        const [left, right] = [mask & 7, mask >> 3].map(
          (bits, i) => layout(bits & 1 ? channels : 1, bits & 2 ? 3 : 1, bits & 4 ? 5 : 1, i * 2),
        );
        if (by !== "add" && mask % 5 !== 0) continue;
        const [a, b] = [hostile(elements(left), mask), hostile(elements(right), mask + 7)];
        const got = compute(binaryKernel(output, left, right, by), output, (images) => [images.put(left, a), images.put(right, b)]);
        const of = (data: Float32Array, from: Layout, c: number, h: number, w: number): number =>
          data[at(from, from.channels === 1 ? 0 : c, from.height === 1 ? 0 : h, from.width === 1 ? 0 : w)];
        const wanted = build(output, (c, h, w) => f(of(a, left, c, h, w), of(b, right, c, h, w)));
        assertSame(got, wanted, `${by} ${channels} ${mask}`);
      }
    }
  }
  assert.ok(!fitsBinary(layout(4, 3, 5), [layout(4, 3, 5), layout(2, 1, 1)]));
  assert.throws(() => binaryKernel(layout(4, 3, 5), layout(4, 3, 5), layout(2, 1, 1), "add"), /operands want the output's size, or 1/);
});

test("a function of two numbers may be written over an operand", () => {
  const image = layout(5, 3, 4, 1);
  const kernel = binaryKernel(image, image, layout(5, 1, 1), "multiply");
  const { images, run } = machine([kernel]);
  const [a, b] = [tame(elements(image), 1), tame(5, 2)];
  const y = images.room(image, 1, a);
  run(kernel, [y.address, y.address, images.vector(b).address]);
  assertSame(images.read(y), a.map((x, i) => x * b[Math.floor(i / 12)]), kernel.name);
  assert.is(images.damage(), "");
});

for (const logarithm of [false, true]) {
  test(`softmax of each pixel's channels${logarithm ? ", its logarithm" : ""}`, () => {
    for (const channels of [...Array.from({ length: 18 }, (_, i) => i + 1), 37, 1000]) {
      for (const [height, width] of channels > 100 ? [[1, 1]] : [[1, 1], [2, 3]]) {
        const [output, input] = [layout(channels, height, width, 1), layout(channels, height, width, channels % 3)];
        const kernel = softmaxKernel(output, input, logarithm);
        const x = tame(elements(input), channels).map((value, i) => (i % 11 === 0 ? -Infinity : 9 * value - 400));
        if (channels === 1) x.fill(3);
        const got = compute(kernel, output, (images) => [images.put(input, x)]);
        const wanted = build(output, (c, h, w) => {
          const row = Array.from({ length: channels }, (_, i) => x[at(input, i, h, w)]);
          const largest = Math.max(...row);
          const sum = row.reduce((all, value) => all + exp(value - largest), 0);
          return logarithm ? x[at(input, c, h, w)] - largest - log(sum) : exp(x[at(input, c, h, w)] - largest) / sum;
        });
        assertNear(got, wanted, 2e-6, logarithm ? 1e-6 : 1e-30, kernel.name);
        // In place.
        const { images, run } = machine([softmaxKernel(input, input, logarithm)]);
        const y = images.room(input, 1, x);
        run(softmaxKernel(input, input, logarithm), [y.address, y.address]);
        assertSame(images.read(y), got, `${kernel.name} in place`);
        assert.is(images.damage(), "");
      }
    }
  });
}

test("softmax with NaN is NaN, and only there", () => {
  const image = layout(6, 1, 2);
  const x = tame(12, 3);
  x[7] = NaN;
  const y = compute(softmaxKernel(image, image, false), image, (images) => [images.put(image, x)]);
  assert.ok(y.every((value, i) => Number.isNaN(value) === (i % 2 === 1)));
});

test("mean and maximum of each pixel's channels", () => {
  for (const channels of [1, 2, 3, 4, 5, 6, 7, 8, 17, 30, 33]) {
    for (const by of ["mean", "max"] as const) {
      const [output, input] = [layout(1, 3, 4, 1), layout(channels, 3, 4, channels % 3)];
      const x = by === "max" ? hostile(elements(input), channels, 9) : tame(elements(input), channels);
      const wanted = build(output, (_, h, w) => {
        const row = Array.from({ length: channels }, (_, c) => x[at(input, c, h, w)]);
        return by === "max" ? Math.max(...row) : row.reduce((sum, value) => sum + value, 0) / channels;
      });
      const kernel = channelPoolKernel(output, input, by);
      assertNear(
        compute(kernel, output, (images) => [images.put(input, x)]), wanted, by === "max" ? 0 : 1e-7, by === "max" ? 0 : 1e-9, kernel.name,
      );
    }
  }
});

test("convolution along the channels", () => {
  for (const channels of [1, 2, 3, 5, 8, 21, 64]) {
    for (const size of [1, 3, 5, 9]) {
      const [x, weight] = [tame(channels, size), tame(size, channels)];
      const kernel = channelConvKernel(channels, size);
      const got = compute(kernel, vectorLayout(channels), (images) => [images.vector(x), images.vector(weight)]);
      const wanted = x.map((_, c) => weight.reduce((sum, factor, j) => sum + factor * (x[c + j - (size - 1) / 2] ?? 0), 0));
      assertSame(got, wanted, kernel.name);
    }
  }
});

test("slices, transposes and stretched images: every stride, backwards too", () => {
  for (const channels of [1, 3, 4, 6, 9]) {
    const input = layout(channels, 4, 7, channels % 3);
    const pitch = rowPitch(input);
    const x = tame(elements(input), channels);
    const check = (output: Layout, from: (c: number, h: number, w: number) => readonly [
      number, number, number,
    ], strides: Parameters<typeof stridedKernel>[1]): void => {
      const kernel = stridedKernel(output, strides);
      const got = compute(kernel, output, (images) => [images.put(input, x)]);
      assertSame(got, build(output, (c, h, w) => x[at(input, ...from(c, h, w))]), kernel.name);
    };
    check(layout(channels, 4, 7, 1), (c, h, w) => [c, h, w], { start: 0, row: pitch, pixel: channels, channel: 1 });
    check(
      layout(channels, 2, 3, 1), (c, h, w) => [c, 3 - 2 * h, 6 - 2 * w],
      { start: 3 * pitch + 6 * channels, row: -2 * pitch, pixel: -2 * channels, channel: 1 },
    );
    check(layout(channels, 4, 7), (c, h, w) => [channels - 1 - c, h, w], { start: channels - 1, row: pitch, pixel: channels, channel: -1 });
    check(layout(4, 7, channels, 2), (c, h, w) => [w, c, h], { start: 0, row: channels, pixel: 1, channel: pitch });
    check(layout(7, channels, 4, 1), (c, h, w) => [h, w, c], { start: 0, row: 1, pixel: pitch, channel: channels });
    check(layout(5, 4, 7, 1), (_, h, w) => [channels - 1, h, w], { start: channels - 1, row: pitch, pixel: channels, channel: 0 });
    check(layout(channels, 4, 3), (c, h) => [c, h, 2], { start: 2 * channels, row: pitch, pixel: 0, channel: 1 });
    if (channels > 2) {
      check(layout(2, 4, 6), (c, h, w) => [1 + c, h, w + 1], { start: channels + 1, row: pitch, pixel: channels, channel: 1 });
    }
  }
});

test("rows and columns as sums of others", () => {
  const [starts, places, weights] = [[0, 2, 2, 3, 6], [3, 0, 1, 4, 4, 2], [0.25, -2, 1, 0.5, 0.125, 3]];
  for (const channels of [1, 2, 3, 4, 7, 18]) {
    for (const along of ["rows", "columns"] as const) {
      const rows = along === "rows";
      const input = rows ? layout(channels, 5, 3, 1) : layout(channels, 3, 5, 2);
      const output = rows ? layout(channels, 4, 3) : layout(channels, 3, 4, 1);
      const x = tame(elements(input), channels);
      const kernel = resampleKernel(output, input, along);
      const got = compute(kernel, output, (images) => [
        images.put(input, x), ...[starts, places].map((table) => images.vector(new Float32Array(Int32Array.from(table).buffer))),
        images.vector(weights),
      ]);
      const wanted = build(output, (c, h, w) => {
        const line = rows ? h : w;
        let sum = 0;
        for (let tap = starts[line]; tap < starts[line + 1]; tap++) {
          sum += weights[tap] * (rows ? x[at(input, c, places[tap], w)] : x[at(input, c, h, places[tap])]);
        }
        return sum;
      });
      assertNear(got, wanted, 1e-6, 1e-5, kernel.name);
    }
  }
  assert.throws(() => resampleKernel(layout(3, 4, 4), layout(3, 4, 5), "rows"), /wants images that differ in rows alone/);
});

test("pixels by their places", () => {
  const [rows, columns] = [[2, 0, 2, 1], [4, 1, 1]];
  for (const channels of [1, 3, 4, 10]) {
    const [output, input] = [layout(channels, 4, 3, 1), layout(channels, 3, 5, channels % 2)];
    const x = hostile(elements(input), channels);
    const kernel = gatherPixelsKernel(output, input);
    const got = compute(kernel, output, (images) => [
      images.put(input, x), ...[rows, columns].map((table) => images.vector(new Float32Array(Int32Array.from(table).buffer))),
    ]);
    assertSame(got, build(output, (c, h, w) => x[at(input, c, rows[h], columns[w])]), kernel.name);
  }
});

test.run();
