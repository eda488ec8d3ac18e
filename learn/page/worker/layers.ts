/** The convolution that makes the channels: as a graph has it. */
import type { Graph } from "../../../src/graph/graph.ts";

/** The weights [inputs,height,width] of channel c of a value, where a convolution makes it, perhaps with normalisation behind it. */
export function kernelOf(
  graph: Graph, value: string, c: number,
): { readonly data: Float32Array; readonly shape: readonly number[] } | undefined {
  const makers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  for (let node = makers.get(value); node !== undefined; node = makers.get(node.inputs[0]?.name ?? "")) {
    const { operation } = node;
    if (operation.kind === "conv2d") {
      const { data, shape } = operation.weight.read();
      const size = data.length / shape[0];
      return { data: Float32Array.from(data.subarray(c * size, (c + 1) * size)), shape: shape.slice(1) };
    }
    if (!["batch_norm", "activation", "clip", "prelu"].includes(operation.kind)) return undefined;
  }
  return undefined;
}
