/** Bytes, weights and epilogues for tests of quantised kernels: drawn, or as large as they can be. */
import { Random } from "../../../kernels/random.ts";
import type { Epilogue } from "../../../kernels/quantised.ts";
import { conv2dShape } from "../../../kernels/shapes.ts";
import type { Conv2dShape } from "../../../kernels/shapes.ts";

export function bytes(size: number, random: Random, extreme: boolean = false): Uint8Array {
  return Uint8Array.from({ length: size }, () => (extreme ? (random.uniform() < 0.5 ? 0 : 127) : Math.floor(random.uniform() * 128)));
}

/** @param extreme only the ends, of one sign a channel of `row` weights: sums as large as they can be */
export function weights(size: number, row: number, random: Random, extreme: boolean = false): Int8Array {
  return Int8Array.from({ length: size }, (_, i) =>
    extreme ? (Math.floor(i / row) % 2 === 0 ? 127 : -127) : Math.floor(random.uniform() * 255) - 127);
}

export function floats(size: number, random: Random, scale: number, offset: number = 0): Float32Array {
  return Float32Array.from({ length: size }, () => offset + scale * random.normal());
}

/** So that most sums of `taps` products end between the bounds. */
export function epilogueOf(channels: number, taps: number, random: Random, more: Partial<Epilogue> = {}): Epilogue {
  const steps = 1 / (100 * Math.sqrt(taps));
  return {
    multiplier: Float32Array.from({ length: channels }, () => steps * (0.5 + random.uniform())),
    offset: floats(channels, random, 10, 60), least: 0, most: 127, residualMultiplier: 0, ...more,
  };
}

/** Sizes of a convolution of bytes. */
export interface ConvCase {
  readonly name: string;
  readonly batch?: number;
  readonly channels: number;
  readonly outChannels: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: number | readonly [number, number];
  readonly stride?: number;
  readonly padding?: number | readonly [number, number, number, number];
  readonly dilation?: number;
  readonly groups?: number;
}

export function shapeOf({ batch = 1, channels, height, width, outChannels, ...options }: ConvCase): Conv2dShape {
  return conv2dShape(batch, channels, height, width, outChannels, options);
}

export const convCases: readonly ConvCase[] = [
  { name: "1x1", channels: 16, outChannels: 16, height: 5, width: 7, kernel: 1 },
  { name: "1x1 of prime sizes", batch: 2, channels: 13, outChannels: 19, height: 11, width: 3, kernel: 1 },
  { name: "1x1 with stride", channels: 21, outChannels: 35, height: 9, width: 8, kernel: 1, stride: 2 },
  { name: "1x1 to one channel", channels: 5, outChannels: 1, height: 3, width: 3, kernel: 1 },
  { name: "3x3", channels: 16, outChannels: 32, height: 7, width: 7, kernel: 3, padding: 1 },
  { name: "3x3 of prime sizes", batch: 3, channels: 7, outChannels: 23, height: 5, width: 13, kernel: 3, padding: 1 },
  { name: "3x3 with stride", channels: 24, outChannels: 17, height: 11, width: 9, kernel: 3, stride: 2, padding: 1 },
  { name: "3x3 of uneven padding", channels: 8, outChannels: 8, height: 8, width: 8, kernel: 3, stride: 2, padding: [0, 0, 1, 1] },
  { name: "3x3 with gaps", channels: 9, outChannels: 11, height: 9, width: 10, kernel: 3, padding: 2, dilation: 2 },
  { name: "3x3 in groups", channels: 24, outChannels: 36, height: 6, width: 5, kernel: 3, padding: 1, groups: 4 },
  { name: "3x3 in groups of 24", channels: 72, outChannels: 72, height: 5, width: 4, kernel: 3, padding: 1, groups: 3 },
  { name: "3x3 in groups of 56", channels: 112, outChannels: 112, height: 6, width: 5, kernel: 3, stride: 2, padding: 1, groups: 2 },
  { name: "1x1 in groups of 20, from 7", channels: 21, outChannels: 60, height: 4, width: 5, kernel: 1, groups: 3 },
  { name: "1x1 in groups of 5, from 3", batch: 2, channels: 21, outChannels: 35, height: 3, width: 5, kernel: 1, groups: 7 },
  { name: "1x1 in groups of 32", channels: 12, outChannels: 96, height: 3, width: 5, kernel: 1, groups: 3 },
  { name: "1x1 in groups of 3", channels: 12, outChannels: 8, height: 3, width: 5, kernel: 1, groups: 4 },
  { name: "5x5", channels: 10, outChannels: 16, height: 9, width: 7, kernel: 5, padding: 2 },
  { name: "7x7 stem of 3 channels", channels: 3, outChannels: 20, height: 17, width: 19, kernel: 7, stride: 2, padding: 3 },
  { name: "3x3 of one channel", channels: 1, outChannels: 16, height: 14, width: 11, kernel: 3, padding: 1 },
  { name: "1x7", channels: 12, outChannels: 16, height: 9, width: 9, kernel: [1, 7], padding: [0, 3, 0, 3] },
  { name: "depthwise 3x3", batch: 2, channels: 32, outChannels: 32, height: 7, width: 9, kernel: 3, padding: 1, groups: 32 },
  { name: "depthwise 3x3 with stride", channels: 19, outChannels: 19, height: 11, width: 11, kernel: 3, stride: 2, padding: 1, groups: 19 },
  { name: "depthwise 5x5", channels: 40, outChannels: 40, height: 5, width: 7, kernel: 5, padding: 2, groups: 40 },
  { name: "depthwise 5x5 with stride", channels: 24, outChannels: 24, height: 14, width: 10, kernel: 5, stride: 2, padding: 2, groups: 24 },
  { name: "depthwise 3x3 with gaps", channels: 16, outChannels: 16, height: 9, width: 9, kernel: 3, padding: 2, dilation: 2, groups: 16 },
  { name: "depthwise of two outputs a channel", channels: 6, outChannels: 12, height: 5, width: 5, kernel: 3, padding: 1, groups: 6 },
];
