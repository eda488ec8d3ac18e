/**
 * Compressed bytes through the host's own DecompressionStream and CompressionStream where it has them, piece by piece, so that whoever
 * reads can stop as soon as more comes out than a file may hold; without the host where it has none. Hosts differ in what they notice
 * (Deno takes a stream that was cut short, Node one with bytes after its end): whoever reads checks the size that ends the stream.
 */
import { FormatError, show } from "../../errors.ts";
import type { HostCodec } from "../../host-types.ts";
import { gunzip, storeZlib } from "./zlib.ts";

/** Pieces fed at a time. Some hosts inflate a whole piece at once, so this bounds what a hostile one makes: 17 MB. */
const pieceSize = 16384;

/** @throws TypeError unless `bytes` is a Uint8Array (of any realm; a Buffer is one). */
export function checkBytes(bytes: unknown, operation: string): asserts bytes is Uint8Array {
  if (Object.prototype.toString.call(bytes) !== "[object Uint8Array]") {
    throw new TypeError(`${operation}: bytes wants a Uint8Array, got ${show(bytes)}`);
  }
}

/**
 * What comes out of a zlib stream ("deflate") or a gzip file, in pieces. Stopping early frees the host's stream.
 * @param what names the data in errors: "gzipped IDX".
 * @throws FormatError if the data is corrupt or cut short, as far as the host notices; Error for zlib if the host has no
 * DecompressionStream (inflateZlib wants none, but a size).
 */
export async function* inflate(bytes: Uint8Array, format: "deflate" | "gzip", what: string): AsyncGenerator<Uint8Array, void, void> {
  if (typeof DecompressionStream === "undefined") {
    if (format === "deflate") throw new Error(`${what}: this host has no DecompressionStream`);
    yield gunzip(bytes, what);
    return;
  }
  const codec = new DecompressionStream(format);
  try {
    yield* pump(codec, bytes);
  } catch (cause) {
    throw new FormatError(`${what}: the ${format === "gzip" ? "gzip" : "zlib"} stream is corrupt or cut short`, { cause });
  }
}

/**
 * `bytes` as a zlib ("deflate") or gzip stream. Hosts compress differently: the result is not the same bytes everywhere. A host without
 * CompressionStream stores them in a zlib stream as they are.
 * @throws Error for gzip if the host has no CompressionStream.
 */
export async function deflate(bytes: Uint8Array, format: "deflate" | "gzip", what: string): Promise<Uint8Array> {
  if (typeof CompressionStream === "undefined") {
    if (format === "deflate") return storeZlib(bytes);
    throw new Error(`${what}: this host has no CompressionStream (Node 18, Deno, Bun 1.3 and browsers of 2023 or newer have it)`);
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of pump(new CompressionStream(format), bytes)) pieces.push(piece);
  return join(pieces);
}

/** One array of all `pieces`. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

async function* pump(codec: HostCodec, bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  const writer = codec.writable.getWriter();
  const reader = codec.readable.getReader();
  // Bad data rejects reading and writing alike. Reading is heard below; writing, left alone, would count as an unhandled
  // rejection and end the process.
  feed(writer, bytes).catch(ignore);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(ignore);
    writer.abort().catch(ignore);
  }
}

async function feed(writer: ReturnType<HostCodec["writable"]["getWriter"]>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceSize) {
    // A copy: hosts refuse shared memory here, and may keep or move what they are given.
    await writer.write(new Uint8Array(bytes.subarray(at, at + pieceSize)));
  }
  await writer.close();
}

function ignore(): void {}
