/** Gradients of what moves or adds values: of a sum (both terms get dy), and of a concatenation (each input gets its channels of dy). */
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats, repeat } from "../shared/loops.ts";
import { overBatchRows } from "../shared/rows.ts";

/**
 * dx = (or, accumulating, +=) the channels of dy from `first` on, as many as dx has. Arguments: dx, dy, begin, end; parts are rows of all
 * images.
 *
 * @throws RangeError where dy has no such channels, or another size
 */
export function sliceGradientKernel(batch: number, dx: Layout, dy: Layout, first: number, accumulate: boolean): Kernel {
  const name = `f32_slice_gradient_${accumulate ? "add_" : ""}n${batch}_${layoutName(dx)}_${layoutName(dy)}_from${first}`;
  if (dx.height !== dy.height || dx.width !== dy.width || first < 0 || first + dx.channels > dy.channels) {
    throw new RangeError(
      `${name}: dy wants ${dx.height}x${dx.width} pixels with channels ${first} to ${first + dx.channels - 1}, got ${layoutName(dy)}`,
    );
  }
  const whole = dx.channels === dy.channels;
  const emit: Kernel["emit"] = (m) => m.func(name, { params: { dx: "i32", dy: "i32", begin: "i32", end: "i32" }, export: true }, (f, p) => {
    const value = f.local.v128("value");
    overBatchRows(f, p.begin, p.end, [{ base: p.dx, layout: dx }, { base: p.dy, layout: dy }], ([to, from]) => {
      if (first > 0) f.local.increase(from, 4 * first);
      repeat(f, whole ? 1 : dx.width, () => {
        overFloats(f, whole ? dx.width * dx.channels : dx.channels, [to, from], 4, (at, count) => {
          loadLanes(f, from, at, count);
          if (accumulate) {
            loadLanes(f, to, at, count);
            f.f32x4.add();
          }
          f.local.set(value);
          storeLanes(f, to, value, at, count);
        });
        if (!whole) f.local.increase(from, 4 * (dy.channels - dx.channels));
      });
    });
  });
  return { name, parts: batch * dx.height, emit };
}
