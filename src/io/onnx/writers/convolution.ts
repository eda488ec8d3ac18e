/** Convolutions and linear layers as ONNX. */
import { activated, perChannel } from "./elementwise.ts";
import type { Writers } from "./writer.ts";

export const convolutionWriters: Pick<Writers, "conv2d" | "conv_transpose2d" | "linear" | "channel_conv"> = {
  /** With what a session's graph has behind it: gate, residual, activation. */
  conv2d(sink, { operation: { kernel, stride, padding, dilation, groups, weight, bias, epilogue }, inputs, output, names, name }) {
    const attributes = { kernel_shape: kernel, strides: stride, pads: padding, dilations: dilation, group: groups };
    const { gate = false, residual = false, biasLast = false, activation } = epilogue ?? {};
    const late = biasLast && bias !== undefined;
    const steps: [string, ...string[]][] = [
      ...(gate ? [["Mul", names[1]] as [string, string]] : []),
      ...(late ? [["Add", perChannel(sink, `${name}/shift`, bias.read().data)] as [string, string]] : []),
      ...(residual ? [["Add", names[names.length - 1]] as [string, string]] : []),
    ];
    const last = activation === undefined ? name : `${name}/before`;
    let result = steps.length === 0 ? last : `${name}/sum`;
    sink.node("Conv", [names[0], ...sink.constants(weight, late ? undefined : bias)], result, attributes);
    steps.forEach(([type, other], i) => {
      const next = i === steps.length - 1 ? last : `${name}/step_${i}`;
      sink.node(type, [result, other], next);
      result = next;
    });
    activated(sink, activation, { inputs, output, name });
  },

  conv_transpose2d(sink, { operation: { kernel, stride, padding, dilation, groups, weight, bias, outputPadding }, names, name }) {
    const attributes = {
      kernel_shape: kernel, strides: stride, pads: padding, dilations: dilation, group: groups, output_padding: outputPadding,
    };
    sink.node("ConvTranspose", [...names, ...sink.constants(weight, bias)], name, attributes);
  },

  linear(sink, { operation: { weight, bias }, names, name }) {
    sink.node("Gemm", [...names, ...sink.constants(weight, bias)], name, { transB: 1 });
  },

  /** [N,C,1,1] as a signal of C values through a one-dimensional convolution. */
  channel_conv(sink, { operation: { weight }, inputs: [input], name }) {
    const channels = input.shape[1];
    const { size } = weight.read();
    const padding = (size - 1) / 2;
    sink.node("Reshape", [input.name, sink.integers(`${name}.line`, [0, 1, channels])], `${name}.in_line`);
    sink.node("Conv", [`${name}.in_line`, ...sink.constants(weight)], `${name}.mixed`, { kernel_shape: [size], pads: [padding, padding] });
    sink.node("Reshape", [`${name}.mixed`, sink.integers(`${name}.image`, [0, channels, 1, 1])], name);
  },
};
