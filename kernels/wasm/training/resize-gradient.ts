/**
 * The gradient of bilinear resizing: each pixel of dy goes back to the four pixels of dx that it lies between, by their weights. Several
 * outputs share a pixel, so parts are images, and dx is cleared first unless it is added to; outputs come row by row, left to right.
 */
import { between, locate } from "../operations/upsample.ts";
import type { Local } from "../assembler/handles.ts";
import { assign, offset, set } from "../shared/addresses.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { imageBytes, pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats, range } from "../shared/loops.ts";

/**
 * Arguments: dx, dy, begin, end; parts are images.
 * @throws RangeError where dx and dy have different channels
 */
export function bilinearGradientKernel(batch: number, dx: Layout, dy: Layout, alignCorners: boolean, accumulate: boolean): Kernel {
  const how = `${alignCorners ? "corners_" : ""}${accumulate ? "add_" : ""}`;
  const name = `f32_bilinear_gradient_${how}n${batch}_${layoutName(dx)}_${layoutName(dy)}`;
  if (dx.channels !== dy.channels) throw new RangeError(`${name}: dy wants ${dx.channels} channels, got ${dy.channels}`);
  const emit: Kernel["emit"] = (m) => m.func(name, { params: { dx: "i32", dy: "i32", begin: "i32", end: "i32" }, export: true }, (f, p) => {
    const { local, f32x4, i32 } = f;
    const [image, slope, from, oh, ow, ih] = ["image", "slope", "from", "oh", "ow", "ih"].map((each) => local.i32(each));
    const [a, b, c, d] = ["topLeft", "topRight", "bottomLeft", "bottomRight"].map((corner) => local.i32(corner));
    const [rows, columns] = [between(f, "row"), between(f, "column")];
    const value = local.v128("value");
    const share = local.v128("share");
    /** to += value * one weight * the other */
    const give = (to: Local<"i32">, row: Local<"v128">, column: Local<"v128">, at: number, count: number): void => {
      local.get(value);
      local.get(row);
      f32x4.mul();
      local.get(column);
      f32x4.mul();
      loadLanes(f, to, at, count);
      f32x4.add();
      local.set(share);
      storeLanes(f, to, share, at, count);
    };
    range(f, p.begin, p.end, () => {
      offset(f, image, p.dx, p.begin, imageBytes(dx));
      offset(f, slope, p.dy, p.begin, imageBytes(dy));
      if (!accumulate) {
        assign(f, ih, 0);
        range(f, ih, dx.height, () => {
          offset(f, from, image, ih, rowBytes(dx));
          local.get(from);
          i32.const(0);
          i32.const(dx.width * pixelBytes(dx));
          f.memory.fill();
        });
      }
      assign(f, oh, 0);
      range(f, oh, dy.height, () => {
        locate(f, rows, oh, [dx.height, dy.height], alignCorners, image, rowBytes(dx));
        offset(f, from, slope, oh, rowBytes(dy));
        assign(f, ow, 0);
        range(f, ow, dy.width, () => {
          locate(f, columns, ow, [dx.width, dy.width], alignCorners, rows.first, pixelBytes(dx));
          set(f, a, columns.first);
          set(f, b, columns.second);
          for (const [upper, lower] of [[a, c], [b, d]]) {
            local.get(upper);
            local.get(rows.second);
            i32.add();
            local.get(rows.first);
            i32.sub();
            local.set(lower);
          }
          overFloats(f, dx.channels, [from, a, b, c, d], 1, (at, count) => {
            loadLanes(f, from, at, count);
            local.set(value);
            give(a, rows.firstWeight, columns.firstWeight, at, count);
            give(b, rows.firstWeight, columns.secondWeight, at, count);
            give(c, rows.secondWeight, columns.firstWeight, at, count);
            give(d, rows.secondWeight, columns.secondWeight, at, count);
          });
        });
      });
    });
  });
  return { name, parts: batch, emit };
}
