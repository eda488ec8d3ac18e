/** Global pooling against the reference, to the bit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { globalAveragePoolForward, globalMaxPoolForward } from "../../../kernels/reference/index.ts";
import { channelShape } from "../../../kernels/shapes.ts";
import { globalPoolKernel } from "../../../kernels/wasm/operations/global-pool.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { assertSame, hostile, tame } from "../compare.ts";
import { elements, vectorLayout } from "../images.ts";
import { machine } from "../machine.ts";

function expected(by: "mean" | "max", input: Layout, x: Float32Array): Float32Array {
  const y = new Float32Array(input.channels);
  const shape = channelShape(1, input.channels, input.height * input.width);
  if (by === "mean") globalAveragePoolForward(y, x, shape);
  else globalMaxPoolForward(y, new Int32Array(input.channels), x, shape);
  return y;
}

const SIZES: readonly (readonly [number, number, number])[] = [
  ...Array.from({ length: 19 }, (_, i) => [i + 1, 5, 3] as const), [40, 1, 1], [33, 2, 7], [48, 7, 1], [64, 1, 9],
];

for (const by of ["mean", "max"] as const) {
  test(`${by}: all channel tails, halos, numbers of every kind`, () => {
    for (const [channels, height, width] of SIZES) {
      for (const draw of [tame, hostile]) {
        const input = { channels, height, width, halo: (channels + height) % 4 };
        const kernel = globalPoolKernel(input, by);
        const { images, run } = machine([kernel]);
        const x = draw(elements(input), channels + 1, 23);
        const y = images.room(vectorLayout(channels));
        run(kernel, [y.address, images.put(input, x).address]);
        assertSame(images.read(y), expected(by, input, x), kernel.name);
        assert.is(images.damage(), "");
      }
    }
  });

  test(`${by}: in parts`, () => {
    const input = { channels: 53, height: 4, width: 3, halo: 1 };
    const kernel = globalPoolKernel(input, by);
    assert.is(kernel.parts, 4);
    const { images, run } = machine([kernel]);
    const x = tame(elements(input), 5);
    const y = images.room(vectorLayout(53));
    const before = images.read(y);
    const placed = images.put(input, x);
    run(kernel, [y.address, placed.address], 2, 4);
    assertSame(images.read(y).slice(0, 32), before.slice(0, 32), "not asked for");
    run(kernel, [y.address, placed.address], 1, 1);
    run(kernel, [y.address, placed.address], 0, 2);
    assertSame(images.read(y), expected(by, input, x), kernel.name);
    assert.is(images.damage(), "");
  });
}

test("max: NaN wherever it stands, the first of 0 and -0, images below zero", () => {
  const input = { channels: 6, height: 1, width: 3, halo: 2 };
  const kernel = globalPoolKernel(input, "max");
  const { images, run } = machine([kernel]);
  const x = Float32Array.from([NaN, 1, 2, 1, NaN, 2, 1, 2, NaN, 0, -0, -1, -0, 0, -1, -3, -2, -4]);
  const y = images.room(vectorLayout(6));
  run(kernel, [y.address, images.put(input, x).address]);
  assertSame(images.read(y), [NaN, NaN, NaN, 0, -0, -2], kernel.name);
});

test.run();
