/** Sum of two values of one shape. */
import { elementwiseShape } from "../../../kernels/shapes.ts";
import { sizeOf } from "../../tensor.ts";
import { checkShape, stepOf } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const add: Declaration<"add"> = { shape: (_, [a, b]) => checkShape("add", b, a) };

export const addComputation: Computation<"add"> = {
  step: stepOf(({ output }) => elementwiseShape(sizeOf(output.shape)), "addForward"),

  check({ x, other, add }) {
    add({ kind: "add" }, x.shape, x, other);
  },
};
