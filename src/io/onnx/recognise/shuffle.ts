/** What a file does in several steps: channels in groups, transposed, as ShuffleNet has them; reshapes of reshapes. */
import type { Graph, Node } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { sameShape } from "../../../tensor.ts";
import { Pattern } from "./pattern.ts";

export function recogniseShuffle(graph: Graph): Graph {
  const pattern = new Pattern(graph);
  const exchanged = new Map<Node, Node | undefined>();
  for (const node of graph.nodes) {
    if (node.operation.kind !== "reshape") continue;
    const middle = pattern.maker(node.inputs[0]);
    if (middle?.operation.kind === "reshape") {
      exchanged.set(node, { ...node, inputs: middle.inputs });
      continue;
    }
    const first = middle?.operation.kind === "transpose" && middle.operation.order.join() === "0,2,1,3,4"
      ? pattern.maker(middle.inputs[0])
      : undefined;
    if (first?.operation.kind !== "reshape" || first.inputs[0].shape.length !== 4 || !sameShape(first.inputs[0].shape, node.output.shape)) {
      continue;
    }
    const [, groups, , ...image] = first.output.shape;
    if (image.join() !== node.output.shape.slice(2).join()) continue;
    exchanged.set(node, { operation: { kind: "channel_shuffle", groups }, inputs: first.inputs, output: node.output });
  }
  return exchange(graph, exchanged);
}
