/**
 * ONNX files (https://github.com/onnx/onnx, onnx.proto; operators of opset 17) of a graph, weights inside, float32. It moves
 * trained networks to other runtimes. Field numbers are those of onnx.proto.
 */
import type { Constant, Graph, Node, Value } from "../../graph/graph.ts";
import type { Shape, Tensor } from "../../tensor.ts";
import { activationNodes, adaptivePoolNodes, channelConvNodes, resizeNearestNodes, upsampleNodes } from "./write-operators.ts";
import type { Attributes, OnnxNode } from "./write-operators.ts";
import { Message } from "./protobuf.ts";

const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1;
const INT64 = 7;

/** Collects nodes and weights of one file. */
class OnnxWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, Message>();

  /** A weight by its state-dict name; one that several nodes share is written once. */
  constant(constant: Constant): string {
    if (!this.initializers.has(constant.name)) this.initializers.set(constant.name, floatTensor(constant.name, constant.read()));
    return constant.name;
  }

  floats(name: string, tensor: Tensor): string {
    this.initializers.set(name, floatTensor(name, tensor));
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    const bytes = new Uint8Array(values.length * 8);
    const view = new DataView(bytes.buffer);
    values.forEach((value, i) => view.setBigInt64(i * 8, BigInt(value), true));
    const tensor = new Message().integer(1, values.length).integer(2, INT64).text(8, name).bytes(9, bytes);
    this.initializers.set(name, tensor);
    return name;
  }

  node(type: string, inputs: readonly string[], output: string, attributes: Attributes = {}): void {
    this.nodes.push({ type, inputs, output, attributes });
  }
}

function floatTensor(name: string, tensor: Tensor): Message {
  const bytes = new Uint8Array(tensor.size * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < tensor.size; i++) view.setFloat32(i * 4, tensor.data[i], true);
  const message = new Message();
  for (const size of tensor.shape) message.integer(1, size);
  return message.integer(2, FLOAT).text(8, name).bytes(9, bytes);
}

/** [top, left, bottom, right]. */
function pads(node: Node, kernel: Shape, stride: Shape, padding: Shape, ceilMode: boolean): number[] {
  const input = node.inputs[0].shape;
  const output = node.output.shape;
  // Where the size is rounded up, the last window hangs over the edge: that much more padding says the same without a rule.
  const end = [0, 1].map((i) => (ceilMode ? Math.max(padding[i], (output[2 + i] - 1) * stride[i] + kernel[i] - input[2 + i] - padding[i]) : padding[i]));
  return [...padding, ...end];
}

function writeNode(writer: OnnxWriter, node: Node): void {
  const { operation, output } = node;
  const inputs = node.inputs.map((value) => value.name);
  const name = output.name;
  const weights = (...constants: (Constant | undefined)[]): string[] =>
    constants.filter((constant) => constant !== undefined).map((constant) => writer.constant(constant));
  switch (operation.kind) {
    case "conv2d":
    case "conv_transpose2d": {
      const { kernel, stride, padding, dilation, groups } = operation;
      const window = { kernel_shape: kernel, strides: stride, pads: [...padding, ...padding], dilations: dilation, group: groups };
      const given = [...inputs, ...weights(operation.weight, operation.bias)];
      if (operation.kind === "conv2d") return writer.node("Conv", given, name, window);
      return writer.node("ConvTranspose", given, name, { ...window, output_padding: operation.outputPadding });
    }
    case "linear":
      return writer.node("Gemm", [...inputs, ...weights(operation.weight, operation.bias)], name, { transB: 1 });
    case "batch_norm":
      return writer.node(
        "BatchNormalization", [...inputs, ...weights(operation.gamma, operation.beta, operation.mean, operation.variance)], name,
        { epsilon: { float: operation.epsilon } });
    case "activation":
      return activationNodes(writer, operation, inputs[0], name);
    case "global_pool":
      return writer.node(operation.by === "mean" ? "GlobalAveragePool" : "GlobalMaxPool", inputs, name);
    case "adaptive_average_pool":
      return adaptivePoolNodes(writer, node.inputs[0], output);
    case "max_pool": {
      const { kernel, stride, padding, ceilMode } = operation;
      return writer.node("MaxPool", inputs, name, { kernel_shape: kernel, strides: stride, pads: pads(node, kernel, stride, padding, ceilMode) });
    }
    case "average_pool": {
      const { kernel, stride, padding, ceilMode, countPadding } = operation;
      return writer.node("AveragePool", inputs, name, {
        kernel_shape: kernel, strides: stride, pads: [...padding, ...padding], ceil_mode: Number(ceilMode), count_include_pad: Number(countPadding),
      });
    }
    case "add":
      return writer.node("Add", inputs, name);
    case "scale":
    case "pixel_scale":
    case "multiply":
      return writer.node("Mul", inputs, name);
    case "channel_pool":
      return writer.node(operation.by === "mean" ? "ReduceMean" : "ReduceMax", inputs, name, { axes: [1], keepdims: 1 });
    case "channel_conv":
      return channelConvNodes(writer, writer.constant(operation.weight), operation.weight.read().size, node.inputs[0], name);
    case "resize_nearest":
      return resizeNearestNodes(writer, node.inputs[0], output);
    case "concat":
      return writer.node("Concat", inputs, name, { axis: 1 });
    case "flatten":
      return writer.node("Flatten", inputs, name, { axis: 1 });
    case "channel_shuffle": {
      const [, channels, height, width] = output.shape;
      const apart = writer.integers(`${name}.apart`, [0, operation.groups, channels / operation.groups, height, width]);
      const together = writer.integers(`${name}.together`, [0, channels, height, width]);
      writer.node("Reshape", [inputs[0], apart], `${name}.grouped`);
      writer.node("Transpose", [`${name}.grouped`], `${name}.mixed`, { perm: [0, 2, 1, 3, 4] });
      return writer.node("Reshape", [`${name}.mixed`, together], name);
    }
    case "dropout":
      throw new RangeError(`writeOnnx: ${name} drops values: the graph is one for training`);
    case "upsample":
      return upsampleNodes(writer, operation, node.inputs[0], output);
  }
}

function attribute(name: string, value: Attributes[string]): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.integer(3, value).integer(20, 2);
  if (typeof value === "string") return message.text(4, value).integer(20, 3);
  if ("float" in value) return message.float(2, value.float).integer(20, 1);
  for (const n of value) message.integer(8, n);
  return message.integer(20, 7);
}

function nodeMessage({ type, inputs, output, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  message.text(2, output).text(3, output).text(4, type);
  for (const [name, value] of Object.entries(attributes)) message.message(5, attribute(name, value));
  return message;
}

/** ValueInfoProto; the batch is open ("N"). */
function valueMessage({ name, shape }: Value): Message {
  const dimensions = new Message();
  shape.forEach((size, i) => dimensions.message(1, i === 0 ? new Message().text(2, "N") : new Message().integer(1, size)));
  return new Message().text(1, name).message(2, new Message().message(1, new Message().integer(1, FLOAT).message(2, dimensions)));
}

export interface OnnxOptions {
  /** Name of the graph. */
  readonly name?: string;
  /** Name of the single output; default "output". */
  readonly output?: string;
  /** Texts that the file carries (metadata_props). */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The graph as an ONNX model: input and output named as the graph's input and `options.output`, any batch size, the graph's image
 * size, opset 17.
 */
export function writeOnnx(graph: Graph, options: OnnxOptions = {}): Uint8Array {
  const writer = new OnnxWriter();
  for (const node of graph.nodes) writeNode(writer, node);
  const output = options.output ?? "output";
  graph.outputs.forEach((value, i) => writer.node("Identity", [value.name], i === 0 ? output : `${output}_${i + 1}`));

  const body = new Message();
  for (const node of writer.nodes) body.message(1, nodeMessage(node));
  body.text(2, options.name ?? "senet");
  for (const tensor of writer.initializers.values()) body.message(5, tensor);
  for (const value of graph.inputs) body.message(11, valueMessage(value));
  graph.outputs.forEach((value, i) => body.message(12, valueMessage({ name: i === 0 ? output : `${output}_${i + 1}`, shape: value.shape })));

  const model = new Message().integer(1, IR_VERSION).text(2, "senet").message(7, body).message(8, new Message().text(1, "").integer(2, OPSET));
  for (const [key, value] of Object.entries(options.metadata ?? {})) model.message(14, new Message().text(1, key).text(2, value));
  return model.finish();
}
