/**
 * IDX files, the format of MNIST and Fashion-MNIST (Y. LeCun, "The MNIST database": two zero bytes, a type, the number of
 * dimensions, each dimension as a big-endian 32-bit number, the elements row-major), plain or gzipped.
 */
import { FormatError } from "../errors.ts";
import { sizeOf } from "../tensor.ts";
import { checkBytes, inflate, join } from "./bytes/inflate.ts";
import { greatestRatio } from "./bytes/zlib.ts";

/**
 * Unsigned bytes with their dimensions, outermost first: [60000, 28, 28] for images, [60000] for labels.
 * @example
 * const labels: IdxArray = parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9));
 * labels.shape   // => [2]
 */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const typeNames: Readonly<Record<number, string>> = {
  9: "signed bytes", 11: "16-bit integers", 12: "32-bit integers", 13: "32-bit floats", 14: "64-bit floats",
};

/**
 * The array in an IDX file of unsigned bytes. `data` is a view of `bytes`, not a copy.
 * @example
 * parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9)).data   // => [7,9]
 * @throws FormatError if the file is cut short, goes on after its elements, or holds another type.
 */
export function parseIdx(bytes: Uint8Array): IdxArray {
  checkBytes(bytes, "parseIdx");
  const header = readHeader(bytes);
  if (header === undefined) throw new FormatError(`IDX: the header is cut short at ${bytes.length} bytes`);
  if (bytes.length !== header.end) {
    throw new FormatError(`IDX: an array of [${header.shape.join(",")}] wants ${header.end} bytes with its header, got ${bytes.length}`);
  }
  return { shape: header.shape, data: bytes.subarray(header.start) };
}

/**
 * The same of a file that may be gzipped. Never inflates more than the header says, nor believes a header that says more
 * than gzip can pack into so many bytes.
 * @throws FormatError (as a rejection) as parseIdx, and if the gzip stream is corrupt, cut short, or not the whole file.
 * @example
 * (await readIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6))).data   // => [5,6]
 */
export async function readIdx(bytes: Uint8Array): Promise<IdxArray> {
  checkBytes(bytes, "readIdx");
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return parseIdx(bytes);
  let held: Uint8Array[] = [];
  let header: Header | undefined;
  let whole: Uint8Array | undefined;
  let filled = 0;
  for await (const piece of inflate(bytes, "gzip", "gzipped IDX")) {
    filled += piece.length;
    if (whole === undefined) {
      held.push(piece);
      const begun = join(held);
      header = readHeader(begun);
      if (header === undefined) {
        held = [begun];
        continue;
      }
      if (header.end > bytes.length * greatestRatio) {
        throw new FormatError(`IDX: an array of [${header.shape.join(",")}] cannot be in ${bytes.length} gzipped bytes`);
      }
      if (filled <= header.end) {
        whole = new Uint8Array(header.end);
        whole.set(begun);
      }
    } else if (filled <= whole.length) {
      whole.set(piece, filled - piece.length);
    }
    if (header !== undefined && filled > header.end) {
      throw new FormatError(`IDX: the file goes on after the ${header.end} bytes of an array of [${header.shape.join(",")}]`);
    }
  }
  if (header === undefined || whole === undefined) throw new FormatError(`IDX: the header is cut short at ${filled} bytes`);
  if (filled < header.end) {
    throw new FormatError(`IDX: an array of [${header.shape.join(",")}] wants ${header.end} bytes with its header, got ${filled}`);
  }
  // gzip ends with its uncompressed size; with bytes after it, which some hosts pass over, it would not be there.
  const end = bytes.length;
  const size = bytes[end - 4] + bytes[end - 3] * 256 + bytes[end - 2] * 65536 + bytes[end - 1] * 16777216;
  if (size !== filled % 4294967296) throw new FormatError("IDX: the gzip file has bytes after its end");
  return { shape: header.shape, data: whole.subarray(header.start) };
}

interface Header {
  readonly shape: readonly number[];
  /** Bytes of the header, and of the whole file. */
  readonly start: number;
  readonly end: number;
}

/** Undefined where `bytes` end before the header does. */
function readHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < 4) return undefined;
  const [zero, zeroToo, type, rank] = bytes;
  if (zero !== 0 || zeroToo !== 0) throw new FormatError("IDX: the file does not begin with two zero bytes");
  if (type !== 8) {
    const name = typeNames[type];
    throw new FormatError(
      `IDX: unsigned bytes (type 8) are wanted, the file has ${name === undefined ? "an unknown type" : name} (type ${type})`,
    );
  }
  if (rank === 0) throw new FormatError("IDX: the file says that its array has no dimensions");
  const start = 4 + 4 * rank;
  if (bytes.length < start) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = sizeOf(shape);
  if (shape.includes(0)) throw new FormatError(`IDX: an array of [${shape.join(",")}] is empty`);
  if (!Number.isSafeInteger(size)) {
    throw new FormatError(`IDX: an array of [${shape.slice(0, 8).join(",")}${rank > 8 ? ",..." : ""}] is too large`);
  }
  return { shape, start, end: start + size };
}
