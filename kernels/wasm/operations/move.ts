/** Kernels that only move numbers: between NCHW and padded NHWC, channels one after the other, channels shuffled, halos cleared. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { interleave } from "./interleave.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { interiorBytes, pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats, overRows, repeat, rowStream } from "../shared/loops.ts";
import type { Stream } from "../shared/loops.ts";
import { checkSameSize } from "./elementwise.ts";

/** Vectors a pass of a loop. */
const UNROLL = 4;

function copyRun(f: FunctionBuilder, floats: number, to: Local<"i32">, from: Local<"i32">, value: Local<"v128">): void {
  overFloats(f, floats, [to, from], UNROLL, (offset, count) => {
    loadLanes(f, from, offset, count);
    f.local.set(value);
    storeLanes(f, to, value, offset, count);
  });
}

function planar(name: string, layout: Layout, direction: "to pixels" | "to planes"): Kernel {
  const { channels, height, width } = layout;
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { y: "i32", x: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, { y, x, begin, end }) => {
    const [plane, pixel] = direction === "to pixels" ? [x, y] : [y, x];
    const single = height === 1 && width === 1;
    const moved = single ? 4 * channels : 0;
    const streams: Stream[] = [{ pointer: pixel, pitch: rowBytes(layout), moved }, { pointer: plane, pitch: 4 * width, moved }];
    const value = f.local.v128("value");
    overRows(f, begin, end, streams, () => {
      if (single) copyRun(f, channels, y, x, value);
      else interleave(
        f, { planes: channels, count: width, plane, pixel, planePitch: 4 * height * width, pixelPitch: 4 * channels, direction },
      );
    });
  });
  return { name, parts: height, emit };
}

/** An image from planar [channels, height, width] to NHWC. The function's arguments: y, x, begin row, end row. */
export function fromPlanarKernel(output: Layout): Kernel {
  return planar(`x32_nchw_to_nhwc_${layoutName(output)}`, output, "to pixels");
}

/** An image from NHWC to planar [channels, height, width]. The function's arguments: y, x, begin row, end row. */
export function toPlanarKernel(input: Layout): Kernel {
  return planar(`x32_nhwc_to_nchw_${layoutName(input)}`, input, "to planes");
}

/** The channels of all inputs one after the other. The function's arguments: y, as many inputs, begin row, end row. */
export function concatKernel(output: Layout, inputs: readonly Layout[]): Kernel {
  const name = `x32_concat_${[output, ...inputs].map(layoutName).join("_")}`;
  inputs.forEach((input, i) => checkSameSize(name, { ...output, channels: input.channels }, { [`input ${i}`]: input }));
  const channels = inputs.reduce((sum, input) => sum + input.channels, 0);
  if (channels !== output.channels) throw new RangeError(`${name}: wants inputs of ${output.channels} channels together, got ${channels}`);
  const names = inputs.map((_, i) => `x${i}`);
  const params: Record<string, "i32"> = {
    y: "i32", ...Object.fromEntries(names.map((x) => [x, "i32" as const])), begin: "i32", end: "i32",
  };
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, given) => {
    const value = f.local.v128("value");
    const to = f.local.i32("to");
    const streams = inputs.map((input, i) => rowStream(given[names[i]], input));
    overRows(f, given.begin, given.end, [{ pointer: given.y, pitch: rowBytes(output), moved: 0 }, ...streams], () => {
      let first = 0;
      inputs.forEach((input, i) => {
        f.local.get(given.y);
        f.i32.const(4 * first);
        f.i32.add();
        f.local.set(to);
        repeat(f, output.width, () => {
          copyRun(f, input.channels, to, given[names[i]], value);
          f.local.increase(to, 4 * (output.channels - input.channels));
        });
        first += input.channels;
      });
    });
  });
  return { name, parts: output.height, emit };
}

/**
 * The channels as [groups, size] become [size, groups] (ShuffleNet, arXiv 1707.01083, section 3.1). The function's arguments: y, x, begin
 * row, end row; y is another image than x.
 */
export function channelShuffleKernel(output: Layout, input: Layout, groups: number): Kernel {
  const name = `x32_shuffle_g${groups}_${layoutName(output)}_${layoutName(input)}`;
  checkSameSize(name, output, { input });
  const { channels, width } = input;
  if (channels % groups !== 0) throw new RangeError(`${name}: groups wants a divisor of ${channels} channels, got ${groups}`);
  const size = channels / groups;
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { y: "i32", x: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, { y, x, begin, end }) => {
    overRows(f, begin, end, [rowStream(y, output), rowStream(x, input)], () => {
      repeat(f, width, () => {
        interleave(
          f, { planes: groups, count: size, plane: x, pixel: y, planePitch: 4 * size, pixelPitch: 4 * groups, direction: "to pixels" },
        );
        for (const pointer of [x, y]) f.local.increase(pointer, 4 * channels);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/**
 * What stands for zero around an image, whose interior stays. The function's arguments: x, begin, end; parts are its rows, those of the
 * halo included. Pixels are whole words of 4 bytes.
 */
export function clearHaloKernel(layout: Layout): Kernel {
  const { width, height, halo, border = 0 } = layout;
  const [pitch, pixel] = [rowBytes(layout), pixelBytes(layout)];
  const name = `x32_clear_halo_${layoutName(layout)}${border === 0 ? "" : `_${border}`}`;
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { x: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, { x, begin, end }) => {
    if (halo === 0) return;
    const [zero, row] = [f.local.v128("zero"), f.local.i32("row")];
    if (border !== 0) {
      f.i32.const(border * 0x01010101);
      f.i32x4.splat();
      f.local.set(zero);
    }
    const clear = (bytes: number): void => overFloats(
      f, bytes / 4, [row], UNROLL, (offset, count) => storeLanes(f, row, zero, offset, count),
    );
    f.local.decrease(x, interiorBytes(layout));
    overRows(f, begin, end, [{ pointer: x, pitch, moved: 0 }], () => {
      f.local.get(x);
      f.local.set(row);
      f.local.get(begin);
      f.i32.const(halo);
      f.i32.sub();
      f.i32.const(height);
      f.i32.lt_u();
      f.if(() => {
        clear(halo * pixel);
        f.local.increase(row, width * pixel);
        clear(halo * pixel);
      }, () => clear(pitch));
    });
  });
  return { name, parts: height + 2 * halo, emit };
}
