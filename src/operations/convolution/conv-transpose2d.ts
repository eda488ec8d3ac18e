/** Transposed convolution: x [N,C,H,W], weight [C,O/groups,kh,kw], bias [O]. */
import { convTranspose2dShape } from "../../../kernels/shapes.ts";
import { checkImage, optional, windowsOf } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const convTranspose2d: Declaration<"conv_transpose2d"> = {
  shape(operation, [x]) {
    const [batch, channels, height, width] = checkImage("conv_transpose2d", x);
    const outChannels = operation.weight.read().shape[1] * operation.groups;
    const { outHeight, outWidth } = convTranspose2dShape(batch, channels, height, width, outChannels, operation);
    return [batch, outChannels, outHeight, outWidth];
  },
  parameters: ({ weight, bias }) => [weight, bias],
};

export const convTranspose2dComputation: Computation<"conv_transpose2d"> = {
  step(node, context) {
    const { operation, inputs, output } = node;
    const shape = { ...windowsOf(node), inChannels: inputs[0].shape[1], outChannels: output.shape[1], groups: operation.groups };
    const [y, x, weight, bias] = [context.array(output), context.array(inputs[0]), context.constant(operation.weight), optional(operation.bias, context)];
    const work = context.scratch(context.kernels.convTranspose2dScratch(shape));
    return () => context.kernels.convTranspose2dForward(y, x, weight, bias, shape, work);
  },
};
