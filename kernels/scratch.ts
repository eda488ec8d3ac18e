/**
 * How much working memory the plain kernels ask for, in doubles, and how they divide the sums that need it. The caller
 * allocates, and may share one array between all calls, for nothing is kept in it.
 *
 * Operands are packed in a store of fixed size that the plain kernels own (plain/tile.ts). Working memory is for sums that
 * cannot be finished in one go: gradients by the weight, which run over every pixel of the batch.
 */
import type { Conv2dShape, LinearShape } from "./shapes.ts";

/** Always double precision, so that the inner loops of the plain kernels see one type whatever the tensors' precision. */
export type Scratch = Float64Array;

/** Doubles in each of the six rows of the tile store: the longest sum that it takes. */
export const DEPTH = 131072;
/** Doubles in the padded piece of an image. */
export const PATCH = 65536;
/** Columns in one packed block. */
export const COLUMNS = 1536;

/** How a convolution's gradient by the weight is divided: blocks of input channels, and pieces of the batch. */
export interface WeightDivision {
  /** Input channels in a block: with all their taps they are the columns that are packed together. */
  readonly channels: number;
  /** Images in a piece; 1 where a piece has not all rows. */
  readonly images: number;
  /** Output rows in a piece, of each of its images. */
  readonly rows: number;
  readonly pieces: number;
  /** Does the tile store hold this geometry at all? */
  readonly fits: boolean;
}

/** Output pixels in a piece of a gradient by the weight: three rows of A and a panel of B together fit the first-level cache. */
const PIECE = 512;
/** Doubles in its block of columns; half of it is 2 % slower, twice as much no faster. */
const BLOCK = 131072;

export function divideWeights(s: Conv2dShape): WeightDivision {
  const taps = s.kernelHeight * s.kernelWidth;
  const plane = s.outHeight * s.outWidth;
  let images = plane <= PIECE ? Math.min(s.batch, Math.floor(PIECE / plane)) : 1;
  let rows = plane <= PIECE ? s.outHeight : Math.max(1, Math.floor(PIECE / s.outWidth));
  // Equal pieces.
  images = Math.ceil(s.batch / Math.ceil(s.batch / images));
  rows = Math.ceil(s.outHeight / Math.ceil(s.outHeight / rows));
  const pieces = Math.ceil(s.batch / images) * Math.ceil(s.outHeight / rows);
  const depth = images * rows * s.outWidth;
  const all = s.inChannels / s.groups;
  const most = Math.min(
    all, Math.floor(PATCH / (images * patchSize(s, rows))), Math.floor(COLUMNS / taps), Math.floor((3 * Math.floor(DEPTH / depth)) / taps),
  );
  let channels = Math.min(most, Math.max(1, Math.floor(BLOCK / (depth * taps))));
  if (channels < all && channels > 3) channels -= channels % 3;
  return { channels, images, rows, pieces, fits: channels >= 1 };
}

/** Pixels of the padded input under `rows` output rows. */
export function patchSize(s: Conv2dShape, rows: number): number {
  const height = (rows - 1) * s.strideHeight + (s.kernelHeight - 1) * s.dilationHeight + 1;
  return height * ((s.outWidth - 1) * s.strideWidth + (s.kernelWidth - 1) * s.dilationWidth + 1);
}

/** The convolution whose adjoint a transposed convolution is: its output is that one's input. */
export function mirrored(s: Conv2dShape): Conv2dShape {
  return {
    ...s, inChannels: s.outChannels, inHeight: s.outHeight, inWidth: s.outWidth,
    outChannels: s.inChannels, outHeight: s.inHeight, outWidth: s.inWidth,
  };
}

/** For forward and both backward kernels. */
export function conv2dScratch(shape: Conv2dShape): number {
  const { channels, pieces, fits } = divideWeights(shape);
  if (!fits || pieces === 1) return 0;
  const columns = channels * shape.kernelHeight * shape.kernelWidth;
  return 9 * Math.ceil(shape.outChannels / shape.groups / 3) * Math.ceil(columns / 3);
}

/** For forward and both backward kernels. */
export function convTranspose2dScratch(shape: Conv2dShape): number {
  return conv2dScratch(mirrored(shape));
}

/** For forward and both backward kernels: none, since their sums fit the tile store. */
export function linearScratch(_shape: LinearShape): number {
  return 0;
}
