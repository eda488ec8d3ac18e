/**
 * What a graph costs for one run, operation by operation, without computing anything: the same convention as src/nn/summary.ts. `macs`
 * counts the multiply-accumulates of convolutions, linear layers and products of matrices, without those that compute SE gates; these, the
 * products by gates and the additions of their pooling stand apart.
 */
import { gatesOf } from "../graph/gates.ts";
import type { Gate } from "../graph/gates.ts";
import type { Graph, Kind, Node } from "../graph/graph.ts";
import { sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { declarations } from "./index.ts";
import type { Declaration } from "./record.ts";

export interface NodeCost {
  readonly name: string;
  readonly kind: string;
  readonly output: Shape;
  /** Values of its tensors that were not counted before. */
  readonly parameters: number;
  readonly macs: number;
  /** Does it compute an SE gate, or multiply by one? */
  readonly se: boolean;
}

export interface GraphCost {
  readonly nodes: readonly NodeCost[];
  readonly gates: readonly Gate[];
  readonly parameters: number;
  readonly seParameters: number;
  readonly macs: number;
  readonly seMacs: number;
  readonly scaleMacs: number;
  readonly gapAdds: number;
}

function macsOf({ operation, inputs: [x], output }: Node): number {
  switch (operation.kind) {
    case "conv2d": case "linear": return (sizeOf(output.shape) / output.shape[1]) * sizeOf(operation.weight.read().shape);
    case "conv_transpose2d": return (sizeOf(x.shape) / x.shape[1]) * sizeOf(operation.weight.read().shape);
    case "channel_conv": return sizeOf(output.shape) * sizeOf(operation.weight.read().shape);
    case "matrix_product": return sizeOf(output.shape) * x.shape[x.shape.length - 1];
    default: return 0;
  }
}

export function graphCost(graph: Graph): GraphCost {
  const gates = gatesOf(graph);
  const inside = new Set(gates.flatMap(({ nodes }) => nodes));
  const products = new Set(gates.map(({ name }) => name));
  const counted = new Set<string>();
  const nodes = graph.nodes.map((node): NodeCost => {
    const { operation, inputs, output } = node;
    const { parameters } = declarations[operation.kind] as Declaration<Kind>;
    let size = 0;
    for (const constant of parameters?.(operation as never) ?? []) {
      if (constant === undefined || counted.has(constant.name)) continue;
      counted.add(constant.name);
      size += sizeOf(constant.read().shape);
    }
    const se = inside.has(node) || (operation.kind === "scale" && products.has(inputs[1].name));
    return { name: output.name, kind: operation.kind, output: output.shape, parameters: size, macs: macsOf(node), se };
  });
  const sum = (pick: (node: NodeCost) => number): number => nodes.reduce((total, node) => total + pick(node), 0);
  return {
    nodes, gates,
    parameters: sum(({ parameters }) => parameters), seParameters: sum(({ se, parameters }) => (se ? parameters : 0)),
    macs: sum(({ se, macs }) => (se ? 0 : macs)), seMacs: sum(({ se, macs }) => (se ? macs : 0)),
    scaleMacs: graph.nodes.reduce((total, { operation, output }) => total + (operation.kind === "scale" ? sizeOf(output.shape) : 0), 0),
    gapAdds: [...inside].reduce((total, { operation, inputs: [x] }) => total + (operation.kind === "global_pool" ? sizeOf(x.shape) : 0), 0),
  };
}
