/**
 * What of a quantised file (../file.ts) sessions of few bytes read: the graph that it was made of, the numbers of its layers, and the hash
 * of its answer to one picture, by which they find what is damaged, or computed wrongly, before they answer anything.
 */
import type { Quantisation } from "../../../kernels/quantised.ts";
import { FormatError } from "../../errors.ts";
import { decodeUtf8 } from "../../io/bytes/utf8.ts";
import type { Graph, Operation, Value } from "../../graph/graph.ts";
import { quantisedGraph } from "../graph.ts";
import { sizeOf } from "../../tensor.ts";
import type { Tensor } from "../../tensor.ts";
import type { QuantisedLayer } from "../recipe.ts";

/** A value by its name, its sizes for one image, and a node as [operation, names of inputs, name of output]. */
export interface StoredGraph {
  readonly values: Readonly<Record<string, readonly number[]>>;
  readonly inputs: readonly string[];
  readonly nodes: readonly (readonly [Operation, readonly string[], string])[];
  readonly outputs: readonly string[];
}

export interface LeanFile {
  /** Of bytes, for one image. */
  readonly graph: Graph;
  readonly metadata: Readonly<Record<string, string>>;
  /** What the network answers to `examplePixels`, as `answerHash` has it. */
  readonly answer: string;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Numbers of a value, at most: what a session could hold. */
const LARGEST = 268435456;

const WIDTHS: Readonly<Record<string, number>> = { F32: 4, I8: 1, U8: 1 };

export function broken(why: string): never {
  throw new FormatError(`quantised file: ${why}`);
}

/** Numbers of -1 to 1 that depend on their place alone. */
export function examplePixels(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 2003) / 1001 - 1);
}

/** Of the bits (FNV-1a, a word at a time). */
export function answerHash(data: Float32Array): string {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  return (words.reduce((sum, word) => Math.imul(sum ^ word, 16777619), -2128831035) >>> 0).toString(16);
}

/** A tensor's bytes, checked. */
type Take = (name: string, dtype: string) => { readonly shape: readonly number[]; readonly bytes: Uint8Array };

function opened(file: Uint8Array): { readonly header: Readonly<Record<string, Entry>>; readonly take: Take } {
  if (file.length < 8) broken(`${file.length} bytes are none`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const begin = 8 + view.getUint32(0, true);
  if (view.getUint32(4, true) > 0 || begin > file.length) broken("its header is cut off");
  const header = JSON.parse(decodeUtf8(file.subarray(8, begin), "quantised file")) as Record<string, Entry>;
  const take: Take = (name, dtype) => {
    if (!Object.hasOwn(header, name)) broken(`tensor "${name}" is missing`);
    const { dtype: held, shape, data_offsets: [from, to] } = header[name];
    if (held !== dtype || to - from !== WIDTHS[dtype] * sizeOf(shape) || !(from >= 0 && begin + to <= file.length)) {
      broken(`tensor "${name}" wants ${dtype}, and its bytes within the file`);
    }
    // A copy: it begins where an array may.
    return { shape, bytes: file.slice(begin + from, begin + to) };
  };
  return { header, take };
}

function read(file: Uint8Array): LeanFile {
  const { header, take } = opened(file);
  const metadata = (header["__metadata__"] ?? {}) as unknown as Readonly<Record<string, string>>;
  if (metadata["senet.int8"] !== "1") broken("this is none: it has no senet.int8 of 1");
  const { "senet.int8.graph": text, "senet.int8.answer": answer } = metadata;
  if (text === undefined || answer === undefined) {
    broken("it has no senet.int8.graph: some of it is float32 (--keep, or what has no rule of bytes); readQuantised takes it");
  }
  const floats = (name: string, count: number | undefined, least: number): Float32Array => {
    const data = new Float32Array(take(name, "F32").bytes.buffer);
    if (count !== undefined && data.length !== count) broken(`"${name}" wants ${count} numbers, got ${data.length}`);
    const wrong = data.find((each) => !(each > least && each < Infinity));
    return wrong === undefined ? data : broken(`"${name}" wants finite numbers above ${least}, got ${wrong}`);
  };
  const [layers, values, norms] = [new Map<string, QuantisedLayer>(), new Map<string, Quantisation>(), new Map<string, Tensor>()];
  const { values: sizes, inputs, nodes, outputs } = JSON.parse(text) as StoredGraph;
  const made = new Map<string, Value>(Object.entries(sizes).map(([name, shape]) => {
    const sound = shape.every((size) => Number.isSafeInteger(size) && size > 0) && sizeOf(shape) <= LARGEST;
    if (!sound) broken(`"${name}" is [${shape.join()}]`);
    return [name, { name, shape }];
  }));
  const valueOf = (name: string): Value => made.get(name) ?? broken(`"${name}" is not made`);
  for (const [name, { dtype }] of Object.entries(header)) {
    if (dtype === "I8") {
      const { shape, bytes } = take(name, "I8");
      const [scale, bias] = [floats(`${name}/scale`, shape[0], 0), floats(`${name}/bias`, shape[0], -Infinity)];
      layers.set(name, { shape, weight: new Int8Array(bytes.buffer), scale, bias });
    } else if (name.endsWith("/zero_point")) {
      const base = name.slice(0, -11);
      const [zero] = take(name, "U8").bytes;
      if (!(zero <= 127)) broken(`"${name}" wants a byte of 0 to 127, got ${zero}`);
      const scale = floats(`${base}/scale`, undefined, 0);
      if (scale.length !== 1 && scale.length !== valueOf(base).shape[1]) broken(`"${base}/scale" has ${scale.length} numbers`);
      values.set(base, { scale, zero });
    } else if (name.endsWith("/float")) {
      // Of normalisation that stands alone; nothing but its numbers is read.
      norms.set(name.slice(0, -6), { data: floats(name, undefined, -Infinity) } as Tensor);
    }
  }
  const prepared: Graph = {
    inputs: inputs.map(valueOf), outputs: outputs.map(valueOf),
    nodes: nodes.map(([operation, from, output]) => {
      const layer = "weight" in operation ? layers.get(operation.weight.name) : undefined;
      if ("weight" in operation && layer === undefined) broken(`tensor "${operation.weight.name}" is missing`);
      const { kernel = [], groups = 1 } = operation as { kernel?: readonly number[]; groups?: number };
      const wanted = [valueOf(output).shape[1], valueOf(from[0]).shape[1] / groups, ...kernel];
      if (layer !== undefined && String(layer.shape) !== String(wanted)) broken(`"${output}" wants weights [${wanted.join()}]`);
      return { operation, inputs: from.map(valueOf), output: valueOf(output) };
    }),
  };
  const tables = (_: unknown, __: unknown, ___: unknown, { name }: Value): Uint8Array => {
    const { bytes } = take(`${name}/table`, "U8");
    return bytes.length === 128 && bytes.every((byte) => byte < 128) ? bytes : broken(`"${name}/table" wants 128 bytes of 0 to 127`);
  };
  return { graph: quantisedGraph(prepared, { layers, values, floats: norms }, tables), metadata, answer };
}

/** @throws FormatError in one line */
export function readLean(file: Uint8Array): LeanFile {
  try {
    return read(file);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    // What is read has not the form that it should have.
    return broken(`it is damaged: ${(error as Error).message}`);
  }
}
