/** Functions of one and of two numbers, element by element. */
import { exp, log1p } from "../../math.ts";
import type { Floats } from "../../shapes.ts";

/** To the nearest whole number, ties to the even one. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

export function softplus(x: number): number {
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

export function unaryForward(y: Floats, x: Floats, f: (x: number) => number): void {
  for (let i = 0; i < y.length; i++) y[i] = f(x[i]);
}

/** dx += dy times the slope of the function at x, where it gives y. */
export function unaryBackward(dx: Floats, dy: Floats, x: Floats, y: Floats, slope: (x: number, y: number) => number): void {
  for (let i = 0; i < dx.length; i++) dx[i] += dy[i] * slope(x[i], y[i]);
}

/** Sizes of the output, and by how much each operand moves on from one index of a dimension to the next: 0 where it is stretched. */
export interface BroadcastShape {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** y[i, j, ...] = f of the operands' numbers there. */
export function broadcastForward(
  y: Floats, operands: readonly Floats[], f: (...numbers: number[]) => number, { sizes, strides }: BroadcastShape,
): void {
  const [a, b, c] = operands;
  const [da, db, dc] = strides;
  const last = sizes.length - 1;
  let to = 0;
  const walk = (axis: number, i: number, j: number, k: number): void => {
    if (axis > last) y[to++] = c === undefined ? f(a[i], b[j]) : f(a[i], b[j], c[k]);
    else for (let n = 0; n < sizes[axis]; n++) walk(axis + 1, i + n * da[axis], j + n * db[axis], c === undefined ? 0 : k + n * dc[axis]);
  };
  walk(0, 0, 0, 0);
}

/**
 * The gradient of one operand: dx += the sum of dy times the slope by that operand, over all numbers of the output that it was stretched
 * to.
 * @param which operand it is
 * @param sums working memory: as many doubles as dx has numbers
 */
export function broadcastBackward(
  dx: Floats, dy: Floats, operands: readonly Floats[], slope: (...numbers: number[]) => number, which: number,
  { sizes, strides }: BroadcastShape, sums: Float64Array,
): void {
  sums.fill(0, 0, dx.length);
  let from = 0;
  const walk = (axis: number, at: readonly number[]): void => {
    if (axis === sizes.length) sums[at[which]] += dy[from++] * slope(...operands.map((operand, i) => operand[at[i]]));
    else for (let n = 0; n < sizes[axis]; n++) walk(axis + 1, at.map((place, i) => place + n * strides[i][axis]));
  };
  walk(0, operands.map(() => 0));
  for (let i = 0; i < dx.length; i++) dx[i] += sums[i];
}
