/**
 * Convolution: x [N,C,H,W], weight [O,C/groups,kh,kw], bias [O]. In sessions with an epilogue: gate [N,O,1,1], then residual of the
 * output's shape.
 */
import { conv2dShape } from "../../../kernels/shapes.ts";
import type { ChannelShape } from "../../../kernels/shapes.ts";
import type { Of, Value, Window } from "../../graph/graph.ts";
import type { Shape } from "../../tensor.ts";
import { activate, relu } from "../elementwise/activation.ts";
import { checkImage, optional, windowsOf } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

function addBias(y: Float32Array, bias: Float32Array, { batch, channels, pixels }: ChannelShape): void {
  for (let image = 0, i = 0; image < batch; image++) {
    for (let c = 0; c < channels; c++) for (const end = i + pixels; i < end; i++) y[i] += bias[c];
  }
}

/** The output's shape, for which no weight is read. @throws RangeError where windows and image do not fit */
export function convolved(windows: Window & Pick<Of<"conv2d">, "dilation" | "groups">, x: Shape, outChannels: number): Shape {
  const [batch, channels, height, width] = checkImage("conv2d", x);
  const { outHeight, outWidth } = conv2dShape(batch, channels, height, width, outChannels, windows);
  return [batch, outChannels, outHeight, outWidth];
}

export const conv2d: Declaration<"conv2d"> = {
  shape: (operation, [x]) => convolved(operation, x, operation.weight.read().shape[0]),
  parameters: ({ weight, bias }) => [weight, bias],
};

export const conv2dComputation: Computation<"conv2d"> = {
  routine(node, context) {
    const { operation, inputs, output } = node;
    const { kernels } = context;
    const [, outChannels] = output.shape;
    const shape = { ...windowsOf(node), inChannels: inputs[0].shape[1], outChannels, groups: operation.groups };
    const [y, x, weight] = [context.array(output), context.array(inputs[0]), context.constant(operation.weight)];
    const bias = optional(operation.bias, context);
    const work = context.scratch(kernels.conv2dScratch(shape));
    const epilogue = operation.epilogue;
    const gate = epilogue?.gate === true ? context.array(inputs[1]) : undefined;
    const residual = epilogue?.residual === true ? context.array(inputs[gate === undefined ? 1 : 2]) : undefined;
    const channels = { batch: shape.batch, channels: outChannels, pixels: shape.outHeight * shape.outWidth };
    const all = { size: y.length };
    return () => {
      kernels.conv2dForward(y, x, weight, epilogue?.biasLast === true ? null : bias, shape, work);
      if (gate !== undefined) kernels.channelScaleForward(y, y, gate, channels);
      if (epilogue?.biasLast === true && bias !== null) addBias(y, bias, channels);
      if (residual !== undefined) kernels.addForward(y, y, residual, all);
      if (epilogue?.activation !== undefined) activate(kernels, y, epilogue.activation, y);
    };
  },

  label: ({ groups, kernel }) => (
    groups > 1 ? "conv2d in groups" : kernel.some((size) => size > 1) ? "conv2d of places" : "conv2d of pixels"
  ),

  check({ x, other, gate, few, many, fewerProducts, constant, add }) {
    /** As many outputs as inputs. @param given gate, then residual, if there are such */
    const layer = (kernel: number, stride: number, groups: number, of: Value, gated: boolean, ...given: readonly Value[]): void => {
      const padding = (kernel - 1) / 2;
      const [batch, channels, height, width] = of.shape;
      add({
        kind: "conv2d", kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding, padding, padding], dilation: [1, 1],
        groups,
        weight: constant([channels, channels / groups, kernel, kernel]), bias: constant([channels]),
        epilogue: { gate: gated, residual: given.length > Number(gated), activation: relu, biasLast: gated && groups > 1 },
      }, [batch, channels, Math.ceil(height / stride), Math.ceil(width / stride)], of, ...given);
    };
    layer(1, 1, 1, x, true, gate, other);
    layer(3, 1, 1, x, false, other);
    layer(3, 2, 1, x, false);
    layer(3, 1, x.shape[1], x, false);
    layer(5, 2, x.shape[1], x, true, gate);
    // Few pixels of many channels: weights transformed in the run; and the least that Strassen's method takes, and Winograd's in groups.
    layer(3, 1, 1, few, false);
    if (!fewerProducts) return;
    layer(1, 1, 1, many, false);
    layer(3, 1, 8, many, false);
  },
};
