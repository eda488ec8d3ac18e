/** What joins the numbers along one axis: x is [outer, size, inner], the axis the one in the middle. */
import { exp, log } from "../../math.ts";
import type { Floats } from "../../shapes.ts";

export interface RowsShape {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

type Joining = "sum" | "max" | "min" | "product";

const reducers: Readonly<Record<Joining, { readonly start: number; readonly join: (joined: number, x: number) => number }>> = {
  sum: { start: 0, join: (sum, x) => sum + x },
  max: { start: -Infinity, join: Math.max },
  min: { start: Infinity, join: Math.min },
  product: { start: 1, join: (product, x) => product * x },
};

/** y: [outer, inner]; a mean is a sum divided by its count. */
export function reduceForward(y: Floats, x: Floats, by: Joining | "mean", { outer, size, inner }: RowsShape): void {
  const { start, join } = reducers[by === "mean" ? "sum" : by];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let joined = start;
      for (let k = 0, at = o * size * inner + i; k < size; k++, at += inner) joined = join(joined, x[at]);
      y[o * inner + i] = by === "mean" ? joined / size : joined;
    }
  }
}

/** y: [outer, inner], the first place of the largest. */
export function argMaxForward(y: Floats, x: Floats, { outer, size, inner }: RowsShape): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const from = o * size * inner + i;
      let best = 0;
      for (let k = 1; k < size; k++) if (x[from + k * inner] > x[from + best * inner]) best = k;
      y[o * inner + i] = best;
    }
  }
}

/**
 * y: [outer, size, inner]: exp(x) by the sum of all exp(x) of the axis, or its logarithm. The largest is taken off first, so that nothing
 * overflows.
 */
export function softmaxRowsForward(y: Floats, x: Floats, logarithm: boolean, { outer, size, inner }: RowsShape): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const from = o * size * inner + i;
      const end = from + size * inner;
      let largest = -Infinity;
      for (let at = from; at < end; at += inner) largest = Math.max(largest, x[at]);
      let sum = 0;
      for (let at = from; at < end; at += inner) sum += exp(x[at] - largest);
      const logSum = log(sum);
      for (let at = from; at < end; at += inner) y[at] = logarithm ? x[at] - largest - logSum : exp(x[at] - largest) / sum;
    }
  }
}

/** Which numbers of the axis go into output i, and how much of each: taps[i] to taps[i + 1] of `places` and `weights`. */
export interface Taps {
  readonly starts: Int32Array;
  readonly places: Int32Array;
  readonly weights: Float64Array;
}

/** y: [outer, starts.length - 1, inner]. */
export function resampleForward(y: Floats, x: Floats, { starts, places, weights }: Taps, { outer, size, inner }: RowsShape): void {
  const out = starts.length - 1;
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < out; k++) {
      for (let i = 0; i < inner; i++) {
        let sum = 0;
        for (let tap = starts[k]; tap < starts[k + 1]; tap++) sum += weights[tap] * x[(o * size + places[tap]) * inner + i];
        y[(o * out + k) * inner + i] = sum;
      }
    }
  }
}

/** a: [batch, rows, inner], b: [batch, inner, columns], y: [batch, rows, columns]; batches by their starts. */
export interface ProductShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Where each product's matrices begin in a and b, in numbers. */
  readonly starts: readonly (readonly [number, number])[];
}

export function matrixProductForward(y: Floats, a: Floats, b: Floats, { rows, inner, columns, starts }: ProductShape): void {
  let to = 0;
  for (const [fromA, fromB] of starts) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a[fromA + r * inner + k] * b[fromB + k * columns + c];
        y[to++] = sum;
      }
    }
  }
}
