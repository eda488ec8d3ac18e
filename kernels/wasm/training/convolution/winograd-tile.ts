/**
 * What the gradient by the weights needs of Winograd's method besides B^T d B: A dy A^T of a tile's gradient, and G^T u G of the sums. The
 * matrices are those of convolution/winograd/tile.ts, A with its second and third row negative, and so G's: both signs meet in the sum.
 */
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Func, Local } from "../../assembler/handles.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { OUT, SIDE, emitMap, factors } from "../../convolution/winograd/tile.ts";
import type { LinearMap } from "../../convolution/winograd/tile.ts";
import { channelsAtOnce, emitSum, inLocals, loadVectors, storeVectors, vectors } from "../../convolution/vectors.ts";
import type { Multiply, Sum, Vectors } from "../../convolution/vectors.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";
import { offset, set } from "../../shared/addresses.ts";

const ROOT = Math.SQRT2;
const THIRD = 1 / 3;

/** A, from four numbers to six. */
const GRADIENT: LinearMap = {
  single: [[0, [[0, 1]]], [5, [[3, 1]]]],
  pairs: [
    [1, 2, [[0, 2 * THIRD], [2, THIRD]], [[1, ROOT * THIRD], [3, 0.5 * ROOT * THIRD]]],
    [3, 4, [[0, 0.5 * THIRD], [2, THIRD]], [[1, 0.5 * ROOT * THIRD], [3, ROOT * THIRD]]],
  ],
};

/** G^T, from u0, u1 + u2, u1 - u2, u3 + u4, u3 - u4 and u5 to three numbers. */
const WEIGHTS: readonly Sum[] = [
  [[0, 1], [1, -1], [3, 1]],
  [[4, ROOT], [2, -0.5 * ROOT]],
  [[5, 1], [1, -0.5], [3, 2]],
];

export interface GradientTransform extends VectorArithmetic {
  readonly name: string;
  /** Output channels of the panel. */
  readonly valid: number;
  /** Columns of the tile that the image has. */
  readonly columns: number;
  /** Bytes from row to row and from pixel to pixel of dy, and from place to place of the result. */
  readonly row: number;
  readonly pixel: number;
  readonly placePitch: number;
}

/** A function (dy, to, scratch, rows): a tile's gradient for all channels of a panel; `rows` of it are in the image. */
export function emitGradientTransform(m: ModuleBuilder, kernel: GradientTransform): Func {
  const { name, valid, columns, row, pixel, placePitch, wide } = kernel;
  const params = { dy: "i32", to: "i32", scratch: "i32", rows: "i32" } as const;
  return m.func(name, { params }, (f, p) => {
    const { local, i32, f32x4, v128 } = f;
    const [from, at, end] = ["from", "at", "end"].map((each) => local.i32(each));
    const by = factors(f, p.to, kernel);
    const group = (first: number, count: number): void => {
      const lanes = Math.ceil(count / 4);
      const d = vectors(f, "d", OUT, lanes);
      const scratchRow = 16 * lanes * SIDE;
      const map = (store: (place: number, value: Vectors) => void): void => emitMap(f, GRADIENT, lanes, inLocals(f, d), by, store);
      set(f, from, p.dy, 4 * first);
      set(f, at, p.scratch);
      offset(f, end, p.scratch, p.rows, scratchRow);
      f.doWhile(() => {
        d.forEach((vector, j) => {
          if (j < columns) return loadVectors(f, vector, from, j * pixel, count);
          for (const each of vector) {
            f32x4.const(0);
            local.set(each);
          }
        });
        map((place, value) => storeVectors(f, at, 16 * lanes * place, value));
        local.increase(from, row);
        local.increase(at, scratchRow);
        local.get(at);
        local.get(end);
        i32.ne();
      });
      // Rows that the image has not.
      f.while(() => {
        local.get(at);
        local.get(p.scratch);
        i32.const(OUT * scratchRow);
        i32.add();
        i32.ne();
      }, () => {
        local.get(at);
        f32x4.const(0);
        v128.store();
        local.increase(at, 16);
      });
      set(f, from, p.scratch);
      set(f, at, p.to, 4 * first);
      set(f, end, p.scratch, scratchRow);
      f.doWhile(() => {
        d.forEach((vector, i) => loadVectors(f, vector, from, i * scratchRow));
        map((place, value) => storeVectors(f, at, place * SIDE * placePitch, value));
        local.increase(at, placePitch);
        local.increase(from, 16 * lanes);
        local.get(from);
        local.get(end);
        i32.ne();
      });
    };
    const each = channelsAtOnce(valid, wide);
    for (let first = 0; first < valid; first += each) group(first, Math.min(each, valid - first));
  });
}

export interface SumsTransform extends VectorArithmetic {
  readonly name: string;
  /** Output channels of the panel. */
  readonly valid: number;
  /** Bytes from place to place of the sums, and from output channel to output channel of dweight. */
  readonly place: number;
  readonly channel: number;
}

/** A function (sums, dweight, scratch): adds the gradients of the nine weights between an input channel and each of the panel. */
export function emitSumsTransform(m: ModuleBuilder, kernel: SumsTransform): Func {
  const { name, valid, place, channel, wide } = kernel;
  return m.func(name, { params: { sums: "i32", dweight: "i32", scratch: "i32" } }, (f, p) => {
    const { local, i32 } = f;
    const [from, at, end, to] = ["from", "at", "end", "to"].map((each) => local.i32(each));
    const by = factors(f, p.sums, kernel);
    const group = (first: number, count: number): void => {
      const lanes = Math.ceil(count / 4);
      const [each, scratchRow] = [16 * lanes, 16 * lanes * SIDE];
      const u = vectors(f, "u", SIDE, lanes);
      const t = vectors(f, "t", 3, lanes);
      // Down the columns, into three rows of six.
      set(f, from, p.sums, 4 * first);
      set(f, at, p.scratch);
      set(f, end, p.scratch, scratchRow);
      f.doWhile(() => {
        u.forEach((vector, i) => loadVectors(f, vector, from, i * SIDE * place));
        transform(f, u, t, by);
        t.forEach((vector, i) => storeVectors(f, at, scratchRow * i, vector));
        local.increase(from, place);
        local.increase(at, each);
        local.get(at);
        local.get(end);
        i32.ne();
      });
      set(f, from, p.scratch);
      set(f, end, p.scratch, 3 * scratchRow);
      set(f, to, p.dweight, first * channel);
      f.doWhile(() => {
        u.forEach((vector, i) => loadVectors(f, vector, from, each * i));
        transform(f, u, t, by);
        t.forEach((vector, i) => vector.forEach((value, lane) => {
          addLanes(f, to, value, 4 * lane * channel + 4 * i, channel, Math.min(4, count - 4 * lane));
        }));
        local.increase(to, 12);
        local.increase(from, scratchRow);
        local.get(from);
        local.get(end);
        i32.ne();
      });
    };
    const each = channelsAtOnce(valid, wide);
    for (let first = 0; first < valid; first += each) group(first, Math.min(each, valid - first));
  });
}

/** t = G^T u; `u` is used up. */
function transform(f: FunctionBuilder, u: readonly Vectors[], t: readonly Vectors[], by: Multiply): void {
  const [spare] = vectors(f, "spare", 1, u[0].length);
  const push = inLocals(f, [...u, spare]);
  for (const i of [1, 3]) {
    emitSum(f, [[i, 1], [i + 1, -1]], push, spare, by);
    emitSum(f, [[i, 1], [i + 1, 1]], push, u[i], by);
    emitSum(f, [[SIDE, 1]], push, u[i + 1], by);
  }
  WEIGHTS.forEach((sum, i) => emitSum(f, sum, push, t[i], by));
}

/** Adds lanes to floats that lie `pitch` bytes apart. */
function addLanes(f: FunctionBuilder, to: Local<"i32">, value: Local<"v128">, first: number, pitch: number, lanes: number): void {
  for (let lane = 0; lane < lanes; lane++) {
    f.local.get(to);
    f.local.get(to);
    f.f32.load(first + lane * pitch);
    f.local.get(value);
    f.f32x4.extract_lane(lane);
    f.f32.add();
    f.f32.store(first + lane * pitch);
  }
}
