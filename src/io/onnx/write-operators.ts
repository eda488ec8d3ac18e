/** Operations that are more than one ONNX node, or whose attributes want a table. */
import type { Operation, Value } from "../../graph/graph.ts";
import { Tensor } from "../../tensor.ts";

/** A whole number, whole numbers, a text, or a float. */
export type Attributes = Readonly<Record<string, number | readonly number[] | string | { readonly float: number }>>;

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Attributes;
}

/** What is needed of the writer. */
export interface NodeSink {
  node(type: string, inputs: readonly string[], output: string, attributes?: Attributes): void;
  floats(name: string, tensor: Tensor): string;
  integers(name: string, values: readonly number[]): string;
}

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

export function activationNodes(sink: NodeSink, operation: Of<"activation">, input: string, name: string): void {
  switch (operation.activation) {
    case "relu":
      return sink.node("Relu", [input], name);
    case "relu6": {
      const bounds = [sink.floats("relu6.least", Tensor.of([0], [])), sink.floats("relu6.most", Tensor.of([6], []))];
      return sink.node("Clip", [input, ...bounds], name);
    }
    case "leaky_relu":
      return sink.node("LeakyRelu", [input], name, { alpha: { float: operation.slope } });
    case "sigmoid":
      return sink.node("Sigmoid", [input], name);
    case "hard_sigmoid":
      return sink.node("HardSigmoid", [input], name, { alpha: { float: operation.slope }, beta: { float: operation.offset } });
    case "silu":
      sink.node("Sigmoid", [input], `${name}.gate`);
      return sink.node("Mul", [input, `${name}.gate`], name);
    case "hard_swish":
      return sink.node("HardSwish", [input], name);
    case "tanh":
      return sink.node("Tanh", [input], name);
  }
}

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

/** ONNX has no adaptive pooling: the windows' averages are a matrix product from the left (rows) and one from the right (columns). */
export function adaptivePoolNodes(sink: NodeSink, input: Value, output: Value): void {
  const { name } = output;
  const [height, width] = input.shape.slice(2);
  const [outHeight, outWidth] = output.shape.slice(2);
  const rows = sink.floats(`${name}.rows`, Tensor.of(averages(height, outHeight), [outHeight, height]));
  const across = averages(width, outWidth);
  const turned = Array.from({ length: width * outWidth }, (_, i) => across[(i % outWidth) * width + Math.floor(i / outWidth)]);
  const columns = sink.floats(`${name}.columns`, Tensor.of(turned, [width, outWidth]));
  sink.node("MatMul", [rows, input.name], `${name}.tall`);
  sink.node("MatMul", [`${name}.tall`, columns], name);
}

export function upsampleNodes(sink: NodeSink, operation: Of<"upsample">, input: Value, output: Value): void {
  const scales = sink.floats(`${output.name}.scales`, Tensor.of([1, 1, operation.factor, operation.factor], [4]));
  const attributes: Attributes = operation.method === "nearest"
    ? { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" }
    : { mode: "linear", coordinate_transformation_mode: operation.alignCorners ? "align_corners" : "half_pixel" };
  sink.node("Resize", [input.name, "", scales], output.name, attributes);
}

/** [N,C,1,1] as a signal of C values through a one-dimensional convolution. */
export function channelConvNodes(sink: NodeSink, weight: string, size: number, input: Value, name: string): void {
  const channels = input.shape[1];
  const padding = (size - 1) / 2;
  sink.node("Reshape", [input.name, sink.integers(`${name}.line`, [0, 1, channels])], `${name}.in_line`);
  sink.node("Conv", [`${name}.in_line`, weight], `${name}.mixed`, { kernel_shape: [size], pads: [padding, padding] });
  sink.node("Reshape", [`${name}.mixed`, sink.integers(`${name}.image`, [0, channels, 1, 1])], name);
}

/** Rows and columns by their numbers: Resize wants a factor, and rounds the size that comes of it. */
export function resizeNearestNodes(sink: NodeSink, input: Value, output: Value): void {
  const { name } = output;
  const from = (axis: number): number[] =>
    Array.from({ length: output.shape[axis] }, (_, i) => Math.floor((i * input.shape[axis]) / output.shape[axis]));
  sink.node("Gather", [input.name, sink.integers(`${name}.rows`, from(2))], `${name}.tall`, { axis: 2 });
  sink.node("Gather", [`${name}.tall`, sink.integers(`${name}.columns`, from(3))], name, { axis: 3 });
}
