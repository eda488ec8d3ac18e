/**
 * Pooling over windows: maximum, average and adaptive average. Windows are clipped to the image, so that neither padding nor the halo
 * counts as a value: a negative maximum stays one. Results equal the reference's to the bit: averages are summed in double
 * precision, a maximum is NaN where any pixel is.
 *
 * Which pixels a window covers is reckoned while the kernel runs, once an output pixel; then all channels are reduced, some vectors
 * at a time. Whole windows take a path of their own, in which the columns are unrolled.
 */
import type { Pool2dShape, ResizeShape } from "../../shapes.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { storeLanes } from "../shared/lanes.ts";
import { checkChannels, pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { chunks, overRows, repeat, rowStream } from "../shared/loops.ts";
import { maximum, mean } from "./reduce.ts";
import type { Reduction } from "./reduce.ts";

/** Vectors that are reduced together; with three columns their loads, maxima and temporaries fit into 15 registers. */
const VECTORS = 2;
/** The widest window whose columns are unrolled. */
const UNROLLED_COLUMNS = 3;

/**
 * A window along one axis, clipped to the image: from `first` up to, not including, `first` + `size`; `counted` is its part of the divisor.
 */
interface Span {
  readonly first: Local<"i32">;
  readonly size: Local<"i32">;
  readonly counted: Local<"i32">;
}

/** Emits the span of the window whose index is in `index`. */
type SpanOf = (f: FunctionBuilder, span: Span, index: Local<"i32">) => void;

interface Windows {
  readonly rows: SpanOf;
  readonly columns: SpanOf;
  /** The commonest window, [rows, columns], where there is one. */
  readonly whole: readonly [number, number] | undefined;
}

/** Leaves the smaller (or larger) of two whole numbers, each of which `emit` leaves on the stack; they are emitted twice. */
function least(f: FunctionBuilder, larger: boolean, first: () => void, second: () => void): void {
  first();
  second();
  first();
  second();
  if (larger) f.i32.gt_s();
  else f.i32.lt_s();
  f.select();
}

/** Windows of a fixed kernel and stride. */
/** @param countedPadding how much padding after the image counts in the divisor, undefined for none before it either */
function strided(size: number, kernel: number, stride: number, padding: number, countedPadding: number | undefined): SpanOf {
  return (f, { first, size: length, counted }, index) => {
    const start = f.local.i32("start");
    const { local, i32 } = f;
    local.get(index);
    i32.const(stride);
    i32.mul();
    i32.const(padding);
    i32.sub();
    local.tee(start);
    i32.const(kernel);
    i32.add();
    local.set(length); // for now, the end
    if (countedPadding !== undefined) {
      least(f, false, () => local.get(length), () => i32.const(size + countedPadding));
      local.get(start);
      i32.sub();
      local.set(counted);
    }
    least(f, true, () => local.get(start), () => i32.const(0));
    local.set(first);
    least(f, false, () => local.get(length), () => i32.const(size));
    local.get(first);
    i32.sub();
    local.set(length);
    if (countedPadding === undefined) {
      local.get(length);
      local.set(counted);
    }
  };
}

/** floor(o * in / out) up to ceil((o + 1) * in / out). */
function adaptive(inSize: number, outSize: number): SpanOf {
  return (f, { first, size, counted }, index) => {
    const { local, i32 } = f;
    local.get(index);
    i32.const(inSize);
    i32.mul();
    i32.const(outSize);
    i32.div_u();
    local.set(first);
    local.get(index);
    i32.const(1);
    i32.add();
    i32.const(inSize);
    i32.mul();
    i32.const(outSize - 1);
    i32.add();
    i32.const(outSize);
    i32.div_u();
    local.get(first);
    i32.sub();
    local.tee(size);
    local.set(counted);
  };
}

function span(f: FunctionBuilder, axis: string): Span {
  return { first: f.local.i32(`${axis}First`), size: f.local.i32(`${axis}s`), counted: f.local.i32(`${axis}sCounted`) };
}

/** The function's arguments: y, x, begin row, end row (of the output). */
function pooling(name: string, output: Layout, input: Layout, kind: "max" | "mean", windows: Windows): Kernel {
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { y: "i32", x: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, { y, x, begin, end }) => {
    const { local, i32 } = f;
    const [rows, columns] = [span(f, "row"), span(f, "column")];
    const column = local.i32("column");
    const divisor = local.v128("divisor");
    const pixel = local.i32("pixel");
    const top = local.i32("top");
    const reduction = kind === "mean" ? mean(f, VECTORS, divisor) : maximum(f, VECTORS);
    overRows(f, begin, end, [rowStream(y, output)], () => {
      windows.rows(f, rows, begin);
      local.get(rows.first);
      i32.const(rowBytes(input));
      i32.mul();
      local.get(x);
      i32.add();
      local.set(top);
      i32.const(0);
      local.set(column);
      repeat(f, output.width, () => {
        windows.columns(f, columns, column);
        local.get(columns.first);
        i32.const(pixelBytes(input));
        i32.mul();
        local.get(top);
        i32.add();
        local.set(pixel);
        if (kind === "mean") {
          local.get(rows.counted);
          local.get(columns.counted);
          i32.mul();
          f.f64.convert_i32_s();
          f.f64x2.splat();
          local.set(divisor);
        }
        const reduce = (unrolled: number): void => reduceWindow(
          f, { input, reduction, y, pixel, rows: rows.size, columns: columns.size, unrolled },
        );
        const { whole } = windows;
        if (whole === undefined || whole[1] > UNROLLED_COLUMNS) {
          reduce(0);
        } else {
          local.get(columns.size);
          i32.const(whole[1]);
          i32.eq();
          f.if(() => reduce(whole[1]), () => reduce(0));
        }
        local.increase(y, pixelBytes(output));
        local.increase(column, 1);
      });
    });
  });
  return { name, parts: output.height, emit };
}

interface Window {
  readonly input: Layout;
  readonly reduction: Reduction;
  /** Stays as it is. */
  readonly y: Local<"i32">;
  /** The window's first pixel; is used up. */
  readonly pixel: Local<"i32">;
  readonly rows: Local<"i32">;
  readonly columns: Local<"i32">;
  /** How many columns, where it is known and few; else 0. */
  readonly unrolled: number;
}

/** All channels of one window. */
function reduceWindow(f: FunctionBuilder, { input, reduction, y, pixel, rows, columns, unrolled }: Window): void {
  const { local } = f;
  const value = local.v128("value");
  const [pointer, rowsLeft, columnsLeft, out] = ["pointer", "rowsLeft", "columnsLeft", "out"].map((name) => local.i32(name));
  const group = (count: number): void => {
    const take = (extra: number): void => chunks(count, (offset, lanes) => reduction.take(offset / 16, pointer, offset + extra, lanes));
    chunks(count, (offset) => reduction.begin(offset / 16));
    local.get(pixel);
    local.set(pointer);
    local.get(rows);
    local.set(rowsLeft);
    f.countDown(rowsLeft, () => {
      if (unrolled > 0) {
        for (let i = 0; i < unrolled; i++) take(pixelBytes(input) * i);
        local.increase(pointer, rowBytes(input));
      } else {
        local.get(columns);
        local.set(columnsLeft);
        f.countDown(columnsLeft, () => {
          take(0);
          local.increase(pointer, pixelBytes(input));
        });
        local.get(columns);
        f.i32.const(-pixelBytes(input));
        f.i32.mul();
        f.i32.const(rowBytes(input));
        f.i32.add();
        local.get(pointer);
        f.i32.add();
        local.set(pointer);
      }
    });
    chunks(count, (offset, lanes) => {
      reduction.end(offset / 16, lanes);
      local.set(value);
      storeLanes(f, out, value, offset, lanes);
    });
  };
  local.get(y);
  local.set(out);
  const step = 4 * VECTORS;
  const blocks = Math.floor(input.channels / step);
  if (blocks > 0) {
    repeat(f, blocks, () => {
      group(step);
      local.increase(pixel, 4 * step);
      local.increase(out, 4 * step);
    });
  }
  if (input.channels % step > 0) group(input.channels % step);
}

function checkImages(name: string, output: Layout, input: Layout, shape: Pool2dShape | ResizeShape): void {
  checkChannels(name, output, input);
  const { channels, inHeight, inWidth, outHeight, outWidth } = shape;
  const wanted = `${inHeight}x${inWidth} to ${outHeight}x${outWidth}, ${channels} channels`;
  const got = `${input.height}x${input.width} to ${output.height}x${output.width}, ${input.channels} channels`;
  if (wanted !== got) throw new RangeError(`${name}: layouts want ${wanted}, got ${got}`);
}

function windowsOf(shape: Pool2dShape, countPadding: boolean): Windows {
  return {
    rows: strided(shape.inHeight, shape.kernelHeight, shape.strideHeight, shape.paddingTop, countPadding ? shape.paddingBottom : undefined),
    columns: strided(shape.inWidth, shape.kernelWidth, shape.strideWidth, shape.paddingLeft, countPadding ? shape.paddingRight : undefined),
    whole: [shape.kernelHeight, shape.kernelWidth],
  };
}

function poolName(kind: string, output: Layout, input: Layout, s: Pool2dShape): string {
  const end = s.paddingBottom === s.paddingTop && s.paddingRight === s.paddingLeft ? "" : `x${s.paddingBottom}x${s.paddingRight}`;
  const window = `k${s.kernelHeight}x${s.kernelWidth}s${s.strideHeight}x${s.strideWidth}p${s.paddingTop}x${s.paddingLeft}${end}`;
  return `f32_${kind}_${window}_${layoutName(output)}_${layoutName(input)}`;
}

/** @throws RangeError where the layouts are not the shape's */
export function maxPoolKernel(output: Layout, input: Layout, shape: Pool2dShape): Kernel {
  const name = poolName("maxpool", output, input, shape);
  checkImages(name, output, input, shape);
  return pooling(name, output, input, "max", windowsOf(shape, false));
}

/** @throws RangeError where the layouts are not the shape's */
export function averagePoolKernel(output: Layout, input: Layout, shape: Pool2dShape): Kernel {
  const name = poolName(shape.countPadding ? "avgpool" : "avgpool_inside", output, input, shape);
  checkImages(name, output, input, shape);
  return pooling(name, output, input, "mean", windowsOf(shape, shape.countPadding));
}

/** From the input's size to the output's. @throws RangeError where the channels differ */
export function adaptiveAveragePoolKernel(output: Layout, input: Layout): Kernel {
  const name = `f32_adaptive_avgpool_${layoutName(output)}_${layoutName(input)}`;
  checkChannels(name, output, input);
  const even = input.height % output.height === 0 && input.width % output.width === 0;
  return pooling(name, output, input, "mean", {
    rows: adaptive(input.height, output.height),
    columns: adaptive(input.width, output.width),
    whole: even ? [input.height / output.height, input.width / output.width] : undefined,
  });
}
