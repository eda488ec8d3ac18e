/**
 * ONNX models (ModelProto of https://github.com/onnx/onnx, onnx.proto, whose field numbers these are) as plain objects: nodes with their
 * attributes, weights by name as views of the file. Graphs within nodes are not entered.
 */
import { FormatError, show } from "../../../errors.ts";
import type { OpenShape } from "../../../graph/network.ts";
import { keyValue, storedTensor } from "./tensor.ts";
import type { External, StoredTensor } from "./tensor.ts";
import { bytesOf, eachField, floats, integer, integers, text } from "./wire.ts";

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
  /** Versions of operator sets by domain; ONNX's own is "". */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Names of what only newer tools know: sparse weights. */
  readonly strange: readonly string[];
}

/** "" and "ai.onnx" are one domain. */
function domainOf(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

function attributeOf(bytes: Uint8Array, external: External, node: string): [string, Attribute] {
  let name = "";
  const found = {
    float: 0, integer: 0, text: undefined as Uint8Array | undefined, tensor: undefined as StoredTensor | undefined, floats: [] as number[],
    integers: [] as number[], strange: false,
  };
  let stored: Uint8Array | undefined;
  eachField(bytes, (field, value) => {
    if (field === 1) name = text(value);
    else if (field === 2) {
      const one: number[] = [];
      floats(one, value);
      found.float = one[0] ?? 0;
    } else if (field === 3) found.integer = integer(value);
    else if (field === 4) found.text = bytesOf(value);
    else if (field === 5) stored = bytesOf(value);
    else if (field === 7) floats(found.floats, value);
    else if (field === 8) integers(found.integers, value);
    else if (field !== 13 && field !== 20) found.strange = true;
  });
  if (stored !== undefined) found.tensor = storedTensor(stored, external, `${name} of node ${node}`);
  return [name, found];
}

function nodeOf(bytes: Uint8Array, external: External): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let [name, type, domain] = ["", "", ""];
  const attributes: Uint8Array[] = [];
  eachField(bytes, (field, value) => {
    if (field === 1) inputs.push(text(value));
    else if (field === 2) outputs.push(text(value));
    else if (field === 3) name = text(value);
    else if (field === 4) type = text(value);
    else if (field === 5) attributes.push(bytesOf(value));
    else if (field === 7) domain = domainOf(text(value));
  });
  const title = name || outputs.find((output) => output !== "") || "(no name)";
  return {
    type: domain === "" ? type : `${domain}:${type}`, title, inputs, outputs,
    attributes: new Map(attributes.map((attribute) => attributeOf(attribute, external, title))),
  };
}

/** TensorShapeProto. A size without number or name gets a name of its own. */
function shapeOf(bytes: Uint8Array, name: string): OpenShape {
  const shape: (number | string)[] = [];
  eachField(bytes, (field, value) => {
    if (field !== 1) return;
    let size: number | string = `${name}.${shape.length}`;
    eachField(bytesOf(value), (of, is) => {
      // Some exporters write 0 or -1 for a size that is free.
      if (of === 1 && integer(is) > 0) size = integer(is);
      else if (of === 2 && text(is) !== "") size = text(is);
    });
    shape.push(size);
  });
  return shape;
}

/** ValueInfoProto. What is no tensor (a sequence, an optional one) has type 0. */
function portOf(bytes: Uint8Array): Port {
  let name = "";
  let type = 0;
  let shape: Uint8Array | undefined;
  eachField(bytes, (field, value) => {
    if (field === 1) name = text(value);
    else if (field === 2) eachField(bytesOf(value), (kind, of) => {
      if (kind === 1) eachField(bytesOf(of), (part, is) => {
        if (part === 1) type = integer(is);
        else if (part === 2) shape = bytesOf(is);
      });
    });
  });
  return { name, type, shape: shape && shapeOf(shape, name) };
}

/** @throws FormatError for bytes that are no ONNX model, with what to do where they are another kind of file */
export function readModel(bytes: Uint8Array, external: External): OnnxModel {
  const other = foreign(bytes);
  if (other !== undefined) throw new FormatError(`onnx: ${other}`);
  const opsets = new Map<string, number>();
  const metadata: [string, string][] = [];
  let producer = "";
  let version = "";
  let graph: Uint8Array | undefined;
  eachField(bytes, (field, value) => {
    if (field === 2) producer = text(value);
    else if (field === 3) version = text(value);
    else if (field === 7) graph = bytesOf(value);
    else if (field === 8) {
      let [domain, number] = ["", 0];
      eachField(bytesOf(value), (of, is) => {
        if (of === 1) domain = domainOf(text(is));
        else if (of === 2) number = integer(is);
      });
      opsets.set(domain, Math.max(number, opsets.get(domain) ?? 0));
    } else if (field === 14) metadata.push(keyValue(bytesOf(value)));
  });
  if (graph === undefined) throw new FormatError("onnx: the file holds no graph: it is cut short or no ONNX file");
  const parts: Record<number, Uint8Array[]> = { 1: [], 5: [], 11: [], 12: [], 15: [] };
  let name = "";
  eachField(graph, (field, value) => {
    if (field === 2) name = text(value);
    else parts[field]?.push(bytesOf(value));
  });
  const weights = new Map<string, StoredTensor>();
  for (const stored of parts[5]) {
    const tensor = storedTensor(stored, external);
    weights.set(tensor.name, tensor);
  }
  const outputs = parts[12].map(portOf);
  if (outputs.length === 0) throw new FormatError("onnx: the graph has no output: it is cut short or no ONNX file");
  return {
    producer: `${producer} ${version}`.trim(), opsets, metadata: Object.fromEntries(metadata), name,
    nodes: parts[1].map((node) => nodeOf(node, external)), weights, outputs,
    // Until IR version 4 weights stand among the inputs too.
    inputs: parts[11].map(portOf).filter((port) => !weights.has(port.name)),
    strange: parts[15].map(() => "sparse weights"),
  };
}

/** The locations of weights that lie in other files, in the order in which the model names them. */
export function externalLocations(bytes: Uint8Array): string[] {
  const found = new Set<string>();
  readModel(bytes, (location) => {
    found.add(location);
    return endless;
  });
  return [...found];
}

/** Bytes of which every length is there, for who asks only what is wanted. */
const endless = { length: Infinity } as unknown as Uint8Array;

/** Is the file another program's network, that people try here? @returns what it is and what to do with it */
function foreign(bytes: Uint8Array): string | undefined {
  const starts = (text: string, at = 0): boolean => bytes.length >= at + text.length && [...text].every(
    (letter, i) => bytes[at + i] === letter.charCodeAt(0),
  );
  if (starts("TFL3", 4)) {
    return "it is a TensorFlow Lite model; convert it: python -m tf2onnx.convert --tflite MODEL.tflite --output MODEL.onnx";
  }
  if (starts("PK")) {
    return "it is a zip archive (a PyTorch checkpoint, a Keras or TensorFlow.js model packed?), not an ONNX file; "
      + 'torch.onnx.export(model, example, "model.onnx") writes one';
  }
  if (starts("\x89HDF")) {
    return "it is an HDF5 file (Keras weights?); python -m tf2onnx.convert --keras MODEL.h5 --output MODEL.onnx converts a whole model";
  }
  if (starts("version https://git-lfs")) return "it is a Git LFS pointer: the model itself was not downloaded; git lfs pull brings it";
  if (starts("<")) return "it is a web page: the download failed";
  if (starts("\x1f\x8b")) return "it is packed with gzip: unpack it first";
  const head = [...bytes.subarray(0, 2000)].map((byte) => String.fromCharCode(byte)).join("");
  if (/^\s*\{/.test(head)) {
    return /"(modelTopology|format|weightsManifest|layers-model|graph-model)"/.test(head)
      ? "it is a TensorFlow.js model; convert what it was made from: python -m tf2onnx.convert --tfjs MODEL.json --output MODEL.onnx"
      : "it is JSON text, not an ONNX file";
  }
  if (show(head).includes("ORTM") || starts("ORTM", 4)) {
    return "it is ONNX Runtime's own format (.ort); hand over the .onnx file that it was made from";
  }
  return undefined;
}
