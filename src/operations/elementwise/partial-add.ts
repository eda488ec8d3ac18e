/** A sum over the first channels: a [N,C,H,W], b [N,B,H,W] with B at most C. */
import { partialAddForward } from "../../../kernels/reference/joining/partial-add.ts";
import { partialShape } from "../../../kernels/shapes.ts";
import { checkImage, checkShape, perChannel } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const partialAdd: Declaration<"partial_add"> = {
  shape(_, [a, b]) {
    const [batch, channels, height, width] = checkImage("partial_add", a);
    checkShape("partial_add", b, [batch, undefined, height, width]);
    partialShape(batch, channels, b[1], height * width);
    return a;
  },
};

export const partialAddComputation: Computation<"partial_add"> = {
  routine(node, { array }) {
    const [y, a, b] = [node.output, ...node.inputs].map((value) => array(value));
    const shape = { ...perChannel(node), added: node.inputs[1].shape[1] };
    return () => partialAddForward(y, a, b, shape);
  },

  check({ x, fewer, add }) {
    add({ kind: "partial_add" }, x.shape, x, fewer);
  },
};
