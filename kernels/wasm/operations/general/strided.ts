/**
 * Images in other orders, parts of images, and images that are stretched: y[row, pixel, channel] is the number of x that lies so many rows,
 * pixels and channels of the output times a stride of each after the first. Strides may be 0 or negative.
 */
import { set } from "../../shared/addresses.ts";
import { layoutName } from "../../shared/kernel.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { loadLanes, storeLanes } from "../../shared/lanes.ts";
import { rowBytes } from "../../shared/layout.ts";
import type { Layout } from "../../shared/layout.ts";
import { overFloats, overRows, repeat } from "../../shared/loops.ts";
import { interleave } from "../interleave.ts";

/** In floats of x, from its pixel (0, 0) on. */
export interface Strides {
  readonly start: number;
  readonly row: number;
  readonly pixel: number;
  readonly channel: number;
}

/** The function's arguments: y, x, begin row, end row; y is another image than x. */
export function stridedKernel(output: Layout, { start, row, pixel, channel }: Strides): Kernel {
  const name = `x32_strided_${layoutName(output)}_from${start}_by${row}x${pixel}x${channel}`;
  const { channels, width } = output;
  const params = { y: "i32", x: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, begin, end }) => {
    const { local, f32, v128 } = f;
    const value = local.v128("value");
    const [from, at, to] = ["from", "at", "to"].map((each) => local.i32(each));
    const copy = (floats: number): void => overFloats(f, floats, [to, from], 4, (offset, count) => {
      loadLanes(f, from, offset, count);
      local.set(value);
      storeLanes(f, to, value, offset, count);
    });
    /** All pixels of a row, of which `body` writes one, and moves `to` behind it. */
    const pixels = (body: () => void, moved: number): void => repeat(f, width, () => {
      body();
      if (pixel !== moved) local.increase(from, 4 * (pixel - moved));
    });
    if (start !== 0) local.increase(x, 4 * start);
    overRows(f, begin, end, [{ pointer: y, pitch: rowBytes(output), moved: 0 }, { pointer: x, pitch: 4 * row, moved: 0 }], () => {
      set(f, from, x);
      set(f, to, y);
      if (channel === 1 && pixel === channels) return copy(width * channels);
      if (channel === 1) return pixels(() => copy(channels), channels);
      if (pixel === 1 && channel > 0) {
        return interleave(f, {
          planes: channels, count: width, plane: from, pixel: to, planePitch: 4 * channel, pixelPitch: 4 * channels, direction: "to pixels",
        });
      }
      if (channel === 0) {
        return pixels(() => {
          local.get(from);
          v128.load32_splat();
          local.set(value);
          overFloats(f, channels, [to], 4, (offset, count) => storeLanes(f, to, value, offset, count));
        }, 0);
      }
      pixels(() => {
        set(f, at, from);
        repeat(f, channels, () => {
          local.get(to);
          local.get(at);
          f32.load();
          f32.store();
          local.increase(to, 4);
          local.increase(at, 4 * channel);
        });
      }, 0);
    });
  });
  return { name, parts: output.height, emit };
}
