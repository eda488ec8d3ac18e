/** Pooling over windows against the reference, to the bit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { adaptiveAveragePoolForward, averagePoolForward, maxPoolForward } from "../../../kernels/reference/index.ts";
import { pool2dShape, resizeShape } from "../../../kernels/shapes.ts";
import type { Pool2dOptions, Pool2dShape } from "../../../kernels/shapes.ts";
import type { Kernel } from "../../../kernels/wasm/shared/kernel.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { adaptiveAveragePoolKernel, averagePoolKernel, maxPoolKernel } from "../../../kernels/wasm/operations/pool.ts";
import { assertSame, hostile, tame } from "../compare.ts";
import { elements } from "../images.ts";
import { machine } from "../machine.ts";

const WINDOWS: readonly Pool2dOptions[] = [
  { kernel: 3, stride: 2, padding: 1 }, { kernel: 2 }, { kernel: 3, stride: 2, padding: 1, ceilMode: true },
  { kernel: 3, stride: 1, padding: 1 },
  { kernel: 2, stride: 2, ceilMode: true }, { kernel: 3, stride: 3, padding: 1, ceilMode: true },
  { kernel: [1, 3], stride: [2, 1], padding: [0, 1] },
  { kernel: [3, 1], stride: [1, 2], padding: [1, 0] }, { kernel: 5, stride: 1, padding: 2 }, { kernel: 5, stride: 3, padding: 1 },
  { kernel: [4, 2], stride: [3, 3], padding: [2, 1], ceilMode: true },
  { kernel: 1, stride: 2 }, { kernel: 2, stride: 1, padding: 1 },
  { kernel: 3, stride: 2, padding: "same" }, { kernel: 2, stride: 2, padding: "same" },
  { kernel: [3, 4], stride: [2, 1], padding: [0, 2, 2, 1] },
  { kernel: 3, stride: 2, padding: [1, 0, 2, 1], ceilMode: true },
];

/** Runs a kernel on an image, whole and in two parts, and compares. */
function check(kernel: Kernel, output: Layout, input: Layout, x: Float32Array, wanted: Float32Array): void {
  const { images, run } = machine([kernel]);
  const placed = images.put(input, x);
  const [whole, parts] = [images.room(output), images.room(output)];
  const split = Math.ceil(kernel.parts / 3);
  run(kernel, [whole.address, placed.address]);
  run(kernel, [parts.address, placed.address], split, kernel.parts);
  run(kernel, [parts.address, placed.address], 0, split);
  assertSame(images.read(whole), wanted, kernel.name);
  assertSame(images.read(parts), wanted, `${kernel.name} in parts`);
  assert.is(images.damage(), "");
}

function layouts(shape: Pool2dShape, seed: number): [Layout, Layout] {
  const { channels, inHeight, inWidth, outHeight, outWidth } = shape;
  return [
    { channels, height: outHeight, width: outWidth, halo: seed % 4 }, { channels, height: inHeight, width: inWidth, halo: (seed >> 1) % 4 },
  ];
}

const KINDS = ["maximum", "average with padding", "average without padding"] as const;

for (const kind of KINDS) {
  test(`${kind}: windows of all kinds, prime and odd sizes`, () => {
    WINDOWS.forEach((window, i) => {
      for (const [channels, height, width] of [[5, 7, 5], [8, 5, 11], [19, 4, 6], [3, 13, 3]]) {
        const shape = pool2dShape(1, channels, height, width, { ...window, countPadding: kind === "average with padding" });
        const [output, input] = layouts(shape, i + channels);
        const x = (i % 2 === 0 ? tame : hostile)(elements(input), i + 1, 29);
        const y = new Float32Array(elements(output));
        if (kind === "maximum") maxPoolForward(y, new Int32Array(y.length), x, shape);
        else averagePoolForward(y, x, shape);
        check(kind === "maximum" ? maxPoolKernel(output, input, shape) : averagePoolKernel(output, input, shape), output, input, x, y);
      }
    });
  });

  test(`${kind}: all channel tails`, () => {
    for (let channels = 1; channels <= 19; channels++) {
      const shape = pool2dShape(1, channels, 5, 7, { kernel: 3, stride: 2, padding: 1, countPadding: kind === "average with padding" });
      const [output, input] = layouts(shape, channels);
      // Below zero, so that a padding that counted would win.
      const x = tame(elements(input), channels).map((value) => value - 7);
      const y = new Float32Array(elements(output));
      if (kind === "maximum") maxPoolForward(y, new Int32Array(y.length), x, shape);
      else averagePoolForward(y, x, shape);
      check(kind === "maximum" ? maxPoolKernel(output, input, shape) : averagePoolKernel(output, input, shape), output, input, x, y);
    }
  });
}

test("adaptive average", () => {
  const sizes = [[7, 7, 7, 7], [7, 5, 3, 2], [12, 12, 6, 4], [5, 3, 7, 7], [13, 1, 5, 1], [9, 8, 1, 1], [3, 3, 6, 9], [14, 14, 7, 7]];
  sizes.forEach(([height, width, outHeight, outWidth], i) => {
    for (const channels of [1, 4, 11, 17]) {
      const input = { channels, height, width, halo: i % 4 };
      const output = { channels, height: outHeight, width: outWidth, halo: (i + 1) % 3 };
      const x = (i % 2 === 0 ? tame : hostile)(elements(input), i + channels, 31);
      const y = new Float32Array(elements(output));
      adaptiveAveragePoolForward(y, x, resizeShape(1, channels, height, width, outHeight, outWidth));
      check(adaptiveAveragePoolKernel(output, input), output, input, x, y);
    }
  });
});

test("layouts that are not the shape's are refused, names tell windows apart", () => {
  const shape = pool2dShape(1, 4, 8, 8, { kernel: 2 });
  const [output, input] = [{ channels: 4, height: 4, width: 4, halo: 0 }, { channels: 4, height: 8, width: 8, halo: 0 }];
  assert.throws(() => maxPoolKernel({ ...output, width: 5 }, input, shape), /layouts want 8x8 to 4x4, 4 channels, got 8x8 to 4x5/);
  assert.throws(() => adaptiveAveragePoolKernel({ ...output, channels: 3 }, input), /as many channels out as in, got 3 and 4/);
  const other = pool2dShape(1, 4, 8, 8, { kernel: 2, countPadding: false });
  const names = [
    maxPoolKernel(output, input, shape), averagePoolKernel(output, input, shape), averagePoolKernel(output, input, other),
    adaptiveAveragePoolKernel(output, input),
  ];
  assert.is(new Set(names.map(({ name }) => name)).size, 4);
});

test.run();
