/** Zeros that a file puts around an image before a convolution are the convolution's own padding. */
import type { Graph, Node } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { Pattern } from "./pattern.ts";

export function recognisePadding(graph: Graph): Graph {
  const pattern = new Pattern(graph);
  const exchanged = new Map<Node, Node | undefined>();
  for (const node of graph.nodes) {
    const { operation, inputs: [x] } = node;
    const maker = operation.kind === "conv2d" ? pattern.maker(x) : undefined;
    if (operation.kind !== "conv2d" || maker?.operation.kind !== "pad" || !pattern.only(x, node)) continue;
    const { mode, value, before: [n, c, ...before], after: [m, d, ...after] } = maker.operation;
    if (mode !== "constant" || value !== 0 || n + c + m + d > 0) continue;
    const [top, left, bottom, right] = operation.padding;
    exchanged.set(maker, undefined);
    exchanged.set(node, {
      ...node, operation: { ...operation, padding: [top + before[0], left + before[1], bottom + after[0], right + after[1]] },
      inputs: maker.inputs,
    });
  }
  return exchange(graph, exchanged);
}
