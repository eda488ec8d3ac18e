/** Pooling as ONNX. */
import { Tensor } from "../../../tensor.ts";
import type { Writers } from "./writer.ts";

/** One output row of averages over windows: row i averages the input from floor(i n / m) to ceil((i + 1) n / m). */
function averages(from: number, to: number): number[] {
  const rows: number[] = [];
  for (let i = 0; i < to; i++) {
    const begin = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    for (let j = 0; j < from; j++) rows.push(j >= begin && j < end ? 1 / (end - begin) : 0);
  }
  return rows;
}

export const poolingWriters: Pick<Writers, "global_pool" | "channel_pool" | "adaptive_average_pool" | "max_pool" | "average_pool"> = {
  global_pool: (sink, { operation: { by }, names, name }) => sink.node(by === "mean" ? "GlobalAveragePool" : "GlobalMaxPool", names, name),

  channel_pool: (sink, { operation: { by }, names, name }) => sink.node(
    by === "mean" ? "ReduceMean" : "ReduceMax", names, name, { axes: [1], keepdims: 1 },
  ),

  /** ONNX has no adaptive pooling: the windows' averages are a matrix product from the left (rows) and one from the right (columns). */
  adaptive_average_pool(sink, { inputs: [input], output, name }) {
    const [height, width] = input.shape.slice(2);
    const [outHeight, outWidth] = output.shape.slice(2);
    const rows = sink.floats(`${name}.rows`, Tensor.of(averages(height, outHeight), [outHeight, height]));
    const across = averages(width, outWidth);
    const turned = Array.from({ length: width * outWidth }, (_, i) => across[(i % outWidth) * width + Math.floor(i / outWidth)]);
    const columns = sink.floats(`${name}.columns`, Tensor.of(turned, [width, outWidth]));
    sink.node("MatMul", [rows, input.name], `${name}.tall`);
    sink.node("MatMul", [`${name}.tall`, columns], name);
  },

  max_pool(sink, { operation: { kernel, stride, padding, dilation = [1, 1], ceilMode }, inputs: [input], output, names, name }) {
    // Where the size is rounded up, the last window hangs over the edge: that much more padding says the same without a rule.
    const reach = (axis: 0 | 1): number =>
      (output.shape[2 + axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 - input.shape[2 + axis] - padding[axis];
    const end = ceilMode ? [Math.max(padding[2], reach(0)), Math.max(padding[3], reach(1))] : padding.slice(2);
    const dilations = dilation.every((n) => n === 1) ? {} : { dilations: dilation };
    sink.node("MaxPool", names, name, { kernel_shape: kernel, strides: stride, pads: [...padding.slice(0, 2), ...end], ...dilations });
  },

  average_pool(sink, { operation: { kernel, stride, padding, dilation = [1, 1], ceilMode, countPadding }, names, name }) {
    // An attribute of opset 19.
    if (dilation.some((n) => n > 1)) {
      throw new RangeError(`writeOnnx: ${name} averages over a window with gaps, which opset 17 does not know`);
    }
    sink.node("AveragePool", names, name, {
      kernel_shape: kernel, strides: stride, pads: padding, ceil_mode: Number(ceilMode), count_include_pad: Number(countPadding),
    });
  },
};
