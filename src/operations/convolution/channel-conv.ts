/** Convolution along the channels: x [N,C,1,1], weight [1,1,k], zeros beyond the first and last channel. */
import { conv2dShape } from "../../../kernels/shapes.ts";
import { checkShape } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const channelConv: Declaration<"channel_conv"> = {
  shape: (_, [x]) => checkShape("channel_conv", x, [undefined, undefined, 1, 1]),
  parameters: ({ weight }) => [weight],
};

export const channelConvComputation: Computation<"channel_conv"> = {
  step({ operation, inputs, output }, context) {
    const weight = context.constant(operation.weight);
    const [batch, channels] = inputs[0].shape;
    // The channels are the rows of an image one pixel wide.
    const shape = conv2dShape(batch, 1, channels, 1, 1, { kernel: [weight.length, 1], padding: [(weight.length - 1) / 2, 0] });
    const [y, x, work] = [context.array(output), context.array(inputs[0]), context.scratch(context.kernels.conv2dScratch(shape))];
    return () => context.kernels.conv2dForward(y, x, weight, null, shape, work);
  },
};
