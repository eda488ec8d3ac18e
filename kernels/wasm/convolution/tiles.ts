/**
 * Which tile a kernel has, and how much it computes before it comes back to the same weights. The measurements behind each choice, with
 * machine and command, are in docs/kernels.md; measure again with bench/kernels/main.ts.
 */
import type { ConvArithmetic } from "./row-kernel.ts";
import type { ConvParams } from "./params.ts";
import { imageBytes, rowBytes } from "../shared/layout.ts";

const ANY_MACHINE: ConvArithmetic = { fma: false };

/** Channels of a full panel of weights. */
export const PANEL = 16;

/**
 * Pixels of a tile that is `channels` (4, 8, 12 or 16) wide. x64 has 15 vector registers for us, and V8 before 13 loads all operands of a
 * term first: sums, weights and inputs of a term must fit into them. Joined to 256 bits, 16 channels take half as many registers.
 */
export function tilePixels(channels: number, machine: ConvArithmetic = ANY_MACHINE): number {
  if (channels === 16 && machine.tall) return 6;
  if (channels === 16 && machine.wide === true) return machine.fma ? 6 : 5;
  return { 16: 2, 12: 3, 8: 4, 4: 6 }[channels] ?? 2;
}

/** What of the second-level cache the input of a block may fill: half of 512 KB. */
const CACHED_INPUT = 262144;

/**
 * Do tiles lie down the columns? Their pixels are in rows of their own then, and each row is read from beginning to end, which processors
 * foresee. It pays for images larger than the cache.
 */
function byColumns({ input, kernel, stride, wide }: ConvParams): boolean {
  return wide === true && kernel[0] * kernel[1] * stride[0] * stride[1] === 1 && imageBytes(input) > 4 * CACHED_INPUT;
}

/**
 * Pixels at the end of each row that are left for tiles down the column: all of them where tiles lie so, or 1 where a row of tiles leaves
 * one over.
 */
export function joinedEnds(params: ConvParams): number {
  const { width } = params.output;
  return byColumns(params) ? width : width % tilePixels(PANEL, params) === 1 ? 1 : 0;
}

/**
 * Output rows after which the next panel of weights has its turn. All weights are read once a block; the input once a panel, but from the
 * cache if a block's part of it stays there. So early layers, whose input is large, have several blocks, and late ones, whose weights are
 * large, have one. Where tiles lie down the columns, a block is as high as a tile.
 */
export function rowsPerBlock(params: ConvParams): number {
  const { input, output, kernel, stride, dilation, groups } = params;
  const weights = 4 * output.channels * kernel[0] * kernel[1] * (input.channels / groups);
  const panels = Math.ceil(output.channels / groups / PANEL);
  const bytes = rowBytes(input) * Math.min(1, kernel[1] / stride[1]);
  const inputOf = (rows: number): number =>
    bytes * Math.min(rows * kernel[0], (rows - 1) * stride[0] + dilation[0] * (kernel[0] - 1) + 1);
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
 * Pixels that are a multiple of 2 KB apart (512 channels) share few sets of the first cache, so fewer of them make a tile. New versions of
 * V8 are faster where the kernel's rows are written out, old ones slower; joined vectors mean a new one.
 */
export function depthwiseTile({ input, kernel, stride, wide }: ConvParams): DepthwiseTile {
  if (kernel[1] > 5) return { pixels: stride[1] > 1 ? 2 : 4, unrolled: false };
  if (kernel[1] > 3) return { pixels: stride[1] > 1 ? 5 : 7, unrolled: false };
  if (stride[1] > 1) return { pixels: 2, unrolled: false };
  if (input.channels % 512 === 0) return { pixels: 2, unrolled: false };
  return { pixels: 4, unrolled: wide === true && kernel[0] <= 5 };
}

/**
 * Is Winograd's method faster? With few channels the transforms take as long as they save. Tiles want to be half full, for 2x2 pixels take
 * as many products either way; and there must be several, for of one tile the weights are transformed for four products each.
 */
export function winogradPays({ input, output, groups }: ConvParams): boolean {
  const tiles = Math.ceil(output.height / 4) * Math.ceil(output.width / 4);
  return tiles > 1 && Math.min(input.channels, output.channels) >= 8 * groups && output.height * output.width >= 8 * tiles;
}

/**
 * How many times as large its error may be as that of direct summation, root mean square over all outputs of a layer, in exact sessions too
 * (bench/kernels/errors.ts has every layer of every network).
 */
export const WINOGRAD_ERROR = 4;

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
 * Blocks of about the same size, of at most 18 tiles: large ones fall out of the second cache, small ones read weights more often. Small
 * networks, whose weights stay in the cache, do not transform them again and again.
 */
export function winogradBlock(params: ConvParams): WinogradBlock {
  const { input, output, groups } = params;
  const channels = input.channels / groups;
  const all = Math.ceil(output.height / 4) * Math.ceil(output.width / 4);
  const pixels = tilePixels(PANEL, params);
  const tiles = pixels * Math.ceil(all / Math.ceil(all / 18) / pixels);
  if (4 * 36 * channels * output.channels <= PACKED_WEIGHTS) return { tiles, pixels, inputs: 0 };
  const parts = Math.ceil(channels / 128);
  return { tiles, pixels, inputs: channels % parts > 0 ? channels : channels / parts };
}
