/** What passes over a graph share: who makes a value, who uses it, and a graph with some nodes exchanged. */
import type { Graph, Node, Operation, Value } from "./graph.ts";

export type Conv = Extract<Operation, { kind: "conv2d" }>;

/** A node whose operation is known to be a convolution. */
export interface ConvNode extends Node {
  readonly operation: Conv;
}

export class Uses {
  readonly #makers = new Map<Value, Node>();
  readonly #users = new Map<Value, Node[]>();
  readonly #outputs: ReadonlySet<Value>;
  readonly #kept: ReadonlySet<string>;

  /** @param kept names of values that must stay as they are (observed or overridden) */
  constructor(graph: Graph, kept: ReadonlySet<string>) {
    this.#outputs = new Set(graph.outputs);
    this.#kept = kept;
    for (const node of graph.nodes) {
      this.#makers.set(node.output, node);
      for (const input of node.inputs) {
        const users = this.#users.get(input);
        if (users === undefined) this.#users.set(input, [node]);
        else users.push(node);
      }
    }
  }

  maker(value: Value): Node | undefined {
    return this.#makers.get(value);
  }

  users(value: Value): readonly Node[] {
    return this.#users.get(value) ?? [];
  }

  /** May a pass do away with this value, once its users are served otherwise? */
  removable(value: Value): boolean {
    return !this.#outputs.has(value) && !this.#kept.has(value.name);
  }

  /** The convolution that makes `value`, if `value` is used by nothing but `user` and may go. */
  soleConv(value: Value, user: Node): ConvNode | undefined {
    const maker = this.maker(value);
    const users = this.users(value);
    if (maker === undefined || maker.operation.kind !== "conv2d" || users.length !== 1 || users[0] !== user || !this.removable(value)) {
      return undefined;
    }
    return maker as ConvNode;
  }
}

/**
 * The graph with `exchanged` nodes in the places of others (undefined: gone), put in an order in which every value is made before it
 * is used.
 */
export function exchange(graph: Graph, exchanged: ReadonlyMap<Node, Node | undefined>, added: readonly Node[] = []): Graph {
  if (exchanged.size === 0 && added.length === 0) return graph;
  const nodes = [
    ...graph.nodes.map((node) => (exchanged.has(node) ? exchanged.get(node) : node)).filter((node) => node !== undefined), ...added,
  ];
  const makers = new Map(nodes.map((node) => [node.output, node]));
  const ordered: Node[] = [];
  const placed = new Set<Node>();
  const place = (node: Node): void => {
    if (placed.has(node)) return;
    placed.add(node);
    for (const input of node.inputs) {
      const maker = makers.get(input);
      if (maker !== undefined) place(maker);
    }
    ordered.push(node);
  };
  nodes.forEach(place);
  return { ...graph, nodes: ordered };
}

/** The nodes that lead to an output. From the last to the first: what a node needs was made before it. */
export function reachable(graph: Graph): Graph {
  const needed = new Set<Value>(graph.outputs);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const { inputs, output } = graph.nodes[i];
    if (needed.has(output)) for (const input of inputs) needed.add(input);
  }
  return { ...graph, nodes: graph.nodes.filter(({ output }) => needed.has(output)) };
}
