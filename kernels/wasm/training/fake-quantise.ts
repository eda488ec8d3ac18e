/**
 * Rounding in training and its straight-through gradient, on four numbers at once: kernels/reference/quantised/fake-quantise.ts, to the
 * bit. Numbers to be rounded are below 2^22.
 */
import { checkSameSize } from "../operations/elementwise.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { overBatchRows, overPixels } from "../shared/rows.ts";
import type { Stream } from "../shared/rows.ts";

type I32 = Local<"i32">;
type Vector = Local<"v128">;

/** 1.5 * 2^23: what it is added to is rounded to a whole number, halves to even. */
const MAGIC = 12582912;

interface Limits {
  readonly least: Vector;
  readonly most: Vector;
  readonly zero: Vector;
}

/** Loads the limits into vectors, once. */
function limitsAt(f: FunctionBuilder, at: I32): Limits {
  const [least, most, zero] = ["least", "most", "zero"].map((name, i) => {
    const vector = f.local.v128(name);
    f.local.get(at);
    f.v128.load32_splat(4 * i);
    f.local.set(vector);
    return vector;
  });
  return { least, most, zero };
}

/** t = x + offset, and hard swish of it, where `factor` is given. @param into receives t; @param before what it was before hard swish */
function emitSteps(
  f: FunctionBuilder, { zero }: Limits, factor: I32 | undefined, at: number, count: number, into: Vector, before: Vector,
): void {
  const { local, f32x4 } = f;
  if (factor === undefined) {
    local.set(into);
    return;
  }
  local.tee(before);
  local.get(before);
  f32x4.const(3);
  f32x4.add();
  f32x4.const(0);
  f32x4.pmax();
  f32x4.const(6);
  f32x4.pmin();
  f32x4.mul();
  loadLanes(f, factor, at, count);
  f32x4.mul();
  local.get(zero);
  f32x4.add();
  local.set(into);
}

interface Emission {
  readonly name: string;
  readonly batch: number;
  readonly images: Readonly<Record<string, Layout>>;
  readonly hardSwish: boolean;
  /** @param chunk has what emits `count` numbers, `at` bytes past the pointers, of which t and what it was before are known */
  readonly body: (f: FunctionBuilder, limits: Limits, t: Vector, before: Vector) => (
    pointers: readonly I32[], factor: I32 | undefined, at: number, count: number) => void;
  /** Which of the images x is. */
  readonly x: number;
}

function kernelOf({ name, batch, images, hardSwish, body, x }: Emission): Kernel {
  const layouts = Object.values(images);
  const names = [...Object.keys(images), "offset", "limits", ...(hardSwish ? ["factor"] : []), "begin", "end"];
  const params = Object.fromEntries(names.map((each) => [each, "i32" as const]));
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, all) => {
    const p = all as Readonly<Record<string, I32>>;
    const [t, before] = [f.local.v128("t"), f.local.v128("before")];
    const limits = limitsAt(f, p.limits);
    const chunk = body(f, limits, t, before);
    const factor = hardSwish ? p.factor : undefined;
    const streams: Stream[] = Object.entries(images).map(([each, layout]) => ({ base: p[each], layout }));
    overBatchRows(f, p.begin, p.end, streams, (pointers) => {
      overPixels(f, layouts[0], pointers, [p.offset, ...(factor === undefined ? [] : [factor])], 2, (at, count) => {
        loadLanes(f, pointers[x], at, count);
        loadLanes(f, p.offset, at, count);
        f.f32x4.add();
        emitSteps(f, limits, factor, at, count, t, before);
        chunk(pointers, factor, at, count);
      });
    });
  });
  return { name, parts: batch * layouts[0].height, emit };
}

/**
 * Whole steps of y. The function's arguments: y, x, offset ([channels]), limits ([least, most, zero]), factor ([channels], with hard swish
 * only), begin, end; parts are rows of all images. y may be x.
 */
export function fakeQuantiseKernel(batch: number, y: Layout, x: Layout, hardSwish: boolean): Kernel {
  const name = `f32_fake_quantise_${hardSwish ? "hard_swish_" : ""}n${batch}_${layoutName(y)}_${layoutName(x)}`;
  checkSameSize(name, y, { x });
  return kernelOf({
    name, batch, images: { y, x }, hardSwish, x: 1,
    body: (f, { least, most, zero }, t) => ([to], _, at, count) => {
      const { local, f32x4 } = f;
      // Of two numbers pmax takes the second where that is larger, and pmin where it is smaller: NaN goes in second, and is left out.
      local.get(least);
      local.get(t);
      f32x4.pmax();
      local.set(t);
      local.get(most);
      local.get(t);
      f32x4.pmin();
      f32x4.const(MAGIC);
      f32x4.add();
      f32x4.const(MAGIC);
      f32x4.sub();
      local.get(zero);
      f32x4.sub();
      local.set(t);
      storeLanes(f, to, t, at, count);
    },
  });
}

/**
 * dx = (or, accumulating, +=) dy where t was not cut, times hard swish's slope. The function's arguments: dx, x, dy, offset, limits, factor
 * (with hard swish only), begin, end; parts are rows of all images. dx may be dy.
 */
export function fakeQuantiseGradientKernel(
  batch: number, dx: Layout, x: Layout, dy: Layout, hardSwish: boolean, accumulate: boolean,
): Kernel {
  const name = `f32_fake_quantise_gradient_${accumulate ? "add_" : ""}${hardSwish ? "hard_swish_" : ""}n${batch}_`
    + [dx, x, dy].map(layoutName).join("_");
  checkSameSize(name, dx, { x, dy });
  return kernelOf({
    name, batch, images: { dx, x, dy }, hardSwish, x: 1,
    body: (f, { least, most }, t, before) => ([to, , from], factor, at, count) => {
      const { local, f32x4, v128 } = f;
      loadLanes(f, from, at, count);
      if (factor !== undefined) {
        // 2 t + 3, cut above 3 to 6; nothing below -3.
        local.get(before);
        local.get(before);
        f32x4.add();
        f32x4.const(3);
        f32x4.add();
        f32x4.const(6);
        local.get(before);
        f32x4.const(3);
        f32x4.lt();
        v128.bitselect();
        local.get(before);
        f32x4.const(3);
        f32x4.add();
        f32x4.const(0);
        f32x4.gt();
        v128.and();
        loadLanes(f, factor, at, count);
        f32x4.mul();
        f32x4.mul();
      }
      local.get(t);
      local.get(least);
      f32x4.ge();
      v128.and();
      local.get(t);
      local.get(most);
      f32x4.le();
      v128.and();
      if (accumulate) {
        loadLanes(f, to, at, count);
        f32x4.add();
      }
      local.set(t);
      storeLanes(f, to, t, at, count);
    },
  });
}
