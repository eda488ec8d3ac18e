/** Gradients of pooling, upsampling, sums, concatenations and of the loss by kernels of WebAssembly against the reference. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../../kernels/reference/index.ts";
import { log } from "../../../kernels/math.ts";
import { crossEntropyShape, pool2dShape, resizeShape } from "../../../kernels/shapes.ts";
import type { Pool2dOptions } from "../../../kernels/shapes.ts";
import { CROSS_ENTROPY_TERMS, crossEntropyKernel } from "../../../kernels/wasm/training/cross-entropy.ts";
import {
  adaptiveAveragePoolGradientKernel, averagePoolGradientKernel, maxPoolGradientKernel, upsampleNearestGradientKernel,
} from "../../../kernels/wasm/training/pool-gradient.ts";
import { bilinearGradientKernel } from "../../../kernels/wasm/training/resize-gradient.ts";
import { sliceGradientKernel } from "../../../kernels/wasm/training/slice-gradient.ts";
import { imagePitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { vectorLayout } from "../images.ts";
import { assertClose, numbers, roomy, runInParts } from "./compare.ts";

const double = (values: ArrayLike<number>): Float64Array => Float64Array.from(values);

/** Runs a kernel (dx, inputs) whole and in parts; dx begins as `before`. */
function gradient(
  kernel: Kernel, batch: number, dx: Layout, before: Float32Array, inputs: readonly (readonly [Layout, Float32Array])[],
): Float32Array {
  const floats = inputs.reduce((sum, [layout]) => sum + batch * imagePitch(layout), 2 * batch * imagePitch(dx)) + 1000;
  const on = roomy([kernel], floats);
  const placed = inputs.map(([layout, values]) => on.images.put(layout, values, batch).address);
  const [whole, parts] = [on.images.room(dx, batch, before), on.images.room(dx, batch, before)];
  on.run(kernel, [whole.address, ...placed]);
  runInParts(on, kernel, [parts.address, ...placed]);
  assert.is(on.images.damage(), "", kernel.name);
  const got = on.images.read(whole);
  assert.equal(on.images.read(parts), got, `${kernel.name}: in parts`);
  return got;
}

const POOLS: readonly Pool2dOptions[] = [
  { kernel: 2 }, { kernel: 3, stride: 2, padding: 1 }, { kernel: 3, stride: 2, ceilMode: true }, { kernel: 3, stride: 1, padding: 1 },
  { kernel: [3, 2], stride: [2, 1], padding: [1, 0], countPadding: false },
  { kernel: 3, stride: 2, padding: 1, ceilMode: true, countPadding: true },
  { kernel: 3, stride: 2, padding: "same", countPadding: false },
  { kernel: [3, 4], stride: [2, 1], padding: [0, 2, 2, 1], countPadding: true },
];

test("max and average pooling", () => {
  for (const channels of [1, 4, 7, 9]) {
    for (const options of POOLS) {
      for (const accumulate of [false, true]) {
        const shape = pool2dShape(2, channels, 7, 8, options);
        const dx: Layout = { channels, height: 7, width: 8, halo: 1 };
        const x = { ...dx, halo: 2 };
        const dy: Layout = { channels, height: shape.outHeight, width: shape.outWidth, halo: 0 };
        const y = { ...dy, halo: 1 };
        const count = 2 * channels * 56;
        const outCount = 2 * channels * dy.height * dy.width;
        // Few different values, so that maxima are often equal; many zeros, as after relu.
        const values = numbers(count, 1).map((value) => Math.max(0, Math.round(value * 4)));
        const [slope, before] = [numbers(outCount, 2), numbers(count, 3)];
        const start = (): Float64Array => (accumulate ? double(before) : new Float64Array(count));
        const [out, argmax, wanted] = [new Float32Array(outCount), new Int32Array(outCount), start()];
        reference.maxPoolForward(out, argmax, values, shape);
        reference.maxPoolBackward(wanted, double(slope), argmax, shape);
        const max = gradient(maxPoolGradientKernel(dx, x, y, dy, shape, accumulate), 2, dx, before, [[x, values], [y, out], [dy, slope]]);
        assertClose(max, wanted, 3e-7, `max ${JSON.stringify(options)}`);
        const wantedMean = start();
        reference.averagePoolBackward(wantedMean, double(slope), shape);
        assertClose(
          gradient(averagePoolGradientKernel(dx, dy, shape, accumulate), 2, dx, before, [[dy, slope]]), wantedMean, 3e-7,
          `mean ${JSON.stringify(options)}`,
        );
      }
    }
  }
});

test("adaptive pooling and nearest upsampling", () => {
  for (const [from, to] of [[[7, 8], [3, 5]], [[3, 5], [7, 8]], [[4, 4], [1, 1]], [[3, 4], [6, 8]]] as const) {
    for (const accumulate of [false, true]) {
      const dx: Layout = { channels: 6, height: from[0], width: from[1], halo: 1 };
      const dy: Layout = { channels: 6, height: to[0], width: to[1], halo: 2 };
      const shape = resizeShape(3, 6, from[0], from[1], to[0], to[1]);
      const before = numbers(3 * 6 * from[0] * from[1], 1);
      const slope = numbers(3 * 6 * to[0] * to[1], 2);
      for (const [kernel, backward] of [
        [adaptiveAveragePoolGradientKernel(3, dx, dy, accumulate), reference.adaptiveAveragePoolBackward],
        [upsampleNearestGradientKernel(3, dx, dy, accumulate), reference.upsampleNearestBackward],
      ] as const) {
        const wanted = accumulate ? double(before) : new Float64Array(before.length);
        backward(wanted, double(slope), shape);
        assertClose(gradient(kernel, 3, dx, before, [[dy, slope]]), wanted, 4e-7, kernel.name);
      }
    }
  }
});

test("bilinear resizing", () => {
  for (
    const [from, to] of [
      [[7, 8], [3, 5]], [[3, 5], [7, 8]], [[1, 1], [4, 3]], [[3, 4], [6, 8]], [[2, 9], [11, 2]], [[5, 5], [1, 1]],
    ] as const
  ) {
    for (const channels of [1, 6, 9]) {
      for (const [corners, accumulate] of [[false, false], [false, true], [true, false]]) {
        const dx: Layout = { channels, height: from[0], width: from[1], halo: 1 };
        const dy: Layout = { channels, height: to[0], width: to[1], halo: 2 };
        const shape = resizeShape(3, channels, from[0], from[1], to[0], to[1], corners);
        const before = numbers(3 * channels * from[0] * from[1], 1);
        const slope = numbers(3 * channels * to[0] * to[1], 2);
        const kernel = bilinearGradientKernel(3, dx, dy, corners, accumulate);
        const wanted = accumulate ? double(before) : new Float64Array(before.length);
        reference.upsampleBilinearBackward(wanted, double(slope), shape);
        assertClose(gradient(kernel, 3, dx, before, [[dy, slope]]), wanted, 6e-7, kernel.name);
      }
    }
  }
  const [three, four] = [3, 4].map((channels): Layout => ({ channels, height: 2, width: 2, halo: 0 }));
  assert.throws(() => bilinearGradientKernel(1, three, four, false, false), /dy wants 3 channels, got 4/);
});

test("sums and concatenations", () => {
  for (const [channels, first, all] of [[5, 0, 5], [5, 3, 11], [8, 4, 12], [1, 6, 7]] as const) {
    for (const accumulate of [false, true]) {
      const dx: Layout = { channels, height: 3, width: 5, halo: 1 };
      const dy: Layout = { ...dx, channels: all, halo: 2 };
      const [before, slope] = [numbers(2 * channels * 15, 1), numbers(2 * all * 15, 2)];
      const got = gradient(sliceGradientKernel(2, dx, dy, first, accumulate), 2, dx, before, [[dy, slope]]);
      const wanted = before.map((value, i) => {
        const n = Math.floor(i / (channels * 15));
        return slope[n * all * 15 + first * 15 + (i - n * channels * 15)] + (accumulate ? value : 0);
      });
      assert.equal(got, wanted);
    }
  }
  const layout: Layout = { channels: 4, height: 2, width: 2, halo: 0 };
  assert.throws(() => sliceGradientKernel(1, layout, layout, 1, false), /wants 2x2 pixels with channels 1 to 4, got 2x2x4/);
});

test("the loss and its gradient", () => {
  for (const classes of [1, 2, 4, 10, 13, 1000]) {
    for (const smoothing of [0, 0.1]) {
      const rows = 7;
      const shape = crossEntropyShape(rows, classes, 1, smoothing);
      const logits = numbers(rows * classes, 1).map((value) => 20 * value);
      const labels = Int32Array.from({ length: rows }, (_, i) => (i * 5) % classes);
      const targets = new Float32Array(rows * classes)
        .map((_, i) => (i % classes === labels[Math.floor(i / classes)] ? 1 - smoothing : 0) + smoothing / classes);
      // Each row counts what it counts.
      const scales = Array.from({ length: rows }, (_, i) => 0.25 + i / 8);
      const kernel = crossEntropyKernel(rows, classes);
      const on = roomy([kernel], 5 * rows * classes + 1000);
      const { images } = on;
      const [input, target, settings] = [images.vector(logits), images.vector(targets), images.vector(scales)];
      const results = [false, true].map((inParts) => {
        const dlogits = images.room(vectorLayout(rows * classes));
        const terms = images.room(vectorLayout(2 * CROSS_ENTROPY_TERMS * rows));
        const addresses = [dlogits, terms, input, target, settings].map(({ address }) => address);
        if (inParts) runInParts(on, kernel, addresses);
        else on.run(kernel, addresses);
        return [images.read(dlogits), images.read(terms)];
      });
      assert.is(images.damage(), "");
      assert.equal(results[1][0], results[0][0]);
      assert.equal(new Uint8Array(results[1][1].buffer), new Uint8Array(results[0][1].buffer));
      const [loss, probabilities, wanted] = [new Float64Array(rows), new Float64Array(rows * classes), new Float64Array(rows * classes)];
      reference.crossEntropyForward(loss, probabilities, double(logits), labels, shape);
      reference.crossEntropyBackward(wanted, probabilities, labels, 1, shape);
      wanted.forEach((value, i) => (wanted[i] = value * scales[Math.floor(i / classes)]));
      if (classes > 1) assertClose(results[0][0], wanted, 1e-6, `${classes} classes, dlogits`);
      const terms = new Float64Array(results[0][1].buffer);
      const got = Array.from(loss, (_, i) => terms[3 * i] + log(terms[3 * i + 1]) - terms[3 * i + 2]);
      if (classes > 1) assertClose(got, loss, 1e-6, `${classes} classes, loss`);
    }
  }
});

test("the loss and its gradient, of mixed labels", () => {
  for (const [rows, classes, smoothing] of [[5, 2, 0], [7, 10, 0.1], [3, 13, 0.2]]) {
    const shape = crossEntropyShape(rows, classes, 1, smoothing);
    const logits = numbers(rows * classes, 3).map((value) => 10 * value);
    const shares = new Float64Array(rows * classes);
    for (let i = 0; i < rows; i++) {
      shares[i * classes + (i % classes)] += 0.7;
      shares[i * classes + ((3 * i + 1) % classes)] += 0.3;
    }
    const kernel = crossEntropyKernel(rows, classes);
    const on = roomy([kernel], 5 * rows * classes + 1000);
    const { images } = on;
    const [input, target, settings] = [
      images.vector(logits), images.vector(shares.map((share) => (1 - smoothing) * share + smoothing / classes)),
      images.vector(new Array<number>(rows).fill(0.25)),
    ];
    const [dlogits, terms] = [images.room(vectorLayout(rows * classes)), images.room(vectorLayout(2 * CROSS_ENTROPY_TERMS * rows))];
    runInParts(on, kernel, [dlogits, terms, input, target, settings].map(({ address }) => address));
    assert.is(images.damage(), "");
    const [loss, probabilities, wanted] = [new Float64Array(rows), new Float64Array(rows * classes), new Float64Array(rows * classes)];
    reference.softCrossEntropyForward(loss, probabilities, double(logits), shares, shape);
    reference.softCrossEntropyBackward(wanted, probabilities, shares, 0.25, shape);
    assertClose(images.read(dlogits), wanted, 1e-6, `${classes} classes, dlogits`);
    const left = new Float64Array(images.read(terms).buffer);
    assertClose(Array.from(loss, (_, i) => left[3 * i] + log(left[3 * i + 1]) - left[3 * i + 2]), loss, 1e-6, `${classes} classes, loss`);
  }
});

test.run();
