/**
 * Which tile a kernel has, and how much it does before it comes back to the same weights. Each choice with the measurement behind it
 * (bench/kernels; GFLOP/s on one core of a Zen 4 server with 512 KB of second-level cache, Node 20 = V8 11.3, which reaches 50 there
 * from registers alone; candidates took turns, and the best of many rounds counts, for the machine had other work too).
 */
import type { VectorArithmetic } from "../shared/arithmetic.ts";
import type { ConvParams } from "./params.ts";
import { imagePitch, rowPitch } from "../shared/layout.ts";

const ANY_MACHINE: VectorArithmetic = { fma: false };

/** Channels of a full panel of weights. */
export const PANEL = 16;

/**
 * Pixels of a tile that is `channels` (4, 8, 12 or 16) wide. x64 has 15 vector registers for us, and V8 before 13 loads all operands of
 * a step first: sums + weights + pixels must fit. 1x1 on 64 channels, tiles of 1, 2, 3, 4, 5, 6 and 8 pixels: 16 channels 26, 33, 24, 23,
 * 23, 22, 22; 12 channels 25, 32, 30, 23, 25, 23, 21; 8 channels 19, 29, 33, 33, 29, 25, 19; 4 channels 12, 19, 25, 28, 28, 29, 26. (Of 12
 * channels a second run had 19, 20, 18 for 2, 3, 4 pixels: no difference.)
 *
 * Node 26, a Zen 3 server (peak 51 with 128 bits), tiles of 2, 3 and 4 pixels times 16 channels: with fused multiply-add 48, 24, 29, without 33, 25, 27 (1x1
 * from 64 to 256 channels of 56x56; other layers alike). Revectorised, 2, 4, 5 and 6 pixels: with fused multiply-add 54, 91, 88, 88 there, and 45, 78, 66, 76
 * (512 to 2048 of 7x7); without 58, 70, 77, 45 and 49, 59, 61, 43. A Zen 5 server (peak 132 with 256 bits), 4, 5 and 6 pixels with fused multiply-add, and
 * tails of 4, 2 and 1: 64 to 256 of 56x56 115, 117, 125, 3x3 on 512 of 7x7 94, 86, 109, 7x7 on 3 of 224x224 120, 120, 130; all direct layers of
 * SE-ResNet-50 51.8, 51.7, 48.1 ms, the network 63.3, 63.0, 59.0.
 *
 * Node 20 with fused multiply-add, behind its flag: 2 pixels 40 to 50 on every layer of ResNet-50, 3 to 6 half of that (their registers spill).
 */
export function tilePixels(channels: number, machine: VectorArithmetic = ANY_MACHINE): number {
  if (channels === 16 && machine.wide === true) return machine.fma ? 6 : 5;
  return { 16: 2, 12: 3, 8: 4, 4: 6 }[channels] ?? 2;
}

/** What of the second-level cache the input of a block may fill: half of 512 KB. */
const CACHED_INPUT = 262144;

/**
 * Do tiles lie down the columns of images too large for that cache? Their pixels are in rows of their own then, and each row is read from its beginning to its end, which
 * processors foresee; neighbours of a row are each read as far as their channels go. 256 to 64 channels of 56x56, 6 pixels a tile: 13 to 16 % faster (a Zen 5 server, Node 26); layers
 * with less input the same within 1 %; all layers of SE-MobileNet v1 in tiles of 2 pixels up to 1.6 % slower.
 */
function byColumns({ input, kernel, stride, wide }: ConvParams): boolean {
  return wide === true && kernel[0] * kernel[1] * stride[0] * stride[1] === 1 && 4 * imagePitch(input) > 4 * CACHED_INPUT;
}

/**
 * Pixels at the end of each row that are left for tiles down the column: all of them (above), or 1 if a row of tiles leaves one over. To 7x7 pixels, 3x3
 * on 512 channels 4.8 % faster (stride 2: 3.6 %), 1x1 with stride 2 from 1024 to 2048 channels 4.7 %; medians of 300 pairs on a busy machine
 * whose quartiles lie 15 % below and 30 % above. Counting steps, 6 %.
 */
export function joinedEnds(params: ConvParams): number {
  const { width } = params.output;
  return byColumns(params) ? width : width % tilePixels(PANEL, params) === 1 ? 1 : 0;
}

/**
 * Output rows after which the next panel of weights has its turn. All weights are read once a block; the input once a panel, but from the
 * cache if a block's part of it stays there. So early layers, whose input is large, have several blocks, and late ones, whose
 * weights are large, have one; what goes by columns, tiles' rows. 1024 to 2048 channels, 1x1 with stride 2 to 7x7 pixels: 20 in blocks of one row, 32 in one block.
 */
export function rowsPerBlock(params: ConvParams): number {
  const { input, output, kernel, stride, dilation, groups } = params;
  const weights = 4 * output.channels * kernel[0] * kernel[1] * (input.channels / groups);
  const panels = Math.ceil(output.channels / groups / PANEL);
  const rowBytes = 4 * rowPitch(input) * Math.min(1, kernel[1] / stride[1]);
  const inputOf = (rows: number): number => rowBytes * Math.min(rows * kernel[0], (rows - 1) * stride[0] + dilation[0] * (kernel[0] - 1) + 1);
  if (byColumns(params)) return tilePixels(PANEL, params);
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
 * Tiles of 1, 2, 3, 4, 5 and 7 pixels with a loop over the kernel's rows (a Zen 3 server, peak 51; Node 20, best of 10 rounds, in which the peak was 44):
 * 3x3 on 32 channels of 112x112 14, 24, 27, 28, 22, 26, on 256 of 28x28 16, 23, 24, 26, 21, 21; with stride 2 on 64 of 112x112 16, 20, 20, 17, 15, 14, on 256 of
 * 28x28 16, 17, 18, 16, 14, 9; 5x5 on 120 of 28x28 13, 20, 18, 20, 22, 28, on 960 of 7x7 14, 18, 18, 18, 19, 22; with stride 2 on 672 of 14x14
 * 14, 17, 16, 18, 18, 14. Node 26 agrees but where rows are written out: 4 pixels of 3x3 36 against 30, 33 against 21 (128 of 56x56) and 34 against 33, where Node 20
 * has 27 against 28, 22 against 23 and 22 against 26. So they are for wide machines, whose V8 is new.
 *
 * Pixels that are a multiple of 2 KB apart share few sets of the first cache, so fewer of them: 512 of 14x14 15, 21, 17, 16, 13, 10, 1024 of 7x7 10, 9, 8, 7, 6, 5.
 * A Zen 5 server has more of them, 1 to 5 pixels of the latter: 26, 35, 33, 26, 23.
 */
export function depthwiseTile({ input, kernel, stride, wide }: ConvParams): DepthwiseTile {
  if (kernel[1] > 5) return { pixels: stride[1] > 1 ? 2 : 4, unrolled: false };
  if (kernel[1] > 3) return { pixels: stride[1] > 1 ? 5 : 7, unrolled: false };
  if (stride[1] > 1) return { pixels: 2, unrolled: false };
  if (input.channels % 512 === 0) return { pixels: 2, unrolled: false };
  return { pixels: 4, unrolled: wide === true && kernel[0] <= 5 };
}

/**
 * Is Winograd's method faster? GFLOP/s by direct and by Winograd's kernels, both counted as direct ones (a Zen 3 server, Node 20, peak 51):
 * 64 channels of 56x56 38.5 and 116, 128 of 28x28 38 and 124, 256 of 14x14 38 and 85, 128 of 7x7 36 and 91; few channels: 16 of 28x28 38 and 92,
 * 8 of 28x28 35 and 64, 3 to 3 of 32x32 20 and 18. In the network, 512 of 7x7 (a Zen 5 server, Node 20, peak 67): 56 and 106. Tiles at least half full: 2x2
 * pixels take as many products either way. Several tiles: of one, the weights are transformed for four products each.
 */
export function winogradPays({ input, output }: ConvParams): boolean {
  const tiles = Math.ceil(output.height / 4) * Math.ceil(output.width / 4);
  return tiles > 1 && Math.min(input.channels, output.channels) >= 8 && output.height * output.width >= 8 * tiles;
}

/** Blocks of Winograd's tiles. */
export interface WinogradBlock {
  readonly tiles: number;
  /** Tiles that are multiplied at once with 16 channels: a tile of pixels, as it were. */
  readonly pixels: number;
  /** Input channels whose weights are transformed at once: all that there are, or a divisor; 0 if they are when they are packed. */
  readonly inputs: number;
}

/** Bytes of transformed weights that are so few that they are transformed when they are packed. */
const PACKED_WEIGHTS = 1 << 20;

/**
 * Blocks of about the same size. GFLOP/s as above with 8, 14, 28 and 56 tiles: 64 channels of 56x56 117, 115, 96 and 79; with 8, 14, 18, 26 and 50: 128 of
 * 28x28 123, 123, 124, 89 and 87 (the last two in a slower hour, with 89 for 14); with 8 and 16: 256 of 14x14 80 and 85. Large ones fall out of the
 * second cache, small ones read weights more often.
 *
 * Small networks, whose weights stay in the cache, do not transform them again and again: SE-ResNet-20 on 32x32 0.55 ms instead of 0.62. To keep them from block to block,
 * in 2.4 MB for 128 of 28x28, saves 0.15 ms of the 105 of SE-ResNet-50.
 *
 * Input channels for which the second cache holds inputs and weights: 32, 64, 128 and 256 of 512 channels of 7x7 (a Zen 5 server, Node 20) 2.05, 2.01, 2.00, 2.00 ms, of 256
 * of 14x14 1.53, 1.49, 1.44, 1.45.
 */
export function winogradBlock(params: ConvParams): WinogradBlock {
  const { input, output, fma, wide } = params;
  const all = Math.ceil(output.height / 4) * Math.ceil(output.width / 4);
  const pixels = tilePixels(PANEL, { fma, wide: wide === true });
  const tiles = pixels * Math.ceil(all / Math.ceil(all / 18) / pixels);
  if (4 * 36 * input.channels * output.channels <= PACKED_WEIGHTS) return { tiles, pixels, inputs: 0 };
  const parts = Math.ceil(input.channels / 128);
  return { tiles, pixels, inputs: input.channels % parts > 0 ? input.channels : input.channels / parts };
}
