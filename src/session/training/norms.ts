/** Batch normalisation's epsilon and momentum are part of its kernels: models that change them want other sessions. */
import type { Graph } from "../../graph/graph.ts";

/**
 * Notes what the normalisations of a graph are now.
 * @returns what compares: throws RangeError where one has become another
 */
export function normsAsTheyAre({ nodes }: Pick<Graph, "nodes">): () => void {
  const norms = nodes.flatMap(({ operation }) =>
    (operation.kind === "batch_norm" ? [{ operation, epsilon: operation.epsilon, momentum: operation.momentum }] : []));
  return () => {
    for (const { operation, epsilon, momentum } of norms) {
      if (operation.epsilon === epsilon && operation.momentum === momentum) continue;
      throw new RangeError(
        `session.refresh: batch normalisation has epsilon ${operation.epsilon} and momentum ${operation.momentum} now, ` +
        `the session was compiled for ${epsilon} and ${momentum}: compile another one, after the weights are loaded`,
      );
    }
  };
}
