/**
 * From a file of the user's to a network: safetensors that say of which network they are (or whose tensors tell), and ONNX. This is
 * `openNetwork` without files of PyTorch, whose reader the page does without.
 */
import { createModel } from "../../../models/index.ts";
import { FormatError } from "../../../src/errors.ts";
import type { Network } from "../../../src/graph/network.ts";
import { assumedPreprocessing, guessModel, limited, otherClasses } from "../../../src/network-of-file.ts";
import type { Preprocessing } from "../../../src/io/images/preprocess.ts";
import { imagenet } from "../../../src/io/images/presets.ts";
import { readSafetensors } from "../../../src/io/weights/safetensors.ts";
import { moduleNetwork } from "../../../src/nn/lower.ts";
import type { Module } from "../../../src/nn/module.ts";
import { Tensor, sizeOf } from "../../../src/tensor.ts";
import type { Shape } from "../../../src/tensor.ts";
import { loadWeights, weightsDescription } from "../../../src/weights.ts";

/** A network, and how pictures go in and answers come out. */
export interface Source {
  readonly title: string;
  readonly network: Network;
  /** The input's name, and its shape for one picture. */
  readonly input: string;
  readonly shape: Shape;
  readonly preprocessing: Preprocessing;
  readonly classes: readonly string[];
  /** From [1,C,H,W] to what the input wants. */
  readonly arranged: (x: Tensor<Float32Array>) => Tensor<Float32Array>;
  /** Does it answer for every pixel, [1,classes,H,W]? */
  readonly pixels: boolean;
  /** Of the blocks, where they have names of their own. */
  readonly blockNames?: readonly string[];
  readonly notes: readonly string[];
}

const usualSize = 224;

/** ImageNet's, where there are as many. */
async function namesFor(count: number): Promise<readonly string[]> {
  return count === 1000 ? (await import("../../../models/imagenet-classes.ts")).imagenetClasses : numbered(count);
}

const isMap = ([, , height = 1, width = 1]: Shape): boolean => height * width > 1;

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `class ${i}`);

async function openSafetensors(bytes: Uint8Array, name: string): Promise<Source> {
  const file = readSafetensors(bytes);
  const description = weightsDescription(file);
  const known = description?.model ?? guessModel(file, undefined);
  if (known === undefined) {
    throw new FormatError("the file does not say which network it is of, and its tensors do not tell. Files of senet's saveWeights do");
  }
  const options = description?.options ?? {};
  const build = (more: object = {}): Module => createModel(known, { ...options, ...more }, null);
  let model = Object.keys(options).length === 0 ? build() : limited(file, build);
  const classes = Object.hasOwn(options, "classes") ? undefined : otherClasses(file, model, undefined);
  if (classes !== undefined) model = limited(file, () => build({ classes }));
  loadWeights(model, file);
  const preprocessing = description?.preprocessing ?? assumedPreprocessing(known, model);
  const shape = [1, preprocessing.channels === "gray" ? 1 : 3, ...preprocessing.size];
  const network = moduleNetwork(model);
  const output = network.lower({ input: shape }).outputs[0].shape;
  const notes = description?.preprocessing !== undefined
    ? []
    : ["pictures are prepared as for its published weights; the file does not say how"];
  return {
    title: `${name} (${known})`, network, input: "input", shape, preprocessing, arranged: (x) => x, pixels: isMap(output), notes,
    classes: description?.classes ?? (await namesFor(output[1])) };
}

/** [1,C,H,W] as [1,H,W,C], for networks of TensorFlow. */
function channelsLast(x: Tensor<Float32Array>): Tensor<Float32Array> {
  const [n, c, h, w] = x.shape;
  return new Tensor(x.data.map((_, i) => x.data[(i % c) * h * w + Math.floor(i / c)]), [n, h, w, c]);
}

async function openOnnx(bytes: Uint8Array, name: string): Promise<Source> {
  const { importOnnx } = await import("../../../src/io/onnx/import.ts");
  const network = importOnnx(bytes);
  const [{ name: input, shape: open = [] }, ...more] = network.inputs;
  if (more.length > 0 || open.length !== 4) throw new FormatError(`it wants ${network.inputs.length} inputs, or one that is no picture`);
  const last = typeof open[3] === "number" && open[3] <= 4 && !(typeof open[1] === "number" && open[1] <= 4);
  const size = (value: number | string): number => (typeof value === "number" ? value : usualSize);
  const [channels, height, width] = last ? [open[3], size(open[1]), size(open[2])] : [open[1], size(open[2]), size(open[3])];
  if (channels !== 1 && channels !== 3) throw new FormatError(`it wants pictures of ${channels} channels; the page has 1 or 3`);
  const shape = last ? [1, height, width, channels] : [1, channels, height, width];
  const gray = channels === 1;
  const preprocessing: Preprocessing = {
    ...imagenet, size: [height, width], resize: Math.floor((Math.min(height, width) * 256) / 224),
    ...(gray ? { channels: "gray" as const, mean: [0.5], std: [0.5] } : {}),
  };
  const output = network.lower({ [input]: shape }).outputs[0].shape;
  const pixels = isMap(output);
  return {
    title: name, network, input, shape, preprocessing, arranged: last ? channelsLast : (x) => x, pixels,
    classes: pixels ? (output[1] === 1 ? ["found", "background"] : numbered(output[1])) : await namesFor(sizeOf(output)),
    notes: ["pictures are prepared as for ImageNet: an ONNX file does not say how", ...network.notes] };
}

/** MediaPipe's selfie segmentation, the one network of a .tflite that is known (learn/selfie). */
async function openSelfie(bytes: Uint8Array, name: string): Promise<Source> {
  const { gateNames, openSelfieFile, selfiePreprocessing } = await import("../../selfie/selfie-file.ts");
  const network = moduleNetwork(openSelfieFile(bytes));
  return {
    title: `${name} (MediaPipe's selfie segmentation)`, network, input: "input", shape: [1, 3, ...selfiePreprocessing.size],
    preprocessing: selfiePreprocessing, classes: ["person", "background"], arranged: (x) => x, pixels: true, blockNames: gateNames,
    notes: [] };
}

/** @throws Error whose message is a sentence for the user */
export async function openSource(bytes: Uint8Array, name: string): Promise<Source> {
  if (String.fromCharCode(...bytes.subarray(4, 8)) === "TFL3") return openSelfie(bytes, name);
  const [first, ...rest] = bytes.subarray(0, 9);
  const safetensors = rest[7] === 0x7b;
  // ONNX is a protocol buffer; its first field is the version of the format.
  const onnx = first === 0x08 && !safetensors;
  if (!safetensors && !onnx) {
    throw new FormatError("this is no network that the page reads: it takes safetensors and ONNX (and MediaPipe's selfie segmentation)");
  }
  return onnx ? openOnnx(bytes, name) : openSafetensors(bytes, name);
}
