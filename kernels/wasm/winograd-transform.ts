/**
 * One side of the two transforms around Winograd's 36 products, F(4x4, 3x3): B^T d and A^T m of four channels at once. The points are those of
 * winograd-pack.ts. A tile is transformed along one side first, through scratch of 36 vectors, then along the other, each in a
 * loop: V8 before 13 spills registers in long straight code.
 */
import type { FunctionBuilder } from "./function-builder.ts";
import type { Local } from "./handles.ts";
import { IN, PLACES } from "./winograd-pack.ts";

/** Bytes of scratch: a vector for each place of a tile. */
export const TILE_SCRATCH: number = 16 * PLACES;

/** Bytes of one row of that scratch. */
export const SCRATCH_ROW: number = 16 * IN;

export type Vector = Local<"v128">;

/** sum += factor * x for the vector on the stack; factors 1 and -1 take no multiplication. */
export function plus(f: FunctionBuilder, x: Vector, factor = 1): void {
  f.local.get(x);
  if (factor === -1) return f.f32x4.sub();
  if (factor !== 1) {
    f.f32x4.const(factor);
    f.f32x4.mul();
  }
  f.f32x4.add();
}

/** a, b = a + b, a - b. @param spare a local of its own */
function butterfly(f: FunctionBuilder, a: Vector, b: Vector, spare: Vector): void {
  const { local, f32x4 } = f;
  local.get(a);
  local.get(b);
  f32x4.sub();
  local.set(spare);
  local.get(a);
  local.get(b);
  f32x4.add();
  local.set(a);
  local.get(spare);
  local.set(b);
}

/** Calls `store` with each of the six results of B^T d, in a local; `d` is used up. */
export function inputTransform(f: FunctionBuilder, d: readonly Vector[], a: Vector, b: Vector, spare: Vector, store: (i: number, value: Vector) => void): void {
  const { local, f32x4 } = f;
  const root = Math.SQRT2;
  // 0: d0 - 2.5 d2 + d4
  local.get(d[0]);
  plus(f, d[2], -2.5);
  plus(f, d[4]);
  local.set(a);
  store(0, a);
  // 5: d1 - 2.5 d3 + d5
  local.get(d[1]);
  plus(f, d[3], -2.5);
  plus(f, d[5]);
  local.set(a);
  store(5, a);
  // 2 and 1: (d4 - 2 d2) + and - root (d1 - d3 / 2); 4 and 3: (d4 - d2 / 2) + and - root (d1 / 2 - d3)
  for (const [even, first, third, plusAt, minusAt] of [[-2, 1, -0.5, 2, 1], [-0.5, 0.5, -1, 4, 3]]) {
    local.get(d[4]);
    plus(f, d[2], even);
    local.set(a);
    local.get(d[1]);
    if (first !== 1) {
      f32x4.const(first);
      f32x4.mul();
    }
    plus(f, d[3], third);
    f32x4.const(root);
    f32x4.mul();
    local.set(b);
    butterfly(f, a, b, spare);
    store(plusAt, a);
    store(minusAt, b);
  }
}

/** y0 to y3 of A^T m, left in m[0] to m[3]. */
export function outputTransform(f: FunctionBuilder, m: readonly Vector[], spare: Vector): void {
  const { local, f32x4 } = f;
  const root = Math.SQRT2;
  // p, q = m1 + m2, m1 - m2 and u, w = m3 + m4, m3 - m4
  butterfly(f, m[1], m[2], spare);
  butterfly(f, m[3], m[4], spare);
  const [p, q, u, w] = m.slice(1);
  // y0 = m0 + p + u
  local.get(m[0]);
  plus(f, p);
  plus(f, u);
  local.set(m[0]);
  // y2 = p / 2 + 2 u, y1 = root (q / 2 + w), y3 = root (q / 4 + 2 w) + m5
  local.get(p);
  f32x4.const(0.5);
  f32x4.mul();
  plus(f, u, 2);
  local.set(spare);
  local.get(q);
  f32x4.const(0.5 * root);
  f32x4.mul();
  plus(f, w, root);
  local.set(p);
  local.get(q);
  f32x4.const(0.25 * root);
  f32x4.mul();
  plus(f, w, 2 * root);
  plus(f, m[5]);
  local.set(u);
  local.get(spare);
  local.set(q);
}
