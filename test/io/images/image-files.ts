/** What the image tests share: goldens as bytes, PNG files chunk by chunk, and failures of promises. */
import { crc32 } from "../../../src/io/bytes/checksum.ts";
import { deflate, join } from "../../../src/io/bytes/inflate.ts";

export interface GoldenImage {
  readonly name: string;
  readonly agrees: readonly string[];
  readonly width: number;
  readonly height: number;
  /** Base64 of the file and of its RGBA bytes. */
  readonly file: string;
  readonly rgba: string;
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** What `run` throws or rejects with; an Error is made of a success, so that the caller's check fails with its name. */
export async function failure(run: () => unknown): Promise<Error> {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  return new Error("nothing was thrown");
}

export const signature: Uint8Array = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

export function chunk(name: string, data: ArrayLike<number> = []): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  new DataView(bytes.buffer).setUint32(0, data.length);
  bytes.set(ascii(name), 4);
  bytes.set(data, 8);
  return withChecksum(bytes);
}

/** One chunk with its CRC made right again, in place. */
function withChecksum(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - 4, crc32(bytes, 4, bytes.length - 4));
  return bytes;
}

/** IHDR of a file. */
export function header(width: number, height: number, depth: number, colourType: number, interlace: number = 0): Uint8Array {
  const data = new Uint8Array(13);
  new DataView(data.buffer).setUint32(0, width);
  new DataView(data.buffer).setUint32(4, height);
  data.set([depth, colourType, 0, 0, interlace], 8);
  return chunk("IHDR", data);
}

export function zlib(raw: ArrayLike<number>): Promise<Uint8Array> {
  return deflate(Uint8Array.from(raw), "deflate", "test");
}

/** A file of these chunks between signature and IEND. */
export function png(...chunks: readonly Uint8Array[]): Uint8Array {
  return join([signature, ...chunks, chunk("IEND")]);
}

/** Makes the checksum of every whole chunk of a file right again. */
export function repair(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 8; at + 12 <= file.length; ) {
    const size = view.getUint32(at) + 12;
    if (size > file.length - at) break;
    withChecksum(file.subarray(at, at + size));
    at += size;
  }
  return file;
}
