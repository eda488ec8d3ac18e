/** L2 normalisation: x [N,C] to vectors of length 1. */
import { l2NormaliseForward } from "../../../kernels/reference/layers/l2-normalise.ts";
import { checkShape, perChannel } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const l2Normalise: Declaration<"l2_normalise"> = {
  shape: (_, [x]) => checkShape("l2_normalise", x, [undefined, undefined]),
};

export const l2NormaliseComputation: Computation<"l2_normalise"> = {
  routine(node, { array }) {
    const [y, x, shape] = [array(node.output), array(node.inputs[0]), perChannel(node)];
    return () => l2NormaliseForward(y, x, shape);
  },

  check({ row, add }) {
    add({ kind: "l2_normalise" }, row.shape, row);
  },
};
