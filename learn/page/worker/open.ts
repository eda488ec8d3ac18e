/** From a file to a network: the page's own, and a user's. Readers for those are loaded when a file wants them. */
import { FormatError } from "../../../src/errors.ts";
import type { Preprocessing } from "../../../src/io/images/preprocess.ts";
import { imagenet } from "../../../src/io/images/presets.ts";
import { moduleNetwork } from "../../../src/nn/lower.ts";
import { Tensor, sizeOf } from "../../../src/tensor.ts";
import { openOwn } from "./own.ts";
import { isMap } from "./source.ts";
import type { Source } from "./source.ts";

const usualSize = 224;

/** [1,C,H,W] as [1,H,W,C], for networks of TensorFlow. */
function channelsLast(x: Tensor<Float32Array>): Tensor<Float32Array> {
  const [n, c, h, w] = x.shape;
  return new Tensor(x.data.map((_, i) => x.data[(i % c) * h * w + Math.floor(i / c)]), [n, h, w, c]);
}

async function openOnnx(bytes: Uint8Array, name: string): Promise<Source> {
  const { importOnnx, namesFor } = await import("./users-files.ts");
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
    classes: pixels ? (output[1] === 1 ? ["found", "background"] : namesFor(output[1])) : namesFor(sizeOf(output)),
    notes: ["an ONNX file does not say how pictures are prepared; as for ImageNet, unless you choose otherwise", ...network.notes] };
}

/** MediaPipe's selfie segmentation, the one network of a .tflite that is known (learn/selfie). */
async function openSelfie(bytes: Uint8Array, name: string): Promise<Source> {
  const { gateNames, openSelfieFile, selfiePreprocessing } = await import("./users-files.ts");
  const network = moduleNetwork(openSelfieFile(bytes));
  return {
    title: `${name} (MediaPipe's selfie segmentation)`, network, input: "input", shape: [1, 3, ...selfiePreprocessing.size],
    preprocessing: selfiePreprocessing, classes: ["person", "background"], arranged: (x) => x, pixels: true, blockNames: gateNames,
    notes: [] };
}

/** @param own is it one of the page's own? @throws Error whose message is a sentence for the user */
export async function openSource(bytes: Uint8Array, name: string, own: boolean = false): Promise<Source> {
  if (own) return openOwn(bytes, name);
  if (String.fromCharCode(...bytes.subarray(4, 8)) === "TFL3") return openSelfie(bytes, name);
  const [first, ...rest] = bytes.subarray(0, 9);
  const safetensors = rest[7] === 0x7b;
  // ONNX is a protocol buffer; its first field is the version of the format.
  const onnx = first === 0x08 && !safetensors;
  if (!safetensors && !onnx) {
    throw new FormatError("this is no network that the page reads: it takes safetensors and ONNX (and MediaPipe's selfie segmentation)");
  }
  if (onnx) return openOnnx(bytes, name);
  const { openSafetensors } = await import("./users-files.ts");
  return openSafetensors(bytes, name);
}
