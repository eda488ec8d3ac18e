/**
 * Networks from ONNX files. A file comes from a stranger: its lengths, shapes and names are checked before anything is made of them, it may
 * ask for no path outside its folder and for no endless work.
 */
import { UnsupportedError, didYouMean, show } from "../../errors.ts";
import type { Graph, OperationSet } from "../../graph/graph.ts";
import { mustBeSaid } from "../../graph/network.ts";
import type { Network, NetworkInput, Shapes } from "../../graph/network.ts";
import { atLeastZero, checkFields, isTensor, record } from "../../checks.ts";
import type { ArgumentKind } from "../../checks.ts";
import type { Tensor } from "../../tensor.ts";
import { bytesOf } from "../bytes/bytes-of.ts";
import { Known } from "./constants/known.ts";
import { lowerModel, unsupported } from "./lower/lower.ts";
import type { Missing, Source } from "./lower/lower.ts";
import { readModel } from "./read/model.ts";
import type { OnnxModel } from "./read/model.ts";
import type { External } from "./read/tensor.ts";
import { elementTypes, filled } from "./read/types.ts";
import { recognise } from "./recognise/recognise.ts";

/**
 * What `importOnnx` is told besides the file.
 * @example
 * const options: ImportOptions = { external: { "weights.bin": new Uint8Array(4) } };
 * importOnnx(writeOnnx(lower(new ReLU(), [1, 1, 4, 4])), options).inputs.length   // => 1
 */
export interface ImportOptions {
  /** Weights that lie beside the file: their bytes by the location that the file names, or where it names one only, these bytes. */
  readonly external?: Uint8Array | Readonly<Record<string, Uint8Array>>;
  /** Inputs that are always the same, such as a size that the network is told: their values by name. */
  readonly constants?: Readonly<Record<string, Tensor>>;
  /** How many numbers may be computed from constants for one graph. Default 67108864. */
  readonly mostConstants?: number;
  /** How many nodes a file may have; the time that it takes grows with them. Default 65536. */
  readonly mostNodes?: number;
}

const bytesByName: ArgumentKind = {
  wanted: "bytes, or bytes by the names of files", is: (value) => ArrayBuffer.isView(value) || record.is(value),
};

/** Operator sets that are read: ONNX's own from 1 (exporters: 7) up to this. */
const NEWEST_OPSET = 28;

/**
 * A network from an ONNX file, to run: `compile` takes it as it takes a model.
 * @example
 * const network: LeanOnnxNetwork = importOnnx(writeOnnx(lower(new Conv2d(1, 2, { kernel: 1 }), [1, 1, 4, 4])));
 * network.inputs[0].name   // => input
 */
export class LeanOnnxNetwork implements Network {
  readonly title: string;
  readonly inputs: readonly NetworkInput[];
  readonly outputs: readonly string[];
  readonly operations: OperationSet | undefined;
  /** Version of ONNX's operators. */
  readonly opset: number;
  /** The program that wrote the file, with its version. */
  readonly producer: string;
  /** Texts that the file carries. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #source: Source;

  /** Networks are made by `importOnnx`. */
  constructor(source: Source) {
    const { model, given } = source;
    this.#source = source;
    this.operations = source.operations;
    // It begins messages, which stay short.
    this.title = model.name === "" ? "an ONNX network" : model.name.slice(0, 200);
    this.inputs = model.inputs.filter(({ name }) => !given.has(name)).map(({ name, shape }) => ({ name, shape }));
    this.outputs = model.outputs.map(({ name }) => name);
    this.opset = model.opset;
    this.producer = model.producer;
    this.metadata = model.metadata;
  }

  /**
   * The graph for inputs of these shapes, with SE blocks and activations as senet has them.
   * @throws UnsupportedError that names all that is not supported; RangeError where the network cannot take such inputs; Error for training
   */
  lower(shapes: Shapes, training: boolean = false): Graph {
    // A training session would write to the file's bytes.
    if (training) throw new Error("importOnnx: the lean one's networks do not train");
    const strange = Object.keys(shapes).find((name) => !this.inputs.some((input) => input.name === name));
    if (strange !== undefined) throw new RangeError(`importOnnx: ${show(strange)} is no input`);
    // Of what is not said: one image, where nothing else is free. What is said may be other sizes than the file's.
    const usual = this.inputs.filter(({ name }) => !Object.hasOwn(shapes, name)).map(({ name, shape: open }) => {
      const shape = open!.map((size, i) => (i > 0 || typeof size === "number" ? size : 1));
      if (shape.some((size) => typeof size === "string")) throw mustBeSaid(this.title, name, open);
      return [name, shape];
    });
    const { operations } = this;
    return { ...recognise(lowerModel(this.#source, { ...Object.fromEntries(usual), ...shapes })), operations };
  }

  /** What the file says and is not done, such as a Dropout that was left in training mode; known once there was a graph. */
  get notes(): readonly string[] {
    return [...this.#source.notes];
  }
}

function externalOf({ external }: ImportOptions): External {
  return (location, tensor) => {
    if (ArrayBuffer.isView(external)) return bytesOf(external, "importOnnx: external");
    if (external !== undefined && Object.hasOwn(external, location)) {
      return bytesOf(external[location], `importOnnx: external[${show(location)}]`);
    }
    const near = didYouMean(location, Object.keys(external ?? {}));
    throw new RangeError(`importOnnx: tensor ${show(tensor)} lies in another file: external wants the bytes of ${show(location)}${near}`);
  };
}

function givenOf({ inputs }: OnnxModel, constants: Readonly<Record<string, Tensor>>): Map<string, Known> {
  return new Map(Object.entries(constants).map(([name, tensor]) => {
    const port = inputs.find((input) => input.name === name);
    const near = didYouMean(name, inputs.map((input) => input.name));
    if (port === undefined) throw new RangeError(`importOnnx: constants has ${show(name)}, which is no input${near}`);
    if (!isTensor(tensor)) throw new TypeError(`importOnnx: constants wants a Tensor as ${name}, got ${show(tensor)}`);
    return [name, new Known(port.type, tensor.shape, () => filled(port.type, tensor.data), { stable: true })];
  }));
}

/** All that does not work, as far as that is known before the shapes are. */
function check(source: Source): void {
  const { model } = source;
  if (model.opset > NEWEST_OPSET) {
    throw new UnsupportedError(`importOnnx: the file has opset ${model.opset}; up to ${NEWEST_OPSET} are read`, ["opset"]);
  }
  const missing = model.nodes.flatMap((node): Missing[] => {
    if (!Object.hasOwn(source.operators, node.type)) {
      return [{ node, reason: /nchwc/.test(node.type) ? "for one processor: hand over the original" : "" }];
    }
    const strange = [...node.attributes].find(([, attribute]) => attribute.strange);
    return strange === undefined ? [] : [{ node, reason: `with ${strange[0]}` }];
  });
  const odd = model.inputs.filter(({ type }) => elementTypes[type] === undefined)
    .map(({ name }) => `the input ${show(name)}, which is no tensor of numbers`);
  if (model.sparse) odd.push("sparse weights");
  if (missing.length + odd.length === 0) return;
  try {
    // What else is missing says a graph of some shapes, as far as it can be made.
    const sizes = model.inputs.map(({ name, shape }) => [name, shape!.map((size) => (typeof size === "number" ? size : 32))]);
    lowerModel(source, Object.fromEntries(sizes), missing);
  } catch {
    // With these shapes it may not fit.
  }
  throw unsupported(source, missing, odd);
}

/** What a file is read with. */
type Reader = Pick<Source, "weights" | "operators" | "advice" | "operations">;

export function sourceOf(bytes: Uint8Array | ArrayBuffer, options: ImportOptions, reader: Reader): Source {
  checkFields("importOnnx", options, { external: bytesByName, constants: record, mostConstants: atLeastZero, mostNodes: atLeastZero });
  const model = readModel(bytesOf(bytes, "importOnnx"), externalOf(options), options.mostNodes);
  const source = {
    ...reader, model, given: givenOf(model, options.constants ?? {}), settled: new Map(), notes: new Set<string>(),
    mostConstants: options.mostConstants ?? 67108864,
  };
  check(source);
  return source;
}
