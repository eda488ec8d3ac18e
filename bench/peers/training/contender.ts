/** What computes one training pass in another runtime. */
import type { Graph } from "../../../src/graph/graph.ts";

export interface Pass {
  readonly loss: number;
  /** By the names and in the shapes that senet has. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

export interface Batch {
  /** [N,C,H,W] */
  readonly x: Float32Array;
  /** One-hot, [N, classes]. */
  readonly targets: Float32Array;
}

/** Forward and backward pass of `graph` as it is trained, with batch statistics, and the mean cross-entropy. */
export type Trainer = (batch: Batch) => Promise<Pass>;

export type MakeTrainer = (graph: Graph) => Promise<Trainer>;

/** Names of all parameters of a graph. */
export function parametersOf(graph: Graph): {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly convolution: boolean;
}[] {
  const found = new Map<string, { name: string; shape: readonly number[]; data: Float32Array; convolution: boolean }>();
  for (const { operation } of graph.nodes) {
    const constants = operation.kind === "batch_norm" ? [operation.gamma, operation.beta]
      : operation.kind === "conv2d" || operation.kind === "linear" ? [operation.weight, operation.bias] : [];
    for (const constant of constants) {
      if (constant === undefined) continue;
      const { shape, data } = constant.read();
      found.set(constant.name, { name: constant.name, shape, data: data as Float32Array, convolution: shape.length === 4 });
    }
  }
  return [...found.values()];
}
