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

  channel_pool: (sink, { operation: { by }, names, name }) => sink.node(by === "mean" ? "ReduceMean" : "ReduceMax", names, name, { axes: [1], keepdims: 1 }),

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

  max_pool(sink, { operation: { kernel, stride, padding, ceilMode }, inputs: [input], output, names, name }) {
    // Where the size is rounded up, the last window hangs over the edge: that much more padding says the same without a rule.
    const end = [0, 1].map((i) =>
      (ceilMode ? Math.max(padding[i], (output.shape[2 + i] - 1) * stride[i] + kernel[i] - input.shape[2 + i] - padding[i]) : padding[i]));
    sink.node("MaxPool", names, name, { kernel_shape: kernel, strides: stride, pads: [...padding, ...end] });
  },

  average_pool(sink, { operation: { kernel, stride, padding, ceilMode, countPadding }, names, name }) {
    sink.node("AveragePool", names, name, {
      kernel_shape: kernel, strides: stride, pads: [...padding, ...padding], ceil_mode: Number(ceilMode), count_include_pad: Number(countPadding),
    });
  },
};
