/** Cases of pooling (global, over channels, adaptive, windows) and of resizing. */
import type { Kernels } from "../../../kernels/contract.ts";
import type { Pool2dOptions } from "../../../kernels/shapes.ts";
import { channelShape, pool2dShape, resizeShape } from "../../../kernels/shapes.ts";
import type { Case, Input } from "../case.ts";
import { distinct, fixed, normal, showOptions, ties } from "../case.ts";

type Image = readonly [batch: number, channels: number, height: number, width: number];

function globalAverage(batch: number, channels: number, pixels: number, large: boolean = false): Case {
  const s = channelShape(batch, channels, pixels);
  return {
    name: `globalAveragePool [${batch},${channels},${pixels}]`, kernels: ["globalAveragePoolForward", "globalAveragePoolBackward"],
    inputs: { x: normal(batch * channels * pixels) }, by: ["x"], linear: [["x"]], large,
    forward(k, { x }, make) {
      const y = make(batch * channels);
      k.globalAveragePoolForward(y, x, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k.globalAveragePoolBackward(gradients["x"], dy, s);
    },
  };
}

function globalMax(
  batch: number, channels: number, pixels: number, what: string, x: Input, flags: { kinks?: boolean; large?: boolean } = {},
): Case {
  const s = channelShape(batch, channels, pixels);
  return {
    name: `globalMaxPool [${batch},${channels},${pixels}]${what}`, kernels: ["globalMaxPoolForward", "globalMaxPoolBackward"],
    inputs: { x }, by: ["x"], ...flags,
    forward(k, { x }, make) {
      const y = make(batch * channels);
      const argmax = new Int32Array(batch * channels).fill(-1);
      k.globalMaxPoolForward(y, argmax, x, s);
      return { y, rest: { argmax } };
    },
    backward(k, gradients, dy, _inputs, { rest }) {
      k.globalMaxPoolBackward(gradients["x"], dy, rest["argmax"] as Int32Array, s);
    },
  };
}

function channelMean(batch: number, channels: number, pixels: number, large: boolean = false): Case {
  const s = channelShape(batch, channels, pixels);
  return {
    name: `channelMean [${batch},${channels},${pixels}]`, kernels: ["channelMeanForward", "channelMeanBackward"],
    inputs: { x: normal(batch * channels * pixels) }, by: ["x"], linear: [["x"]], large,
    forward(k, { x }, make) {
      const y = make(batch * pixels);
      k.channelMeanForward(y, x, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k.channelMeanBackward(gradients["x"], dy, s);
    },
  };
}

function channelMax(
  batch: number, channels: number, pixels: number, what: string, x: Input, flags: { kinks?: boolean; large?: boolean } = {},
): Case {
  const s = channelShape(batch, channels, pixels);
  return {
    name: `channelMax [${batch},${channels},${pixels}]${what}`, kernels: ["channelMaxForward", "channelMaxBackward"],
    inputs: { x }, by: ["x"], ...flags,
    forward(k, { x }, make) {
      const y = make(batch * pixels);
      const argmax = new Int32Array(batch * pixels).fill(-1);
      k.channelMaxForward(y, argmax, x, s);
      return { y, rest: { argmax } };
    },
    backward(k, gradients, dy, _inputs, { rest }) {
      k.channelMaxBackward(gradients["x"], dy, rest["argmax"] as Int32Array, s);
    },
  };
}

function maxPool(
  image: Image, options: Pool2dOptions, what: string = "", draw: (size: number) => Input = distinct,
  flags: { kinks?: boolean; large?: boolean } = {},
): Case {
  const s = pool2dShape(...image, options);
  const x = draw(image[0] * image[1] * image[2] * image[3]);
  return {
    name: `maxPool [${image}] ${showOptions(options)}${what}`, kernels: ["maxPoolForward", "maxPoolBackward"], inputs: { x }, by: ["x"],
    ...flags,
    forward(k, { x }, make) {
      const size = s.batch * s.channels * s.outHeight * s.outWidth;
      const y = make(size);
      const argmax = new Int32Array(size).fill(-1);
      k.maxPoolForward(y, argmax, x, s);
      return { y, rest: { argmax } };
    },
    backward(k, gradients, dy, _inputs, { rest }) {
      k.maxPoolBackward(gradients["x"], dy, rest["argmax"] as Int32Array, s);
    },
  };
}

function averagePool(image: Image, options: Pool2dOptions, large: boolean = false): Case {
  const s = pool2dShape(...image, options);
  return {
    name: `averagePool [${image}] ${showOptions(options)}`, kernels: ["averagePoolForward", "averagePoolBackward"],
    inputs: { x: normal(image[0] * image[1] * image[2] * image[3]) }, by: ["x"], linear: [["x"]], large,
    forward(k, { x }, make) {
      const y = make(s.batch * s.channels * s.outHeight * s.outWidth);
      k.averagePoolForward(y, x, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k.averagePoolBackward(gradients["x"], dy, s);
    },
  };
}

type Resize = "adaptiveAveragePool" | "upsampleNearest" | "upsampleBilinear";

function resize(name: Resize, image: Image, to: readonly [number, number], flags: { alignCorners?: boolean; large?: boolean } = {}): Case {
  const { alignCorners = false, large = false } = flags;
  const s = resizeShape(...image, ...to, alignCorners);
  const forward: keyof Kernels = `${name}Forward`;
  const backward: keyof Kernels = `${name}Backward`;
  return {
    name: `${name} [${image}] to ${to[0]}x${to[1]}${alignCorners ? " corners aligned" : ""}`, kernels: [forward, backward],
    inputs: { x: normal(image[0] * image[1] * image[2] * image[3]) }, by: ["x"], linear: [["x"]], large,
    forward(k, { x }, make) {
      const y = make(s.batch * s.channels * s.outHeight * s.outWidth);
      k[forward](y, x, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k[backward](gradients["x"], dy, s);
    },
  };
}

/** Geometries that both kinds of window pooling go through. */
const WINDOWS: readonly (readonly [Image, Pool2dOptions])[] = [
  [[1, 1, 1, 1], { kernel: 1 }],
  [[2, 3, 4, 6], { kernel: 2 }],
  [[1, 2, 5, 7], { kernel: 2 }],
  [[2, 2, 7, 6], { kernel: 3, stride: 2, padding: 1 }],
  [[1, 2, 5, 5], { kernel: 3, stride: 1, padding: 1 }],
  [[1, 1, 8, 7], { kernel: 2, stride: 3 }],
  [[1, 2, 6, 7], { kernel: [3, 2], stride: [1, 2], padding: [1, 0] }],
  [[1, 1, 4, 4], { kernel: 2, stride: 1, padding: 1 }],
  // Padding that differs between the sides, and windows with gaps.
  [[1, 2, 7, 6], { kernel: 3, stride: 2, padding: "same" }],
  [[2, 1, 6, 5], { kernel: 2, stride: 2, padding: "same" }],
  [[1, 2, 6, 7], { kernel: [3, 4], stride: [2, 1], padding: [0, 2, 2, 1] }],
  [[1, 2, 9, 8], { kernel: [2, 3], stride: 1, padding: [1, 2, 0, 3], dilation: [3, 2] }],
  [[1, 2, 8, 9], { kernel: 3, stride: 2, padding: [1, 2, 2, 0], ceilMode: true }],
  // Ceil mode: windows over the edge; with padding; with a last window that would start outside and is left out.
  [[2, 2, 6, 8], { kernel: 3, stride: 2, ceilMode: true }],
  [[1, 2, 7, 6], { kernel: 3, stride: 2, padding: 1, ceilMode: true }],
  [[1, 2, 5, 6], { kernel: 2, stride: 2, padding: 1, ceilMode: true }],
  [[1, 1, 5, 7], { kernel: 2, stride: 3, ceilMode: true }],
  [[1, 1, 7, 9], { kernel: [4, 5], stride: [3, 4], padding: [2, 1], ceilMode: true }],
];
const LARGE_WINDOWS: readonly (readonly [Image, Pool2dOptions])[] = [
  [[1, 9, 56, 55], { kernel: 3, stride: 2, ceilMode: true }],
  [[1, 19, 37, 41], { kernel: 3, stride: 2, padding: 1 }],
  [[1, 19, 38, 41], { kernel: 3, stride: 2, padding: "same" }],
  [[3, 17, 14, 14], { kernel: 2 }],
];

const RESIZES: readonly (readonly [Image, readonly [number, number]])[] = [
  [[1, 1, 1, 1], [1, 1]],
  [[2, 3, 4, 3], [8, 6]],
  [[1, 2, 3, 5], [7, 11]],
  [[1, 2, 7, 5], [3, 2]],
  [[1, 2, 4, 5], [4, 5]],
  [[2, 2, 5, 6], [1, 1]],
  [[1, 3, 1, 1], [3, 4]],
  [[1, 1, 6, 3], [4, 7]],
];
const LARGE_RESIZES: readonly (readonly [Image, readonly [number, number]])[] = [
  [[2, 13, 28, 27], [56, 54]],
  [[1, 17, 31, 37], [7, 7]],
];

const GLOBAL_SPECIAL = [1, NaN, 3, 2, -Infinity, -Infinity, -Infinity, -Infinity, NaN, 5, NaN, 1, 2, Infinity, Infinity, 0];
const WINDOW_SPECIAL = [1, NaN, 3, NaN, -Infinity, -Infinity, 2, 2, -Infinity, -Infinity, Infinity, 7];

export const poolingCases: readonly Case[] = [
  globalAverage(1, 1, 1),
  globalAverage(2, 3, 35),
  globalAverage(3, 5, 7),
  globalAverage(3, 37, 131, true),

  globalMax(1, 1, 1, "", distinct(1)),
  globalMax(2, 3, 35, "", distinct(210)),
  globalMax(3, 37, 131, "", distinct(3 * 37 * 131), { large: true }),
  globalMax(3, 5, 7, " with equals", ties(105), { kinks: true }),
  globalMax(2, 2, 4, " with NaN and infinity", fixed(GLOBAL_SPECIAL), { kinks: true }),

  channelMean(1, 1, 1),
  channelMean(2, 3, 5),
  channelMean(3, 5, 1),
  channelMean(2, 37, 131, true),

  channelMax(1, 1, 1, "", distinct(1)),
  channelMax(2, 3, 5, "", distinct(30)),
  channelMax(3, 5, 7, " with equals", ties(105), { kinks: true }),
  channelMax(2, 4, 2, " with NaN and infinity", fixed(GLOBAL_SPECIAL), { kinks: true }),
  channelMax(2, 37, 131, "", distinct(2 * 37 * 131), { large: true }),

  ...WINDOWS.map(([image, options]) => maxPool(image, options)),
  ...LARGE_WINDOWS.map(([image, options]) => maxPool(image, options, "", distinct, { large: true })),
  maxPool([2, 3, 9, 8], { kernel: 3, stride: 2, padding: 1 }, " with equals", ties, { kinks: true }),
  maxPool([1, 2, 7, 7], { kernel: 2, stride: 1 }, " with equals", ties, { kinks: true }),
  maxPool([1, 1, 3, 4], { kernel: 2, stride: 1, padding: 1 }, " with NaN and infinity", () => fixed(WINDOW_SPECIAL), { kinks: true }),

  ...WINDOWS.flatMap(([image, options]) => [averagePool(image, options), averagePool(image, { ...options, countPadding: false })]),
  ...LARGE_WINDOWS.flatMap(
    ([image, options]) => [averagePool(image, options, true), averagePool(image, { ...options, countPadding: false }, true)],
  ),

  ...RESIZES.flatMap(([image, to]) => [
    resize("adaptiveAveragePool", image, to),
    resize("upsampleNearest", image, to),
    resize("upsampleBilinear", image, to),
    resize("upsampleBilinear", image, to, { alignCorners: true }),
  ]),
  ...LARGE_RESIZES.flatMap(([image, to]) => [
    resize("adaptiveAveragePool", image, to, { large: true }),
    resize("upsampleNearest", image, to, { large: true }),
    resize("upsampleBilinear", image, to, { large: true }),
    resize("upsampleBilinear", image, to, { alignCorners: true, large: true }),
  ]),
];
