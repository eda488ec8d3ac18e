/** Cases of convolution, transposed convolution and linear layers. */
import { conv2dScratch, convTranspose2dScratch, linearScratch } from "../../../kernels/scratch.ts";
import type { Conv2dOptions, Conv2dShape, Pair } from "../../../kernels/shapes.ts";
import { conv2dShape, convTranspose2dShape, linearShape } from "../../../kernels/shapes.ts";
import type { Case } from "../case.ts";
import { normal, showOptions } from "../case.ts";

type Image = readonly [batch: number, channels: number, height: number, width: number];
interface Flags {
  readonly bias?: boolean;
  readonly large?: boolean;
}

function yLength(s: Conv2dShape): number {
  return s.batch * s.outChannels * s.outHeight * s.outWidth;
}

function conv(image: Image, outChannels: number, options: Conv2dOptions, { bias = true, large = false }: Flags = {}): Case {
  const [batch, channels, height, width] = image;
  const s = conv2dShape(batch, channels, height, width, outChannels, options);
  const scratch = new Float64Array(conv2dScratch(s));
  return {
    name: `conv2d [${image}] to ${outChannels} ${showOptions(options)}${bias ? "" : " without bias"}`,
    kernels: ["conv2dForward", "conv2dBackwardInput", "conv2dBackwardWeight", ...(bias ? ["conv2dBackwardBias" as const] : [])],
    inputs: {
      x: normal(batch * channels * height * width),
      weight: normal((outChannels * channels * s.kernelHeight * s.kernelWidth) / s.groups),
      ...(bias ? { bias: normal(outChannels) } : {}),
    },
    by: bias ? ["x", "weight", "bias"] : ["x", "weight"],
    linear: bias ? [["x", "bias"], ["weight", "bias"]] : [["x"], ["weight"]],
    large,
    forward(k, { x, weight, bias }, make) {
      const y = make(yLength(s));
      k.conv2dForward(y, x, weight, bias ?? null, s, scratch);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x, weight }) {
      k.conv2dBackwardInput(gradients["x"], dy, weight, s, scratch);
      k.conv2dBackwardWeight(gradients["weight"], x, dy, s, scratch);
      if (bias) k.conv2dBackwardBias(gradients["bias"], dy, s);
    },
  };
}

function convTranspose(
  image: Image, outChannels: number, options: Conv2dOptions & { readonly outputPadding?: Pair }, { bias = true, large = false }: Flags = {},
): Case {
  const [batch, channels, height, width] = image;
  const s = convTranspose2dShape(batch, channels, height, width, outChannels, options);
  const scratch = new Float64Array(convTranspose2dScratch(s));
  return {
    name: `convTranspose2d [${image}] to ${outChannels} ${showOptions(options)}${bias ? "" : " without bias"}`,
    kernels: [
      "convTranspose2dForward", "convTranspose2dBackwardInput", "convTranspose2dBackwardWeight",
      ...(bias ? ["convTranspose2dBackwardBias" as const] : []),
    ],
    inputs: {
      x: normal(batch * channels * height * width),
      weight: normal((channels * outChannels * s.kernelHeight * s.kernelWidth) / s.groups),
      ...(bias ? { bias: normal(outChannels) } : {}),
    },
    by: bias ? ["x", "weight", "bias"] : ["x", "weight"],
    linear: bias ? [["x", "bias"], ["weight", "bias"]] : [["x"], ["weight"]],
    large,
    forward(k, { x, weight, bias }, make) {
      const y = make(yLength(s));
      k.convTranspose2dForward(y, x, weight, bias ?? null, s, scratch);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x, weight }) {
      k.convTranspose2dBackwardInput(gradients["x"], dy, weight, s, scratch);
      k.convTranspose2dBackwardWeight(gradients["weight"], x, dy, s, scratch);
      if (bias) k.convTranspose2dBackwardBias(gradients["bias"], dy, s);
    },
  };
}

function linear(batch: number, inFeatures: number, outFeatures: number, { bias = true, large = false }: Flags = {}): Case {
  const s = linearShape(batch, inFeatures, outFeatures);
  const scratch = new Float64Array(linearScratch(s));
  return {
    name: `linear [${batch},${inFeatures}] to ${outFeatures}${bias ? "" : " without bias"}`,
    kernels: ["linearForward", "linearBackwardInput", "linearBackwardWeight", ...(bias ? ["linearBackwardBias" as const] : [])],
    inputs: { x: normal(batch * inFeatures), weight: normal(outFeatures * inFeatures), ...(bias ? { bias: normal(outFeatures) } : {}) },
    by: bias ? ["x", "weight", "bias"] : ["x", "weight"],
    linear: bias ? [["x", "bias"], ["weight", "bias"]] : [["x"], ["weight"]],
    large,
    forward(k, { x, weight, bias }, make) {
      const y = make(batch * outFeatures);
      k.linearForward(y, x, weight, bias ?? null, s, scratch);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x, weight }) {
      k.linearBackwardInput(gradients["x"], dy, weight, s, scratch);
      k.linearBackwardWeight(gradients["weight"], x, dy, s, scratch);
      if (bias) k.linearBackwardBias(gradients["bias"], dy, s);
    },
  };
}

const large = { large: true };

export const convolutionCases: readonly Case[] = [
  // Pointwise: one pixel, tails of every small tile size, stride.
  conv([1, 1, 1, 1], 1, { kernel: 1 }),
  conv([2, 3, 5, 4], 2, { kernel: 1 }),
  conv([2, 5, 1, 1], 7, { kernel: 1 }, { bias: false }),
  conv([1, 7, 3, 3], 9, { kernel: 1 }),
  conv([1, 4, 5, 7], 3, { kernel: 1, stride: 2 }),
  conv([1, 4, 6, 8], 3, { kernel: 1, stride: [1, 3] }),
  // 3x3: with and without padding, odd and even sizes, strides that use every pixel and strides that leave some out.
  conv([1, 3, 7, 5], 4, { kernel: 3 }),
  conv([2, 2, 5, 5], 3, { kernel: 3, padding: 1 }, { bias: false }),
  conv([2, 3, 7, 9], 2, { kernel: 3, stride: 2, padding: 1 }),
  conv([1, 2, 8, 6], 5, { kernel: 3, stride: 2, padding: 1 }),
  conv([1, 2, 8, 8], 3, { kernel: 3, stride: 2 }),
  conv([1, 2, 9, 8], 2, { kernel: 2, stride: 3 }),
  conv([1, 2, 11, 11], 2, { kernel: 3, stride: 4, padding: 1 }),
  // Other kernels.
  conv([1, 2, 7, 7], 3, { kernel: 5, padding: 2 }),
  conv([1, 3, 9, 11], 2, { kernel: 7, stride: 2, padding: 3 }),
  conv([2, 2, 5, 6], 3, { kernel: [1, 3], padding: [0, 1] }),
  conv([1, 2, 6, 5], 3, { kernel: [3, 1], stride: [2, 1], padding: [1, 0] }),
  conv([2, 3, 5, 4], 2, { kernel: [5, 4] }),
  conv([1, 2, 3, 3], 2, { kernel: 2, padding: 3 }),
  conv([1, 1, 2, 2], 1, { kernel: 5, padding: 2 }),
  // Dilation.
  conv([1, 2, 7, 7], 2, { kernel: 3, dilation: 2 }),
  conv([2, 2, 6, 7], 3, { kernel: 3, padding: 2, dilation: 2 }),
  conv([1, 3, 9, 8], 2, { kernel: [3, 2], stride: [2, 1], padding: [1, 3], dilation: [2, 3] }),
  conv([1, 2, 9, 9], 2, { kernel: 3, stride: 2, padding: 3, dilation: 3 }),
  // Padding that differs between the sides: given, and TensorFlow's for odd and even sizes.
  conv([2, 2, 5, 4], 3, { kernel: 3, padding: [0, 2, 1, 0] }),
  conv([1, 3, 7, 6], 2, { kernel: 3, stride: 2, padding: "same" }),
  conv([2, 2, 6, 9], 3, { kernel: [5, 2], stride: [3, 2], padding: "same" }, { bias: false }),
  conv([1, 2, 8, 7], 2, { kernel: 3, padding: "same", dilation: [2, 1] }),
  conv([1, 3, 8, 9], 3, { kernel: 5, stride: 2, padding: "same", groups: 3 }),
  conv([1, 2, 5, 6], 2, { kernel: 1, stride: 2, padding: "same" }),
  conv([1, 2, 3, 3], 2, { kernel: 2, padding: [3, 0, 0, 4] }),
  // Groups and depthwise.
  conv([2, 4, 5, 5], 6, { kernel: 3, padding: 1, groups: 2 }),
  conv([1, 6, 4, 5], 9, { kernel: 1, groups: 3 }),
  conv([1, 6, 7, 5], 4, { kernel: 3, stride: 2, padding: 1, groups: 2 }, { bias: false }),
  conv([2, 5, 7, 5], 5, { kernel: 3, padding: 1, groups: 5 }),
  conv([1, 3, 8, 7], 3, { kernel: 3, stride: 2, padding: 1, groups: 3 }, { bias: false }),
  conv([1, 2, 9, 7], 2, { kernel: 5, stride: 2, padding: 2, groups: 2 }),
  conv([1, 3, 5, 5], 6, { kernel: 3, padding: 1, groups: 3 }),
  conv([1, 4, 9, 9], 8, { kernel: 3, stride: [1, 2], padding: 2, dilation: [2, 1], groups: 4 }),
  // Large.
  conv([1, 3, 64, 64], 16, { kernel: 7, stride: 2, padding: 3 }, large),
  conv([1, 3, 64, 65], 16, { kernel: 3, stride: 2, padding: "same" }, large),
  conv([1, 32, 28, 27], 32, { kernel: 5, stride: 2, padding: "same", groups: 32 }, large),
  conv([2, 16, 21, 20], 24, { kernel: 3, padding: 1 }, { bias: false, large: true }),
  conv([3, 13, 17, 19], 23, { kernel: 3, stride: 2, padding: 1 }, large),
  conv([2, 64, 14, 14], 37, { kernel: 1 }, large),
  conv([1, 17, 7, 7], 19, { kernel: 1 }, { bias: false, large: true }),
  conv([1, 33, 15, 13], 31, { kernel: 1, stride: 2 }, large),
  conv([2, 24, 13, 11], 36, { kernel: 3, padding: 2, dilation: 2, groups: 4 }, large),
  conv([1, 32, 28, 28], 32, { kernel: 3, padding: 1, groups: 32 }, large),
  conv([1, 32, 17, 19], 32, { kernel: 5, stride: 2, padding: 2, groups: 32 }, { bias: false, large: true }),

  convTranspose([1, 1, 1, 1], 1, { kernel: 1 }),
  convTranspose([2, 3, 3, 4], 2, { kernel: 2, stride: 2 }),
  convTranspose([1, 2, 4, 3], 3, { kernel: 3, stride: 2, padding: 1, outputPadding: 1 }),
  convTranspose([1, 2, 3, 3], 2, { kernel: 4, stride: 2, padding: 1 }, { bias: false }),
  convTranspose([1, 3, 5, 4], 2, { kernel: 3, padding: 1 }),
  convTranspose([2, 4, 3, 3], 6, { kernel: 3, stride: 2, groups: 2 }),
  convTranspose([1, 3, 4, 3], 3, { kernel: 3, stride: 2, padding: 1, groups: 3 }),
  convTranspose([1, 2, 3, 4], 2, { kernel: [3, 2], stride: [1, 3], padding: [2, 0], dilation: [2, 1], outputPadding: [0, 2] }),
  convTranspose([1, 2, 3, 2], 3, { kernel: 2, stride: 3 }, { bias: false }),
  convTranspose([2, 2, 3, 3], 2, { kernel: [2, 3], padding: 1, dilation: [3, 2] }),
  convTranspose([1, 2, 4, 3], 3, { kernel: 3, stride: 2, padding: [0, 1, 1, 0] }),
  convTranspose([2, 3, 3, 5], 2, { kernel: [2, 4], stride: 2, padding: [1, 0, 0, 2], outputPadding: 1 }, { bias: false }),
  convTranspose([2, 24, 13, 11], 16, { kernel: 4, stride: 2, padding: 1 }, large),
  convTranspose([1, 12, 17, 19], 18, { kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 6 }, { bias: false, large: true }),

  linear(1, 1, 1),
  linear(3, 5, 4),
  linear(2, 7, 9, { bias: false }),
  linear(5, 3, 11),
  linear(1, 13, 2),
  linear(7, 129, 67, large),
  linear(1, 512, 101, { bias: false, large: true }),
];
