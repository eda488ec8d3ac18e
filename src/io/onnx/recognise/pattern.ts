/** What recognition asks of a graph: who makes a value, whether only one node uses it, what number a constant is. */
import type { BinaryFunction, Constant, Graph, Node, Operation, Value } from "../../../graph/graph.ts";
import { constantOf } from "../../../graph/gates.ts";
import { Uses } from "../../../graph/rewrite.ts";
import { sizeOf } from "../../../tensor.ts";

export class Pattern extends Uses {
  constructor(graph: Graph) {
    super(graph, new Set());
  }

  constant(value: Value): Constant | undefined {
    return constantOf(this, value);
  }

  /** The one number that a constant value has, if it has one only. */
  scalar(value: Value): number | undefined {
    return sizeOf(value.shape) === 1 ? this.constant(value)?.read().data[0] : undefined;
  }

  /** Is the value used by this node alone? */
  only(value: Value, user: Node): boolean {
    return this.removable(value) && this.users(value).every((node) => node === user);
  }
}

/** The function of two operands that an operation computes, whatever its kind is called. */
export function arithmeticOf(operation: Operation): BinaryFunction | undefined {
  switch (operation.kind) {
    case "add": return "add";
    case "multiply": case "scale": case "pixel_scale": return "multiply";
    case "binary": return operation.by;
    default: return undefined;
  }
}
