/** Transposed convolution: x [N,C,H,W], weight [C,O/groups,kh,kw], bias [O]. */
import { convTranspose2dShape } from "../../../kernels/shapes.ts";
import type { Conv2dShape } from "../../../kernels/shapes.ts";
import type { Of } from "../../graph/graph.ts";
import type { Shape } from "../../tensor.ts";
import { checkImage, optional } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

function geometry(operation: Of<"conv_transpose2d">, input: Shape, outChannels: number): Conv2dShape {
  const [batch, channels, height, width] = input;
  return convTranspose2dShape(batch, channels, height, width, outChannels, operation);
}

export const convTranspose2d: Declaration<"conv_transpose2d"> = {
  shape(operation, [x]) {
    const { batch, outChannels, outHeight, outWidth } = geometry(operation, checkImage("conv_transpose2d", x), operation.weight.read().shape[1] * operation.groups);
    return [batch, outChannels, outHeight, outWidth];
  },
  parameters: ({ weight, bias }) => [weight, bias],
};

export const convTranspose2dComputation: Computation<"conv_transpose2d"> = {
  step({ operation, inputs, output }, context) {
    const shape = geometry(operation, inputs[0].shape, output.shape[1]);
    const [y, x, weight, bias] = [context.array(output), context.array(inputs[0]), context.constant(operation.weight), optional(operation.bias, context)];
    const work = context.scratch(context.kernels.convTranspose2dScratch(shape));
    return () => context.kernels.convTranspose2dForward(y, x, weight, bias, shape, work);
  },
};
