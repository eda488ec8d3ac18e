/** Optimisers by kernels of WebAssembly against the same formulas in double precision, over several steps. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import { ADAMW_SETTINGS, adamwKernel, averageKernel, sgdKernel, zeroKernel } from "../../../kernels/wasm/training/optimisers.ts";
import { clipScaleKernel, scaleFlatKernel, squaresBytes, squaresKernel } from "../../../kernels/wasm/training/clipping.ts";
import { vectorLayout } from "../images.ts";
import { assertClose, numbers, roomy, runInParts } from "./compare.ts";

const SIZES = [1, 2, 3, 4, 7, 4095, 4096, 4097, 8192, 9003];

/** Runs a kernel some times, the settings of each step its own, and returns its arrays; in parts gives the same bits. */
function steps(
  kernel: Kernel, arrays: readonly Float32Array[], constant: readonly Float32Array[], settings: readonly (readonly number[])[],
): Float32Array[] {
  const results = [false, true].map((inParts) => {
    const floats = [...arrays, ...constant].reduce((sum, { length }) => sum + length + 20, 2000);
    const on = roomy([kernel], floats);
    const placed = arrays.map((values) => on.images.room(vectorLayout(values.length), 1, values));
    const others = constant.map((values) => on.images.vector(values));
    for (const each of settings) {
      const given = each.length === 0 ? [] : [on.images.vector(each)];
      const all = [...placed, ...others, ...given].map(({ address }) => address);
      if (inParts) runInParts(on, kernel, all);
      else on.run(kernel, all);
    }
    assert.is(on.images.damage(), "", kernel.name);
    return placed.map((each) => on.images.read(each));
  });
  assert.equal(results[1], results[0], `${kernel.name}: in parts`);
  return results[0];
}

test("stochastic gradient descent, with and without Nesterov's rule", () => {
  for (const size of SIZES) {
    for (const nesterov of [false, true]) {
      const gradient = numbers(size, 1);
      const [p, v] = [Float64Array.from(numbers(size, 2)), new Float64Array(size)];
      const settings = [[0.1, 0.9, 5e-4, 1], [0.05, 0.9, 5e-4, 0.25], [0.02, 0.8, 0.1, 2]];
      const got = steps(sgdKernel(size, nesterov), [numbers(size, 2), new Float32Array(size)], [gradient], settings);
      for (const [rate, momentum, decay, scale] of settings) {
        for (let i = 0; i < size; i++) {
          const g = scale * gradient[i] + decay * p[i];
          v[i] = momentum * v[i] + g;
          p[i] -= rate * (nesterov ? g + momentum * v[i] : v[i]);
        }
      }
      assertClose(got[0], p, 3e-7, `sgd ${size}`);
      assertClose(got[1], v, 3e-7, `sgd ${size}, velocity`);
    }
  }
});

test("AdamW", () => {
  for (const size of SIZES) {
    const gradient = numbers(size, 1);
    const [p, m, v] = [Float64Array.from(numbers(size, 2)), new Float64Array(size), new Float64Array(size)];
    const [b1, b2, epsilon] = [0.9, 0.999, 1e-8];
    const all = [1, 2, 3].map(
      (t) => ({ rate: 0.01 / t, decay: 0.05, scale: 1 / t, c1: 1 / (1 - b1 ** t), c2: 1 / Math.sqrt(1 - b2 ** t) }),
    );
    const settings = all.map(({ rate, decay, scale, c1, c2 }) => [rate, b1, 1 - b1, b2, 1 - b2, epsilon, decay, scale, c1, c2]);
    assert.is(settings[0].length, ADAMW_SETTINGS.length);
    const got = steps(adamwKernel(size), [numbers(size, 2), new Float32Array(size), new Float32Array(size)], [gradient], settings);
    for (const { rate, decay, scale, c1, c2 } of all) {
      for (let i = 0; i < size; i++) {
        const g = scale * gradient[i];
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
        p[i] -= rate * (decay * p[i] + (m[i] * c1) / (Math.sqrt(v[i]) * c2 + epsilon));
      }
    }
    assertClose(got[0], p, 1e-6, `adamw ${size}`);
    assertClose(got[1], m, 5e-7, `adamw ${size}, m`);
    assertClose(got[2], v, 5e-7, `adamw ${size}, v`);
  }
});

test("moving average, scaling, zeroing", () => {
  for (const size of SIZES) {
    const [average, p] = [numbers(size, 1), numbers(size, 2)];
    const [got] = steps(averageKernel(size), [average], [p], [[0.1]]);
    assertClose(got, average.map((value, i) => value + 0.1 * (p[i] - value)), 2e-7, `average ${size}`);
    assert.equal(steps(scaleFlatKernel(size), [p], [], [[-0.5]])[0], p.map((value) => -0.5 * value));
    assert.equal(steps(zeroKernel(size), [p], [], [[]])[0], new Float32Array(size));
  }
});

test("the norm of a gradient, and the scale that clips it", () => {
  for (const size of SIZES) {
    const squares = squaresKernel(size);
    const clip = clipScaleKernel(squares.parts);
    const x = numbers(size, 3);
    const norm = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
    for (const largest of [0.5 * norm, 2 * norm]) {
      const on = roomy([squares, clip], size + 2000);
      const [values, limit] = [on.images.vector(x), on.images.vector([largest])];
      const partial = on.images.room(vectorLayout(squaresBytes(size) / 4));
      const settings = on.images.room(vectorLayout(2));
      runInParts(on, squares, [partial.address, values.address]);
      on.run(clip, [settings.address, partial.address, limit.address]);
      assert.is(on.images.damage(), "");
      assertClose(on.images.read(settings), [Math.min(1, largest / norm), norm], 1e-7, `clip ${size}`);
    }
  }
});

test("a size that is none is refused", () => {
  assert.throws(() => zeroKernel(0), /size wants a whole number of at least 1, got 0/);
});

test.run();
