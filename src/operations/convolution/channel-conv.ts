/** Convolution along the channels: x [N,C,1,1], weight [1,1,k], zeros beyond the first and last channel. */
import type { Conv2dShape } from "../../../kernels/shapes.ts";
import type { Node } from "../../graph/graph.ts";
import { checkShape, windowsOf } from "../record.ts";
import type { Computation, Declaration, KernelCheck } from "../record.ts";

export const channelConv: Declaration<"channel_conv"> = {
  shape: (_, [x]) => checkShape("channel_conv", x, [undefined, undefined, 1, 1]),
  parameters: ({ weight }) => [weight],
};

/** As a convolution of images: the channels are the rows of one that is a pixel wide. @param size of the kernel */
export function channelConvShape({ inputs: [{ shape: [batch, channels] }] }: Pick<Node, "inputs">, size: number): Conv2dShape {
  const image = { shape: [batch, 1, channels, 1] };
  const around = (size - 1) / 2;
  const window = { kernel: [size, 1], stride: [1, 1], padding: [around, 0, around, 0] } as const;
  return { ...windowsOf({ operation: window, inputs: [image], output: image }), inChannels: 1, outChannels: 1, groups: 1 };
}

export const channelConvComputation: Computation<"channel_conv"> = {
  routine({ operation, inputs, output }, context) {
    const weight = context.constant(operation.weight);
    const shape = channelConvShape({ inputs }, weight.length);
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
