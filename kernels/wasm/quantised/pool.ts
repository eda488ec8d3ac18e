/**
 * Pools of bytes: the squeeze, and the largest or the mean byte of windows, 16 channels at a time.
 *
 * Longer than 300 lines: what windows share, clipping at the edges and counting, stands beside both kinds.
 */
import type { Kernel } from "../shared/kernel.ts";
import { pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { repeat } from "../shared/loops.ts";
import { LANES, byteFunction, byteLayoutName, emitPack, emitToWhole } from "./bytes.ts";
import type { ByteFunction, Pointer, Vector } from "./bytes.ts";
import { emitPanelAt, emitStorePanel } from "./floats.ts";

/** A row of more pixels could leave the sums of 16 bits: 127 * 516 is the most below 65,536. */
export const WIDEST = 516;

/**
 * [height, width, channels] bytes to [channels] float32: sum * factor[c] + offset[c]. Arguments: y, x, numbers (factors of all padded
 * channels, then offsets; a factor and an offset where all channels have the same), begin, end; parts are 16 channels.
 */
export function byteMeanKernel(x: Layout, same: boolean): Kernel {
  const name = `u7_mean_${same ? "one_" : ""}${byteLayoutName(x)}`;
  const params = { y: "i32", x: "i32", numbers: "i32", begin: "i32", end: "i32" } as const;
  const { channels, height, width } = x;
  const parts = Math.ceil(channels / LANES);
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, i32, v128, i16x8, i32x4, f32x4 } = f;
    const [row, pixel, to, numbers] = ["row", "pixel", "to", "numbers_at"].map((each) => local.i32(each));
    const sums = local.array("v128", "sum", 4);
    const [low, high, value] = ["low", "high", "value"].map((each) => local.v128(each));
    const at = (result: Pointer, base: Pointer, bytes: number): void => emitPanelAt(f, result, base, p.begin, bytes);
    f.while(() => {
      local.get(p.begin);
      local.get(p.end);
      i32.lt_s();
    }, () => {
      at(row, p.x, LANES);
      at(to, p.y, 4 * LANES);
      at(numbers, p.numbers, same ? 0 : 4 * LANES);
      for (const sum of sums) {
        i32x4.const(0);
        local.set(sum);
      }
      repeat(f as never, height, () => {
        for (const half of [low, high]) {
          i32x4.const(0);
          local.set(half);
        }
        local.get(row);
        local.set(pixel);
        repeat(f as never, width, () => {
          local.get(pixel);
          v128.load(0, 1);
          local.set(value);
          for (const half of [low, high]) {
            local.get(half);
            local.get(value);
            if (half === low) i16x8.extend_low_i8x16_u();
            else i16x8.extend_high_i8x16_u();
            i16x8.add();
            local.set(half);
          }
          local.increase(pixel, pixelBytes(x));
        });
        sums.forEach((sum, part) => {
          local.get(sum);
          local.get(part < 2 ? low : high);
          if (part % 2 === 0) i32x4.extend_low_i16x8_u();
          else i32x4.extend_high_i16x8_u();
          i32x4.add();
          local.set(sum);
        });
        local.increase(row, rowBytes(x));
      });
      sums.forEach((sum, part) => {
        local.get(sum);
        f32x4.convert_i32x4_s();
        local.get(numbers);
        if (same) v128.load32_splat(0);
        else v128.load(16 * part, 4);
        f32x4.mul();
        local.get(numbers);
        if (same) v128.load32_splat(4);
        else v128.load(16 * part + 4 * LANES * parts, 4);
        f32x4.add();
        local.set(sum);
      });
      emitStorePanel(f, to, sums, p.begin, channels);
      local.increase(p.begin, 1);
    });
  });
  return { name, parts, emit };
}

export interface PoolParams {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Above and left. */
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Undefined for the largest byte. */
  readonly mean: {
    readonly multiplier: number;
    readonly offset: number;
    /** The byte that counts outside of the image; undefined where nothing counts there. */
    readonly padding: number | undefined;
  } | undefined;
}

/** Arguments: y, x, begin, end; parts are rows. What of a window is outside of the image is passed over. */
export function bytePoolKernel(output: Layout, x: Layout, by: PoolParams): Kernel {
  const { kernel, stride, padding, dilation, mean } = by;
  const what = mean === undefined ? "max" : `mean_${mean.multiplier}_${mean.offset}_${mean.padding ?? "inside"}`;
  const window = `k${kernel.join("x")}s${stride.join("x")}p${padding.join("x")}d${dilation.join("x")}`;
  const name = `u7_pool_${what}_${byteLayoutName(output)}_${byteLayoutName(x)}_${window}`;
  const params = { y: "i32", x: "i32", begin: "i32", end: "i32" } as const;
  const [inPixel, outPixel] = [pixelBytes(x), pixelBytes(output)];
  const emit: Kernel["emit"] = (m) => byteFunction(m, name, params, (f, p) => {
    const { local, i32, v128, i8x16, i32x4, f32x4 } = f;
    const [to, column, chunk, top, left, at, place] =
      ["to", "column", "chunk", "top", "left", "at", "place"].map((each) => local.i32(each));
    const [firstRow, lastRow, firstColumn, lastColumn] =
      ["first_row", "last_row", "first_column", "last_column"].map((each) => local.i32(each));
    const [row, within] = [local.i32("row_of_window"), local.i32("column_of_window")];
    const [best, held, count, outside] = ["best", "held", "count", "outside"].map((each) => local.v128(each));
    const sums = local.array("v128", "sum", 4);
    const below = (index: Pointer, end: Pointer | number, step: number, body: () => void): void => {
      f.while(() => {
        local.get(index);
        if (typeof end === "number") i32.const(end);
        else local.get(end);
        i32.lt_s();
      }, () => {
        body();
        local.increase(index, step);
      });
    };
    /** Taps from `first` to before `last` of an axis are inside of the image, whose window begins at `start`. */
    const clip = (first: Pointer, last: Pointer, start: Pointer, size: number, taps: number, gap: number): void => {
      // first = ceil(max(0, -start) / gap), last = min(taps, ceil((size - start) / gap))
      local.get(start);
      i32.const(0);
      i32.lt_s();
      f.if(() => {
        i32.const(gap - 1);
        local.get(start);
        i32.sub();
        i32.const(gap);
        i32.div_u();
        local.set(first);
      }, () => {
        i32.const(0);
        local.set(first);
      });
      i32.const(size + gap - 1);
      local.get(start);
      i32.sub();
      i32.const(gap);
      i32.div_u();
      local.tee(last);
      i32.const(taps);
      local.get(last);
      i32.const(taps);
      i32.lt_s();
      f.select();
      local.set(last);
    };
    below(p.begin, p.end, 1, () => {
      local.get(p.y);
      local.get(p.begin);
      i32.const(rowBytes(output));
      i32.mul();
      i32.add();
      local.set(to);
      local.get(p.begin);
      i32.const(stride[0]);
      i32.mul();
      i32.const(padding[0]);
      i32.sub();
      local.set(top);
      clip(firstRow, lastRow, top, x.height, kernel[0], dilation[0]);
      i32.const(0);
      local.set(column);
      below(column, output.width, 1, () => {
        local.get(column);
        i32.const(stride[1]);
        i32.mul();
        i32.const(padding[1]);
        i32.sub();
        local.set(left);
        clip(firstColumn, lastColumn, left, x.width, kernel[1], dilation[1]);
        if (mean !== undefined) emitCount(f, count, outside, [firstRow, lastRow, firstColumn, lastColumn], kernel, mean);
        i32.const(0);
        local.set(chunk);
        below(chunk, outPixel, LANES, () => {
          i32x4.const(0);
          local.set(best);
          if (mean !== undefined) for (const sum of sums) {
            i32x4.const(0);
            local.set(sum);
          }
          local.get(firstRow);
          local.set(row);
          below(row, lastRow, 1, () => {
            // Of the first tap of the row: x + (top + row * gap) * row's bytes + left * pixel + chunk
            local.get(p.x);
            local.get(chunk);
            i32.add();
            local.get(row);
            i32.const(dilation[0]);
            i32.mul();
            local.get(top);
            i32.add();
            i32.const(rowBytes(x));
            i32.mul();
            i32.add();
            local.get(left);
            i32.const(inPixel);
            i32.mul();
            i32.add();
            local.set(at);
            local.get(firstColumn);
            local.set(within);
            below(within, lastColumn, 1, () => {
              local.get(at);
              local.get(within);
              i32.const(dilation[1] * inPixel);
              i32.mul();
              i32.add();
              local.set(place);
              if (mean === undefined) {
                local.get(place);
                v128.load(0, 1);
                local.get(best);
                i8x16.max_u();
                local.set(best);
                return;
              }
              for (const half of [0, 1]) {
                local.get(place);
                v128.load8x8_u(8 * half, 1);
                local.set(held);
                for (const each of [0, 1]) {
                  local.get(held);
                  if (each === 0) i32x4.extend_low_i16x8_u();
                  else i32x4.extend_high_i16x8_u();
                  local.get(sums[2 * half + each]);
                  i32x4.add();
                  local.set(sums[2 * half + each]);
                }
              }
            });
          });
          if (mean !== undefined) {
            for (const sum of sums) {
              local.get(sum);
              if (mean.padding !== undefined) {
                local.get(outside);
                i32x4.add();
              }
              f32x4.convert_i32x4_s();
              local.get(count);
              f32x4.mul();
              f32x4.const(mean.offset);
              f32x4.add();
              emitToWhole(f, { least: 0, most: 127 }, held);
              local.set(sum);
            }
          }
          local.get(to);
          local.get(chunk);
          i32.add();
          if (mean === undefined) local.get(best);
          else emitPack(f, sums);
          v128.store(0, 1);
        });
        local.increase(to, outPixel);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/** Sets `count` to multiplier / how many taps count, and `outside` to what those outside of the image add to a sum. */
function emitCount(
  f: ByteFunction, count: Vector, outside: Vector, [firstRow, lastRow, firstColumn, lastColumn]: readonly Pointer[],
  kernel: readonly [number, number], { multiplier, padding }: NonNullable<PoolParams["mean"]>,
): void {
  const { local, i32, f32x4, i32x4 } = f;
  const all = kernel[0] * kernel[1];
  const inside = (): void => {
    for (const [first, last] of [[firstRow, lastRow], [firstColumn, lastColumn]]) {
      local.get(last);
      local.get(first);
      i32.sub();
    }
    i32.mul();
  };
  f32x4.const(multiplier);
  if (padding === undefined) {
    inside();
    i32x4.splat();
    f32x4.convert_i32x4_s();
  } else {
    f32x4.const(all);
  }
  f32x4.div();
  local.set(count);
  if (padding === undefined) return;
  i32.const(all);
  inside();
  i32.sub();
  i32.const(padding);
  i32.mul();
  i32x4.splat();
  local.set(outside);
}
