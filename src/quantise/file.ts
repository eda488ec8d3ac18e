/**
 * A quantised network as a file: safetensors that describe themselves. Beside what every file of senet says (io/weights/metadata.ts: model,
 * options, classes, preprocessing) its metadata has
 *
 *   senet.int8          "1", the version of this format
 *   senet.int8.scheme   in words: what the numbers mean (docs/int8.md)
 *   senet.int8.input    JSON, the shape of the images it was measured on, [channels, height, width]
 *   senet.int8.graph, senet.int8.answer   what sessions of few bytes read in place of a model (lean/file.ts); missing where some of
 *                       the network stays float32
 *
 * and its tensors are, with L the name of a layer's weight ("conv1.weight") and V that of a value ("layer1.0.activation"):
 *
 *   L          I8  [outputs, inputs / groups, ...]   real weight = L/scale[o] * L
 *   L/scale    F32 [outputs]                         above 0
 *   L/bias     F32 [outputs]                         real
 *   V/scale    F32 [1] or [channels]                 above 0: real value = V/scale * (byte - V/zero_point)
 *   V/zero_point   U8  [1]                           0 to 127
 *   NAME/float F32                                   what stays float32
 *   V/table    U8  [128]                             of SiLU and its like: what becomes of each byte
 */
import type { Quantisation } from "../../kernels/quantised.ts";
import { check, record } from "../checks.ts";
import { FormatError, didYouMean, show } from "../errors.ts";
import type { Network } from "../graph/network.ts";
import type { Constant, Graph } from "../graph/graph.ts";
import type { Module } from "../nn/module.ts";
import { parseJson } from "../io/bytes/json.ts";
import { describeModel } from "../io/weights/metadata.ts";
import type { ModelDescription } from "../io/weights/metadata.ts";
import { readSafetensors, writeSafetensors } from "../io/weights/safetensors.ts";
import { isRead, numbersOf } from "../io/weights/stored.ts";
import type { StoredTensor, WeightsFile } from "../io/weights/stored.ts";
import { networkOf } from "../session/optimise/session-graph.ts";
import { Tensor, sameShape, showShape } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { leanParts } from "./lean/write.ts";
import { quantisedNetwork } from "./network.ts";
import type { QuantisedNetwork } from "./network.ts";
import { prepare } from "./prepare.ts";
import type { QuantisedLayer, Recipe } from "./recipe.ts";

const VERSION = "1";
const SCHEME = "weights int8, symmetric, a scale for each output channel; activations uint8 of 0 to 127, a scale and a zero point for " +
  "each tensor (scales may be for each channel); sums int32; layers on single pixels have float32 activations";

/** Is this what `saveQuantised` wrote? */
export function isQuantised({ metadata }: Pick<WeightsFile, "metadata">): boolean {
  return Object.hasOwn(metadata, "senet.int8");
}

/**
 * @param about the model that it was made of, so that the file names it, with its classes and preprocessing
 * @returns the bytes of a safetensors file
 * @throws TypeError for what is no quantised network, or no description
 * @example
 * const model = createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, 1);
 * const images = Tensor.of(Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)), [1, 3, 8, 8]);
 * const file = saveQuantised(quantise(model, images, { reported: 0 }).network);
 * readWeights(file).tensors.get("conv1.weight")?.dtype   // => I8
 */
export function saveQuantised(network: QuantisedNetwork, about?: ModelDescription): Uint8Array {
  const { recipe, input } = Object(network) as Partial<QuantisedNetwork>;
  if (recipe === undefined || input === undefined) {
    throw new TypeError(`saveQuantised: network wants what quantise gives, got ${show(network)}`);
  }
  if (about !== undefined) check("saveQuantised", "about", about, record);
  const tensors: [string, Tensor | StoredTensor][] = [];
  for (const [name, { shape, weight, scale, bias }] of recipe.layers) {
    tensors.push([name, stored("I8", shape, weight)], [`${name}/scale`, floats(scale)], [`${name}/bias`, floats(bias)]);
  }
  for (const [name, { scale, zero }] of recipe.values) {
    tensors.push([`${name}/scale`, floats(scale)], [`${name}/zero_point`, stored("U8", [1], Uint8Array.of(zero))]);
  }
  for (const [name, tensor] of recipe.floats) tensors.push([`${name}/float`, tensor]);
  const lean = leanParts(network);
  for (const [name, table] of lean?.tables ?? []) tensors.push([`${name}/table`, stored("U8", [table.length], table)]);
  return writeSafetensors(tensors, {
    metadata: {
      ...(about === undefined ? {} : describeModel(about)),
      "senet.int8": VERSION, "senet.int8.scheme": SCHEME, "senet.int8.input": JSON.stringify(input.slice(1)), ...lean?.metadata,
    },
  });
}

function stored(dtype: string, shape: Shape, { buffer, byteOffset, byteLength }: Int8Array | Uint8Array): StoredTensor {
  return { dtype, shape, bytes: () => new Uint8Array(buffer, byteOffset, byteLength) };
}

function floats(data: Float32Array): Tensor {
  return new Tensor(data, [data.length]);
}

/** Takes the tensors of a file out, each checked. */
class Reader {
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  constructor({ tensors }: WeightsFile) {
    this.#tensors = tensors;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** @param dtype and shape that are wanted; undefined is any size */
  take(name: string, dtype: string, shape?: readonly (number | undefined)[]): StoredTensor {
    const found = this.#tensors.get(name);
    if (found === undefined) throw new FormatError(`quantised file: tensor ${show(name)} is missing`);
    const sized = shape === undefined ||
      (found.shape.length === shape.length && shape.every((size, i) => size === undefined || size === found.shape[i]));
    if (found.dtype === dtype && sized) return found;
    const wanted = `${dtype}${shape === undefined ? "" : ` [${shape.map((size) => size ?? "any").join()}]`}`;
    throw new FormatError(`quantised file: tensor ${show(name)} wants ${wanted}, got ${found.dtype} ${showShape(found.shape)}`);
  }

  floats(name: string, shape?: readonly (number | undefined)[]): Float32Array {
    const data = Float32Array.from(numbersOf(name, this.take(name, "F32", shape)).data);
    if (data.every((value) => Number.isFinite(value))) return data;
    throw new FormatError(`quantised file: tensor ${show(name)} holds a number that is not finite`);
  }

  scales(name: string, shape: readonly (number | undefined)[]): Float32Array {
    const data = Float32Array.from(numbersOf(name, this.take(name, "F32", shape)).data);
    const wrong = data.find((value) => !(value > 0 && value < Infinity));
    if (wrong === undefined) return data;
    throw new FormatError(`quantised file: ${show(name)} wants numbers above 0, got ${wrong}`);
  }
}

function inputOf({ metadata }: WeightsFile): Shape {
  const text = Object.hasOwn(metadata, "senet.int8.input") ? metadata["senet.int8.input"] : undefined;
  if (text === undefined) throw new FormatError("quantised file: senet.int8.input is missing");
  const shape: unknown = parseJson(text, "quantised file: senet.int8.input");
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw new FormatError(`quantised file: senet.int8.input wants a shape such as [3,224,224], got ${show(text)}`);
  }
  return [1, ...(shape as number[])];
}

/**
 * What `saveQuantised` wrote, for the network that it was made of.
 * @param source the model (its weights are of no matter), or the network
 * @throws FormatError in one line for what is no such file, is one of another network, or has scales that are missing, not above 0 or not
 * finite, zero points that are no bytes of 0 to 127
 * @example
 * const model = createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, 1);
 * const images = Tensor.of(Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)), [1, 3, 8, 8]);
 * const file = saveQuantised(quantise(model, images, { reported: 0 }).network);
 * compileSync(readQuantised(model, file), { input: [1, 3, 8, 8] }).run(images).shape   // => [1,3]
 */
export function readQuantised(source: Module | Network, given: WeightsFile | Uint8Array | ArrayBuffer): QuantisedNetwork {
  const file = isRead(given) ? given : readSafetensors(given);
  if (!isQuantised(file)) throw new FormatError("quantised file: this is none: it has no senet.int8; quantise makes one");
  const version = file.metadata["senet.int8"];
  if (version !== VERSION) {
    throw new FormatError(`quantised file: senet.int8 ${show(version)} is unknown, this version of senet reads ${show(VERSION)}`);
  }
  const network = networkOf(source);
  const input = inputOf(file);
  const graph = lowered(network, input);
  const reader = new Reader(file);
  const [layers, values, rest] = [new Map<string, QuantisedLayer>(), new Map<string, Quantisation>(), new Map<string, Tensor>()];
  const shapes = new Map(graph.nodes.flatMap(({ operation }) => (
    operation.kind === "conv2d" || operation.kind === "linear" ? [[operation.weight.name, operation.weight.read().shape] as const] : [])));
  const channels = new Map([...graph.inputs, ...graph.nodes.map(({ output }) => output)].map(({ name, shape }) => [name, shape[1]]));
  const known = (place: string, name: string, names: ReadonlyMap<string, unknown>): void => {
    if (names.has(name)) return;
    const hint = didYouMean(name, names.keys());
    throw new FormatError(`quantised file: it is of another network: it has ${place} ${show(name)}, which ${network.title} has not${hint}`);
  };
  for (const [name, { dtype, shape }] of file.tensors) {
    const slash = name.lastIndexOf("/");
    const [base, what] = [name.slice(0, slash), name.slice(slash + 1)];
    if (dtype === "I8") {
      known("layer", name, shapes);
      const wanted = shapes.get(name)!;
      if (!sameShape(shape, wanted)) {
        const both = `${show(name)} is ${showShape(shape)}, ${network.title} has ${showShape(wanted)}`;
        throw new FormatError(`quantised file: it is of another network: ${both}`);
      }
      const bytes = reader.take(name, "I8").bytes();
      const [outputs] = wanted;
      layers.set(name, {
        shape: wanted, weight: Int8Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)),
        scale: reader.scales(`${name}/scale`, [outputs]), bias: reader.floats(`${name}/bias`, [outputs]),
      });
    } else if (what === "float") {
      rest.set(base, new Tensor(reader.floats(name), shape));
    } else if (what === "zero_point") {
      known("value", base, channels);
      const [zero] = reader.take(name, "U8", [1]).bytes();
      if (zero > 127) throw new FormatError(`quantised file: ${show(name)} wants a byte of 0 to 127, got ${zero}`);
      const many = reader.has(`${base}/scale`) && reader.take(`${base}/scale`, "F32", [undefined]).shape[0] !== 1;
      values.set(base, { scale: reader.scales(`${base}/scale`, [many ? channels.get(base) : 1]), zero });
    } else if (what === "scale" && !reader.has(`${base}/zero_point`) && !reader.has(base)) {
      throw new FormatError(`quantised file: tensor ${show(`${base}/zero_point`)} is missing`);
    }
  }
  const recipe: Recipe = { layers, values, floats: rest };
  for (const [name] of shapes) {
    if (layers.has(name) || rest.has(name)) continue;
    throw new FormatError(`quantised file: tensor ${show(name)} is missing, or the file is of another network than ${network.title}`);
  }
  const quantised = quantisedNetwork(network, recipe, input);
  // Sums that could overflow are found now, and layers that would compute with the model's own weights.
  for (const { operation, inputs: [x], output } of quantised.lower({ [network.inputs[0].name]: input }).nodes) {
    for (const constant of Object.values(operation) as unknown[]) {
      if (typeof constant !== "object" || constant === null || !("read" in constant)) continue;
      const { name } = constant as Constant;
      if (rest.has(name)) continue;
      const value = [x, output].map((each) => each.name.replace(/\.float$/, "")).find((each) => !values.has(each));
      const missing = layers.has(name) && value !== undefined ? `${value}/scale` : `${name}/float`;
      throw new FormatError(`quantised file: tensor ${show(missing)} is missing`);
    }
  }
  return quantised;
}

function lowered(network: Network, input: Shape): Graph {
  try {
    return prepare(network.lower({ [network.inputs[0].name]: input }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FormatError(`quantised file: it is of another network than ${network.title}: ${why}`);
  }
}
