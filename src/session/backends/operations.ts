/** The operations that a session knows: how they are computed, the plain kernels that these call, and their kernels on WebAssembly. */
import type { InferenceKernels } from "../../../kernels/contract.ts";
import type { Kind, Node } from "../../graph/graph.ts";
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
