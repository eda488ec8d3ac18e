/**
 * Squeeze before the convolution. The mean over an image commutes with a 1x1 convolution:
 *
 *   mean(W h + b) = W mean(h) + b
 *
 * so where SE squeezes the output of a 1x1 convolution (SE-ResNet: nothing stands between them but normalisation, which is folded),
 * the gate can be known before that convolution runs. Then the scale becomes part of its epilogue (fold-scale.ts), and SE costs
 * no pass over the large tensor but the mean of the smaller one.
 */
import type { Graph, Node, Value } from "../../../graph/graph.ts";
import { Uses, exchange } from "../../../graph/rewrite.ts";
import type { Conv } from "../../../graph/rewrite.ts";

function isPointwise(conv: Conv): boolean {
  return conv.kernel.join() === "1,1" && conv.stride.join() === "1,1" && Math.max(...conv.padding) === 0 && conv.groups === 1 &&
    conv.epilogue === undefined;
}

export function foldSqueeze(graph: Graph, kept: ReadonlySet<string>): Graph {
  const uses = new Uses(graph, kept);
  const exchanged = new Map<Node, Node | undefined>();
  const added: Node[] = [];
  for (const node of graph.nodes) {
    if (node.operation.kind !== "global_pool" || node.operation.by !== "mean" || !uses.removable(node.output)) continue;
    const conv = uses.maker(node.inputs[0]);
    if (conv?.operation.kind !== "conv2d" || !isPointwise(conv.operation)) continue;
    // Worth it only where the convolution then takes the scale in: its output is scaled by what the mean leads to, and used by nothing
    // else.
    const others = uses.users(conv.output).filter((user) => user !== node);
    if (others.length !== 1 || others[0].operation.kind !== "scale" || others[0].inputs[0] !== conv.output) continue;
    const [x] = conv.inputs;
    const mean: Value = { name: `${node.output.name}.of_input`, shape: [x.shape[0], x.shape[1], 1, 1] };
    added.push({ operation: node.operation, inputs: [x], output: mean });
    exchanged.set(node, { operation: conv.operation, inputs: [mean], output: node.output });
  }
  return exchange(graph, exchanged, added);
}
