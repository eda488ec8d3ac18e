/** Clipping of a gradient to a longest norm, over all parameters together: its norm, the factor that shortens it, and the product. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { offset } from "../shared/addresses.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { range } from "../shared/loops.ts";
import { FLAT_BLOCK, flatKernel, flatParts, splat } from "./flat.ts";

type Vector = Local<"v128">;

/** What PyTorch has beside the norm (torch.nn.utils.clip_grad_norm_). */
export const CLIP_EPSILON = 1e-6;

/** Bytes of the partial sums of `squaresKernel`; they begin at a multiple of 8. */
export function squaresBytes(size: number): number {
  return 8 * flatParts(size);
}

/**
 * Sums of squares, for the norm of a gradient: a double for each part, to be added up in their order (`clipScaleKernel`). NaN and infinity
 * come through. Arguments: partial, x, begin, end.
 */
export function squaresKernel(size: number): Kernel {
  const name = `f64_squares_${size}`;
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { partial: "i32", x: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, p) => {
    const { local, f64x2, f64, i32 } = f;
    const [at, stop, out] = [local.i32("at"), local.i32("stop"), local.i32("out")];
    const [low, high, value] = [local.v128("low"), local.v128("high"), local.v128("value")];
    const square = (sum: Vector, from: number, count: number): void => {
      loadLanes(f, at, from, count);
      f64x2.promote_low_f32x4();
      local.set(value);
      local.get(sum);
      operateDouble(f, value);
      f64x2.add();
      local.set(sum);
    };
    range(f, p.begin, p.end, () => {
      offset(f, at, p.x, p.begin, 4 * FLAT_BLOCK);
      offset(f, out, p.partial, p.begin, 8);
      for (const sum of [low, high]) {
        f64x2.const(0);
        local.set(sum);
      }
      // stop: behind the last whole vector of this part.
      offset(f, stop, at, p.begin, 0);
      local.increase(stop, 4 * FLAT_BLOCK);
      const rest = size % FLAT_BLOCK;
      if (rest > 0) {
        local.get(p.begin);
        i32.const(Math.floor(size / FLAT_BLOCK));
        i32.eq();
        f.if(() => local.decrease(stop, 4 * (FLAT_BLOCK - (rest - (rest % 4)))));
      }
      f.while(
        () => {
          local.get(at);
          local.get(stop);
          i32.lt_u();
        },
        () => {
          square(low, 0, 2);
          square(high, 8, 2);
          local.increase(at, 16);
        },
      );
      if (rest % 4 > 0) {
        local.get(p.begin);
        i32.const(Math.floor(size / FLAT_BLOCK));
        i32.eq();
        f.if(() => {
          square(low, 0, Math.min(2, rest % 4));
          if (rest % 4 === 3) square(high, 8, 1);
        });
      }
      local.get(out);
      for (const [sum, lane] of [[low, 0], [low, 1], [high, 0], [high, 1]] as const) {
        local.get(sum);
        f64x2.extract_lane(lane);
        if (sum !== low || lane !== 0) f64.add();
      }
      f64.store(0, 8);
    });
  });
  return { name, parts: flatParts(size), emit };
}

/** Leaves the square of both doubles. */
function operateDouble(f: FunctionBuilder, value: Vector): void {
  f.local.get(value);
  f.local.get(value);
  f.f64x2.mul();
}

/**
 * settings[0] = min(1, largest / (norm + epsilon)), where norm is the root of the sum of `count` doubles, in order; norm itself is left as
 * settings[1]. Of a NaN norm the scale is NaN. Arguments: settings, partial, largest (address of a float), begin, end; one part.
 */
export function clipScaleKernel(count: number, epsilon: number = 0): Kernel {
  const name = `f64_clip_scale_${count}${epsilon === 0 ? "" : `_e${epsilon}`}`;
  const params = { settings: "i32", partial: "i32", largest: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, p) => {
    const { local, f64, f32, i32 } = f;
    const [at, index] = [local.i32("at"), local.i32("index")];
    const norm = local.f64("norm");
    range(f, p.begin, p.end, () => {
      f64.const(0);
      local.set(norm);
      i32.const(0);
      local.set(index);
      range(f, index, count, () => {
        offset(f, at, p.partial, index, 8);
        local.get(norm);
        local.get(at);
        f64.load(0, 8);
        f64.add();
        local.set(norm);
      });
      local.get(p.settings);
      local.get(norm);
      f64.sqrt();
      local.tee(norm);
      f32.demote_f64();
      f32.store(4);
      local.get(p.settings);
      f64.const(1);
      local.get(p.largest);
      f32.load();
      f64.promote_f32();
      local.get(norm);
      f64.const(epsilon);
      f64.add();
      f64.div();
      f64.min();
      f32.demote_f64();
      f32.store();
    });
  });
  return { name, parts: 1, emit };
}

/** x = settings[0] * x. Arguments: x, settings, begin, end. */
export function scaleFlatKernel(size: number): Kernel {
  return flatKernel({
    name: `f32_scale_flat_${size}`, size, arrays: ["x"], others: ["settings"],
    body: (f, { x }, { settings }) => {
      const factor = splat(f, settings, 0);
      const value = f.local.v128("value");
      return (at, count) => {
        loadLanes(f, x, at, count);
        f.local.get(factor);
        f.f32x4.mul();
        f.local.set(value);
        storeLanes(f, x, value, at, count);
      };
    },
  });
}
