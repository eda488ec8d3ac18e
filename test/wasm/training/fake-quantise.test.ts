/** Rounding of int8 training by kernels of WebAssembly: the reference's bits both ways, in parts, in place, within their halos. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../../kernels/reference/index.ts";
import { requantise, toByte } from "../../../kernels/reference/quantised/index.ts";
import { channelShape } from "../../../kernels/shapes.ts";
import { fakeQuantiseGradientKernel, fakeQuantiseKernel } from "../../../kernels/wasm/training/fake-quantise.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { assertSame } from "../compare.ts";
import { elements, vectorLayout } from "../images.ts";
import { assertClose, numbers, roomy, runInParts } from "./compare.ts";

/** [batch, channels, height, width]: runs with and without a loop, all tails. */
const SIZES = [[1, 1, 1, 1], [3, 5, 1, 1], [2, 16, 3, 2], [2, 3, 4, 5], [3, 7, 2, 3], [1, 33, 3, 2]] as const;
const limits = Float32Array.of(3, 100, 17);

/** Some on halves, where rounding is decided, some cut, and what is no number. */
function values(size: number, swish: boolean): Float32Array {
  const from = numbers(size, 1).map((value, i) => (swish ? 3 * value : i % 3 === 0 ? Math.round(80 * value) + 0.5 : 80 * value + 40));
  [NaN, Infinity, -Infinity, -0].forEach((value, i) => {
    if (size > 8) from[2 * i] = value;
  });
  return from;
}

for (const swish of [false, true]) {
  test(`whole steps${swish ? " of hard swish" : ""}, and their gradients`, () => {
    for (const [batch, channels, height, width] of SIZES) {
      for (let halo = 0; halo < 3; halo++) {
        const [y, x, dy]: Layout[] = [halo, (halo + 1) % 3, (halo + 2) % 3].map((each) => ({ channels, height, width, halo: each }));
        const size = elements(y, batch);
        const shape = { ...channelShape(batch, channels, height * width), rounds: true };
        const [given, offset, gradient, before] = [values(size, swish), numbers(channels, 2), numbers(size, 3), numbers(size, 4)];
        const factor = swish ? numbers(channels, 5).map((value) => 3 + value) : null;
        const forward = fakeQuantiseKernel(batch, y, x, swish);
        const back = [false, true].map((accumulate) => fakeQuantiseGradientKernel(batch, y, x, dy, swish, accumulate));
        const on = roomy([forward, ...back], 200 * size + 20000);
        const { images } = on;
        const vector = (data: Float32Array): number => images.put(vectorLayout(data.length), data).address;
        const vectors = [vector(offset), vector(limits), ...(factor === null ? [] : [vector(factor)])];
        const [from, above] = [images.put(x, given, batch), images.put(dy, gradient, batch)];
        const wanted = new Float32Array(size);
        reference.fakeQuantiseForward(wanted, given, offset, limits, factor, shape);
        const into = images.room(y, batch);
        runInParts(on, forward, [into.address, from.address, ...vectors]);
        assertSame(images.read(into), wanted, forward.name);
        for (const kernel of back) {
          const adds = kernel === back[1];
          const dx = images.room(y, batch, adds ? before : undefined);
          runInParts(on, kernel, [dx.address, from.address, above.address, ...vectors]);
          const expected = adds ? Float32Array.from(before) : new Float32Array(size);
          reference.fakeQuantiseBackward(expected, null, given, offset, limits, factor, gradient, shape);
          if (adds) assertClose(images.read(dx), expected, 2e-7, kernel.name);
          else assert.equal([...images.read(dx)].map((value) => value + 0), [...expected].map((value) => value + 0), kernel.name);
        }
        assert.is(images.damage(), "", forward.name);
      }
    }
  });
}

test("a step is the byte of the page, less its zero point", () => {
  const [least, most, zero] = limits;
  const [factor, offset] = [Float32Array.of(4.7), Float32Array.of(0.3)];
  for (const hardSwish of [undefined, { factor, zero }]) {
    for (let i = -400; i < 400; i++) {
      const [sum, multiplier] = [i, Float32Array.of(hardSwish === undefined ? 0.37 : 0.017)];
      const epilogue = { multiplier, offset, least, most, residualMultiplier: 0, hardSwish };
      const y = new Float32Array(1);
      const x = Float32Array.of(Math.fround(sum * multiplier[0]));
      reference.fakeQuantiseForward(y, x, offset, limits, hardSwish?.factor ?? null, { ...channelShape(1, 1, 1), rounds: true });
      assert.is(y[0] + zero, requantise(sum, 0, 1, 0, epilogue), `${i}`);
      if (hardSwish === undefined) assert.is(y[0] + zero, toByte(Math.fround(x[0] + offset[0]), least, most));
    }
  }
});

test("images of other sizes are refused", () => {
  const image: Layout = { channels: 4, height: 2, width: 2, halo: 0 };
  assert.throws(() => fakeQuantiseKernel(1, image, { ...image, channels: 5 }, false), /x wants the output's size 2x2x4, got 2x2x5/);
});

test.run();
