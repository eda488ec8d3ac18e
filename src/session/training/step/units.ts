/**
 * The units of a training step: operations with what is computed together with them, forward and backward. Normalisation takes its
 * activation, or a sum and relu; Squeeze-and-Excitation's scale the sum and relu after it; sums and convolutions a relu.
 */
import type { Activation, Graph, Node, Operation, Value } from "../../../graph/graph.ts";
import { batchOf } from "../../plan/layouts.ts";
import type { Trusts } from "./trusts.ts";

export interface Unit {
  readonly operation: Operation;
  /** Of the operation itself. */
  readonly inputs: readonly Value[];
  /** What is added to its result. */
  readonly residual: Value | undefined;
  /** Of the sum. */
  readonly activation: Activation | undefined;
  readonly output: Value;
}

export type { Of } from "../../../graph/graph.ts";

class Chains {
  readonly #users = new Map<Value, Node[]>();
  readonly #outputs: ReadonlySet<Value>;
  readonly taken = new Set<Node>();

  constructor(graph: Graph) {
    this.#outputs = new Set(graph.outputs);
    for (const node of graph.nodes) {
      for (const input of node.inputs) this.#users.set(input, [...(this.#users.get(input) ?? []), node]);
    }
  }

  /** The only user of a value, if it is of this kind and free. */
  next(value: Value, kind: Operation["kind"]): Node | undefined {
    const users = this.#users.get(value) ?? [];
    if (this.#outputs.has(value) || users.length !== 1 || users[0].operation.kind !== kind || this.taken.has(users[0])) return undefined;
    return users[0];
  }
}

function activationOf(node: Node | undefined): Activation | undefined {
  if (node?.operation.kind !== "activation") return undefined;
  const { activation, slope, offset } = node.operation;
  return { activation, slope, offset };
}

const isRelu = (node: Node | undefined): boolean => activationOf(node)?.activation === "relu";

/** What is joined to a node, the last one last. */
function followers(node: Node, chains: Chains, trusts: Trusts, batch: number): Node[] {
  const { kind } = node.operation;
  // What is computed on the plain kernels is one node.
  if (!trusts(kind) || batchOf(node.output) !== batch) return [];
  const { output } = node;
  const activation = trusts("activation") ? chains.next(output, "activation") : undefined;
  if (kind === "batch_norm" && activation !== undefined) return [activation];
  if ((kind === "conv2d" || kind === "linear" || kind === "add") && isRelu(activation)) return [activation!];
  if (kind !== "batch_norm" && kind !== "scale") return [];
  const sum = trusts("add") ? chains.next(output, "add") : undefined;
  const relu = sum === undefined || !trusts("activation") ? undefined : chains.next(sum.output, "activation");
  return sum === undefined || sum.inputs[0] === sum.inputs[1] ? [] : isRelu(relu) ? [sum, relu!] : [sum];
}

/**
 * The units of a graph in the order in which they are computed: each right before what needs it, and gates last, so that on the way back
 * the gradient of a gate is known right after that of what it scaled.
 * @param trusts what is not trusted is a unit by itself
 */
export function unitsOf(graph: Graph, trusts: Trusts): Unit[] {
  const chains = new Chains(graph);
  const makers = new Map<Value, Unit>();
  for (const node of graph.nodes) {
    if (chains.taken.has(node)) continue;
    const joined = followers(node, chains, trusts, graph.inputs[0].shape[0]);
    for (const each of [node, ...joined]) chains.taken.add(each);
    const sum = joined.find(({ operation }) => operation.kind === "add");
    const output = (joined.at(-1) ?? node).output;
    makers.set(output, {
      operation: node.operation, inputs: node.inputs, residual: sum?.inputs.find((value) => value !== node.output),
      activation: activationOf(joined.at(-1)), output,
    });
  }
  const ordered = new Set<Unit>();
  const visit = (value: Value): void => {
    const unit = makers.get(value);
    if (unit === undefined || ordered.has(unit)) return;
    const [first, ...others] = unit.inputs;
    visit(first);
    if (unit.residual !== undefined) visit(unit.residual);
    others.forEach(visit);
    ordered.add(unit);
  };
  graph.outputs.forEach(visit);
  return [...ordered];
}
