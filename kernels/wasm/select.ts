/**
 * Which tile a kernel has, and how much it does before it comes back to the same weights. Each choice with the measurement behind it
 * (bench/wasm-conv.ts; one core of a Zen 4 server, Node 20 = V8 11.3, peak 59 GFLOP/s).
 */
import type { ConvParams } from "./conv-params.ts";
import { rowPitch } from "./layout.ts";

/** Output pixels and output channels that are summed at once, in registers. */
export interface Tile {
  readonly pixels: number;
  readonly channels: number;
}

/** Channels of a full panel of weights. */
export const PANEL = 16;

/**
 * Pixels of a tile that is `channels` (4, 8, 12 or 16) wide. x64 has 15 vector registers for us, and V8 before 13 loads all operands of
 * a step first: sums + weights + pixels must fit.
 */
export function tilePixels(channels: number): number {
  return { 16: 2, 12: 3, 8: 4, 4: 6 }[channels] ?? 2;
}

/** What of the second-level cache the input of a block may fill: half of the smallest that servers and laptops have (512 KB). */
const CACHED_INPUT = 262144;

/**
 * Output rows after which the next panel of weights has its turn. All weights are read once a block; the input once a panel, but from the
 * cache if a block's part of it stays there. So early layers, whose input is large, have several blocks, and late ones, whose
 * weights are large, have one. 1024 to 2048 channels, 1x1 with stride 2 to 7x7 pixels: 20 GFLOP/s in blocks of one row, 32 in one block
 * (peak then: 46).
 */
export function rowsPerBlock(params: ConvParams): number {
  const { input, output, kernel, stride, dilation, groups } = params;
  const weights = 4 * output.channels * kernel[0] * kernel[1] * (input.channels / groups);
  const panels = Math.ceil(output.channels / groups / PANEL);
  const rowBytes = 4 * rowPitch(input) * Math.min(1, kernel[1] / stride[1]);
  const inputOf = (rows: number): number => rowBytes * Math.min(rows * kernel[0], (rows - 1) * stride[0] + dilation[0] * (kernel[0] - 1) + 1);
  let best = output.height;
  let least = Infinity;
  for (let rows = output.height; rows >= 1; rows = rows === 1 ? 0 : Math.ceil(rows / 2)) {
    const blocks = Math.ceil(output.height / rows);
    const traffic = blocks * (weights + inputOf(rows) * (inputOf(rows) > CACHED_INPUT ? panels : 1));
    if (traffic < least) {
      least = traffic;
      best = rows;
    }
  }
  return best;
}

/** How a depthwise row is computed. */
export interface DepthwiseTile {
  /** Pixels of a tile. */
  readonly pixels: number;
  /** Are the rows of the kernel written out, instead of a loop over them? */
  readonly unrolled: boolean;
}

/**
 * GFLOP/s of tiles of 4, 3 and 2 pixels with a loop over the kernel's rows, and of 4 pixels written out (peak then: 46; all four took
 * turns): 3x3 on 72 channels of 56x56 pixels 29, 27, 25 and 21; the same with stride 2 on 64 channels of 112x112 12, 18, 20 and 13;
 * 5x5 on 120 channels of 28x28 21, 19, 20 and 23; with stride 2 on 72 channels of 56x56 17, 17, 19 and 16. The more columns a tile has,
 * the more of them V8 before 13 keeps in memory for want of registers.
 */
export function depthwiseTile({ kernel, stride }: ConvParams): DepthwiseTile {
  if (stride[1] > 1) return { pixels: 2, unrolled: false };
  return { pixels: 4, unrolled: kernel[1] > 3 && kernel[0] <= 5 };
}
