/** Loops over the rows of all images of a batch, which are the parts of most kernels of training. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { imageBytes, rowBytes } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { overFloats, repeat } from "./loops.ts";
import type { Chunk } from "./loops.ts";
import { divide, offset } from "./addresses.ts";
import { range } from "./loops.ts";

type I32 = Local<"i32">;

export interface Stream {
  /** Of pixel (0, 0) of the first image. */
  readonly base: I32;
  readonly layout: Layout;
}

/**
 * Emits `body` for each row from begin up to, not including, end, counted through all images; it gets a pointer to the row for each
 * stream, which it may move, and the index of the image.
 */
export function overBatchRows(
  f: FunctionBuilder, begin: I32, end: I32, streams: readonly Stream[], body: (pointers: readonly I32[], image: I32) => void,
): void {
  const [image, row] = [f.local.i32("image"), f.local.i32("row")];
  const pointers = streams.map((_, i) => f.local.i32(`pointer${i}`));
  range(f, begin, end, () => {
    divide(f, image, row, begin, streams[0].layout.height);
    streams.forEach(({ base, layout }, i) => {
      offset(f, pointers[i], base, image, imageBytes(layout));
      offset(f, pointers[i], pointers[i], row, rowBytes(layout));
    });
    body(pointers, image);
  });
}

/** Emits what is done with the pixels of a row, where `vectors` hold a value for each channel: `chunk` as in overFloats. */
export function overPixels(
  f: FunctionBuilder, { width, channels }: Layout, pointers: readonly I32[], vectors: readonly I32[], unroll: number, chunk: Chunk,
): void {
  repeat(f, width, () => {
    overFloats(f, channels, [...pointers, ...vectors], unroll, chunk);
    for (const vector of vectors) f.local.decrease(vector, 4 * channels);
  });
}
