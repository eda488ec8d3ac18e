/**
 * How images lie in a session's memory: NHWC, with a border ("halo") around every image, as wide as the widest padding of the
 * convolutions that read it, and filled with what stands for zero. So a convolution reads its padding like any other pixel, and for one row
 * of its kernel the values under it are contiguous: no special case at edges, no im2col.
 *
 * A layout knows its bytes: kernels and plans ask it for distances, and multiply none by the size of a number themselves.
 */
import { bytesOf } from "../../formats.ts";
import type { NumberFormat } from "../../formats.ts";

/** One value [batch, channels, height, width]; sizes in numbers. */
export interface Layout {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Border in pixels, on all four sides. */
  readonly halo: number;
  /** How each number is held; by default float32. */
  readonly format?: NumberFormat | undefined;
  /** Numbers from one pixel to the next, where channels are padded; by default as many as there are channels. */
  readonly pixel?: number | undefined;
  /** The byte that the border holds, of numbers that are bytes; by default 0. */
  readonly border?: number | undefined;
}

/** Numbers from one pixel to the next. */
export function pixelPitch({ channels, pixel = channels }: Layout): number {
  return pixel;
}

/** Numbers from one row to the next. */
export function rowPitch(layout: Layout): number {
  return (layout.width + 2 * layout.halo) * pixelPitch(layout);
}

/** Numbers from one image of the batch to the next. */
export function imagePitch(layout: Layout): number {
  return (layout.height + 2 * layout.halo) * rowPitch(layout);
}

/** The same distances in bytes. */
export function pixelBytes(layout: Layout): number {
  return bytesOf(pixelPitch(layout), layout.format);
}
export function rowBytes(layout: Layout): number {
  return bytesOf(rowPitch(layout), layout.format);
}
export function imageBytes(layout: Layout): number {
  return bytesOf(imagePitch(layout), layout.format);
}

/** Bytes from the start of an image's memory (its halo's corner) to pixel (0, 0). */
export function interiorBytes(layout: Layout): number {
  return layout.halo * (rowBytes(layout) + pixelBytes(layout));
}

/** Bytes from pixel (0, 0) to the first value under a kernel with this padding: negative, inside the halo. */
export function paddedBytes(layout: Layout, paddingHeight: number, paddingWidth: number): number {
  return -(paddingHeight * rowBytes(layout) + paddingWidth * pixelBytes(layout));
}

/** @throws RangeError for a kernel that keeps channels, where they differ */
export function checkChannels(name: string, output: Layout, input: Layout): void {
  if (output.channels === input.channels) return;
  throw new RangeError(`${name}: wants as many channels out as in, got ${output.channels} and ${input.channels}`);
}
