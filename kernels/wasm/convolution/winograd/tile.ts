/**
 * Winograd's algorithm F(4x4, 3x3): an output tile of 4x4 pixels takes 36 products, one for each place of the input tile under it, instead
 * of 144: Y = A^T [(G g G^T) * (B^T d B)] A. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, section 4.3.)
 *
 * The points are 0, sqrt(1/2), -sqrt(1/2), sqrt(2), -sqrt(2) and infinity, those of ncnn: the error is half of that with 0, 1, -1, 2, -2,
 * which most texts use.
 */
import { lateConstants } from "../../shared/activation.ts";
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Local } from "../../assembler/handles.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";
import { emitSum, inLocals, vectors } from "../vectors.ts";
import type { Multiply, Push, Sum, Vectors } from "../vectors.ts";

/** Pixels of an output tile, and of the input under it, along one side; products of a tile. */
export const OUT = 4;
export const SIDE = 6;
export const PLACES = 36;

/** A matrix: some rows are sums of their own, the others come in pairs, even + odd and even - odd. */
export interface LinearMap {
  readonly single: readonly (readonly [row: number, sum: Sum])[];
  readonly pairs: readonly (readonly [plus: number, minus: number, even: Sum, odd: Sum])[];
}

const ROOT = Math.SQRT2;
const THIRD = 1 / 3;

/**
 * G, without the factors -2/3 of its second and third row and 1/6 of its fourth and fifth. Its rows are in convolution/winograd/panels.ts.
 */
const KERNEL: LinearMap = {
  single: [[0, [[0, 1]]], [5, [[2, 1]]]],
  pairs: [[1, 2, [[0, 1], [2, 0.5]], [[1, 0.5 * ROOT]]], [3, 4, [[0, 1], [2, 2]], [[1, ROOT]]]],
};

/** B^T. */
const INPUT: LinearMap = {
  single: [[0, [[0, 1], [2, -2.5], [4, 1]]], [5, [[1, 1], [3, -2.5], [5, 1]]]],
  pairs: [[2, 1, [[4, 1], [2, -2]], [[1, ROOT], [3, -0.5 * ROOT]]], [4, 3, [[4, 1], [2, -0.5]], [[1, 0.5 * ROOT], [3, -ROOT]]]],
};

/** A^T with those factors, of m0, m1 + m2, m1 - m2, m3 + m4, m3 - m4, m5. */
const OUTPUT: readonly Sum[] = [
  [[0, 1], [1, -2 * THIRD], [3, 0.5 * THIRD]],
  [[4, 0.5 * ROOT * THIRD], [2, -ROOT * THIRD]],
  [[3, THIRD], [1, -THIRD]],
  [[5, 1], [4, ROOT * THIRD], [2, -0.5 * ROOT * THIRD]],
];

/** What these multiply by. */
const FACTORS = [2.5, 2, 0.5, ROOT, 0.5 * ROOT, 2 * THIRD, THIRD, 0.5 * THIRD, ROOT * THIRD, 0.5 * ROOT * THIRD];

/** a, b = a + b, a - b. */
function emitButterfly(f: FunctionBuilder, a: Vectors, b: Vectors, spare: Vectors, by: Multiply): void {
  const push = inLocals(f, [a, b, spare]);
  emitSum(f, [[0, 1], [1, -1]], push, spare, by);
  emitSum(f, [[0, 1], [1, 1]], push, a, by);
  emitSum(f, [[2, 1]], push, b, by);
}

/** Calls `store` with each of the six results. */
export function emitMap(
  f: FunctionBuilder, { single, pairs }: LinearMap, lanes: number, from: Push, by: Multiply, store: (row: number, value: Vectors) => void,
): void {
  const [a, b, spare] = vectors(f, "t", 3, lanes);
  for (const [row, sum] of single) {
    emitSum(f, sum, from, a, by);
    store(row, a);
  }
  for (const [plus, minus, even, odd] of pairs) {
    emitSum(f, even, from, a, by);
    emitSum(f, odd, from, b, by);
    emitButterfly(f, a, b, spare, by);
    store(plus, a);
    store(minus, b);
  }
}

/** Calls `store` with each of the six numbers of B^T d. */
export function emitInput(f: FunctionBuilder, d: readonly Vectors[], by: Multiply, store: (row: number, value: Vectors) => void): void {
  emitMap(f, INPUT, d[0].length, inLocals(f, d), by, store);
}

/**
 * Calls `store` with G g G^T at each place.
 * @param tap pushes one of the nine numbers of g, row by row; more than once: registers are few
 */
export function emitKernel(
  f: FunctionBuilder, lanes: number, tap: Push, by: Multiply, store: (place: number, value: Vectors) => void,
): void {
  // Three columns are vectors side by side.
  emitMap(f, KERNEL, 3 * lanes, (row, lane) => tap(3 * row + Math.floor(lane / lanes), lane % lanes), by, (row, columns) => {
    const number: Push = (column, lane) => f.local.get(columns[column * lanes + lane]);
    emitMap(f, KERNEL, lanes, number, by, (column, value) => store(row * SIDE + column, value));
  });
}

/** The four numbers of A^T m in `y`; `m` is used up. */
export function emitOutput(f: FunctionBuilder, m: readonly Vectors[], y: readonly Vectors[], by: Multiply): void {
  const [spare] = vectors(f, "spare", 1, m[0].length);
  emitButterfly(f, m[1], m[2], spare, by);
  emitButterfly(f, m[3], m[4], spare, by);
  OUTPUT.forEach((sum, i) => emitSum(f, sum, inLocals(f, m), y[i], by));
}

/**
 * What the transforms multiply by. Where vectors are joined, V8 would make a constant anew for each use, by three instructions; so all that
 * there are are made once, here. @param pointer an address
 */
export function factors(f: FunctionBuilder, pointer: Local<"i32">, { wide, fma }: VectorArithmetic): Multiply {
  if (wide !== true && !fma) return { constant: (value) => f.f32x4.const(value), fma };
  const constant = lateConstants(f, pointer, new Map());
  for (const value of FACTORS) {
    constant(value);
    f.drop();
  }
  return { constant, fma };
}
