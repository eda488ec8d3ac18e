/**
 * Dropout by a kernel of WebAssembly against the reference: the same bits forward, both directions in parts, in place, within their halos.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../../kernels/reference/index.ts";
import { Random } from "../../../kernels/random.ts";
import { elementwiseShape } from "../../../kernels/shapes.ts";
import { dropoutKernel } from "../../../kernels/wasm/training/dropout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { assertSame } from "../compare.ts";
import { elements } from "../images.ts";
import { assertClose, numbers, roomy, runInParts } from "./compare.ts";

/** [batch, channels, height, width]: runs with and without a loop, all tails. */
const SIZES = [[1, 1, 1, 1], [3, 5, 1, 1], [2, 16, 1, 1], [2, 1031, 1, 1], [2, 3, 4, 5], [3, 7, 2, 3], [1, 32, 3, 2]] as const;

function maskOf(size: number): Float32Array {
  const random = new Random(size);
  return Float32Array.from({ length: size }, () => (random.uniform() < 0.3 ? 0 : 1 / 0.7));
}

for (const accumulate of [false, true]) {
  test(`dropout, ${accumulate ? "adding to a gradient" : "forward and into a new gradient"}`, () => {
    for (const [batch, channels, height, width] of SIZES) {
      for (let halo = 0; halo < 3; halo++) {
        const [y, x, mask]: Layout[] = [halo, (halo + 1) % 3, 0].map((each) => ({ channels, height, width, halo: each }));
        const size = elements(y, batch);
        const [values, before, factors] = [numbers(size, 1), numbers(size, 2), maskOf(size)];
        values[0] = factors[0] === 0 ? Infinity : -0;
        const kernel = dropoutKernel(batch, y, x, mask, accumulate);
        const on = roomy([kernel], 60 * size + 6000);
        const { images } = on;
        const [from, by] = [images.put(x, values, batch), images.put(mask, factors, batch)];
        const [whole, inParts] = [0, 1].map(() => images.room(y, batch, accumulate ? before : undefined));
        on.run(kernel, [whole.address, from.address, by.address]);
        runInParts(on, kernel, [inParts.address, from.address, by.address]);
        assert.is(images.damage(), "", kernel.name);
        const wanted = accumulate ? Float32Array.from(before) : new Float32Array(size);
        (accumulate ? reference.dropoutBackward : reference.dropoutForward)(wanted, values, factors, elementwiseShape(size));
        const got = images.read(whole);
        assertSame(images.read(inParts), got, `${kernel.name}: in parts`);
        if (!accumulate) {
          assertSame(got, wanted, kernel.name);
          continue;
        }
        assert.ok(Object.is(got[0], wanted[0]), `${kernel.name}: ${got[0]}, wanted ${wanted[0]}`);
        assertClose(got.subarray(1), wanted.subarray(1), 2e-7, kernel.name);
      }
    }
  });
}

test("dropout over its own input", () => {
  for (const [batch, channels, height, width] of SIZES) {
    const image: Layout = { channels, height, width, halo: 1 };
    const size = elements(image, batch);
    const [values, factors] = [numbers(size, 1), maskOf(size)];
    const kernel = dropoutKernel(batch, image, image, { ...image, halo: 0 }, false);
    const on = roomy([kernel], 40 * size + 6000);
    const [both, by] = [on.images.room(image, batch, values), on.images.put({ ...image, halo: 0 }, factors, batch)];
    runInParts(on, kernel, [both.address, both.address, by.address]);
    assert.is(on.images.damage(), "");
    assert.equal(on.images.read(both), values.map((value, i) => value * factors[i]));
  }
});

test("images of other sizes are refused", () => {
  const image: Layout = { channels: 4, height: 2, width: 2, halo: 0 };
  assert.throws(() => dropoutKernel(1, image, image, { ...image, channels: 5 }, false), /mask wants the output's size 2x2x4, got 2x2x5/);
});

test.run();
