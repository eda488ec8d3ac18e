/** The arithmetic of docs/int8.md: what the reference says of bytes, that plain kernels have its bits, and that no sum overflows. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sigmoidForward } from "../../../kernels/reference/activations/sigmoid.ts";
import { conv2dForward } from "../../../kernels/reference/layers/conv2d.ts";
import * as plain from "../../../kernels/plain/quantised/conv2d.ts";
import {
  activate, averagePool, concat, conv2d, dequantise, largestSum, linear, maxPool, mean, overflowingChannel, quantise, requantise, scale,
  shuffle, toByte,
} from "../../../kernels/reference/quantised/index.ts";
import { Random } from "../../../kernels/random.ts";
import { difference } from "../../support/compare.ts";
import { bytes, convCases, epilogueOf, floats, shapeOf, weights } from "./support.ts";

test("a byte is cut, then rounded, halves to even", () => {
  const given = [-5, -0.4, 0.5, 1.5, 2.5, 126.5, 126.51, 127.4, 1e30, -1e30, Infinity, -Infinity, NaN];
  assert.equal(given.map((t) => toByte(t, 0, 127)), [0, 0, 0, 2, 2, 126, 127, 127, 127, 0, 127, 0, 0]);
  assert.equal(given.map((t) => toByte(t, 3, 100)), [3, 3, 3, 3, 3, 100, 100, 100, 100, 3, 100, 3, 3]);
});

test("what is quantised and comes back is off by half a step at most, and the zero point is 0", () => {
  const [scaleOf, zero] = [0.037, 31];
  const x = Float32Array.from({ length: 1001 }, (_, i) => -1.1 + 0.0044 * i);
  const [q, back] = [new Uint8Array(x.length), new Float32Array(x.length)];
  const shape = { batch: 1, channels: 1, pixels: x.length };
  quantise(q, x, shape, Float32Array.of(1 / scaleOf), zero);
  dequantise(back, q, shape, { scale: Float32Array.of(scaleOf), zero });
  x.forEach((value, i) => {
    if (value < -31 * scaleOf || value > 96 * scaleOf) return;
    assert.ok(Math.abs(value - back[i]) <= 0.5001 * scaleOf, `${value}: ${back[i]}`);
  });
  quantise(q, new Float32Array(x.length), shape, Float32Array.of(1 / scaleOf), zero);
  assert.is(q[0], zero);
});

test("a convolution of bytes is the convolution of what they stand for, and rounding", () => {
  const random = new Random(4);
  const shape = shapeOf({ name: "", channels: 6, outChannels: 5, height: 7, width: 6, kernel: 3, padding: 1, stride: 2 });
  const [x, weight] = [bytes(6 * 7 * 6, random), weights(5 * 6 * 9, 54, random)];
  const [inScale, outScale, zero, outZero] = [0.02, 0.5, 40, 50];
  const scales = Float32Array.from({ length: 5 }, () => 0.001 + 0.01 * random.uniform());
  const real = { x: new Float64Array(x.length), w: new Float64Array(weight.length), b: floats(5, random, 1), y: new Float64Array(5 * 12) };
  x.forEach((q, i) => (real.x[i] = inScale * (q - zero)));
  weight.forEach((w, i) => (real.w[i] = scales[Math.floor(i / 54)] * w));
  const bias = Int32Array.from(real.b, (b, o) => {
    const sum = weight.subarray(54 * o, 54 * (o + 1)).reduce((before, w) => before + w, 0);
    return Math.round(b / (inScale * scales[o])) - zero * sum;
  });
  conv2dForward(real.y, real.x, real.w, Float64Array.from(real.b), shape);
  const y = new Uint8Array(real.y.length);
  conv2d(y, x, { weight, bias, zero }, shape, {
    multiplier: scales.map((s) => (inScale * s) / outScale), offset: new Float32Array(5).fill(outZero), least: 0, most: 127,
    residualMultiplier: 0,
  });
  real.y.forEach((value, i) => {
    const wanted = Math.min(127, Math.max(0, value / outScale + outZero));
    assert.ok(Math.abs(wanted - y[i]) <= 0.51, `${i}: ${wanted} ${y[i]}`);
  });
});

test("gate, residual and hard swish in the order of the page", () => {
  const f = Math.fround;
  const epilogue = {
    multiplier: Float32Array.of(0.013), offset: Float32Array.of(-1.7), least: 2, most: 120, residualMultiplier: f(0.21),
    hardSwish: { factor: Float32Array.of(5.3), zero: 9 },
  };
  const t = f(f(f(f(1234567) * f(f(0.013) * 0.75)) + f(77 * f(0.21))) + f(-1.7));
  for (const [sum, residual] of [[1234567, 77], [-300, 3], [40, 10], [0, 0]]) {
    const before = f(f(f(f(sum) * f(f(0.013) * 0.75)) + f(residual * f(0.21))) + f(-1.7));
    const swish = f(f(f(before * Math.min(6, Math.max(0, f(before + 3)))) * f(5.3)) + 9);
    assert.is(requantise(sum, 0, 0.75, residual, epilogue), toByte(swish, 2, 120));
  }
  assert.ok(t > 6);
});

for (const extreme of [false, true]) {
  for (const each of convCases) {
    test(`plain convolution has the reference's bits: ${each.name}${extreme ? ", all at the ends" : ""}`, () => {
      const random = new Random(11);
      const shape = shapeOf(each);
      const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
      const taps = (inChannels / groups) * kernelHeight * kernelWidth;
      const [x, weight] = [
        bytes(batch * inChannels * inHeight * inWidth, random, extreme), weights(outChannels * taps, taps, random, extreme),
      ];
      const size = batch * outChannels * outHeight * outWidth;
      const layer = { weight, bias: Int32Array.from({ length: outChannels }, () => Math.floor(20000 * random.normal())), zero: 37 };
      const [gate, residual] = [floats(batch * outChannels, random, 0.3, 1), bytes(size, random)];
      const hardSwish = { factor: floats(outChannels, random, 0.1, 1), zero: 12 };
      for (const more of [{}, { least: 20, most: 100 }, { residualMultiplier: 0.4 }, { hardSwish }]) {
        const epilogue = epilogueOf(outChannels, taps, random, more);
        // Guards around the output.
        const [expected, actual] = [new Uint8Array(size), new Uint8Array(size + 32).fill(201)];
        const others: [Float32Array | null, Uint8Array | null] = "residualMultiplier" in more ? [gate, residual] : [null, null];
        conv2d(expected, x, layer, shape, epilogue, ...others);
        plain.conv2d(actual.subarray(16, 16 + size), x, layer, shape, epilogue, ...others, plain.convWork(shape, weight));
        assert.equal(actual.subarray(16, 16 + size), expected);
        assert.ok([...actual.subarray(0, 16), ...actual.subarray(16 + size)].every((byte) => byte === 201), "guards");
      }
    });
  }
}

test("the bound of a sum is reached by the largest sum, and a layer above it is found", () => {
  const weight = new Int8Array(3 * 140000);
  weight.fill(127, 0, 100);
  weight.fill(-127, 140000, 2 * 140000);
  assert.is(largestSum(weight.subarray(0, 140000), -5), 5 + 127 * 127 * 100);
  assert.is(overflowingChannel(weight, Int32Array.of(0, 0, 0)), 1);
  assert.is(overflowingChannel(weight.fill(1), Int32Array.of(7, 2147483647 - 127 * 140000, 9)), -1);
  assert.is(overflowingChannel(weight, Int32Array.of(7, 2147483647 - 127 * 140000, 2147483647)), 2);
});

test("pools: the largest byte, and means that count what is inside or all", () => {
  const shape = {
    batch: 1, channels: 1, inHeight: 3, inWidth: 3, outHeight: 2, outWidth: 2, kernelHeight: 3, kernelWidth: 3, strideHeight: 2,
    strideWidth: 2,
    paddingTop: 1, paddingLeft: 1, paddingBottom: 1, paddingRight: 1, dilationHeight: 1, dilationWidth: 1,
  };
  const x = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 90);
  const y = new Uint8Array(4);
  maxPool(y, x, shape);
  assert.equal(Array.from(y), [5, 6, 8, 90]);
  averagePool(y, x, shape, { multiplier: 1, offset: 0, padding: undefined });
  assert.equal(Array.from(y), [3, 4, 6, 27]);
  averagePool(y, x, shape, { multiplier: 2, offset: 1, padding: 10 });
  // (12 + 5 * 10) / 9 * 2 + 1, and so on
  assert.equal(Array.from(y), [15, 16, 17, 36]);
});

test("channels one after the other, in the steps of the whole, and shuffled", () => {
  const [a, b, y] = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(10, 20, 100, 127), new Uint8Array(8)];
  const shape = { batch: 2, channels: [1, 1], outChannels: 2, pixels: 2 };
  concat(y, [a, b], shape, { multiplier: Float32Array.of(1, 0.5), offset: Float32Array.of(0, 7.5) });
  // 10 * 0.5 + 7.5 is a half, and goes to the even one.
  assert.equal(Array.from(y), [1, 2, 12, 18, 3, 4, 58, 71]);
  concat(y, [a, b], shape, { multiplier: Float32Array.of(-9, 2), offset: Float32Array.of(0, 0) });
  assert.equal(Array.from(y), [0, 0, 20, 40, 0, 0, 127, 127]);
  const shuffled = new Uint8Array(12);
  shuffle(shuffled, Uint8Array.from({ length: 12 }, (_, i) => i), { batch: 1, channels: 6, pixels: 2, groups: 2 });
  assert.equal(Array.from(shuffled), [0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]);
});

test("squeeze and scale", () => {
  const shape = { batch: 1, channels: 2, pixels: 3 };
  const [means, y] = [new Float32Array(2), new Uint8Array(6)];
  const x = Uint8Array.of(10, 20, 30, 40, 50, 60);
  mean(means, x, shape, { factor: Float32Array.of(0.5, 0.25), offset: Float32Array.of(-1, 1) });
  assert.equal(Array.from(means), [29, 38.5]);
  scale(y, x, Float32Array.of(0.5, 2), shape, { zero: 20, multiplier: 1, offset: 20, least: 20, most: 100 });
  assert.equal(Array.from(y), [20, 20, 25, 60, 80, 100]);
});

test("a layer on pixels rounds each product and sum; its activations are near those of float64", () => {
  const random = new Random(2);
  const [x, weight] = [floats(2 * 37, random, 1), weights(5 * 37, 37, random)];
  const [scales, bias, y] = [floats(5, random, 0.01), floats(5, random, 1), new Float32Array(10)];
  linear(y, x, weight, scales, bias, { batch: 2, inputs: 37, outputs: 5, activation: undefined });
  const expected = Float64Array.from({ length: 10 }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < 37; k++) sum += x[37 * Math.floor(i / 5) + k] * weight[37 * (i % 5) + k];
    return sum * scales[i % 5] + bias[i % 5];
  });
  assert.ok(difference(y, expected) < 1e-6);
  const numbers = Float32Array.from({ length: 4001 }, (_, i) => -100 + 0.05 * i);
  const wanted = new Float32Array(numbers.length);
  sigmoidForward(wanted, numbers, { size: numbers.length });
  const got = numbers.map((value) => activate(value, { activation: "sigmoid", slope: 0, offset: 0 }));
  wanted.forEach((value, i) => assert.ok(Math.abs(got[i] - value) <= 3e-7 * value + 1e-44, `${numbers[i]}: ${got[i]} ${value}`));
});

test.run();
