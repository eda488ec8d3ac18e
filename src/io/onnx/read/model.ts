/**
 * ONNX models (ModelProto of https://github.com/onnx/onnx, onnx.proto, whose field numbers these are) as objects: nodes with their
 * attributes, weights by name as views of the file. Graphs within nodes are not entered.
 */
import type { OpenShape } from "../../../graph/network.ts";
import { keyValue, storedTensor } from "./tensor.ts";
import type { External, StoredTensor } from "./tensor.ts";
import { damaged, floats, integer, integers, lastBytes, message, parts, text, texts } from "./wire.ts";

export interface Attribute {
  readonly float: number;
  readonly integer: number;
  readonly text: Uint8Array | undefined;
  readonly tensor: StoredTensor | undefined;
  readonly floats: readonly number[];
  readonly integers: readonly number[];
  /** Is it of a kind that no operation here has: graphs, sparse tensors, lists of texts? */
  readonly strange: boolean;
}

export interface OnnxNode {
  /** With its domain before it, where that is not ONNX's own: "com.microsoft:FusedConv". */
  readonly type: string;
  /** What messages call it: its name, or where it has none, its first output's. */
  readonly title: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** What goes in or comes out. */
export interface Port {
  readonly name: string;
  readonly type: number;
  /** Undefined where the file does not say. */
  readonly shape: OpenShape | undefined;
}

export interface OnnxModel {
  readonly producer: string;
  /** Version of ONNX's own operators. */
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Has it weights of a kind that only newer tools know? */
  readonly sparse: boolean;
}

function attributeOf(bytes: Uint8Array, external: External, node: string): [string, Attribute] {
  const fields = message(bytes);
  const name = text(fields(1));
  const tensor = lastBytes(fields(5));
  return [name, {
    float: floats(fields(2)).at(-1) ?? 0, integer: integer(fields(3)), text: lastBytes(fields(4)),
    tensor: tensor && storedTensor(tensor, external, `${name} of node ${node}`), floats: floats(fields(7)), integers: integers(fields(8)),
    strange: [6, 9, 10, 11, 14, 15, 22, 23].some((field) => fields(field).length > 0),
  }];
}

function nodeOf(bytes: Uint8Array, external: External): OnnxNode {
  const fields = message(bytes);
  const outputs = texts(fields(2));
  const title = text(fields(3)) || outputs.find((output) => output !== "") || "(no name)";
  const domain = text(fields(7));
  return {
    // "" and "ai.onnx" are one domain.
    type: `${domain === "" || domain === "ai.onnx" ? "" : `${domain}:`}${text(fields(4))}`, title, inputs: texts(fields(1)), outputs,
    attributes: new Map(parts(fields(5)).map((attribute) => attributeOf(attribute, external, title))),
  };
}

/** ValueInfoProto. What is no tensor (a sequence, an optional one) has type 0; a size without number or name gets a name of its own. */
function portOf(bytes: Uint8Array): Port {
  const fields = message(bytes);
  const name = text(fields(1));
  const tensor = lastBytes(message(lastBytes(fields(2)) ?? new Uint8Array(0))(1));
  if (tensor === undefined) return { name, type: 0, shape: undefined };
  const of = message(tensor);
  const shape = lastBytes(of(2));
  const sizes = shape && parts(message(shape)(1)).map((dimension, i) => {
    const size = message(dimension);
    // Some exporters write 0 or -1 for a size that is free.
    return integer(size(1)) > 0 ? integer(size(1)) : text(size(2)) || `${name}.${i}`;
  });
  return { name, type: integer(of(1)), shape: sizes };
}

/** Every node behind those that make its inputs: some writers put casts at the end, and runtimes take that. What cannot be stays last. */
function sorted(nodes: readonly OnnxNode[]): OnnxNode[] {
  const open = new Set(nodes.flatMap(({ outputs }) => outputs));
  open.delete("");
  const ordered: OnnxNode[] = [];
  /** Each node waits for one input at a time; those before it are there. */
  const waiting = new Map<string, (readonly [node: OnnxNode, input: number])[]>();
  for (const first of nodes) {
    const ready: (readonly [OnnxNode, number])[] = [[first, 0]];
    for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
      const [node, from] = next;
      let at = from;
      while (at < node.inputs.length && !open.has(node.inputs[at])) at++;
      if (at < node.inputs.length) {
        const others = waiting.get(node.inputs[at]);
        if (others === undefined) waiting.set(node.inputs[at], [[node, at]]);
        else others.push([node, at]);
        continue;
      }
      ordered.push(node);
      for (const name of node.outputs) {
        open.delete(name);
        for (const other of waiting.get(name) ?? []) ready.push(other);
        waiting.delete(name);
      }
    }
  }
  for (const others of waiting.values()) for (const [node] of others) ordered.push(node);
  return ordered;
}

/** The largest networks that are published have a tenth of this. */
const MOST_NODES = 65536;

/**
 * @param mostNodes that are read: the time that it takes grows with them
 * @throws FormatError for bytes that are no ONNX model; RangeError for more nodes
 */
export function readModel(bytes: Uint8Array, external: External, mostNodes: number = MOST_NODES): OnnxModel {
  const fields = message(bytes);
  const graph = message(lastBytes(fields(7)) ?? damaged("there is no graph"));
  const { length: count } = graph(1);
  if (count > mostNodes) {
    throw new RangeError(`importOnnx: the file has ${count} nodes; up to ${mostNodes} are read (option mostNodes raises that)`);
  }
  const weights = new Map(parts(graph(5)).map((stored) => {
    const tensor = storedTensor(stored, external);
    return [tensor.name, tensor];
  }));
  if (graph(12).length === 0) damaged("the graph has no output");
  const opsets = parts(fields(8)).map(message).filter((of) => text(of(1)) === "" || text(of(1)) === "ai.onnx").map((of) => integer(of(2)));
  return {
    producer: `${text(fields(2))} ${text(fields(3))}`.trim(), opset: opsets.reduce((most, opset) => Math.max(most, opset), 1),
    metadata: Object.fromEntries(parts(fields(14)).map(keyValue)),
    name: text(graph(2)), nodes: sorted(parts(graph(1)).map((node) => nodeOf(node, external))), weights,
    outputs: parts(graph(12)).map(portOf),
    // Until IR version 4 weights stand among the inputs too.
    inputs: parts(graph(11)).map(portOf).filter(({ name }) => !weights.has(name)), sparse: graph(15).length > 0,
  };
}
