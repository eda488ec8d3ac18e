/** Transposed convolution: x [N,C,H,W], weight [C,O/groups,kh,kw], bias [O]. */
import { convTranspose2dShape } from "../../../kernels/shapes.ts";
import { checkImage, optional, windowsOf } from "../record.ts";
import type { Of } from "../../graph/graph.ts";
import type { Computation, Declaration, KernelCheck, NodeOf } from "../record.ts";

export const convTranspose2d: Declaration<"conv_transpose2d"> = {
  shape(operation, [x]) {
    const [batch, channels, height, width] = checkImage("conv_transpose2d", x);
    const outChannels = operation.weight.read().shape[1] * operation.groups;
    const { outHeight, outWidth } = convTranspose2dShape(batch, channels, height, width, outChannels, operation);
    return [batch, outChannels, outHeight, outWidth];
  },
  parameters: ({ weight, bias }) => [weight, bias],
};

/**
 * The padding with which a convolution from the output's size gives the input's: that of which this is the gradient. Undefined where more
 * is padded to the output than such can have.
 */
export function gradientPadding(
  { operation, inputs: [x], output: y }: NodeOf<"conv_transpose2d">,
): Of<"conv_transpose2d">["padding"] | undefined {
  const { kernel, stride, padding: [top, left, ...ends], dilation, outputPadding } = operation;
  const [bottom, right] = ends.map((end, i) => Math.max(0, end - outputPadding[i]));
  const fits = [top + bottom, left + right].every((padding, i) =>
    Math.floor((y.shape[2 + i] + padding - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1 === x.shape[2 + i]);
  return fits ? [top, left, bottom, right] : undefined;
}

export const convTranspose2dComputation: Computation<"conv_transpose2d"> = {
  routine(node, context) {
    const { operation, inputs, output } = node;
    const shape = { ...windowsOf(node), inChannels: inputs[0].shape[1], outChannels: output.shape[1], groups: operation.groups };
    const [y, x, weight, bias] = [
      context.array(output), context.array(inputs[0]), context.constant(operation.weight), optional(operation.bias, context),
    ];
    const work = context.scratch(context.kernels.convTranspose2dScratch(shape));
    return () => context.kernels.convTranspose2dForward(y, x, weight, bias, shape, work);
  },
};

/** What checks its kernels, which lean sessions have not. */
export const convTranspose2dCheck: KernelCheck<"conv_transpose2d"> = {
  label: ({ groups }) => `conv_transpose2d${groups > 1 ? " groups" : ""}`,
  check({ x, constant, add }) {
    const [batch, channels, height, width] = x.shape;
    for (const groups of [1, channels]) {
      const shape = {
        kind: "conv_transpose2d", kernel: [3, 2], stride: [2, 2], padding: [1, 0, 0, 1], dilation: [1, 1], outputPadding: [0, 0], groups,
      } as const;
      const outputs = groups === 1 ? 18 : channels;
      add(
        { ...shape, weight: constant([channels, outputs / groups, 3, 2]), bias: constant([outputs]) },
        [batch, outputs, 2 * height, 2 * width - 1], x,
      );
    }
  },
};
