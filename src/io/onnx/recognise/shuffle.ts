/** What a file does in several steps: channels in groups, transposed, as ShuffleNet has them; means of means; reshapes of reshapes. */
import type { Graph, Node, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { sameShape } from "../../../tensor.ts";
import { Pattern } from "./pattern.ts";

export function recogniseShuffle(graph: Graph): Graph {
  const pattern = new Pattern(graph);
  const exchanged = new Map<Node, Node | undefined>();
  for (const node of graph.nodes) {
    const { operation, output } = node;
    if (operation.kind === "global_pool" || operation.kind === "reduce") {
      let [x] = node.inputs;
      const { by } = operation;
      const isImage = (value: Value): boolean => sameShape(value.shape.slice(0, 2), output.shape.slice(0, 2));
      let before = pattern.maker(x);
      for (; before?.operation.kind === "reshape" && isImage(x); before = pattern.maker(x)) [x] = before.inputs;
      const [first] = before?.inputs ?? [];
      const pools = before?.operation.kind === "reduce" && before.operation.by === by && before.operation.axis >= 2 && isImage(x) &&
        (by === "mean" || by === "max") && first.shape.length === 4 && sameShape(output.shape, [...first.shape.slice(0, 2), 1, 1]);
      if (pools) exchanged.set(node, { operation: { kind: "global_pool", by }, inputs: [first], output });
      continue;
    }
    if (operation.kind !== "reshape") continue;
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
