/** Batch normalisation in training, activations' gradients and sums over images by kernels of WebAssembly, against the reference. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../../kernels/reference/index.ts";
import { batchNormShape, elementwiseShape } from "../../../kernels/shapes.ts";
import type { Activation } from "../../../kernels/wasm/shared/activation.ts";
import { activationGradientKernel } from "../../../kernels/wasm/training/activation-gradient.ts";
import {
  batchNormCoefficients, batchNormGradientKernel, batchNormGradientSumsKernel, batchNormGradientTotalsKernel,
} from "../../../kernels/wasm/training/batch-norm-gradient.ts";
import { batchNormKernel, batchNormStatisticsKernel, batchNormSumsKernel } from "../../../kernels/wasm/training/batch-norm.ts";
import { addTotalsKernel, channelSumKernel, partialBytes } from "../../../kernels/wasm/training/channel-sums.ts";
import { imagePitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { plain } from "../activations.ts";
import { assertSame, hostile, tame } from "../compare.ts";
import { vectorLayout } from "../images.ts";
import type { Placed } from "../images.ts";
import { assertClose, numbers, roomy, runInParts } from "./compare.ts";

const ACTIVATIONS: readonly Activation[] = [
  ...(["relu", "relu6", "sigmoid", "silu", "hard_swish", "tanh", "gelu", "gelu_tanh"] as const).map(plain),
  { activation: "leaky_relu", slope: 0.1, offset: 0 }, { activation: "hard_sigmoid", slope: 1 / 6, offset: 0.5 },
];
const RELU = ACTIVATIONS[0];

function referenceGradient({ activation, slope, offset }: Activation, x: Float64Array, dy: Float64Array): Float64Array {
  const dx = new Float64Array(x.length);
  const shape = elementwiseShape(x.length);
  switch (activation) {
    case "relu": reference.reluBackward(dx, x, dy, shape); break;
    case "relu6": reference.relu6Backward(dx, x, dy, shape); break;
    case "leaky_relu": reference.leakyReluBackward(dx, x, dy, slope, shape); break;
    case "sigmoid": reference.sigmoidBackward(dx, x, dy, shape); break;
    case "hard_sigmoid": reference.hardSigmoidBackward(dx, x, dy, slope, offset, shape); break;
    case "silu": reference.siluBackward(dx, x, dy, shape); break;
    case "hard_swish": reference.hardSwishBackward(dx, x, dy, shape); break;
    case "tanh": reference.tanhBackward(dx, x, dy, shape); break;
    case "gelu": reference.geluBackward(dx, x, dy, shape); break;
    case "gelu_tanh": reference.geluTanhBackward(dx, x, dy, shape); break;
  }
  return dx;
}

const double = (values: ArrayLike<number>): Float64Array => Float64Array.from(values);
const addresses = (...all: readonly Placed[]): number[] => all.map(({ address }) => address);

test("gradients of activations: over and in place of dy, added, whole and in parts", () => {
  const dx: Layout = { channels: 5, height: 3, width: 7, halo: 1 };
  const x = { ...dx, halo: 0 };
  const size = 2 * 5 * 3 * 7;
  for (const activation of ACTIVATIONS) {
    for (const values of [tame(size, 1), hostile(size, 2)]) {
      const dy = numbers(size, 3);
      const before = numbers(size, 4);
      const write = activationGradientKernel(2, dx, x, dx, activation, false);
      const add = activationGradientKernel(2, dx, x, dx, activation, true);
      const on = roomy([write, add], 10000);
      const [input, gradient] = [on.images.put(x, values, 2), on.images.put(dx, dy, 2)];
      const [apart, inPlace, sum] = [on.images.room(dx, 2), on.images.room(dx, 2, dy), on.images.room(dx, 2, before)];
      on.run(write, addresses(apart, input, gradient));
      runInParts(on, write, addresses(inPlace, input, inPlace));
      runInParts(on, add, addresses(sum, input, gradient));
      assert.is(on.images.damage(), "");
      const got = on.images.read(apart);
      const wanted = referenceGradient(activation, double(values), double(dy));
      for (let i = 0; i < size; i++) {
        if (!Number.isFinite(values[i])) continue;
        // What is left of 1 beside its gate counts 25 times there.
        const bound = activation.activation === "gelu_tanh" ? 4e-6 : 1e-6;
        assert.ok(
          Math.abs(got[i] - wanted[i]) <= bound * Math.max(1, Math.abs(wanted[i])),
          `${activation.activation} at ${values[i]}: wants ${wanted[i]}, got ${got[i]}`,
        );
      }
      assertSame(on.images.read(inPlace), got, activation.activation);
      const added = on.images.read(sum);
      for (let i = 0; i < size; i++) if (Number.isFinite(got[i])) assert.is(added[i], Math.fround(before[i] + got[i]));
    }
  }
});

interface NormCase {
  readonly batch: number;
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly activation?: Activation;
  readonly residual?: boolean;
  readonly frozen?: boolean;
  readonly accumulate?: boolean;
  readonly mean?: number;
  /** Are rows summed in single precision? */
  readonly short?: boolean;
}

/** All kernels of a normalisation one after the other; `run` calls each. */
function normalise(one: NormCase, inParts: boolean): Record<string, Float32Array> {
  const { batch, channels, size, activation, residual = false, frozen = false, accumulate = false, mean = 0.5 } = one;
  const x: Layout = { channels, height: size[0], width: size[1], halo: 0 };
  const [y, dy] = [{ ...x, halo: 1 }, { ...x, halo: 2 }];
  const pixels = size[0] * size[1];
  const count = batch * channels * pixels;
  const sums = batchNormSumsKernel(batch, x);
  const statistics = batchNormStatisticsKernel({ batch, channels, pixels, epsilon: 1e-5, momentum: 0.1 });
  const forward = batchNormKernel(
    batch, y, x, { ...(activation === undefined ? {} : { activation }), ...(residual ? { residual: dy } : {}) },
  );
  const options = { batch, x, dy, ...(activation === undefined ? {} : { activation }), ...(residual ? { y } : {}) };
  const gradientSums = batchNormGradientSumsKernel(options, one.short);
  const totals = batchNormGradientTotalsKernel(batch, channels, pixels, frozen);
  const backward = batchNormGradientKernel(
    options, { dx: y, accumulate, ...(residual ? { residual: y, accumulateResidual: accumulate } : {}) },
  );
  const kernels = [sums, statistics, forward, gradientSums, totals, backward];
  const on = roomy(kernels, 6 * batch * imagePitch(dy) + batch * channels * 8 + 40 * channels + 3000);
  const { images } = on;
  const values = numbers(count, 1).map((value) => value + mean);
  const input = images.put(x, values, batch);
  const gradient = images.put(dy, numbers(count, 2), batch);
  const shortcut = images.put(dy, numbers(count, 3), batch);
  const [gamma, beta] = [images.vector(numbers(channels, 4)), images.vector(numbers(channels, 5))];
  const room = (seed?: number): Placed => images.room(vectorLayout(channels), 1, seed === undefined ? undefined : numbers(channels, seed));
  const [average, inverse, runningMean, runningVariance, dgamma, dbeta] = [room(), room(), room(6), room(7), room(8), room(9)];
  const coefficients = images.room(vectorLayout(batchNormCoefficients(channels)));
  const partial = images.room(vectorLayout(partialBytes(batch, channels, 2) / 4));
  const [out, dx, dresidual] = [
    images.room(y, batch), images.room(y, batch, numbers(count, 10)), images.room(y, batch, numbers(count, 11)),
  ];
  const run = (kernel: Kernel, ...all: readonly Placed[]): void => {
    if (inParts) runInParts(on, kernel, addresses(...all));
    else on.run(kernel, addresses(...all));
  };
  const given = [average, inverse, gamma, beta];
  run(sums, partial, input);
  run(statistics, average, inverse, runningMean, runningVariance, partial);
  run(forward, out, input, ...given, ...(residual ? [shortcut] : []));
  const operands = [input, gradient, ...(residual ? [out] : []), ...given];
  run(gradientSums, partial, ...operands);
  run(totals, dgamma, dbeta, coefficients, partial, gamma, inverse);
  run(backward, dx, ...(residual ? [dresidual] : []), ...operands, coefficients);
  assert.is(images.damage(), "", JSON.stringify(one));
  return Object.fromEntries(
    Object.entries({ average, inverse, runningMean, runningVariance, out, dgamma, dbeta, dx, dresidual })
      .map(([name, placed]) => [name, images.read(placed)]),
  );
}

function checkNorm(one: NormCase): void {
  const { batch, channels, size, activation, residual = false, frozen = false, accumulate = false, mean = 0.5 } = one;
  const text = JSON.stringify(one);
  const got = normalise(one, false);
  assert.equal(normalise(one, true), got, `${text}: in parts`);
  const pixels = size[0] * size[1];
  const count = batch * channels * pixels;
  const shape = batchNormShape(batch, channels, pixels, 1e-5, 0.1);
  const x = double(numbers(count, 1).map((value) => value + mean));
  const [gamma, beta, runningMean, runningVariance, dgamma, dbeta] = [4, 5, 6, 7, 8, 9].map((seed) => double(numbers(channels, seed)));
  const [average, inverse, z] = [new Float64Array(channels), new Float64Array(channels), new Float64Array(count)];
  reference.batchNormForwardTraining(z, average, inverse, runningMean, runningVariance, x, gamma, beta, shape);
  assertClose(got.average, average, 1e-7, `${text}, mean`);
  assertClose(got.inverse, inverse, 2e-7, `${text}, inverseStd`);
  assertClose(got.runningMean, runningMean, 1e-7, `${text}, running mean`);
  assertClose(got.runningVariance, runningVariance, 2e-7, `${text}, running variance`);
  if (residual) numbers(count, 3).forEach((value, i) => { z[i] += value; });
  if (activation === undefined) assertClose(got.out, z, 1e-6 * Math.max(1, mean), `${text}, y`);
  if (activation?.activation === "relu") assertClose(got.out, z.map((value) => Math.max(value, 0)), 1e-6 * Math.max(1, mean), `${text}, y`);
  const dy = double(numbers(count, 2));
  const dz = activation === undefined ? dy : referenceGradient(activation, z, dy);
  const dx = accumulate ? double(numbers(count, 10)) : new Float64Array(count);
  if (frozen) reference.batchNormBackwardInference(
    dx, dgamma, dbeta, x, dz, gamma, average, inverse.map((value) => 1 / (value * value) - 1e-5), shape,
  );
  else reference.batchNormBackwardTraining(dx, dgamma, dbeta, x, dz, gamma, average, inverse, shape);
  assertClose(got.dgamma, dgamma, 2e-6 * Math.max(1, mean), `${text}, dgamma`);
  assertClose(got.dbeta, dbeta, 2e-6 * Math.max(1, mean), `${text}, dbeta`);
  assertClose(got.dx, dx, 3e-6 * Math.max(1, mean), `${text}, dx`);
  const before = numbers(count, 11);
  if (residual) assertClose(
    got.dresidual, dz.map((value, i) => value + (accumulate ? before[i] : 0)), 2e-7, `${text}, residual's gradient`,
  );
  else assert.equal(got.dresidual, before);
}

test("batch normalisation, forward and backward: channels, activations, residuals", () => {
  for (const channels of [1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 19]) {
    checkNorm({ batch: 3, channels, size: [3, 5], activation: RELU, accumulate: channels % 2 === 0 });
  }
  for (const activation of ACTIVATIONS) checkNorm({ batch: 2, channels: 6, size: [4, 3], activation });
  for (const accumulate of [false, true]) {
    checkNorm({ batch: 2, channels: 6, size: [4, 3], accumulate });
    checkNorm({ batch: 2, channels: 6, size: [4, 3], activation: RELU, residual: true, accumulate });
    checkNorm({ batch: 2, channels: 6, size: [4, 3], frozen: true, accumulate });
  }
  checkNorm({ batch: 1, channels: 17, size: [2, 3] });
  checkNorm({ batch: 13, channels: 16, size: [28, 28], activation: RELU });
});

test("sums of rows in single precision", () => {
  for (const channels of [1, 3, 6, 16, 19, 37]) checkNorm({ batch: 3, channels, size: [3, 5], activation: RELU, short: true });
  checkNorm({ batch: 2, channels: 6, size: [4, 3], activation: RELU, residual: true, short: true });
  checkNorm({ batch: 5, channels: 16, size: [28, 28], activation: RELU, short: true });
});

test("batch normalisation of values far from zero", () => {
  checkNorm({ batch: 4, channels: 5, size: [6, 7], mean: 50 });
});

test("a mask from y is for relu", () => {
  const x: Layout = { channels: 4, height: 2, width: 2, halo: 0 };
  assert.throws(() => batchNormGradientSumsKernel({ batch: 1, x, dy: x, y: x }), /a mask from y wants the activation relu, got undefined/);
  assert.throws(() => batchNormGradientSumsKernel({ batch: 1, x, dy: { ...x, width: 3 } }), /dy wants the output's size/);
});

test("sums over images: the gradient of a bias", () => {
  for (const channels of [1, 3, 8, 10, 21]) {
    const dy: Layout = { channels, height: 5, width: 3, halo: 1 };
    const [first, second] = [channelSumKernel(7, dy), addTotalsKernel(7, channels)];
    const on = roomy([first, second], 20000);
    const values = numbers(7 * channels * 15, 1);
    const before = numbers(channels, 2);
    const gradient = on.images.put(dy, values, 7);
    const results = [false, true].map((inParts) => {
      const total = on.images.room(vectorLayout(channels), 1, before);
      const partial = on.images.room(vectorLayout(partialBytes(7, channels, 1) / 4));
      const run = (kernel: Kernel, all: number[]): void => (inParts ? runInParts(on, kernel, all) : on.run(kernel, all));
      run(first, addresses(partial, gradient));
      run(second, addresses(total, partial));
      return on.images.read(total);
    });
    assert.is(on.images.damage(), "");
    const wanted = double(before);
    values.forEach((value, i) => { wanted[Math.floor(i / 15) % channels] += value; });
    assert.equal(results[0], Float32Array.from(wanted));
    assert.equal(results[1], results[0]);
  }
});

test.run();
