/** Part of a tensor: x[starts[0] + i steps[0], ...]. */
import { showShape } from "../../tensor.ts";
import { stridesOf } from "../broadcast.ts";
import type { Declaration } from "../record.ts";
import { axis, takes } from "./takes.ts";
import type { Takes } from "./takes.ts";

export const slice: Declaration<"slice"> = {
  shape({ starts, steps, shape }, [x]) {
    const inside = (at: number, i: number): boolean => at >= 0 && at < x[i];
    const fits = shape.length === x.length &&
      shape.every((n, i) => n === 0 || (inside(starts[i], i) && inside(starts[i] + (n - 1) * steps[i], i)));
    if (!fits) {
      throw new RangeError(`slice: from ${showShape(starts)} by ${showShape(steps)}, ${showShape(shape)} of ${showShape(x)} lies outside`);
    }
    return shape;
  },
};

export const sliceComputation: Takes<"slice"> = {
  ...takes<"slice">(({ starts, steps }, from, to) => {
    const strides = stridesOf(from);
    return to.map((n, i) => axis(n, strides[i], (at) => starts[i] + at * steps[i]));
  }),

  check({ x, add }) {
    for (const [first, steps, shape] of [[2, [1, 1, 1, 1], [2, 9, 6, 5]], [1, [1, 2, -1, 2], [2, 4, 2, 3]]] as const) {
      add({ kind: "slice", starts: [0, first, 1, 1], steps, shape }, shape, x);
    }
  },
};
