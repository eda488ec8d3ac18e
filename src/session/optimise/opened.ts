/** What `compile` and `senet compile` are given, as a network; its graphs have an operation that lean sessions have not. */
import { fixedNetwork } from "../../graph/network.ts";
import type { Graph, Node } from "../../graph/graph.ts";
import type { Network } from "../../graph/network.ts";
import type { Module } from "../../nn/module.ts";
import { networkOf } from "./session-graph.ts";

/** A convolution that only takes some of the channels (`Constant.selects`) copies them. */
function sliced(node: Node): Node {
  const { operation, output: { shape } } = node;
  if (operation.kind !== "conv2d" || operation.weight.selects === undefined) return node;
  return { ...node, operation: { kind: "slice", starts: [0, operation.weight.selects, 0, 0], steps: [1, 1, 1, 1], shape } };
}

/** The graph with slices for convolutions that only take channels. */
export function withSlices(graph: Graph): Graph {
  return { ...graph, nodes: graph.nodes.map(sliced) };
}

/** A graph is a network for its own shapes only. @throws TypeError for what is no model, network or graph */
export function openedNetwork(source: Module | Network | Graph): Network {
  const network = networkOf("nodes" in Object(source) ? fixedNetwork(source as Graph) : (source as Module | Network));
  const { title, inputs, outputs, operations } = network;
  return { title, inputs, outputs, operations, lower: (shapes, training) => withSlices(network.lower(shapes, training)) };
}
