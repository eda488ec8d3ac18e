/** Sum of two values of one shape. */
import { sizeOf } from "../../tensor.ts";
import { checkShape, routineOf } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";
import { relu, withActivation } from "./activation.ts";

export const add: Declaration<"add"> = { shape: (_, [a, b]) => checkShape("add", b, a) };

export const addComputation: Computation<"add"> = {
  routine: withActivation(routineOf(({ output }) => ({ size: sizeOf(output.shape) }), "addForward")),

  check({ x, other, add }) {
    add({ kind: "add" }, x.shape, x, other);
    add({ kind: "add", activation: relu }, x.shape, x, other);
  },
};
