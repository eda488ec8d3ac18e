/**
 * ONNX files (https://github.com/onnx/onnx, onnx.proto; operators of opset 17) of a graph, weights inside, float32. It moves
 * trained networks to other runtimes. Field numbers are those of onnx.proto.
 */
import { checkGraph } from "../../graph/graph.ts";
import { show } from "../../errors.ts";
import type { ArgumentKind } from "../../checks.ts";
import { checkFields, flag, text, textRecord, texts } from "../../checks.ts";
import type { Constant, Graph, Kind, Node, Value } from "../../graph/graph.ts";
import type { Shape, Tensor } from "../../tensor.ts";
import { writers } from "./writers/index.ts";
import type { Attributes, NodeSink, OnnxNode, Writer } from "./writers/writer.ts";
import { Message } from "./protobuf.ts";

const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT32 = 6;
const INT64 = 7;

/** Collects nodes and weights of one file. */
class OnnxWriter implements NodeSink {
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, Message>();

  /** Weights by their state-dict names; one that several nodes share is written once. */
  constants(...given: readonly (Constant | undefined)[]): string[] {
    return given.filter((constant) => constant !== undefined).map((constant) => {
      if (!this.initializers.has(constant.name)) this.initializers.set(constant.name, floatTensor(constant.name, constant.read()));
      return constant.name;
    });
  }

  floats(name: string, tensor: Tensor): string {
    this.initializers.set(name, floatTensor(name, tensor));
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    const bytes = new Uint8Array(values.length * 8);
    const view = new DataView(bytes.buffer);
    // In halves: a host may lack BigInt.
    values.forEach((value, i) => {
      view.setInt32(i * 8, value | 0, true);
      view.setInt32(i * 8 + 4, Math.floor(value / 4294967296), true);
    });
    const tensor = new Message().integer(1, values.length).integer(2, INT64).text(8, name).bytes(9, bytes);
    this.initializers.set(name, tensor);
    return name;
  }

  whole(name: string, values: Uint8Array | Int8Array | Int32Array, shape: Shape): string {
    if (this.initializers.has(name)) return name;
    const bytes = new Uint8Array(values.byteLength);
    const view = new DataView(bytes.buffer);
    values.forEach((value, i) => (values instanceof Int32Array ? view.setInt32(4 * i, value, true) : view.setUint8(i, value & 255)));
    const message = new Message();
    for (const size of shape) message.integer(1, size);
    const type = values instanceof Int32Array ? INT32 : values instanceof Int8Array ? INT8 : UINT8;
    this.initializers.set(name, message.integer(2, type).text(8, name).bytes(9, bytes));
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

function writeNode(sink: OnnxWriter, { operation, inputs, output }: Node): void {
  const write = writers[operation.kind] as Writer<Kind>;
  write(sink, { operation, inputs, output, names: inputs.map((value) => value.name), name: output.name });
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

/** ValueInfoProto. @param open is the batch any ("N")? */
function valueMessage({ name, shape }: Pick<Value, "name" | "shape">, open: boolean): Message {
  const dimensions = new Message();
  shape.forEach((size, i) => dimensions.message(1, open && i === 0 ? new Message().text(2, "N") : new Message().integer(1, size)));
  return new Message().text(1, name).message(2, new Message().message(1, new Message().integer(1, FLOAT).message(2, dimensions)));
}

/**
 * Does a graph, as it is written, compute the same for any batch? Not where numbers move from one image to another, or a constant has a
 * batch of its own.
 * @example
 * keepsBatch(lower(new Conv2d(1, 2, { kernel: 1 }), [2, 1, 4, 4]))   // => true
 * @param graph for a batch of at least 2, so that it can be told from other sizes
 */
export function keepsBatch(graph: Graph): boolean {
  checkGraph("keepsBatch", graph);
  const { nodes, inputs } = graph;
  const [batch] = inputs[0]?.shape ?? [1];
  return batch > 1 && inputs.every(({ shape }) => shape[0] === batch) && nodes.every(({ operation, inputs: [x], output }) => {
    if (operation.kind === "constant") return output.shape[0] !== batch;
    if (operation.kind === "transpose" && operation.order[0] !== 0) return false;
    return x.shape[0] === batch && output.shape[0] === batch;
  });
}

/**
 * Names and texts of an ONNX file, and whether its batch is fixed.
 * @example
 * const options: OnnxOptions = { name: "rectifier", fixedBatch: true, metadata: { author: "me" } };
 * importOnnx(writeOnnx(lower(new ReLU(), [1, 1, 4, 4]), options)).metadata["author"]   // => me
 */
export interface OnnxOptions {
  /** Name of the graph. */
  readonly name?: string;
  /** Name of the single output; default "output". */
  readonly output?: string;
  /** Names of all outputs, where there are several. */
  readonly outputs?: readonly string[];
  /** Has the file the graph's batch, instead of any? */
  readonly fixedBatch?: boolean;
  /** Texts that the file carries (metadata_props). */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The graph as an ONNX model: input and output named as the graph's input and `options.output`, any batch size unless it says otherwise,
 * the graph's image size, opset 17.
 * @throws TypeError for what is no graph, or an option of the wrong kind; RangeError for an unknown option, or names that are alike
 * @example
 * const file = writeOnnx(lower(createModel("se_resnet8", { classes: 3 }, 1), [1, 3, 8, 8]), { output: "logits" });
 * importOnnx(file).outputs   // => ["logits"]
 */
export function writeOnnx(graph: Graph, options: OnnxOptions = {}): Uint8Array {
  checkGraph("writeOnnx", graph);
  const known: Record<keyof OnnxOptions, ArgumentKind> = {
    name: text, output: text, outputs: texts, fixedBatch: flag, metadata: textRecord,
  };
  checkFields("writeOnnx", options, known);
  const writer = new OnnxWriter();
  for (const node of graph.nodes) writeNode(writer, node);
  const { output = "output", fixedBatch = false } = options;
  const names = options.outputs ?? graph.outputs.map((_, i) => (i === 0 ? output : `${output}_${i + 1}`));
  if (names.length !== graph.outputs.length || new Set(names).size !== names.length) {
    throw new RangeError(`writeOnnx: outputs wants ${graph.outputs.length} different names, got ${show(names)}`);
  }
  // A value that has its output's name already needs no other.
  graph.outputs.forEach((value, i) => value.name === names[i] || writer.node("Identity", [value.name], names[i]));

  const body = new Message();
  for (const node of writer.nodes) body.message(1, nodeMessage(node));
  body.text(2, options.name ?? "senet");
  for (const tensor of writer.initializers.values()) body.message(5, tensor);
  for (const value of graph.inputs) body.message(11, valueMessage(value, !fixedBatch));
  graph.outputs.forEach(({ shape }, i) => body.message(12, valueMessage({ name: names[i], shape }, !fixedBatch)));

  const model = new Message().integer(1, IR_VERSION).text(2, "senet").message(7, body)
    .message(8, new Message().text(1, "").integer(2, OPSET));
  for (const [key, value] of Object.entries(options.metadata ?? {})) model.message(14, new Message().text(1, key).text(2, value));
  return model.finish();
}
