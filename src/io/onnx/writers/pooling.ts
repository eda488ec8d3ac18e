/** Pooling as ONNX. */
import { Tensor } from "../../../tensor.ts";
import type { Operation } from "../../../graph/graph.ts";
import type { Shape } from "../../../tensor.ts";
import type { Writers } from "./writer.ts";

type Pooling = Extract<Operation, { kind: "max_pool" | "average_pool" }>;

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

/**
 * Pads of a pool. Where its size is rounded up, the last window hangs over the edge: that much more padding says the same without a rule,
 * on which readers differ.
 */
function reaching({ kernel, stride, padding, dilation = [1, 1], ceilMode }: Pooling, image: Shape, result: Shape): number[] {
  const reach = (axis: 0 | 1): number =>
    (result[2 + axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 - image[2 + axis] - padding[axis];
  const end = ceilMode ? [Math.max(padding[2], reach(0)), Math.max(padding[3], reach(1))] : padding.slice(2);
  return [...padding.slice(0, 2), ...end];
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

  max_pool(sink, { operation, inputs: [input], output, names, name }) {
    const { kernel, stride, dilation = [1, 1] } = operation;
    const dilations = dilation.every((n) => n === 1) ? {} : { dilations: dilation };
    sink.node(
      "MaxPool", names, name, { kernel_shape: kernel, strides: stride, pads: reaching(operation, input.shape, output.shape), ...dilations },
    );
  },

  average_pool(sink, { operation, inputs: [input], output, names, name }) {
    const { kernel, stride, padding, dilation = [1, 1], countPadding } = operation;
    // An attribute of opset 19.
    if (dilation.some((n) => n > 1)) {
      throw new RangeError(`writeOnnx: ${name} averages over a window with gaps, which opset 17 does not know`);
    }
    const pads = reaching(operation, input.shape, output.shape);
    const attributes = { kernel_shape: kernel, strides: stride, pads, count_include_pad: Number(countPadding) };
    if (!countPadding || pads.every((n, i) => n === padding[i])) return sink.node("AveragePool", names, name, attributes);
    // What hangs over the padding is not counted. Versions of ONNX Runtime before 1.29 count it, so all of the window is, and the excess is
    // taken out.
    const counted = (axis: 0 | 1, i: number): number => {
      const begin = i * stride[axis] - padding[axis];
      return Math.min(begin + kernel[axis], input.shape[2 + axis] + padding[2 + axis]) - begin;
    };
    const [height, width] = output.shape.slice(2);
    const factors = Array.from({ length: height * width }, (_, i) =>
      (kernel[0] * kernel[1]) / (counted(0, Math.floor(i / width)) * counted(1, i % width)));
    sink.node("AveragePool", names, `${name}.whole`, attributes);
    sink.node("Mul", [`${name}.whole`, sink.floats(`${name}.counted`, Tensor.of(factors, [1, 1, height, width]))], name);
  },
};
