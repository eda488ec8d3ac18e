/**
 * Gradients of Squeeze-and-Excitation's scale, y = relu(gate[channel] * x + residual) (relu and residual where there are any), and of the
 * squeeze, the mean of each channel's image; both ways into x in one pass:
 *
 *   dz = dy, where relu was open (y > 0);  dresidual = dz
 *   dgate = sum over pixels of dz * x
 *   dx = gate * dz + dmean / pixels
 *
 * dmean is known only when dgate has gone back through the excitation, hence two kernels.
 */
import { checkSameSize } from "../operations/elementwise.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { imagePitch } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { sumKernel } from "./channel-sums.ts";
import { offset } from "../shared/addresses.ts";
import { overBatchRows, overPixels } from "../shared/rows.ts";

type I32 = Local<"i32">;
type Vector = Local<"v128">;

/** Leaves dy where y > 0 (or NaN), else 0. */
function open(f: FunctionBuilder, dy: I32, y: I32 | undefined, at: number, count: number): void {
  loadLanes(f, dy, at, count);
  if (y === undefined) return;
  loadLanes(f, y, at, count);
  f.f32x4.const(0);
  f.f32x4.le();
  f.v128.andnot();
}

/**
 * dgate[n,c] = sum over pixels of dz * x, in double precision. Arguments: dgate ([batch][channels] float32, overwritten), x, dy, y (where
 * its layout is given: relu's mask), begin, end; parts are images.
 */
export function gateGradientKernel(batch: number, x: Layout, dy: Layout, y?: Layout): Kernel {
  const name = `f32_gate_gradient_n${batch}_${layoutName(x)}_${layoutName(dy)}${y === undefined ? "" : `_relu_${layoutName(y)}`}`;
  checkSameSize(name, x, y === undefined ? { dy } : { dy, y });
  return sumKernel({
    name, batch, streams: { x, dy, ...(y === undefined ? {} : { y }) }, vectors: [], sums: 1, single: true,
    terms: (f) => ({ pointers }, at, count, [term]) => {
      open(f, pointers[1], y === undefined ? undefined : pointers[2], at, count);
      loadLanes(f, pointers[0], at, count);
      f.f32x4.mul();
      f.local.set(term);
    },
  });
}

export interface ScaleGradient {
  readonly batch: number;
  readonly dx: Layout;
  /** Is dx added to? */
  readonly accumulate: boolean;
  readonly dy: Layout;
  /** Where y lies, if relu followed. */
  readonly y?: Layout;
  /** Where the gate lies, one pixel an image, if there is one. */
  readonly gate?: Layout;
  /** Is there a gradient of the mean, [batch][channels]? */
  readonly mean: boolean;
  /** Where the residual's gradient lies, if dz is to be written there, and is it added to? */
  readonly residual?: Layout;
  readonly accumulateResidual?: boolean;
}

/**
 * Arguments: dx, residual's gradient, dy, y, gate, dmean, begin, end, less what is left out; parts are rows of all images. dx or the
 * residual's gradient may be dy.
 */
export function scaleGradientKernel(
  { batch, dx, accumulate, dy, y, gate, mean, residual, accumulateResidual = false }: ScaleGradient,
): Kernel {
  const name = `f32_scale_gradient_${accumulate ? "add_" : ""}n${batch}_${layoutName(dx)}_${layoutName(dy)}`
    + `${y === undefined ? "" : `_relu_${layoutName(y)}`}${gate === undefined ? "" : `_gate${gate.halo === 0 ? "" : `h${gate.halo}`}`}`
    + `${mean ? "_mean" : ""}${residual === undefined ? "" : `_${accumulateResidual ? "add_" : ""}residual_${layoutName(residual)}`}`;
  checkSameSize(name, dx, { dy, ...(y === undefined ? {} : { y }), ...(residual === undefined ? {} : { residual }) });
  const images: Record<string, Layout> = { dx, ...(residual === undefined ? {} : { residual }), dy, ...(y === undefined ? {} : { y }) };
  const vectors = [...(gate === undefined ? [] : ["gate"]), ...(mean ? ["dmean"] : [])];
  const params = Object.fromEntries([...Object.keys(images), ...vectors, "begin", "end"].map((each) => [each, "i32" as const]));
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, all) => {
    const p = all as Readonly<Record<string, I32>>;
    const { local, f32x4 } = f;
    const names = Object.keys(images);
    const [dz, value, share] = ["dz", "value", "share"].map((each) => local.v128(each));
    f32x4.const(1 / (dx.height * dx.width));
    local.set(share);
    const at = Object.fromEntries(vectors.map((each) => [each, local.i32(`${each}_at`)]));
    const put = (pointer: I32, from: Vector, add: boolean, to: number, count: number): void => {
      if (add) {
        local.get(from);
        loadLanes(f, pointer, to, count);
        f32x4.add();
        local.set(from);
      }
      storeLanes(f, pointer, from, to, count);
    };
    overBatchRows(f, p.begin, p.end, names.map((each) => ({ base: p[each], layout: images[each] })), (list, image) => {
      const pointers = Object.fromEntries(names.map((each, i) => [each, list[i]]));
      for (const each of vectors) offset(f, at[each], p[each], image, 4 * (each === "gate" ? imagePitch(gate!) : dx.channels));
      overPixels(f, dx, list, vectors.map((each) => at[each]), 2, (place, count) => {
        open(f, pointers.dy, y === undefined ? undefined : pointers.y, place, count);
        local.tee(dz);
        if (gate !== undefined) {
          loadLanes(f, at.gate, place, count);
          f32x4.mul();
        }
        if (mean) {
          loadLanes(f, at.dmean, place, count);
          local.get(share);
          f32x4.mul();
          f32x4.add();
        }
        local.set(value);
        put(pointers.dx, value, accumulate, place, count);
        if (residual !== undefined) put(pointers.residual, dz, accumulateResidual, place, count);
      });
    });
  });
  return { name, parts: batch * dx.height, emit };
}

/**
 * dx = (or, accumulating, +=) dmean / pixels: global average pooling alone. Arguments: dx, dmean ([batch][channels]), begin, end; parts are
 * rows.
 */
export function globalMeanGradientKernel(batch: number, dx: Layout, accumulate: boolean): Kernel {
  const name = `f32_global_mean_gradient_${accumulate ? "add_" : ""}n${batch}_${layoutName(dx)}`;
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { dx: "i32", dmean: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, p) => {
    const { local, f32x4 } = f;
    const at = local.i32("dmean_at");
    const value = local.v128("value");
    overBatchRows(f, p.begin, p.end, [{ base: p.dx, layout: dx }], ([pointer], image) => {
      offset(f, at, p.dmean, image, 4 * dx.channels);
      overPixels(f, dx, [pointer], [at], 2, (place, count) => {
        loadLanes(f, at, place, count);
        f32x4.const(1 / (dx.height * dx.width));
        f32x4.mul();
        if (accumulate) {
          loadLanes(f, pointer, place, count);
          f32x4.add();
        }
        local.set(value);
        storeLanes(f, pointer, value, place, count);
      });
    });
  });
  return { name, parts: batch * dx.height, emit };
}
