/**
 * A scale by channel before a depthwise convolution: each output channel sees one input channel, so the factor can wait until after the
 * sum,
 *
 *   sum(w gate x) + b = gate sum(w x) + b
 *
 * and SE in MobileNets costs no pass over the large tensor but the mean's. (SE-MobileNet v1, 14 such scales: 0.72 of 32.3 ms. Before a 1x1
 * convolution,
 * as in MobileNetV3, the scale stays: eight take 0.06 of 13.2 ms, less than a scaled copy of the weights would.)
 */
import type { Epilogue, Graph, Node } from "../../../graph/graph.ts";
import { Uses, exchange } from "../../../graph/rewrite.ts";

const none: Epilogue = { gate: false, residual: false, activation: undefined };

export function foldScale(graph: Graph, kept: ReadonlySet<string>): Graph {
  const uses = new Uses(graph, kept);
  const exchanged = new Map<Node, Node | undefined>();
  for (const scale of graph.nodes) {
    if (scale.operation.kind !== "scale" || scale.operation.activation !== undefined || !uses.removable(scale.output)) continue;
    const users = uses.users(scale.output);
    const [conv] = users;
    if (users.length !== 1 || conv.operation.kind !== "conv2d" || conv.operation.epilogue?.gate === true) continue;
    const [x, gate] = scale.inputs;
    const [scaled, ...others] = conv.inputs;
    const depthwise = conv.operation.groups > 1 && conv.operation.groups === x.shape[1] && conv.output.shape[1] === x.shape[1];
    // The residual may not be what goes away.
    if (!depthwise || scaled !== scale.output || others.includes(scale.output)) continue;
    const epilogue = { ...(conv.operation.epilogue ?? none), gate: true, biasLast: true };
    exchanged.set(scale, undefined);
    exchanged.set(conv, { operation: { ...conv.operation, epilogue }, inputs: [x, gate, ...others], output: conv.output });
  }
  return exchange(graph, exchanged);
}
