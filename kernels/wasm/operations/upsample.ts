/**
 * Resizing of images, nearest and bilinear, as the reference defines it. Where an output falls is reckoned in double precision while
 * the kernel runs, by the reference's formulas; the four pixels of the bilinear one are weighed in float32.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { checkChannels, pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats, overRows, repeat, rowStream } from "../shared/loops.ts";

const UNROLL = 4;

/** base + index * pitch, where `index` leaves a whole number. */
function address(f: FunctionBuilder, to: Local<"i32">, base: Local<"i32">, pitch: number, index: () => void): void {
  index();
  f.i32.const(pitch);
  f.i32.mul();
  f.local.get(base);
  f.i32.add();
  f.local.set(to);
}

/** y[oh, ow] = x[floor(oh * in / out), floor(ow * in / out)]. The function's arguments: y, x, begin row, end row (of the output). */
export function upsampleNearestKernel(output: Layout, input: Layout): Kernel {
  const name = `x32_nearest_${layoutName(output)}_${layoutName(input)}`;
  checkChannels(name, output, input);
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { y: "i32", x: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, { y, x, begin, end }) => {
    const value = f.local.v128("value");
    const [row, column, from] = ["row", "column", "source"].map((local) => f.local.i32(local));
    const nearest = (index: Local<"i32">, inSize: number, outSize: number): void => {
      f.local.get(index);
      f.i32.const(inSize);
      f.i32.mul();
      f.i32.const(outSize);
      f.i32.div_u();
    };
    overRows(f, begin, end, [rowStream(y, output)], () => {
      address(f, row, x, rowBytes(input), () => nearest(begin, input.height, output.height));
      f.i32.const(0);
      f.local.set(column);
      repeat(f, output.width, () => {
        address(f, from, row, pixelBytes(input), () => nearest(column, input.width, output.width));
        overFloats(f, output.channels, [y, from], UNROLL, (offset, count) => {
          loadLanes(f, from, offset, count);
          f.local.set(value);
          storeLanes(f, y, value, offset, count);
        });
        f.local.increase(column, 1);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/** The two pixels between which an output falls, along one axis, and their weights, each copied to all lanes. */
export interface Between {
  readonly first: Local<"i32">;
  readonly second: Local<"i32">;
  readonly firstWeight: Local<"v128">;
  readonly secondWeight: Local<"v128">;
}

export function between(f: FunctionBuilder, axis: string): Between {
  const [first, second] = f.local.array("i32", axis, 2);
  const [firstWeight, secondWeight] = f.local.array("v128", `${axis}Weight`, 2);
  return { first, second, firstWeight, secondWeight };
}

/** Emits where output `index` falls; the two become addresses. */
export function locate(
  f: FunctionBuilder, to: Between, index: Local<"i32">, sizes: readonly [number, number], alignCorners: boolean, base: Local<"i32">,
  pitch: number,
): void {
  const { local, i32, f64, f32, f32x4 } = f;
  const [inSize, outSize] = sizes;
  const position = local.f64("position");
  const whole = local.i32("whole");
  local.get(index);
  f64.convert_i32_u();
  if (alignCorners) {
    f64.const(outSize === 1 ? 0 : inSize - 1);
    f64.mul();
    f64.const(Math.max(outSize - 1, 1));
    f64.div();
  } else {
    f64.const(0.5);
    f64.add();
    f64.const(inSize);
    f64.mul();
    f64.const(outSize);
    f64.div();
    f64.const(0.5);
    f64.sub();
    f64.const(0);
    f64.max();
  }
  local.tee(position);
  i32.trunc_sat_f64_s();
  local.set(whole);
  local.get(position);
  local.get(whole);
  f64.convert_i32_s();
  f64.sub();
  local.tee(position);
  f32.demote_f64();
  f32x4.splat();
  local.set(to.secondWeight);
  f64.const(1);
  local.get(position);
  f64.sub();
  f32.demote_f64();
  f32x4.splat();
  local.set(to.firstWeight);
  address(f, to.first, base, pitch, () => local.get(whole));
  local.get(to.first);
  i32.const(pitch);
  i32.const(0);
  local.get(whole);
  i32.const(inSize - 1);
  i32.lt_s();
  f.select();
  i32.add();
  local.set(to.second);
}

/** The function's arguments: y, x, begin row, end row (of the output). */
export function upsampleBilinearKernel(output: Layout, input: Layout, alignCorners: boolean): Kernel {
  const name = `f32_bilinear${alignCorners ? "_corners" : ""}_${layoutName(output)}_${layoutName(input)}`;
  checkChannels(name, output, input);
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { y: "i32", x: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, { y, x, begin, end }) => {
    const { local, f32x4, i32 } = f;
    const value = local.v128("value");
    const column = local.i32("column");
    const [rows, columns] = [between(f, "row"), between(f, "column")];
    const [a, b, c, d] = ["topLeft", "topRight", "bottomLeft", "bottomRight"].map((corner) => local.i32(corner));
    const mix = (first: () => void, second: () => void, { firstWeight, secondWeight }: Between): void => {
      first();
      local.get(firstWeight);
      f32x4.mul();
      second();
      local.get(secondWeight);
      f32x4.mul();
      f32x4.add();
    };
    overRows(f, begin, end, [rowStream(y, output)], () => {
      locate(f, rows, begin, [input.height, output.height], alignCorners, x, rowBytes(input));
      i32.const(0);
      local.set(column);
      repeat(f, output.width, () => {
        locate(f, columns, column, [input.width, output.width], alignCorners, rows.first, pixelBytes(input));
        for (const [from, to] of [[columns.first, a], [columns.second, b]]) {
          local.get(from);
          local.set(to);
        }
        for (const [upper, lower] of [[a, c], [b, d]]) {
          local.get(upper);
          local.get(rows.second);
          i32.add();
          local.get(rows.first);
          i32.sub();
          local.set(lower);
        }
        overFloats(f, output.channels, [y, a, b, c, d], 1, (offset, count) => {
          const load = (pointer: Local<"i32">) => (): void => loadLanes(f, pointer, offset, count);
          mix(() => mix(load(a), load(b), columns), () => mix(load(c), load(d), columns), rows);
          local.set(value);
          storeLanes(f, y, value, offset, count);
        });
        local.increase(column, 1);
      });
    });
  });
  return { name, parts: output.height, emit };
}
