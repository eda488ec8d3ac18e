/**
 * Images of other sizes, by tables that are read while the kernel runs: rows or columns as sums of others, or by their places alone. Parts
 * are rows.
 */
import type { Local } from "../../assembler/handles.ts";
import { address, offset, set } from "../../shared/addresses.ts";
import { layoutName } from "../../shared/kernel.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { loadLanes, storeLanes } from "../../shared/lanes.ts";
import { checkChannels, rowBytes, rowPitch } from "../../shared/layout.ts";
import type { Layout } from "../../shared/layout.ts";
import { overFloats, overRows, range } from "../../shared/loops.ts";

type I32 = Local<"i32">;

/**
 * Each row, or column, of y a sum over some of x: of taps starts[i] to starts[i + 1], weights[tap] times number places[tap]. The function's
 * arguments: y, x, starts, places (i32 both), weights (f32), begin row, end row. @throws RangeError where the other sizes differ
 */
export function resampleKernel(output: Layout, input: Layout, along: "rows" | "columns"): Kernel {
  const name = `f32_resample_${along}_${layoutName(output)}_${layoutName(input)}`;
  const rows = along === "rows";
  const same = rows ? output.width === input.width : output.height === input.height;
  if (!same || output.channels !== input.channels) throw new RangeError(`${name}: wants images that differ in ${along} alone`);
  const { channels, width } = output;
  const params = { y: "i32", x: "i32", starts: "i32", places: "i32", weights: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, starts, places, weights, begin, end }) => {
    const { local, i32, f32x4, v128 } = f;
    const [value, factor] = [local.v128("value"), local.v128("factor")];
    const [from, to, tap, last, place, index] = ["from", "to", "tap", "last", "place", "index"].map((each) => local.i32(each));
    /** to ... = the sum of the taps of line `line`, each `floats` floats that lie `pitch` floats times their place after `base`. */
    const sums = (line: I32, base: I32, pitch: number, floats: number): void => {
      set(f, to, y);
      f32x4.const(0);
      local.set(value);
      overFloats(f, floats, [to], 4, (at, count) => storeLanes(f, to, value, at, count));
      address(f, starts, 0, line, 4);
      local.tee(tap);
      i32.load(4);
      local.set(last);
      local.get(tap);
      i32.load();
      local.set(tap);
      range(f, tap, last, () => {
        address(f, places, 0, tap, 4);
        i32.load();
        local.set(place);
        address(f, weights, 0, tap, 4);
        v128.load32_splat();
        local.set(factor);
        offset(f, from, base, place, 4 * pitch);
        set(f, to, y);
        overFloats(f, floats, [to, from], 4, (at, count) => {
          loadLanes(f, to, at, count);
          loadLanes(f, from, at, count);
          local.get(factor);
          f32x4.mul();
          f32x4.add();
          local.set(value);
          storeLanes(f, to, value, at, count);
        });
      });
    };
    const yRows = { pointer: y, pitch: rowBytes(output) };
    if (rows) {
      overRows(f, begin, end, [{ ...yRows, moved: 0 }], () => sums(begin, x, rowPitch(input), width * channels));
      return;
    }
    overRows(f, begin, end, [{ ...yRows, moved: 4 * width * channels }, { pointer: x, pitch: rowBytes(input), moved: 0 }], () => {
      i32.const(0);
      local.set(index);
      range(f, index, width, () => {
        sums(index, x, channels, channels);
        local.increase(y, 4 * channels);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/** y[i, j] = x[rows[i], columns[j]], pixel by pixel. The function's arguments: y, x, rows, columns (i32 both), begin row, end row. */
export function gatherPixelsKernel(output: Layout, input: Layout): Kernel {
  const name = `x32_gather_pixels_${layoutName(output)}_${layoutName(input)}`;
  checkChannels(name, output, input);
  const { channels, width } = output;
  const params = { y: "i32", x: "i32", rows: "i32", columns: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, rows, columns, begin, end }) => {
    const { local, i32 } = f;
    const value = local.v128("value");
    const [line, from, place, index] = ["line", "from", "place", "index"].map((each) => local.i32(each));
    const placed = (table: I32, at: I32): void => {
      address(f, table, 0, at, 4);
      i32.load();
      local.set(place);
    };
    overRows(f, begin, end, [{ pointer: y, pitch: rowBytes(output), moved: 4 * width * channels }], () => {
      placed(rows, begin);
      offset(f, line, x, place, rowBytes(input));
      i32.const(0);
      local.set(index);
      range(f, index, width, () => {
        placed(columns, index);
        offset(f, from, line, place, 4 * channels);
        overFloats(f, channels, [y, from], 4, (at, count) => {
          loadLanes(f, from, at, count);
          local.set(value);
          storeLanes(f, y, value, at, count);
        });
      });
    });
  });
  return { name, parts: output.height, emit };
}
