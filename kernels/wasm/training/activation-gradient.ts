/**
 * Gradients of activations on four numbers at once; at kinks and for NaN as in the reference. Those with an exponential compute it
 * again instead of keeping it.
 */
import { emitGeluGate, emitShareBelow } from "../shared/gelu.ts";
import { activationName, activationScratch, isHeavy } from "../shared/activation.ts";
import type { Activation, ActivationScratch } from "../shared/activation.ts";
import { emitExp, emitSigmoid, emitTanh } from "../shared/exp.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats } from "../shared/loops.ts";
import { checkSameSize } from "../operations/elementwise.ts";
import { overBatchRows } from "../shared/rows.ts";

type Vector = Local<"v128">;

/** Takes nothing, leaves dy * activation'(x). The scratch is used by those with an exponential; x and dy stay. */
export function emitActivationGradient(
  f: FunctionBuilder, activation: Activation, x: Vector, dy: Vector, scratch: ActivationScratch,
): void {
  const { local, f32x4, v128 } = f;
  const { slope, offset } = activation;
  /** Takes a vector, leaves what of it is dy where low < x < high. */
  const inside = (value: Vector, low: number, high: number): void => {
    local.get(value);
    f32x4.const(low);
    f32x4.gt();
    local.get(value);
    f32x4.const(high);
    f32x4.lt();
    v128.and();
    v128.and();
  };
  switch (activation.activation) {
    case "relu":
      local.get(dy);
      local.get(x);
      f32x4.const(0);
      f32x4.le();
      v128.andnot();
      return;
    case "relu6":
      local.get(dy);
      return inside(x, 0, 6);
    case "leaky_relu":
      local.get(dy);
      local.get(dy);
      f32x4.const(slope);
      f32x4.mul();
      local.get(x);
      f32x4.const(0);
      f32x4.gt();
      v128.bitselect();
      return;
    case "hard_sigmoid":
      local.get(x);
      f32x4.const(slope);
      f32x4.mul();
      f32x4.const(offset);
      f32x4.add();
      local.set(scratch.a);
      local.get(dy);
      f32x4.const(slope);
      f32x4.mul();
      return inside(scratch.a, 0, 1);
    case "hard_swish":
      local.get(dy);
      local.get(x);
      f32x4.const(1 / 3);
      f32x4.mul();
      f32x4.const(0.5);
      f32x4.add();
      local.get(dy);
      f32x4.mul();
      local.get(x);
      f32x4.const(3);
      f32x4.ge();
      v128.bitselect();
      local.get(x);
      f32x4.const(-3);
      f32x4.le();
      v128.andnot();
      return;
    case "sigmoid":
    case "silu":
      emitSigmoid(f, x, scratch);
      local.set(scratch.a);
      local.get(dy);
      local.get(scratch.a);
      f32x4.const(1);
      local.get(scratch.a);
      f32x4.sub();
      if (activation.activation === "silu") {
        // s (1 + x (1 - s))
        local.get(x);
        f32x4.mul();
        f32x4.const(1);
        f32x4.add();
      }
      f32x4.mul();
      f32x4.mul();
      return;
    case "gelu":
      // P(x) + x p(x), the share below x and the density there.
      emitShareBelow(f, x, scratch);
      local.get(x);
      local.get(x);
      f32x4.mul();
      f32x4.const(-0.5);
      f32x4.mul();
      emitExp(f, scratch, true);
      local.get(x);
      f32x4.mul();
      f32x4.const(0.3989422804014327);
      f32x4.mul();
      f32x4.add();
      local.get(dy);
      f32x4.mul();
      return;
    case "gelu_tanh":
      // s (1 + x (1 - s) u'); beyond 100 s is 0 or 1, and x is cut so that nothing infinite meets a 0.
      emitGeluGate(f, x, scratch);
      local.set(scratch.a);
      local.get(x);
      f32x4.const(-100);
      f32x4.pmax();
      f32x4.const(100);
      f32x4.pmin();
      local.set(scratch.b);
      local.get(scratch.a);
      f32x4.const(1);
      local.get(scratch.a);
      f32x4.sub();
      local.get(scratch.b);
      f32x4.mul();
      local.get(scratch.b);
      local.get(scratch.b);
      f32x4.mul();
      f32x4.const(0.21406443847908057);
      f32x4.mul();
      f32x4.const(1.5957691216057308);
      f32x4.add();
      f32x4.mul();
      f32x4.const(1);
      f32x4.add();
      f32x4.mul();
      local.get(dy);
      f32x4.mul();
      return;
    case "tanh":
      emitTanh(f, x, scratch);
      local.set(scratch.a);
      f32x4.const(1);
      local.get(scratch.a);
      local.get(scratch.a);
      f32x4.mul();
      f32x4.sub();
      local.get(dy);
      f32x4.mul();
      return;
  }
}

/**
 * dx = (or, accumulating, +=) dy * activation'(x). dx may be dy. For relu, x may be y as well: they are positive together. The
 * function's arguments: dx, x, dy, begin, end; parts are rows of all images.
 */
export function activationGradientKernel(
  batch: number, dx: Layout, x: Layout, dy: Layout, activation: Activation, accumulate: boolean,
): Kernel {
  const images = [dx, x, dy].map(layoutName).join("_");
  const name = `f32_vunary_gradient_${accumulate ? "add_" : ""}n${batch}_${images}__${activationName(activation)}`;
  checkSameSize(name, dx, { x, dy });
  const params = { dx: "i32", x: "i32", dy: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, p) => {
    const [value, gradient] = [f.local.v128("value"), f.local.v128("gradient")];
    const scratch = activationScratch(f);
    const streams = [{ base: p.dx, layout: dx }, { base: p.x, layout: x }, { base: p.dy, layout: dy }];
    overBatchRows(f, p.begin, p.end, streams, (pointers) => {
      overFloats(f, dx.width * dx.channels, pointers, isHeavy(activation) ? 1 : 2, (at, count) => {
        loadLanes(f, pointers[1], at, count);
        f.local.set(value);
        loadLanes(f, pointers[2], at, count);
        f.local.set(gradient);
        emitActivationGradient(f, activation, value, gradient, scratch);
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
