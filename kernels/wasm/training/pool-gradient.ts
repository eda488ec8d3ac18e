/**
 * Gradients of pooling and of nearest upsampling: each pixel of dy goes back to the pixels of its window in dx. Windows may overlap, so
 * parts are images, and dx is cleared first unless it is added to; windows come row by row, left to right.
 *
 * Max pooling keeps no positions: the maximum is found again by comparing x with y, of equals the first, and NaN is where x is NaN.
 */
import type { Pool2dShape } from "../../shapes.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { imageBytes, pixelBytes, rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { assign, offset } from "../shared/addresses.ts";
import { range } from "../shared/loops.ts";

type I32 = Local<"i32">;

/** Where a window lies along an axis. */
interface Span {
  readonly first: I32;
  readonly end: I32;
  /** What it counts in the divisor of a mean. */
  readonly counted: I32;
}

/** Emits the span of window `index`. */
type SpanOf = (f: FunctionBuilder, span: Span, index: I32) => void;

/** value = min(value, limit), or max. */
function bound(f: FunctionBuilder, value: I32, limit: number, larger: boolean): void {
  const { local, i32 } = f;
  local.get(value);
  i32.const(limit);
  local.get(value);
  i32.const(limit);
  if (larger) i32.gt_s();
  else i32.lt_s();
  f.select();
  local.set(value);
}

/** to = a - b */
function difference(f: FunctionBuilder, to: I32, a: I32, b: I32): void {
  f.local.get(a);
  f.local.get(b);
  f.i32.sub();
  f.local.set(to);
}

/** @param countedPadding how much padding after the image counts in the divisor, undefined for none before it either */
function strided(size: number, kernel: number, stride: number, padding: number, countedPadding: number | undefined): SpanOf {
  return (f, { first, end, counted }, index) => {
    offset(f, first, index, index, stride - 1);
    f.local.decrease(first, padding);
    assign(f, end, first);
    f.local.increase(end, kernel);
    if (countedPadding !== undefined) {
      bound(f, end, size + countedPadding, false);
      difference(f, counted, end, first);
    }
    bound(f, end, size, false);
    bound(f, first, 0, true);
    if (countedPadding === undefined) difference(f, counted, end, first);
  };
}

/** From floor(index * size / windows) to ceil((index + 1) * size / windows), or one pixel only. */
function spread(size: number, windows: number, one: boolean): SpanOf {
  return (f, { first, end, counted }, index) => {
    const { local, i32 } = f;
    local.get(index);
    i32.const(size);
    i32.mul();
    i32.const(windows);
    i32.div_u();
    local.set(first);
    local.get(index);
    i32.const(1);
    i32.add();
    i32.const(size);
    i32.mul();
    i32.const(windows - 1);
    i32.add();
    i32.const(windows);
    i32.div_u();
    local.set(end);
    if (one) {
      assign(f, end, first);
      local.increase(end, 1);
    }
    difference(f, counted, end, first);
  };
}

interface Pooling {
  readonly name: string;
  readonly batch: number;
  readonly dx: Layout;
  readonly dy: Layout;
  readonly accumulate: boolean;
  readonly rows: SpanOf;
  readonly columns: SpanOf;
  /** Layouts of x and y, where the maximum is to be found. */
  readonly max?: readonly [Layout, Layout];
}

function poolGradient({ name, batch, dx, dy, accumulate, rows, columns, max }: Pooling): Kernel {
  if (dx.channels !== dy.channels) throw new RangeError(`${name}: dy wants ${dx.channels} channels, got ${dy.channels}`);
  const names = ["dx", ...(max === undefined ? [] : ["x", "y"]), "dy"];
  const layouts = [dx, ...(max ?? []), dy];
  const params = Object.fromEntries([...names, "begin", "end"].map((each) => [each, "i32" as const]));
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, all) => {
    const p = all as Readonly<Record<string, I32>>;
    const { local, i32, f32x4, v128 } = f;
    const at = Object.fromEntries(names.map((each) => [each, local.i32(`${each}_image`)]));
    const row = Object.fromEntries(names.map((each) => [each, local.i32(`${each}_row`)]));
    const span = (axis: string): Span => ({
      first: local.i32(`${axis}_first`), end: local.i32(`${axis}_end`), counted: local.i32(`${axis}_counted`),
    });
    const [down, across] = [span("row"), span("column")];
    const [oh, ow, channel, ih, iw, to, from] = ["oh", "ow", "channel", "ih", "iw", "to", "from"].map((each) => local.i32(each));
    const [share, best, found, mask, value] = ["share", "best", "found", "mask", "value"].map((each) => local.v128(each));
    const divisor = local.v128("divisor");
    /** All pixels of the window, for `count` channels. */
    const window = (count: number): void => {
      loadLanes(f, row.dy, 0, count);
      if (max === undefined) {
        local.get(divisor);
        f32x4.div();
      } else {
        loadLanes(f, row.y, 0, count);
        local.set(best);
        f32x4.const(0);
        local.set(found);
      }
      local.set(share);
      assign(f, ih, down.first);
      range(f, ih, down.end, () => {
        for (const [pointer, image, layout] of [[to, at.dx, dx], ...(max === undefined ? [] : [[from, at.x, max[0]] as const])] as const) {
          offset(f, pointer, image, ih, rowBytes(layout));
          offset(f, pointer, pointer, across.first, pixelBytes(dx));
          local.get(pointer);
          local.get(channel);
          i32.add();
          local.set(pointer);
        }
        assign(f, iw, across.first);
        range(f, iw, across.end, () => {
          loadLanes(f, to, 0, count);
          local.get(share);
          if (max !== undefined) {
            // Is it the maximum, and none was found before? Both are NaN together.
            loadLanes(f, from, 0, count);
            local.tee(value);
            local.get(best);
            f32x4.eq();
            local.get(value);
            local.get(value);
            f32x4.ne();
            v128.or();
            local.get(found);
            v128.andnot();
            local.tee(mask);
            v128.and();
            local.get(found);
            local.get(mask);
            v128.or();
            local.set(found);
            local.increase(from, pixelBytes(dx));
          }
          f32x4.add();
          local.set(value);
          storeLanes(f, to, value, 0, count);
          local.increase(to, pixelBytes(dx));
        });
      });
    };
    range(f, p.begin, p.end, () => {
      names.forEach((each, i) => offset(f, at[each], p[each], p.begin, imageBytes(layouts[i])));
      if (!accumulate) {
        assign(f, ih, 0);
        range(f, ih, dx.height, () => {
          offset(f, to, at.dx, ih, rowBytes(dx));
          local.get(to);
          i32.const(0);
          i32.const(dx.width * pixelBytes(dx));
          f.memory.fill();
        });
      }
      assign(f, oh, 0);
      range(f, oh, dy.height, () => {
        rows(f, down, oh);
        names.forEach((each, i) => {
          if (each === "dy" || each === "y") offset(f, row[each], at[each], oh, rowBytes(layouts[i]));
        });
        assign(f, ow, 0);
        range(f, ow, dy.width, () => {
          columns(f, across, ow);
          if (max === undefined) {
            local.get(down.counted);
            local.get(across.counted);
            i32.mul();
            f.f32.convert_i32_s();
            f32x4.splat();
            local.set(divisor);
          }
          assign(f, channel, 0);
          const next = (count: number): void => {
            window(count);
            local.increase(channel, 4 * count);
            local.increase(row.dy, 4 * count);
            if (max !== undefined) local.increase(row.y, 4 * count);
          };
          const whole = dx.channels - (dx.channels % 4);
          if (whole > 0) {
            f.doWhile(() => {
              next(4);
              local.get(channel);
              i32.const(4 * whole);
              i32.ne();
            });
          }
          if (dx.channels > whole) next(dx.channels - whole);
        });
      });
    });
  });
  return { name, parts: batch, emit };
}

function poolText(
  { kernelHeight, kernelWidth, strideHeight, strideWidth, paddingTop, paddingLeft, paddingBottom, paddingRight }: Pool2dShape,
): string {
  const end = paddingBottom === paddingTop && paddingRight === paddingLeft ? "" : `x${paddingBottom}x${paddingRight}`;
  return `k${kernelHeight}x${kernelWidth}_s${strideHeight}x${strideWidth}_p${paddingTop}x${paddingLeft}${end}`;
}

function spans(shape: Pool2dShape): { rows: SpanOf; columns: SpanOf } {
  const { inHeight, inWidth, kernelHeight, kernelWidth, strideHeight, strideWidth, countPadding } = shape;
  return {
    rows: strided(inHeight, kernelHeight, strideHeight, shape.paddingTop, countPadding ? shape.paddingBottom : undefined),
    columns: strided(inWidth, kernelWidth, strideWidth, shape.paddingLeft, countPadding ? shape.paddingRight : undefined),
  };
}

function checkPool(name: string, shape: Pool2dShape, input: Layout, output: Layout): void {
  const sizes = [shape.channels, shape.inHeight, shape.inWidth, shape.channels, shape.outHeight, shape.outWidth].join("x");
  const got = [input.channels, input.height, input.width, output.channels, output.height, output.width].join("x");
  if (sizes !== got) throw new RangeError(`${name}: the layouts want the shape's sizes ${sizes}, got ${got}`);
  if (shape.dilationHeight * shape.dilationWidth > 1) throw new RangeError(`${name}: dilation wants 1`);
}

/** Arguments: dx, x, y, dy, begin, end; parts are images. x and dx are of one size, y and dy. */
export function maxPoolGradientKernel(dx: Layout, x: Layout, y: Layout, dy: Layout, shape: Pool2dShape, accumulate: boolean): Kernel {
  const { batch } = shape;
  const name = `f32_maxpool_gradient_${accumulate ? "add_" : ""}n${batch}_${poolText(shape)}_${[dx, x, y, dy].map(layoutName).join("_")}`;
  checkPool(name, shape, dx, dy);
  checkPool(name, shape, x, y);
  return poolGradient({ name, batch, dx, dy, accumulate, ...spans({ ...shape, countPadding: false }), max: [x, y] });
}

/** Arguments: dx, dy, begin, end; parts are images. */
export function averagePoolGradientKernel(dx: Layout, dy: Layout, shape: Pool2dShape, accumulate: boolean): Kernel {
  const { batch } = shape;
  const how = `${accumulate ? "add_" : ""}${shape.countPadding ? "count_" : ""}`;
  const name = `f32_avgpool_gradient_${how}n${batch}_${poolText(shape)}_${layoutName(dx)}_${layoutName(dy)}`;
  checkPool(name, shape, dx, dy);
  return poolGradient({ name, batch, dx, dy, accumulate, ...spans(shape) });
}

/** Arguments: dx, dy, begin, end; parts are images. */
export function adaptiveAveragePoolGradientKernel(batch: number, dx: Layout, dy: Layout, accumulate: boolean): Kernel {
  const name = `f32_adaptive_avgpool_gradient_${accumulate ? "add_" : ""}n${batch}_${layoutName(dx)}_${layoutName(dy)}`;
  return poolGradient({
    name, batch, dx, dy, accumulate, rows: spread(dx.height, dy.height, false), columns: spread(dx.width, dy.width, false),
  });
}

/** Arguments: dx, dy, begin, end; parts are images. */
export function upsampleNearestGradientKernel(batch: number, dx: Layout, dy: Layout, accumulate: boolean): Kernel {
  const name = `f32_nearest_gradient_${accumulate ? "add_" : ""}n${batch}_${layoutName(dx)}_${layoutName(dy)}`;
  return poolGradient({
    name, batch, dx, dy, accumulate, rows: spread(dx.height, dy.height, true), columns: spread(dx.width, dy.width, true),
  });
}
