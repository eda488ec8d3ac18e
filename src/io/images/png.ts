/**
 * PNG files (W3C "Portable Network Graphics, second edition", ISO/IEC 15948) in: all colour types and bit depths, transparency,
 * interlace. Every chunk's checksum and order is checked up to the end of the image data, and every size before memory is taken for
 * it. Faults that PIL and libpng both pass over, with the same colours, are passed over (test/peers/png tries them): palettes and
 * transparency where they have no meaning, bytes and rows behind the last one, what is wrong with chunks behind the image data, and no
 * end. Gamma, colour profile and background are left aside, as PIL does and networks were trained; samples of 16 bits keep their high
 * byte, as PIL does with colour images (of grey ones it takes what is above 255 for white). Of an animation the default image is read.
 */
import { FormatError } from "../../errors.ts";
import { adler32, crc32 } from "../bytes/checksum.ts";
import { checkBytes, inflate, join } from "../bytes/inflate.ts";
import { greatestRatio, inflateZlib } from "../bytes/zlib.ts";
import { type DecodeOptions, pixelLimit, type RgbaImage } from "./image.ts";
import { expand, layOut, type Pass, type PngHeader, unfilter } from "./png-samples.ts";

export { encodePng } from "./png-encode.ts";

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

/**
 * Do `bytes` begin as every PNG file does?
 * @example
 * isPng(await encodePng({ width: 1, height: 1, data: new Uint8Array(4) }))   // => true
 * isPng(Uint8Array.of(255, 216))   // => false
 */
export function isPng(bytes: Uint8Array): boolean {
  checkBytes(bytes, "isPng");
  return signature.every((byte, i) => bytes[i] === byte);
}

/**
 * The image of a PNG file.
 * @throws FormatError (as a rejection) if the file is cut short, corrupt, against the standard, or larger than `maxPixels`.
 * @example
 * const picture = { data: Uint8Array.of(255, 0, 0, 255), width: 1, height: 1 };
 * const { width, height } = await decodePng(await encodePng(picture));
 * [width, height]   // => [1,1]
 */
export async function decodePng(bytes: Uint8Array, options: DecodeOptions = {}): Promise<RgbaImage> {
  checkBytes(bytes, "decodePng");
  const layout = layOutFile(bytes, pixelLimit(options, "decodePng"));
  return finish(layout, (await inflateByHost(layout)) ?? inflateHere(layout));
}

/**
 * The same at once.
 * @example
 * const picture = { data: Uint8Array.of(255, 0, 0, 255), width: 1, height: 1 };
 * decodePngSync(await encodePng(picture)).data   // => [255,0,0,255]
 */
export function decodePngSync(bytes: Uint8Array, options: DecodeOptions = {}): RgbaImage {
  checkBytes(bytes, "decodePngSync");
  const layout = layOutFile(bytes, pixelLimit(options, "decodePngSync"));
  return finish(layout, inflateHere(layout));
}

interface Layout extends Chunks {
  readonly passes: readonly Pass[];
  /** Bytes of all rows of all passes. */
  readonly size: number;
}

function layOutFile(bytes: Uint8Array, maxPixels: number): Layout {
  const chunks = readChunks(bytes, maxPixels);
  return { ...chunks, ...layOut(chunks.header) };
}

/** From so much data on the host's inflate is faster by more than it takes to ask for it. */
const worthAsking = 65536;

/**
 * By the host's own inflate, undefined where it has none or finds anything unusual. Hosts differ in what they take (bytes behind the
 * stream, streams that are cut short), so nothing is decided by that.
 */
async function inflateByHost({ data, size }: Layout): Promise<Uint8Array | undefined> {
  if (typeof DecompressionStream === "undefined" || data.length < worthAsking || size > data.length * greatestRatio) return undefined;
  const filtered = new Uint8Array(size);
  let filled = 0;
  try {
    for await (const piece of inflate(data, "deflate", "PNG image data")) {
      if (filled + piece.length > size) return undefined;
      filtered.set(piece, filled);
      filled += piece.length;
    }
  } catch {
    return undefined;
  }
  const checksum = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(data.length - 4);
  return filled === size && checksum === adler32(filtered) ? filtered : undefined;
}

function inflateHere({ header: { width, height }, data, apart, size }: Layout): Uint8Array {
  try {
    // Before `size` bytes are allocated: could so little data hold so much?
    if (data.length < 6 || size > data.length * greatestRatio) {
      throw new FormatError(`PNG: ${width} x ${height} pixels cannot be in ${data.length} bytes of image data`);
    }
    const filtered = inflateZlib(data, size, "PNG image data");
    if (filtered.length < size) throw new FormatError(`PNG: image data ends after ${filtered.length} of ${size} bytes`);
    return filtered;
  } catch (error) {
    if (apart === undefined) throw error;
    throw new FormatError(`PNG: IDAT chunks must follow one another, got ${apart} between them`, { cause: error });
  }
}

function finish({ header, passes }: Layout, filtered: Uint8Array): RgbaImage {
  for (const pass of passes) unfilter(filtered, pass, header);
  return { data: expand(filtered, passes, header), width: header.width, height: header.height };
}

/** Channels of colour types 0, 2, 3, 4, 6 and the bit depths they may have. */
const colourTypes: Readonly<Record<number, readonly [channels: number, depths: readonly number[]]>> = {
  0: [1, [1, 2, 4, 8, 16]],
  2: [3, [8, 16]],
  3: [1, [1, 2, 4, 8]],
  4: [2, [8, 16]],
  6: [4, [8, 16]],
};

interface Chunks {
  /** With palette and transparency. */
  readonly header: PngHeader;
  /** The first IDAT chunks that follow one another, joined. */
  readonly data: Uint8Array;
  /** The chunk between these and other IDAT chunks, where there are such. */
  readonly apart: string | undefined;
}

function readChunks(bytes: Uint8Array, maxPixels: number): Chunks {
  if (!isPng(bytes)) throw new FormatError("PNG: the file does not begin with the PNG signature");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: PngHeader | undefined;
  const data: Uint8Array[] = [];
  let at = 8;
  for (;;) {
    // Once image data is there, what follows may be cut short anywhere.
    if (data.length > 0 && (bytes.length - at < 8 || latin1(bytes, at + 4) !== "IDAT")) break;
    if (bytes.length - at < 12) throw new FormatError(`PNG: the file is cut short at byte ${bytes.length}`);
    const length = view.getUint32(at);
    const name = chunkName(bytes, at + 4);
    if (length > bytes.length - at - 12) {
      throw new FormatError(`PNG: chunk ${name} at byte ${at} wants ${length} bytes, the file has ${bytes.length - at - 12} left`);
    }
    const start = at + 8;
    const end = start + length;
    if (crc32(bytes, at + 4, end) !== view.getUint32(end)) throw new FormatError(`PNG: chunk ${name} at byte ${at} has a wrong checksum`);
    const chunk = bytes.subarray(start, end);
    if (header === undefined) {
      if (name !== "IHDR") throw new FormatError(`PNG: the first chunk must be IHDR, got ${name}`);
      header = readHeader(chunk, maxPixels);
    } else if (name === "PLTE") {
      if (header.palette !== undefined) throw misplaced(name);
      header = { ...header, palette: checkPalette(chunk, header) };
    } else if (name === "tRNS") {
      // Anywhere, and the last one where there are several: readers agree on the colours, and this is PIL's alpha.
      header = { ...header, transparency: checkTransparency(chunk, header, header.transparency !== undefined) };
    } else if (name === "IDAT") {
      if (header.colourType === 3 && header.palette === undefined) {
        throw new FormatError("PNG: a palette image has no PLTE chunk before its data");
      }
      data.push(chunk);
    } else if (name === "IEND") {
      throw new FormatError("PNG: there is no IDAT chunk");
    } else if ((name.charCodeAt(0) & 32) === 0) {
      // A capital first letter: the image cannot be understood without this chunk.
      throw name === "IHDR" ? misplaced(name) : new FormatError(`PNG: critical chunk ${name} is unknown`);
    }
    at = end + 4;
  }
  const { apart, transparency } = readOn(bytes, at, header!);
  return { header: { ...header!, transparency }, data: data.length === 1 ? data[0] : join(data), apart };
}

/**
 * Goes through the chunks behind the image data. Damaged ones are passed over; it names the one that parts more image data from the first.
 * @throws FormatError if one is longer than the file
 */
function readOn(bytes: Uint8Array, at: number, header: PngHeader): Pick<Chunks, "apart"> & Pick<PngHeader, "transparency"> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let last: string | undefined;
  let { transparency } = header;
  while (bytes.length - at >= 8) {
    const length = view.getUint32(at);
    const name = latin1(bytes, at + 4);
    if (name === "IDAT") return { apart: last, transparency };
    if (name === "IEND" || !/^\w{4}$/.test(name)) break;
    if (length > bytes.length - at - 8) {
      throw new FormatError(`PNG: chunk ${name} at byte ${at} wants ${length} bytes, the file has ${bytes.length - at - 8} left`);
    }
    if (name === "tRNS") transparency = checkTransparency(bytes.subarray(at + 8, at + 8 + length), header, true);
    last = name;
    at += length + 12;
  }
  return { apart: undefined, transparency };
}

function misplaced(name: string): FormatError {
  return new FormatError(`PNG: chunk ${name} comes twice or in the wrong place`);
}

function latin1(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function chunkName(bytes: Uint8Array, at: number): string {
  const name = latin1(bytes, at);
  if (!/^[A-Za-z]{4}$/.test(name)) throw new FormatError(`PNG: the chunk at byte ${at - 4} has a name that is not four letters`);
  return name;
}

function readHeader(chunk: Uint8Array, maxPixels: number): PngHeader {
  if (chunk.length !== 13) throw new FormatError(`PNG: chunk IHDR must have 13 bytes, got ${chunk.length}`);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const [depth, colourType, compression, filter, interlace] = chunk.subarray(8);
  if (width === 0 || height === 0) throw new FormatError(`PNG: an image of ${width} x ${height} pixels is empty`);
  if (width * height > maxPixels) {
    throw new FormatError(`PNG: the file claims ${width} x ${height} pixels, more than the limit of ${maxPixels}`);
  }
  const entry = colourTypes[colourType];
  if (entry === undefined) throw new FormatError(`PNG: colour type must be 0, 2, 3, 4 or 6, got ${colourType}`);
  const [channels, depths] = entry;
  if (!depths.includes(depth)) {
    throw new FormatError(`PNG: colour type ${colourType} wants a bit depth of ${depths.join(", ")}, got ${depth}`);
  }
  if (compression !== 0) throw new FormatError(`PNG: compression method must be 0, got ${compression}`);
  if (filter !== 0) throw new FormatError(`PNG: filter method must be 0, got ${filter}`);
  if (interlace > 1) throw new FormatError(`PNG: interlace method must be 0 or 1, got ${interlace}`);
  return { width, height, depth, colourType, channels, interlaced: interlace === 1, palette: undefined, transparency: undefined };
}

function checkPalette(chunk: Uint8Array, header: PngHeader): Uint8Array {
  // In grey images it has no meaning, in colour images it is only a suggestion for poorer screens.
  const wrong = chunk.length === 0 || (header.colourType === 3 && (chunk.length % 3 !== 0 || chunk.length > 768));
  if (wrong) throw new FormatError(`PNG: chunk PLTE wants 1 to 256 colours of 3 bytes, got ${chunk.length} bytes`);
  return chunk;
}

/**
 * @param again it is not the first, or stands behind the data
 * @returns undefined where it has no meaning, because the image has alpha
 */
function checkTransparency(chunk: Uint8Array, header: PngHeader, again: boolean): Uint8Array | undefined {
  if (header.colourType === 3) {
    if (chunk.length > 256) throw new FormatError(`PNG: chunk tRNS wants at most 256 bytes, one a colour, got ${chunk.length}`);
    return chunk;
  }
  if ((header.colourType & 4) > 0) return undefined;
  const size = header.channels * 2;
  if (chunk.length < size) throw new FormatError(`PNG: chunk tRNS wants ${size} bytes, got ${chunk.length}`);
  // With colours of 16 bits PIL, which has 8 of them, finds none transparent, and libpng passes such chunks over.
  if ((again || chunk.length > size) && header.colourType === 2 && header.depth === 16) return header.transparency;
  return chunk;
}
