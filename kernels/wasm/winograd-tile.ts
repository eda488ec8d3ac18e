/**
 * Winograd's algorithm F(4x4, 3x3): an output tile of 4x4 pixels takes 36 products, one for each place of the input tile under it, instead of
 * 144: Y = A^T [(G g G^T) * (B^T d B)] A. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, section 4.3.)
 *
 * The points are 0, sqrt(1/2), -sqrt(1/2), sqrt(2), -sqrt(2) and infinity, those of ncnn: the error is half of that with 0, 1, -1, 2, -2, which
 * most texts use.
 */
import type { FunctionBuilder } from "./function-builder.ts";
import type { Local } from "./handles.ts";

/** Pixels of an output tile, and of the input under it, along one side; products of a tile. */
export const OUT = 4;
export const SIDE = 6;
export const PLACES = 36;

/** Indices of numbers, and their factors. */
type Sum = readonly (readonly [from: number, factor: number])[];

/** A matrix: some rows are sums of their own, the others come in pairs, even + odd and even - odd. */
interface LinearMap {
  readonly single: readonly (readonly [row: number, sum: Sum])[];
  readonly pairs: readonly (readonly [plus: number, minus: number, even: Sum, odd: Sum])[];
}

const ROOT = Math.SQRT2;
const THIRD = 1 / 3;

/** G; its rows are in winograd-pack.ts. */
const KERNEL: LinearMap = {
  single: [[0, [[0, 1]]], [5, [[2, 1]]]],
  pairs: [[2, 1, [[0, -2 * THIRD], [2, -THIRD]], [[1, ROOT * THIRD]]], [3, 4, [[0, 0.5 * THIRD], [2, THIRD]], [[1, 0.5 * ROOT * THIRD]]]],
};

/** B^T. */
const INPUT: LinearMap = {
  single: [[0, [[0, 1], [2, -2.5], [4, 1]]], [5, [[1, 1], [3, -2.5], [5, 1]]]],
  pairs: [[2, 1, [[4, 1], [2, -2]], [[1, ROOT], [3, -0.5 * ROOT]]], [4, 3, [[4, 1], [2, -0.5]], [[1, 0.5 * ROOT], [3, -ROOT]]]],
};

/** A^T, of m0, m1 + m2, m1 - m2, m3 + m4, m3 - m4, m5. */
const OUTPUT: readonly Sum[] = [
  [[0, 1], [1, 1], [3, 1]],
  [[2, 0.5 * ROOT], [4, ROOT]],
  [[1, 0.5], [3, 2]],
  [[2, 0.25 * ROOT], [4, 2 * ROOT], [5, 1]],
];

/** Numbers of 4 channels in a vector, or of 8 in two; V8 makes one of 256 bits of those where it may. */
export type Vectors = readonly Local<"v128">[];

/** `count` times `lanes` locals. */
export function vectors(f: FunctionBuilder, name: string, count: number, lanes: number): Vectors[] {
  return Array.from({ length: count }, (_, i) => f.local.array("v128", `${name}_${i}`, lanes));
}

/** Channels that a transform takes at once, of `channels`: 8 where vectors are joined, else 4. */
export function channelsAtOnce(channels: number, wide: boolean): 4 | 8 {
  return wide && channels % 8 === 0 ? 8 : 4;
}

/** to = sum; factors 1 and -1 take no multiplication. */
function emitSum(f: FunctionBuilder, sum: Sum, from: readonly Vectors[], to: Vectors): void {
  const { local, f32x4 } = f;
  to.forEach((vector, lane) => {
    sum.forEach(([index, factor], i) => {
      local.get(from[index][lane]);
      if (Math.abs(factor) !== 1) {
        f32x4.const(factor);
        f32x4.mul();
      }
      if (i > 0) factor === -1 ? f32x4.sub() : f32x4.add();
    });
    local.set(vector);
  });
}

/** a, b = a + b, a - b. */
function emitButterfly(f: FunctionBuilder, a: Vectors, b: Vectors, spare: Vectors): void {
  emitSum(f, [[0, 1], [1, -1]], [a, b], spare);
  emitSum(f, [[0, 1], [1, 1]], [a, b], a);
  emitSum(f, [[0, 1]], [spare], b);
}

/** Calls `store` with each of the six results. */
function emitMap(f: FunctionBuilder, { single, pairs }: LinearMap, from: readonly Vectors[], store: (row: number, value: Vectors) => void): void {
  const [a, b, spare] = vectors(f, "t", 3, from[0].length);
  for (const [row, sum] of single) {
    emitSum(f, sum, from, a);
    store(row, a);
  }
  for (const [plus, minus, even, odd] of pairs) {
    emitSum(f, even, from, a);
    emitSum(f, odd, from, b);
    emitButterfly(f, a, b, spare);
    store(plus, a);
    store(minus, b);
  }
}

/** Calls `store` with each of the six numbers of B^T d. */
export function emitInput(f: FunctionBuilder, d: readonly Vectors[], store: (row: number, value: Vectors) => void): void {
  emitMap(f, INPUT, d, store);
}

/** Calls `store` with G g G^T at each place. @param taps the nine numbers of g, row by row */
export function emitKernel(f: FunctionBuilder, taps: readonly Vectors[], store: (place: number, value: Vectors) => void): void {
  const lanes = taps[0].length;
  // Three columns are vectors side by side.
  const rows = [0, 3, 6].map((row) => taps.slice(row, row + 3).flat());
  emitMap(f, KERNEL, rows, (row, columns) => {
    const numbers = [0, 1, 2].map((column) => columns.slice(column * lanes, (column + 1) * lanes));
    emitMap(f, KERNEL, numbers, (column, value) => store(row * SIDE + column, value));
  });
}

/** The four numbers of A^T m in `y`; `m` is used up. */
export function emitOutput(f: FunctionBuilder, m: readonly Vectors[], y: readonly Vectors[]): void {
  const [spare] = vectors(f, "spare", 1, m[0].length);
  emitButterfly(f, m[1], m[2], spare);
  emitButterfly(f, m[3], m[4], spare);
  OUTPUT.forEach((sum, i) => emitSum(f, sum, m, y[i]));
}
