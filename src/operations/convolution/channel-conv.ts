/** Convolution along the channels: x [N,C,1,1], weight [1,1,k], zeros beyond the first and last channel. */
import { checkShape, windowsOf } from "../record.ts";
import type { Computation, Declaration, KernelCheck } from "../record.ts";

export const channelConv: Declaration<"channel_conv"> = {
  shape: (_, [x]) => checkShape("channel_conv", x, [undefined, undefined, 1, 1]),
  parameters: ({ weight }) => [weight],
};

export const channelConvComputation: Computation<"channel_conv"> = {
  routine({ operation, inputs, output }, context) {
    const weight = context.constant(operation.weight);
    const [batch, channels] = inputs[0].shape;
    // The channels are the rows of an image one pixel wide.
    const image = { shape: [batch, 1, channels, 1] };
    const around = (weight.length - 1) / 2;
    const window = { kernel: [weight.length, 1], stride: [1, 1], padding: [around, 0, around, 0] } as const;
    const shape = { ...windowsOf({ operation: window, inputs: [image], output: image }), inChannels: 1, outChannels: 1, groups: 1 };
    const [y, x, work] = [context.array(output), context.array(inputs[0]), context.scratch(context.kernels.conv2dScratch(shape))];
    return () => context.kernels.conv2dForward(y, x, weight, null, shape, work);
  },
};

/** What checks its kernels, which lean sessions have not. */
export const channelConvCheck: KernelCheck<"channel_conv"> = {
  check({ gate, constant, add }) {
    add({ kind: "channel_conv", weight: constant([1, 1, 5]) }, gate.shape, gate);
  },
};
