/** Channels one after the other: any number of images [N,C,H,W] that differ in C only. */
import { checkImage, checkShape, perChannel } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const concat: Declaration<"concat"> = {
  shape(_, inputs) {
    const [batch, , height, width] = checkImage("concat", inputs[0]);
    for (const shape of inputs) checkShape("concat", shape, [batch, undefined, height, width]);
    return [batch, inputs.reduce((sum, [, channels]) => sum + channels, 0), height, width];
  },
};

export const concatComputation: Computation<"concat"> = {
  routine(node, { array, kernels }) {
    const { batch, pixels } = perChannel(node);
    const shape = { batch, channels: node.inputs.map((value) => value.shape[1]), outChannels: node.output.shape[1], pixels };
    const [y, ...parts] = [node.output, ...node.inputs].map((value) => array(value));
    return () => kernels.concatForward(y, parts, shape);
  },

  check({ x, other, add }) {
    add({ kind: "concat" }, [x.shape[0], 2 * x.shape[1], ...x.shape.slice(2)], x, other);
  },
};
