/** PReLU: x [N,C,...], slope [C]. */
import { preluForward } from "../../../kernels/reference/activations/prelu.ts";
import { checkShape, perChannel } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const prelu: Declaration<"prelu"> = {
  shape: ({ slope }, [x]) => checkShape("prelu", x, [x[0], slope.read().size, ...x.slice(2)]),
  parameters: ({ slope }) => [slope],
};

export const preluComputation: Computation<"prelu"> = {
  routine(node, { array, constant }) {
    const [y, x, slope, shape] = [array(node.output), array(node.inputs[0]), constant(node.operation.slope), perChannel(node)];
    return () => preluForward(y, x, slope, shape);
  },

  check({ x, constant, add }) {
    add({ kind: "prelu", slope: constant([x.shape[1]]) }, x.shape, x);
  },
};
