/** Dropout, forward and backward: what comes times a mask that the caller has drawn (kernels/reference/layers/dropout.ts). */
import { checkSameSize } from "../operations/elementwise.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats } from "../shared/loops.ts";
import { overBatchRows } from "../shared/rows.ts";

/**
 * y = (or, accumulating, +=) mask * x, element by element. Arguments: y, x, mask, begin, end; parts are rows of all images. y may be x.
 *
 * @throws RangeError where the images are not of one size
 */
export function dropoutKernel(batch: number, y: Layout, x: Layout, mask: Layout, accumulate: boolean): Kernel {
  const name = `f32_dropout_${accumulate ? "add_" : ""}n${batch}_${layoutName(y)}_${layoutName(x)}_${layoutName(mask)}`;
  checkSameSize(name, y, { x, mask });
  const params = { y: "i32", x: "i32", mask: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, p) => {
    const value = f.local.v128("value");
    const streams = [{ base: p.y, layout: y }, { base: p.x, layout: x }, { base: p.mask, layout: mask }];
    overBatchRows(f, p.begin, p.end, streams, ([to, from, factor]) => {
      overFloats(f, y.width * y.channels, [to, from, factor], 4, (at, count) => {
        loadLanes(f, from, at, count);
        loadLanes(f, factor, at, count);
        f.f32x4.mul();
        if (accumulate) {
          loadLanes(f, to, at, count);
          f.f32x4.add();
        }
        f.local.set(value);
        storeLanes(f, to, value, at, count);
      });
    });
  });
  return { name, parts: batch * y.height, emit };
}
