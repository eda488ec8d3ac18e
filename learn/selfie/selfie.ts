/**
 * MediaPipe's selfie segmentation, a network that others trained: who is in front of the camera? 106,401 numbers, ten gates. Image
 * [N,3,256,256], RGB from 0 to 1, to the probability that a pixel is a person, [N,1,256,256]. The weights are read from
 * selfie_segmentation.tflite of the npm package @mediapipe/selfie_segmentation (Apache-2.0), in which normalisation is folded already.
 *
 * MobileNetV3's blocks go down to 16x16; a decoder comes up again, and at every size asks gates how much of what was seen on the way down
 * (the skip) it needs:
 *
 *   256  picture ------------------------------------------------ mask
 *   128  A ---------------------------- skip --------- decoder K3
 *    64    B -------------------------- skip ----- decoder K2
 *    32      C, D --------------------- skip - decoder K1
 *    16           E, F, G, H, I -- J ----- up
 */
import type { Preprocessing } from "../../src/io/images/preprocess.ts";
import { Recalibrate, Residual, Sequential } from "../../src/nn/combinators.ts";
import { activation } from "../../src/nn/layers/activations.ts";
import { Conv2d, ConvTranspose2d } from "../../src/nn/layers/conv.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { Upsample } from "../../src/nn/layers/upsample.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { GatedBranch, GatedSkip } from "./gated-skip.ts";
import type { StoredKernel } from "./tflite.ts";

/** What the network does, and what people take it for who write it down from a picture of its graph. The first of each is right. */
export interface Reading {
  /** Where stride 2 leaves a row over, TensorFlow pads below and right, PyTorch's users on both sides. */
  readonly padding: "same" | "symmetric";
  /** What the decoder's gate multiplies. */
  readonly gated: "skip" | "upsampled" | "sum";
  /** What its gate is pooled from. */
  readonly pooled: "sum" | "skip";
  readonly gate: "sigmoid" | "hard_sigmoid";
  readonly activation: "hard_swish" | "silu";
  /** Are the corners of an image that is enlarged its own corner pixels? */
  readonly alignCorners: boolean;
}

export const right: Reading = {
  padding: "same", gated: "skip", pooled: "sum", gate: "sigmoid", activation: "hard_swish", alignCorners: false };

/** Levels from 0 to 1, RGB, the whole picture in 256 by 256. */
export const selfiePreprocessing: Preprocessing = {
  size: [256, 256], resize: [256, 256], interpolation: "bilinear", channels: "rgb", mean: [0, 0, 0], std: [1, 1, 1] };

/** Names of the ten gates, in the order of the graph: the blocks of the drawing above. */
export const gateNames = ["B", "E", "F", "G", "H", "I", "J", "K1", "K2", "K3"] as const;

export class Selfie extends Composite {
  readonly body: Module;
  readonly #children: readonly [string, Module][];

  /** @param children the convolutions, by the file's numbers: c0 to c42, depthwise d0 to d10, segment */
  constructor(body: Module, children: readonly [string, Module][]) {
    super();
    [this.body, this.#children] = [body, children];
  }

  override children(): [string, Module][] {
    return [...this.#children];
  }
}

/**
 * The network with the weights of a file. @param file of `readTflite`
 * @throws RangeError where the file lacks a tensor: then it is another network's
 */
export function selfieSegmentation(file: ReadonlyMap<string, StoredKernel>, reading: Reading = right): Selfie {
  const children: [string, Module][] = [];
  const tensor = (name: string): StoredKernel => {
    const found = file.get(name);
    if (found === undefined) throw new RangeError(`selfie: the file has no tensor "${name}"; it wants selfie_segmentation.tflite`);
    return found;
  };
  const fill = <L extends Conv2d | ConvTranspose2d>(name: string, layer: L, kernel: Float32Array, bias: Float32Array): L => {
    layer.weight.value.data.set(kernel);
    layer.bias!.value.data.set(bias);
    children.push([name, layer]);
    return layer;
  };
  /** TensorFlow has the inputs last, [outputs,height,width,inputs]; here they come before height and width. */
  const moved = ({ shape: [outputs, height, width, inputs], data }: StoredKernel): Float32Array => {
    const out = new Float32Array(data.length);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        for (let p = 0; p < height * width; p++) out[(o * inputs + i) * height * width + p] = data[(o * height * width + p) * inputs + i];
      }
    }
    return out;
  };
  const padded = (kernel: number): number | "same" => (reading.padding === "same" ? "same" : (kernel - 1) / 2);

  const conv = (number: number, stride: number = 1): Conv2d => {
    const name = number === 0 ? "conv2d" : `conv2d_${number}`;
    const kernel = tensor(`${name}/Kernel`);
    const [outputs, height, , inputs] = kernel.shape;
    const layer = new Conv2d(inputs, outputs, { kernel: height, stride, padding: padded(height) });
    return fill(`c${number}`, layer, moved(kernel), tensor(`${name}/Bias`).data);
  };
  const depthwise = (number: number, stride: number = 1): Conv2d => {
    const name = number === 0 ? "depthwise_conv2d" : `depthwise_conv2d_${number}`;
    const kernel = tensor(`${name}/Kernel`);
    const [, height, , channels] = kernel.shape;
    const layer = new Conv2d(channels, channels, { kernel: height, stride, groups: channels, padding: padded(height) });
    return fill(`d${number}`, layer, moved(kernel), tensor(`${name}/Bias`).data);
  };
  const relu = (): Module => activation("relu");
  const hswish = (): Module => activation(reading.activation);
  const up = (): Module => new Upsample(2, "bilinear", reading.alignCorners);
  /** From an image to its gates: squeeze, two layers, sigmoid. */
  const gate = (a: number, b: number): Module =>
    new Sequential(new GlobalAveragePool(), conv(a), relu(), conv(b), activation(reading.gate));
  const se = (a: number, b: number): Module => new Recalibrate(gate(a, b));
  /** Block E, F, G, H and I: wider, depthwise 5x5, SE, narrower. */
  const bottleneck = (first: number, d: number, stride: number): Module => new Sequential(
    conv(first), hswish(), depthwise(d, stride), hswish(), se(first + 1, first + 2), conv(first + 3));

  const A = new Sequential(conv(0, 2), hswish());
  const B = new Sequential(conv(1), relu(), depthwise(0, 2), relu(), se(2, 3), conv(4));
  const C = new Sequential(conv(5), relu(), depthwise(1, 2), relu(), conv(6));
  const D = new Residual(new Sequential(conv(7), relu(), depthwise(2), relu(), conv(8)));
  const E = bottleneck(9, 3, 2);
  const [F, G, H, I] = [0, 1, 2, 3].map((i) => new Residual(bottleneck(13 + 4 * i, 4 + i, 1)));
  // The gates of J have no hidden layer, and are pooled from what goes in, not from what they scale.
  const J = new GatedBranch(
    new Sequential(conv(29), relu()), new Sequential(new GlobalAveragePool(), conv(30), activation(reading.gate)));
  /** The skip x, and what comes from below it through `inner`: joined by gates, then one residual block. */
  const decoder = (inner: Module, first: number, d: number): Module => new Sequential(
    new GatedSkip(inner, gate(first, first + 1), reading), conv(first + 2), relu(), new Residual(new Sequential(depthwise(d), relu())));

  const K1 = decoder(new Sequential(E, F, G, H, I, J, up(), conv(31)), 32, 8);
  const K2 = decoder(new Sequential(C, D, K1, up(), conv(35)), 36, 9);
  const K3 = decoder(new Sequential(B, K2, up(), conv(39)), 40, 10);

  const last = tensor("segment/Kernel");
  const segment = new ConvTranspose2d(last.shape[3], 1, { kernel: 2, stride: 2 });
  fill("segment", segment, moved({ shape: [1, 2, 2, last.shape[3]], data: last.data }), tensor("segment/Bias").data);
  return new Selfie(new Sequential(A, K3, segment, activation("sigmoid")), children);
}
