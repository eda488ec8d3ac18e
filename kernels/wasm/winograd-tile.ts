/**
 * Winograd's algorithm F(4x4, 3x3): an output tile of 4x4 pixels takes 36 products, one for each place of the input tile under it, instead of
 * 144: Y = A^T [(G g G^T) * (B^T d B)] A. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, section 4.3.)
 *
 * The points are 0, sqrt(1/2), -sqrt(1/2), sqrt(2), -sqrt(2) and infinity, those of ncnn: the error is half of that with 0, 1, -1, 2, -2, which
 * most texts use.
 */
import { lateConstants } from "./activation.ts";
import type { PushConstant } from "./activation.ts";
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

/** G, without the factors -2/3 of its second and third row and 1/6 of its fourth and fifth. Its rows are in winograd-pack.ts. */
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

/** Pushes a number's vector. */
type Push = (index: number, lane: number) => void;

function inLocals(f: FunctionBuilder, from: readonly Vectors[]): Push {
  return (index, lane) => f.local.get(from[index][lane]);
}

/** to = sum, whose first factor is positive; 1 and -1 take no multiplication. */
function emitSum(f: FunctionBuilder, sum: Sum, push: Push, to: Vectors, constant: PushConstant): void {
  const { local, f32x4 } = f;
  to.forEach((vector, lane) => {
    sum.forEach(([index, factor], i) => {
      push(index, lane);
      if (Math.abs(factor) !== 1) {
        constant(Math.abs(factor));
        f32x4.mul();
      }
      if (i > 0) factor < 0 ? f32x4.sub() : f32x4.add();
    });
    local.set(vector);
  });
}

/** a, b = a + b, a - b. */
function emitButterfly(f: FunctionBuilder, a: Vectors, b: Vectors, spare: Vectors, constant: PushConstant): void {
  const push = inLocals(f, [a, b, spare]);
  emitSum(f, [[0, 1], [1, -1]], push, spare, constant);
  emitSum(f, [[0, 1], [1, 1]], push, a, constant);
  emitSum(f, [[2, 1]], push, b, constant);
}

/** Calls `store` with each of the six results. */
function emitMap(f: FunctionBuilder, { single, pairs }: LinearMap, lanes: number, from: Push, constant: PushConstant, store: (row: number, value: Vectors) => void): void {
  const [a, b, spare] = vectors(f, "t", 3, lanes);
  for (const [row, sum] of single) {
    emitSum(f, sum, from, a, constant);
    store(row, a);
  }
  for (const [plus, minus, even, odd] of pairs) {
    emitSum(f, even, from, a, constant);
    emitSum(f, odd, from, b, constant);
    emitButterfly(f, a, b, spare, constant);
    store(plus, a);
    store(minus, b);
  }
}

/** Calls `store` with each of the six numbers of B^T d. */
export function emitInput(f: FunctionBuilder, d: readonly Vectors[], constant: PushConstant, store: (row: number, value: Vectors) => void): void {
  emitMap(f, INPUT, d[0].length, inLocals(f, d), constant, store);
}

/** Calls `store` with G g G^T at each place. @param tap pushes one of the nine numbers of g, row by row; more than once: registers are few */
export function emitKernel(f: FunctionBuilder, lanes: number, tap: Push, constant: PushConstant, store: (place: number, value: Vectors) => void): void {
  // Three columns are vectors side by side.
  emitMap(f, KERNEL, 3 * lanes, (row, lane) => tap(3 * row + Math.floor(lane / lanes), lane % lanes), constant, (row, columns) => {
    const number: Push = (column, lane) => f.local.get(columns[column * lanes + lane]);
    emitMap(f, KERNEL, lanes, number, constant, (column, value) => store(row * SIDE + column, value));
  });
}

/** The four numbers of A^T m in `y`; `m` is used up. */
export function emitOutput(f: FunctionBuilder, m: readonly Vectors[], y: readonly Vectors[], constant: PushConstant): void {
  const [spare] = vectors(f, "spare", 1, m[0].length);
  emitButterfly(f, m[1], m[2], spare, constant);
  emitButterfly(f, m[3], m[4], spare, constant);
  OUTPUT.forEach((sum, i) => emitSum(f, sum, inLocals(f, m), y[i], constant));
}

/** Stores vectors at pointer + offset. V8 keeps the first of two stores that it joins, unless that is the upper half. */
export function storeVectors(f: FunctionBuilder, pointer: Local<"i32">, offset: number, value: Vectors): void {
  for (let lane = value.length - 1; lane >= 0; lane--) {
    f.local.get(pointer);
    f.local.get(value[lane]);
    f.v128.store(offset + 16 * lane);
  }
}

/**
 * How to push a constant. Where vectors are joined, V8 would make it anew for each use, by three instructions; so all that there are are made
 * once, here.
 * @param pointer an address
 */
export function constants(f: FunctionBuilder, pointer: Local<"i32">, wide: boolean): PushConstant {
  if (!wide) return (value) => f.f32x4.const(value);
  const push = lateConstants(f, pointer, new Map());
  for (const value of FACTORS) {
    push(value);
    f.drop();
  }
  return push;
}
