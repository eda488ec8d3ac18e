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

/**
 * dx: [outer, size, inner]. The largest and smallest hand theirs on, in equal parts where there are several of them; of a product each
 * number gets the product of the others.
 */
export function reduceBackward(
  dx: Floats, dy: Floats, x: Floats, y: Floats, by: Joining | "mean", { outer, size, inner }: RowsShape,
): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const from = o * size * inner + i;
      const end = from + size * inner;
      const to = o * inner + i;
      let equal = 0;
      for (let at = from; at < end; at += inner) if (x[at] === y[to]) equal++;
      for (let at = from; at < end; at += inner) {
        if (by === "sum") dx[at] += dy[to];
        else if (by === "mean") dx[at] += dy[to] / size;
        else if (by === "product") {
          let others = 1;
          for (let other = from; other < end; other += inner) if (other !== at) others *= x[other];
          dx[at] += dy[to] * others;
        } else if (x[at] === y[to]) dx[at] += dy[to] / equal;
      }
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

/** dx: [outer, size, inner], from what the forward pass gave. */
export function softmaxRowsBackward(dx: Floats, dy: Floats, y: Floats, logarithm: boolean, { outer, size, inner }: RowsShape): void {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const from = o * size * inner + i;
      const end = from + size * inner;
      let sum = 0;
      for (let at = from; at < end; at += inner) sum += logarithm ? dy[at] : dy[at] * y[at];
      for (let at = from; at < end; at += inner) dx[at] += logarithm ? dy[at] - exp(y[at]) * sum : y[at] * (dy[at] - sum);
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

/** dx: [outer, size, inner]: each number of the axis gets the share that it gave. */
export function resampleBackward(dx: Floats, dy: Floats, { starts, places, weights }: Taps, { outer, size, inner }: RowsShape): void {
  const out = starts.length - 1;
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < out; k++) {
      for (let tap = starts[k]; tap < starts[k + 1]; tap++) {
        for (let i = 0; i < inner; i++) dx[(o * size + places[tap]) * inner + i] += weights[tap] * dy[(o * out + k) * inner + i];
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

/** da += dy times b transposed, db += a transposed times dy; either may be undefined. */
export function matrixProductBackward(
  da: Floats | undefined, db: Floats | undefined, dy: Floats, a: Floats, b: Floats, { rows, inner, columns, starts }: ProductShape,
): void {
  starts.forEach(([fromA, fromB], batch) => {
    const from = batch * rows * columns;
    for (let k = 0; k < inner; k++) {
      for (let r = 0; da !== undefined && r < rows; r++) {
        let sum = 0;
        for (let c = 0; c < columns; c++) sum += dy[from + r * columns + c] * b[fromB + k * columns + c];
        da[fromA + r * inner + k] += sum;
      }
      for (let c = 0; db !== undefined && c < columns; c++) {
        let sum = 0;
        for (let r = 0; r < rows; r++) sum += a[fromA + r * inner + k] * dy[from + r * columns + c];
        db[fromB + k * columns + c] += sum;
      }
    }
  });
}
