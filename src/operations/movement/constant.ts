/** A tensor of the state dict as a value. */
import type { Computation, Declaration } from "../record.ts";

export const constant: Declaration<"constant"> = {
  shape: ({ value }) => value.read().shape,
  parameters: ({ value }) => [value],
};

export const constantComputation: Computation<"constant"> = {
  routine({ operation: { value }, output }, { array, constant: numbers }) {
    const [y, x] = [array(output), numbers(value)];
    return () => y.set(x);
  },

  check({ x, add, constant: made }) {
    add({ kind: "constant", value: made(x.shape) }, x.shape);
  },
};
