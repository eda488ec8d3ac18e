/**
 * A scale by channel, a residual sum and an activation move into the convolution before them, in that order; an activation also into a
 * normalisation that no convolution took over (DenseNet has one before each), a scale or a sum.
 */
import type { Epilogue, Graph, Node } from "../../../graph/graph.ts";
import { Uses, exchange } from "../../../graph/rewrite.ts";

/** What a node becomes that takes in the one before it, which goes. */
interface Fused {
  readonly before: Node;
  readonly fused: Node;
}

const none: Epilogue = { gate: false, residual: false, activation: undefined };

/** Is `later` needed to compute `value`? Then `later` cannot wait for it. */
function dependsOn(uses: Uses, value: Node["output"], later: Node): boolean {
  const seen = new Set<Node>();
  const walk = (node: Node | undefined): boolean => {
    if (node === undefined || seen.has(node)) return false;
    if (node === later) return true;
    seen.add(node);
    return node.inputs.some((input) => walk(uses.maker(input)));
  };
  return walk(uses.maker(value));
}

/** The normalisation, scale or sum with the activation `node` in it, or undefined where it does not fit. */
function activated(uses: Uses, { operation, inputs, output }: Node): Fused | undefined {
  const before = uses.maker(inputs[0]);
  if (operation.kind !== "activation" || before === undefined) return undefined;
  const { operation: earlier } = before;
  if (earlier.kind !== "batch_norm" && earlier.kind !== "scale" && earlier.kind !== "add") return undefined;
  if (earlier.activation !== undefined) return undefined;
  if (uses.users(inputs[0]).length !== 1 || !uses.removable(inputs[0])) return undefined;
  const { activation, slope, offset } = operation;
  // Not by spreading it, which would keep a normalisation's epsilon of now: that of a later `refresh` may be another.
  const joined = { activation: { activation, slope, offset } };
  const fused = Object.defineProperties(joined, Object.getOwnPropertyDescriptors(earlier)) as typeof joined & typeof earlier;
  return { before, fused: { operation: fused, inputs: before.inputs, output } };
}

/** The convolution with `node`'s work in its epilogue, or undefined where it does not fit. */
function absorbed(uses: Uses, node: Node): Fused | undefined {
  const { operation, inputs, output } = node;
  if (operation.kind === "scale" && operation.activation === undefined) {
    const conv = uses.soleConv(inputs[0], node);
    if (conv === undefined || conv.operation.epilogue !== undefined || dependsOn(uses, inputs[1], conv)) return undefined;
    return {
      before: conv,
      fused: { operation: { ...conv.operation, epilogue: { ...none, gate: true } }, inputs: [conv.inputs[0], inputs[1]], output },
    };
  }
  if (operation.kind === "add" && operation.activation === undefined && inputs[0] !== inputs[1]) {
    for (const i of [0, 1]) {
      const conv = uses.soleConv(inputs[i], node);
      const before = conv?.operation.epilogue ?? none;
      const other = inputs[1 - i];
      if (conv === undefined || before.residual || before.activation !== undefined || dependsOn(uses, other, conv)) continue;
      return {
        before: conv,
        fused: { operation: { ...conv.operation, epilogue: { ...before, residual: true } }, inputs: [...conv.inputs, other], output },
      };
    }
  }
  if (operation.kind === "activation") {
    const conv = uses.soleConv(inputs[0], node);
    const before = conv?.operation.epilogue ?? none;
    if (conv === undefined || before.activation !== undefined) return undefined;
    const { activation, slope, offset } = operation;
    return {
      before: conv,
      fused: {
        operation: { ...conv.operation, epilogue: { ...before, activation: { activation, slope, offset } } }, inputs: conv.inputs, output,
      },
    };
  }
  return undefined;
}

/** Until nothing moves any more. */
function everywhere(graph: Graph, kept: ReadonlySet<string>, fit: (uses: Uses, node: Node) => Fused | undefined): Graph {
  for (;;) {
    const uses = new Uses(graph, kept);
    const exchanged = new Map<Node, Node | undefined>();
    for (const node of graph.nodes) {
      const found = fit(uses, node);
      // One change a node a round: the next round sees the result.
      if (found === undefined || exchanged.has(found.before) || exchanged.has(node)) continue;
      exchanged.set(found.before, undefined);
      exchanged.set(node, found.fused);
    }
    if (exchanged.size === 0) return graph;
    graph = exchange(graph, exchanged);
  }
}

/** First what convolutions take, so that a scale or sum which one of them takes in the end keeps no activation to itself. */
export function fuseEpilogue(graph: Graph, kept: ReadonlySet<string>): Graph {
  return everywhere(everywhere(graph, kept, absorbed), kept, activated);
}
