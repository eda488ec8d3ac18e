/** Gradients of PReLU: dx is dy, or slope dy where x is not above 0; the slope's is the sum of x dy there. */
import { whereAbove } from "../operations/prelu.ts";
import { checkSameSize } from "../operations/elementwise.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { overBatchRows, overPixels } from "../shared/rows.ts";
import { sumKernel } from "./channel-sums.ts";

/**
 * dx = (or, accumulating, +=). Arguments: dx, x, dy, slope (a vector [channels]), begin, end; parts are rows of all images. dx may be dy.
 */
export function preluGradientKernel(batch: number, dx: Layout, x: Layout, dy: Layout, accumulate: boolean): Kernel {
  const name = `f32_vprelu_gradient_${accumulate ? "add_" : ""}n${batch}_${[dx, x, dy].map(layoutName).join("_")}`;
  checkSameSize(name, dx, { x, dy });
  const params = { dx: "i32", x: "i32", dy: "i32", slope: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, p) => {
    const [value, gradient] = [f.local.v128("value"), f.local.v128("gradient")];
    const streams = [{ base: p.dx, layout: dx }, { base: p.x, layout: x }, { base: p.dy, layout: dy }];
    overBatchRows(f, p.begin, p.end, streams, (pointers) => {
      overPixels(f, dx, pointers, [p.slope], 2, (at, count) => {
        loadLanes(f, pointers[1], at, count);
        f.local.set(value);
        loadLanes(f, pointers[2], at, count);
        f.local.tee(gradient);
        f.local.get(gradient);
        loadLanes(f, p.slope, at, count);
        f.f32x4.mul();
        whereAbove(f, value);
        if (accumulate) {
          loadLanes(f, pointers[0], at, count);
          f.f32x4.add();
        }
        f.local.set(gradient);
        storeLanes(f, pointers[0], gradient, at, count);
      });
    });
  });
  return { name, parts: batch * dx.height, emit };
}

/** Partial sums for the slope, to be added up by `addTotalsKernel`. Arguments: partial, x, dy, begin, end; parts are images. */
export function preluSlopeSumsKernel(batch: number, x: Layout, dy: Layout): Kernel {
  return sumKernel({
    name: `f64_prelu_slope_n${batch}_${layoutName(x)}_${layoutName(dy)}`, batch, streams: { x, dy }, vectors: [], sums: 1,
    terms: (f) => {
      const value = f.local.v128("value");
      return ({ pointers }, at, count, [term]) => {
        loadLanes(f, pointers[0], at, count);
        f.local.set(value);
        f.f32x4.const(0);
        loadLanes(f, pointers[1], at, count);
        f.local.get(value);
        f.f32x4.mul();
        whereAbove(f, value);
        f.local.set(term);
      };
    },
  });
}
