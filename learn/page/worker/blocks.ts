/** What the page looks into: SE blocks and their relatives that scale channels, and those that scale pixels. */
import { gatesOf } from "../../../src/graph/gates.ts";
import type { Gate } from "../../../src/graph/gates.ts";
import type { Graph, Node } from "../../../src/graph/graph.ts";
import { sizeOf } from "../../../src/tensor.ts";
import type { Shape } from "../../../src/tensor.ts";

export interface Block extends Gate {
  /** Whose gates they are: of channels, [1,C,1,1], or of pixels, [1,1,H,W]. */
  readonly by: "channel" | "pixel";
  readonly shape: Shape;
  /** Gates. */
  readonly count: number;
  /** The value that gates are made of: means of channels; sums over the channels of a pixel. */
  readonly squeezed: string;
  /** Is what it scales added to what the other kind of gates scales (scSE)? */
  readonly concurrent: boolean;
}

/** Gates of pixels [1,1,H,W] that a 1x1 convolution over the channels and an activation make. */
function pixelGate(makers: ReadonlyMap<string, Node>, { operation, inputs: [x, gate] }: Node): Gate | undefined {
  if (operation.kind !== "pixel_scale") return undefined;
  const last = makers.get(gate.name);
  const first = last === undefined ? undefined : makers.get(last.inputs[0].name);
  if (last?.operation.kind !== "activation" || first?.operation.kind !== "conv2d" || sizeOf(first.operation.kernel) !== 1) return undefined;
  return {
    name: gate.name, channels: x.shape[1], hidden: undefined, activation: last.operation.activation, squeeze: "mean", scaled: x.name,
    pooled: first.inputs[0].name, nodes: [first, last] };
}

/** All blocks of a graph, in its order. */
export function blocksOf(graph: Graph): Block[] {
  const makers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  const channels = new Map(gatesOf(graph).map((gate) => [gate.name, gate]));
  const isSum = (a: string, kind: string): boolean => graph.nodes.some(({ operation, inputs }) =>
    operation.kind === "add" && inputs.some(({ name }) => name === a) &&
    inputs.some(({ name }) => name !== a && makers.get(name)?.operation.kind === kind));
  return graph.nodes.flatMap((node): Block[] => {
    const { operation: { kind }, inputs: [, gate], output } = node;
    const found = kind === "scale" ? channels.get(gate.name) : pixelGate(makers, node);
    if (found === undefined) return [];
    const by = kind === "scale" ? "channel" : "pixel";
    return [{
      ...found, by, shape: gate.shape, count: sizeOf(gate.shape), squeezed: found.nodes[0].output.name,
      concurrent: isSum(output.name, by === "channel" ? "pixel_scale" : "scale") }];
  });
}
