/** Upsampling against the reference. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { upsampleBilinearForward, upsampleNearestForward } from "../../../kernels/reference/index.ts";
import { resizeShape } from "../../../kernels/shapes.ts";
import { upsampleBilinearKernel, upsampleNearestKernel } from "../../../kernels/wasm/operations/upsample.ts";
import { assertNear, assertSame, hostile, tame } from "../compare.ts";
import { elements } from "../images.ts";
import { machine } from "../machine.ts";

/** Height and width in and out. */
const SIZES = [
  [1, 1, 1, 1], [1, 1, 3, 2], [2, 3, 4, 6], [5, 3, 10, 9], [7, 5, 11, 13], [4, 4, 3, 1], [3, 5, 1, 7], [6, 7, 6, 7], [9, 2, 5, 8],
];

for (const method of ["nearest", "bilinear", "bilinear with aligned corners"] as const) {
  test(method, () => {
    SIZES.forEach(([height, width, outHeight, outWidth], i) => {
      for (const channels of [1, 3, 4, 7, 18, 33]) {
        for (const draw of [tame, hostile]) {
          const input = { channels, height, width, halo: (i + channels) % 4 };
          const output = { channels, height: outHeight, width: outWidth, halo: (i + 1) % 3 };
          const corners = method === "bilinear with aligned corners";
          const kernel = method === "nearest" ? upsampleNearestKernel(output, input) : upsampleBilinearKernel(output, input, corners);
          const { images, run } = machine([kernel]);
          const x = draw(elements(input), i + 1, 37);
          const [y, placed] = [images.room(output), images.put(input, x)];
          const split = kernel.parts >> 1;
          run(kernel, [y.address, placed.address], split, kernel.parts);
          run(kernel, [y.address, placed.address], 0, split);
          const wanted = new Float32Array(elements(output));
          const shape = resizeShape(1, channels, height, width, outHeight, outWidth, corners);
          if (method === "nearest") upsampleNearestForward(wanted, x, shape);
          else upsampleBilinearForward(wanted, x, shape);
          if (method === "nearest") assertSame(images.read(y), wanted, kernel.name);
          else assertNear(images.read(y), wanted, 1e-6, 3e-6, kernel.name);
          assert.is(images.damage(), "");
        }
      }
    });
  });
}

test("channels must agree; the two kinds of corners have two names", () => {
  const [a, b] = [{ channels: 2, height: 3, width: 3, halo: 0 }, { channels: 3, height: 6, width: 6, halo: 0 }];
  assert.throws(() => upsampleNearestKernel(b, a), /as many channels out as in, got 3 and 2/);
  assert.is.not(upsampleBilinearKernel(a, a, true).name, upsampleBilinearKernel(a, a, false).name);
});

test.run();
