/**
 * Rows and columns around images: of one number, of the nearest pixel, reflected at the edge pixel, or of the other side. Which row of x is
 * meant is reckoned
 * while the kernel runs, which columns when it is emitted.
 */
import { padSource } from "../../reference/joining/pad.ts";
import type { PadMode, PadShape } from "../../shapes.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { address, offset, set } from "../shared/addresses.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { imageBytes, rowBytes, rowPitch } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats, overRows, range, repeat } from "../shared/loops.ts";

type I32 = Local<"i32">;

/** Columns at the sides beyond which no kernel is emitted: each has instructions of its own. */
const MOST_COLUMNS = 64;

/** Has it a kernel? Not where padding is wider than the image, or very wide. */
export function isPadded({ mode, inHeight, inWidth, outHeight, outWidth, top, left }: PadShape): boolean {
  const [bottom, right] = [outHeight - inHeight - top, outWidth - inWidth - left];
  const most = mode === "reflect" ? 1 : 0;
  const inside = mode === "constant" || (Math.max(top, bottom) <= inHeight - most && Math.max(left, right) <= inWidth - most);
  return inside && Math.min(top, left, bottom, right) >= 0 && (mode === "constant" || left + right <= MOST_COLUMNS);
}

function padName(what: string, shape: PadShape, layouts: readonly Layout[]): string {
  const { mode, value, top, left } = shape;
  return `${what}_${mode}${mode === "constant" ? value : ""}_t${top}l${left}_${layouts.map(layoutName).join("_")}`;
}

function checkPad(name: string, shape: PadShape, padded: Layout, image: Layout): void {
  const wanted = `${shape.outHeight}x${shape.outWidth} of ${shape.inHeight}x${shape.inWidth}`;
  const got = `${padded.height}x${padded.width} of ${image.height}x${image.width}`;
  if (wanted === got && padded.channels === image.channels && isPadded(shape)) return;
  throw new RangeError(`${name}: wants ${wanted}, got ${got}`);
}

/** row = the row of x under row `index` of y, or one outside of x, which constant padding alone leaves. */
function sourceRow(f: FunctionBuilder, row: I32, index: I32, { mode, inHeight, top }: PadShape): void {
  const { local, i32 } = f;
  set(f, row, index, -top);
  /** Where the row lies outside at this end. */
  const beyond = (end: "before" | "after", mend: () => void): void => {
    local.get(row);
    i32.const(end === "before" ? 0 : inHeight);
    if (end === "before") i32.lt_s();
    else i32.ge_s();
    f.if(mend);
  };
  const mirrored = (sum: number) => (): void => {
    i32.const(sum);
    local.get(row);
    i32.sub();
    local.set(row);
  };
  const set0 = (value: number) => (): void => {
    i32.const(value);
    local.set(row);
  };
  const mends: Record<Exclude<PadMode, "constant">, readonly [() => void, () => void]> = {
    edge: [set0(0), set0(inHeight - 1)],
    reflect: [mirrored(0), mirrored(2 * (inHeight - 1))],
    wrap: [() => local.increase(row, inHeight), () => local.decrease(row, inHeight)],
  };
  if (mode === "constant") return;
  beyond("before", mends[mode][0]);
  beyond("after", mends[mode][1]);
}

/** Leaves whether the row lies inside of x. */
function inside(f: FunctionBuilder, row: I32, { inHeight }: PadShape): void {
  f.local.get(row);
  f.i32.const(inHeight);
  f.i32.lt_u();
}

/**
 * The function's arguments: y, x, begin row, end row. @throws RangeError where the layouts are not the shape's, or the padding is too wide
 */
export function padKernel(output: Layout, input: Layout, shape: PadShape): Kernel {
  const name = padName("f32_pad", shape, [output, input]);
  checkPad(name, shape, output, input);
  const { channels } = input;
  const { mode, inWidth, outWidth, left, value: number } = shape;
  const right = outWidth - inWidth - left;
  const params = { y: "i32", x: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, begin, end }) => {
    const value = f.local.v128("value");
    const [row, first, from] = ["row", "first", "from"].map((each) => f.local.i32(each));
    const copy = (floats: number): void => overFloats(f, floats, [y, from], 4, (at, count) => {
      loadLanes(f, from, at, count);
      f.local.set(value);
      storeLanes(f, y, value, at, count);
    });
    const fill = (floats: number): void => {
      if (floats === 0) return;
      f.f32x4.const(number);
      f.local.set(value);
      overFloats(f, floats, [y], 4, (at, count) => storeLanes(f, y, value, at, count));
    };
    const columns = (begun: number, count: number): void => {
      if (mode === "constant") return fill(count * channels);
      for (let j = begun; j < begun + count; j++) {
        set(f, from, first, 4 * channels * padSource(mode, inWidth, j - left));
        copy(channels);
      }
    };
    const line = (): void => {
      offset(f, first, x, row, rowBytes(input));
      columns(0, left);
      set(f, from, first);
      copy(inWidth * channels);
      columns(left + inWidth, right);
    };
    overRows(f, begin, end, [{ pointer: y, pitch: rowBytes(output), moved: 4 * outWidth * channels }], () => {
      sourceRow(f, row, begin, shape);
      if (mode !== "constant") return line();
      inside(f, row, shape);
      f.if(line, () => fill(outWidth * channels));
    });
  });
  return { name, parts: output.height, emit };
}

/** dx = (or, accumulating, +=) what of dy each pixel has become. Arguments: dx, dy, begin, end; parts are images. */
export function padGradientKernel(batch: number, dx: Layout, dy: Layout, shape: PadShape, accumulate: boolean): Kernel {
  const name = padName(`f32_pad_gradient_${accumulate ? "add_" : ""}n${batch}`, shape, [dx, dy]);
  checkPad(name, shape, dy, dx);
  const { channels } = dx;
  const { mode, inHeight, inWidth, outHeight, outWidth, left } = shape;
  const right = outWidth - inWidth - left;
  const emit: Kernel["emit"] = (m) => m.func(name, { params: { dx: "i32", dy: "i32", begin: "i32", end: "i32" }, export: true }, (f, p) => {
    const value = f.local.v128("value");
    const [image, line, row, index, first, from, to] = "image line row index first from to".split(" ").map((each) => f.local.i32(each));
    const add = (floats: number): void => overFloats(f, floats, [to, from], 4, (at, count) => {
      loadLanes(f, to, at, count);
      loadLanes(f, from, at, count);
      f.f32x4.add();
      f.local.set(value);
      storeLanes(f, to, value, at, count);
    });
    const columns = (begun: number, count: number): void => {
      for (let j = begun; j < begun + count; j++) {
        set(f, to, first, 4 * channels * padSource(mode, inWidth, j - left));
        add(channels);
      }
    };
    range(f, p.begin, p.end, () => {
      offset(f, image, p.dx, p.begin, imageBytes(dx));
      offset(f, line, p.dy, p.begin, imageBytes(dy));
      if (!accumulate) {
        set(f, to, image);
        f.f32x4.const(0);
        f.local.set(value);
        repeat(f, inHeight, () => {
          overFloats(f, inWidth * channels, [to], 4, (at, count) => storeLanes(f, to, value, at, count));
          f.local.increase(to, 4 * (rowPitch(dx) - inWidth * channels));
        });
      }
      f.i32.const(0);
      f.local.set(index);
      range(f, index, outHeight, () => {
        sourceRow(f, row, index, shape);
        inside(f, row, shape);
        f.if(() => {
          address(f, image, 0, row, rowBytes(dx));
          f.local.set(first);
          set(f, from, line, mode === "constant" ? 4 * channels * left : 0);
          if (mode !== "constant") columns(0, left);
          set(f, to, first);
          add(inWidth * channels);
          if (mode !== "constant") columns(left + inWidth, right);
        });
        f.local.increase(line, rowBytes(dy));
      });
    });
  });
  return { name, parts: batch, emit };
}
