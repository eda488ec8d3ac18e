/** Dropout, in graphs for training only: x of any shape. */
import { sameShape } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const dropout: Declaration<"dropout"> = { shape: sameShape };

export const dropoutComputation: Computation<"dropout"> = {
  routine({ output }) {
    throw new RangeError(`session: ${output.name} drops values, as graphs for training do`);
  },
};
