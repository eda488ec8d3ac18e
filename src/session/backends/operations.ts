/** The operations that a session knows: how they are computed, the plain kernels that these call, and their kernels on WebAssembly. */
import type { InferenceKernels } from "../../../kernels/contract.ts";
import type { Graph, Kind, Node, OperationSet } from "../../graph/graph.ts";
import type { Computation, Computations, Routine, RoutineContext } from "../../operations/record.ts";
import type { Bindings, Emitters } from "./wasm/bindings/binding.ts";

export interface PlainOperations {
  /** What computes where WebAssembly does not, and knows the right answers: the plain family, or the textbook. */
  readonly kernels: InferenceKernels;
  /** Lean sessions have not all. */
  readonly computations: Partial<Computations>;
}

export interface Operations extends PlainOperations {
  readonly bindings: Partial<Bindings>;
  /** Of activations that lean sessions have not. */
  readonly emitters?: Emitters;
}

/** With those that a network brings for its nodes. */
export function withBrought(own: Operations, brought: OperationSet | undefined): Operations {
  // That a kind has no kernels in these sessions is said by their own bindings.
  return {
    ...own, computations: { ...own.computations, ...brought?.computations }, bindings: { ...brought?.bindings, ...own.bindings },
  };
}

/** @throws RangeError for what these operations are without */
export function lacking({ output }: Pick<Node, "output">, what: string): never {
  throw new RangeError(`compile: ${output.name} wants ${what}, missing here`);
}

/** @throws RangeError where these operations have none */
export function computationOf({ computations }: PlainOperations, node: Pick<Node, "operation" | "output">): Computation<Kind> {
  const { kind } = node.operation;
  // The table holds for each kind what belongs to it, which its type cannot say of a kind that is not known.
  return (computations[kind] as Computation<Kind> | undefined) ?? lacking(node, kind);
}

/** The routine of any node. */
export function plainRoutine(node: Node, operations: PlainOperations, context: Omit<RoutineContext, "kernels">): Routine {
  return computationOf(operations, node).routine(node, { ...context, kernels: operations.kernels });
}

/** The graph. @throws RangeError where it has an operation that these are without */
export function checkKnown(graph: Graph, { computations }: Operations): Graph {
  const node = graph.nodes.find(({ operation: { kind } }) => !Object.hasOwn(computations, kind));
  if (node === undefined) return graph;
  throw new RangeError(
    `compile: ${node.output.name} is ${node.operation.kind}, which sessions know where it is brought: ` +
    "operations: generalOperations (senet/session/general), of the network, the graph or an import",
  );
}
