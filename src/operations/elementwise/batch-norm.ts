/** Batch normalisation by running statistics: x [N,C,H,W], the rest [C]. */
import { perChannel, sameShape } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";
import { relu, withActivation } from "./activation.ts";

export const batchNorm: Declaration<"batch_norm"> = {
  shape: sameShape,
  parameters: ({ gamma, beta }) => [gamma, beta],
  statistics: ({ mean, variance }) => [mean, variance],
};

export const batchNormComputation: Computation<"batch_norm"> = {
  routine: withActivation((node, context) => {
    const { operation, inputs, output } = node;
    const channels = perChannel(node);
    const [y, x] = [context.array(output), context.array(inputs[0])];
    const [gamma, beta, mean, variance] = [operation.gamma, operation.beta, operation.mean, operation.variance].map(
      (c) => context.constant(c),
    );
    return () => {
      // Epsilon may have changed since the last run.
      const shape = { ...channels, epsilon: operation.epsilon, momentum: 0 };
      context.kernels.batchNormForwardInference(y, x, gamma, beta, mean, variance, shape);
    };
  }),

  check({ x, constant, add }) {
    const [gamma, beta, mean] = [1, 2, 3].map(() => constant([x.shape[1]]));
    add({ kind: "batch_norm", epsilon: 1e-5, gamma, beta, mean, variance: constant([x.shape[1]], true), activation: relu }, x.shape, x);
  },
};
