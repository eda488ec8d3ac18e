/** Fully connected layer: x [N,C], weight [O,C], bias [O]. */
import { checkShape, optional } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const linear: Declaration<"linear"> = {
  shape({ weight }, [x]) {
    const [outFeatures, inFeatures] = weight.read().shape;
    checkShape("linear", x, [undefined, inFeatures]);
    return [x[0], outFeatures];
  },
  parameters: ({ weight, bias }) => [weight, bias],
};

export const linearComputation: Computation<"linear"> = {
  routine({ operation, inputs, output }, context) {
    const [batch, inFeatures] = inputs[0].shape;
    const shape = { batch, inFeatures, outFeatures: output.shape[1] };
    const [y, x, weight, bias] = [
      context.array(output), context.array(inputs[0]), context.constant(operation.weight), optional(operation.bias, context),
    ];
    const work = context.scratch(0);
    return () => context.kernels.linearForward(y, x, weight, bias, shape, work);
  },

  check({ row, constant, add }) {
    add({ kind: "linear", weight: constant([9, row.shape[1]]), bias: constant([9]) }, [row.shape[0], 9], row);
  },
};
