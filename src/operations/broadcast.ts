/** Tensors that are stretched to one another's shape, as numpy does it, and how they are walked through. */
import type { BroadcastShape } from "../../kernels/reference/general/pointwise.ts";
import { showShape } from "../tensor.ts";
import type { Shape } from "../tensor.ts";

/**
 * The shape that numpy gives a function of tensors of these shapes: sizes of 1 are stretched, missing ones in front count as 1.
 * @throws RangeError where they do not fit
 */
export function broadcast(operation: string, shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape[i - (rank - shape.length)] ?? 1);
    const size = sizes.find((n) => n !== 1) ?? 1;
    if (sizes.some((n) => n !== 1 && n !== size)) {
      throw new RangeError(`${operation}: shapes ${shapes.map(showShape).join(" and ")} do not fit`);
    }
    return size;
  });
}

/** From one index of each dimension to the next, where numbers lie row by row. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/** How tensors of these shapes are walked through to give one of `sizes`. */
export function broadcastShape(sizes: Shape, shapes: readonly Shape[]): BroadcastShape {
  return {
    sizes,
    strides: shapes.map((shape) => {
      const own = stridesOf(shape);
      const missing = sizes.length - shape.length;
      return sizes.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : own[i - missing]));
    }),
  };
}
