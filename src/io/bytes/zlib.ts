/** The frames of zlib (RFC 1950) and gzip (RFC 1952) around deflate, read at once and without the host; zlib's written too. */
import { FormatError } from "../../errors.ts";
import { adler32, crc32 } from "./checksum.ts";
import { inflateRaw } from "./inflate-raw.ts";

/** Deflate makes at most 1,032 bytes of one (a match of 258 bytes in two bits): more cannot be in a stream. */
export const greatestRatio = 1032;

/**
 * What comes out of a zlib stream, at most `size` bytes of it. Bytes behind the stream are passed over.
 * @param what names the data in messages
 * @throws FormatError if it is corrupt or cut short; if it ends with `size` bytes or fewer, also for its checksum
 */
export function inflateZlib(file: Uint8Array, size: number, what: string): Uint8Array {
  const [method, flags] = file;
  // Deflate, with a window of at most 32 KB, no dictionary, and a header that 31 divides.
  if (file.length < 2 || (method & 15) !== 8 || method > 0x7f || (flags & 32) !== 0 || (method * 256 + flags) % 31 !== 0) {
    throw new FormatError(`${what}: the zlib stream is corrupt or cut short`);
  }
  const { bytes, end, complete } = inflateRaw(file.subarray(2), size, what, true);
  if (complete && !(file.length >= end + 6 && number(file, end + 2, false) === adler32(bytes))) {
    throw new FormatError(`${what}: the checksum at the end is missing or wrong`);
  }
  return bytes;
}

/**
 * What is in a gzip file of one member.
 * @throws FormatError if it is corrupt, cut short, says a size that cannot be, or goes on after its end
 */
export function gunzip(file: Uint8Array, what: string): Uint8Array {
  const corrupt = (): never => {
    throw new FormatError(`${what}: the gzip stream is corrupt or cut short`);
  };
  const flags = file[3];
  if (file.length < 18 || file[0] !== 0x1f || file[1] !== 0x8b || file[2] !== 8 || flags > 31) corrupt();
  let at = 10;
  if ((flags & 4) > 0) at += 2 + file[at] + file[at + 1] * 256;
  for (const flag of [8, 16]) if ((flags & flag) > 0) at = file.indexOf(0, at) + 1 || corrupt();
  if ((flags & 2) > 0) at += 2;
  const size = number(file, file.length - 4, true);
  if (at + 8 > file.length || size > file.length * greatestRatio) corrupt();
  const { bytes, end } = inflateRaw(file.subarray(at), size, what);
  if (at + end + 8 !== file.length || bytes.length !== size || number(file, at + end, true) !== crc32(bytes)) corrupt();
  return bytes;
}

/** Four bytes as a whole number. */
function number(file: Uint8Array, at: number, little: boolean): number {
  return new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(at, little);
}

/** `bytes` in the frame of zlib, in blocks that are not compressed. */
export function storeZlib(bytes: Uint8Array): Uint8Array {
  const most = 65535;
  const blocks = Math.max(1, Math.ceil(bytes.length / most));
  const file = new Uint8Array(6 + 5 * blocks + bytes.length);
  const view = new DataView(file.buffer);
  view.setUint16(0, 0x7801);
  let to = 2;
  for (let i = 0; i < blocks; i++) {
    const block = bytes.subarray(i * most, (i + 1) * most);
    file[to] = i === blocks - 1 ? 1 : 0;
    view.setUint16(to + 1, block.length, true);
    view.setUint16(to + 3, ~block.length, true);
    file.set(block, to + 5);
    to += 5 + block.length;
  }
  view.setUint32(to, adler32(bytes));
  return file;
}
