/** ONNX files put together field by field, for tests: also such as no exporter writes. */
import { Message } from "../../../src/io/onnx/protobuf.ts";

export type Attribute = number | readonly number[] | string | { readonly float: number } | { readonly floats: readonly number[] } | {
  readonly tensor: Message
};

export interface Node {
  readonly type: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
  readonly name?: string;
}

export interface Model {
  readonly nodes: readonly Node[];
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs?: readonly string[];
  readonly weights?: readonly Message[];
  readonly opset?: number;
  readonly producer?: string;
}

/** float32, or whole numbers as int64, in raw_data. */
export function tensor(name: string, dims: readonly number[], values: readonly number[], type: "float" | "int64" = "float"): Message {
  const message = new Message();
  for (const dim of dims) message.integer(1, dim);
  const bytes = new Uint8Array(values.length * (type === "float" ? 4 : 8));
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => (type === "float" ? view.setFloat32(4 * i, value, true) : view.setBigInt64(8 * i, BigInt(value), true)));
  return message.integer(2, type === "float" ? 1 : 7).text(8, name).bytes(9, bytes);
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.integer(3, value).integer(20, 2);
  if (typeof value === "string") return message.text(4, value).integer(20, 3);
  if ("float" in value) return message.float(2, value.float).integer(20, 1);
  if ("floats" in value) {
    for (const x of value.floats) message.float(7, x);
    return message.integer(20, 6);
  }
  if ("tensor" in value) return message.message(5, value.tensor).integer(20, 4);
  for (const n of value) message.integer(8, n);
  return message.integer(20, 7);
}

function nodeMessage({ type, inputs = [], outputs = [], attributes = {}, domain = "", name = "" }: Node): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, type);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attribute(key, value));
  return message.text(7, domain);
}

function port(name: string, shape: readonly (number | string)[]): Message {
  const dims = new Message();
  for (const size of shape) dims.message(1, typeof size === "number" ? new Message().integer(1, size) : new Message().text(2, size));
  return new Message().text(1, name).message(2, new Message().message(1, new Message().integer(1, 1).message(2, dims)));
}

export function modelBytes(
  { nodes, inputs = { x: [1, 3, 8, 8] }, outputs = ["y"], weights = [], opset = 17, producer = "" }: Model,
): Uint8Array {
  const graph = new Message();
  for (const node of nodes) graph.message(1, nodeMessage(node));
  for (const weight of weights) graph.message(5, weight);
  for (const [name, shape] of Object.entries(inputs)) graph.message(11, port(name, shape));
  for (const name of outputs) graph.message(12, new Message().text(1, name));
  return new Message().integer(1, 8).text(2, producer).message(7, graph).message(8, new Message().integer(2, opset)).finish();
}
