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
