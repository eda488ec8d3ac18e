/** How pooling puts pixels together: mean and maximum of any number of values, some vectors of four channels at a time. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { loadLanes } from "../shared/lanes.ts";

/** Emits the instructions of a reduction; `vector` tells the vectors apart. */
export interface Reduction {
  begin(vector: number): void;
  /** Takes one pixel's values: `count` (1 to 4) floats, `offset` bytes past `pointer`. Lanes past these stay undefined. */
  take(vector: number, pointer: Local<"i32">, offset: number, count: number): void;
  /** Leaves the result as a vector. */
  end(vector: number, count: number): void;
}

const LOWER_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** Sum in double precision, divided by `divisor` (two doubles), and then rounded to float32. */
export function mean(f: FunctionBuilder, vectors: number, divisor: Local<"v128">): Reduction {
  const { local, f64x2, f32x4, i8x16 } = f;
  const sums = local.array("v128", "sum", 2 * vectors);
  return {
    begin(vector) {
      for (const sum of [sums[2 * vector], sums[2 * vector + 1]]) {
        f64x2.const(0);
        local.set(sum);
      }
    },
    take(vector, pointer, offset, count) {
      // Two floats at a time: V8 makes one instruction of such a load and the conversion.
      for (let half = 0; 2 * half < count; half++) {
        const sum = sums[2 * vector + half];
        local.get(sum);
        loadLanes(f, pointer, offset + 8 * half, Math.min(2, count - 2 * half));
        f64x2.promote_low_f32x4();
        f64x2.add();
        local.set(sum);
      }
    },
    end(vector, count) {
      for (let half = 0; 2 * half < count; half++) {
        local.get(sums[2 * vector + half]);
        local.get(divisor);
        f64x2.div();
        f32x4.demote_f64x2_zero();
      }
      if (count > 2) i8x16.shuffle(LOWER_HALVES);
    },
  };
}

/**
 * NaN if any value is, else the maximum, of equals the first. pmax(best, x) = best < x ? x : best keeps the first and passes NaN over, so
 * where NaN was is remembered apart: three instructions a value on x64, where f32x4.max (for which 0 is above -0) is eight.
 */
export function maximum(f: FunctionBuilder, vectors: number): Reduction {
  const { local, f32x4, v128 } = f;
  const bests = local.array("v128", "best", vectors);
  const unordered = local.array("v128", "nan", vectors);
  const value = local.v128("value");
  return {
    begin(vector) {
      f32x4.const(-Infinity);
      local.set(bests[vector]);
      f32x4.const(0);
      local.set(unordered[vector]);
    },
    take(vector, pointer, offset, count) {
      local.get(bests[vector]);
      loadLanes(f, pointer, offset, count);
      local.tee(value);
      f32x4.pmax();
      local.set(bests[vector]);
      local.get(unordered[vector]);
      local.get(value);
      local.get(value);
      f32x4.ne();
      v128.or();
      local.set(unordered[vector]);
    },
    end(vector) {
      local.get(bests[vector]);
      local.get(unordered[vector]);
      v128.or();
    },
  };
}
