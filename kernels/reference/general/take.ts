/**
 * Numbers in other places: slices, transposes, stretched and padded tensors are all one function.
 *
 *   y[i, j, ...] = x[places[0][i] + places[1][j] + ...], or `value` where one of the places is below 0
 */
import type { Floats } from "../../shapes.ts";

/** Where each index of each dimension of the output finds its numbers in the input: parts of an index, or -1 for outside. */
export interface TakeShape {
  readonly places: readonly Int32Array[];
  /** What stands outside of the input. */
  readonly value: number;
}

export function takeForward(y: Floats, x: Floats, { places, value }: TakeShape): void {
  const last = places.length - 1;
  if (last < 0) {
    y[0] = x[0];
    return;
  }
  let to = 0;
  const walk = (axis: number, base: number): void => {
    const own = places[axis];
    for (let i = 0; i < own.length; i++) {
      const at = base < 0 || own[i] < 0 ? -1 : base + own[i];
      if (axis < last) walk(axis + 1, at);
      else y[to++] = at < 0 ? value : x[at];
    }
  };
  walk(0, 0);
}

/** The gradient of all that: what a number was taken for comes back to it. @param sums working memory: as many doubles as dx has numbers */
export function takeBackward(dx: Floats, dy: Floats, { places }: Pick<TakeShape, "places">, sums: Float64Array): void {
  sums.fill(0, 0, dx.length);
  let from = 0;
  const walk = (axis: number, base: number): void => {
    if (axis === places.length) {
      if (base >= 0) sums[base] += dy[from];
      from++;
      return;
    }
    for (const place of places[axis]) walk(axis + 1, base < 0 || place < 0 ? -1 : base + place);
  };
  walk(0, 0);
  for (let i = 0; i < dx.length; i++) dx[i] += sums[i];
}
