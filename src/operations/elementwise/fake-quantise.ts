/** Rounding of int8 training, in graphs for training only: x [N,C] or [N,C,H,W]. */
import { sameShape } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const fakeQuantise: Declaration<"fake_quantise"> = {
  shape: sameShape,
  parameters: ({ offset }) => [offset],
  statistics: ({ limits, factor }) => [limits, ...(factor === undefined ? [] : [factor])],
};

export const fakeQuantiseComputation: Computation<"fake_quantise"> = {
  label: ({ factor }) => (factor === undefined ? "fake_quantise" : "fake_quantise hard_swish"),

  routine({ output }) {
    throw new RangeError(`session: ${output.name} is rounded as graphs for int8 training do`);
  },
};
