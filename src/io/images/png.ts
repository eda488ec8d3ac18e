/**
 * PNG files (W3C "Portable Network Graphics, second edition", ISO/IEC 15948) in: all colour types and bit depths, transparency,
 * interlace. Every chunk's checksum and order is checked, and every size before memory is taken for it. Gamma, colour profile
 * and background are left aside, as PIL does and networks were trained; samples of 16 bits keep their high byte, as PIL does
 * with colour images. What follows the end of the image in the file is not read. Of an animation the default image is read.
 */
import { FormatError } from "../../errors.ts";
import { adler32, crc32 } from "../bytes/checksum.ts";
import { type DecodeOptions, defaultMaxPixels, type RgbaImage } from "./image.ts";
import { checkBytes, greatestRatio, inflate, join } from "../bytes/inflate.ts";
import { expand, layOut, type PngHeader, unfilter } from "./png-samples.ts";

export { encodePng } from "./png-encode.ts";

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

/** Do `bytes` begin as every PNG file does? */
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/**
 * The image of a PNG file.
 * @throws FormatError (as a rejection) if the file is cut short, corrupt, against the standard, or larger than `maxPixels`.
 */
export async function decodePng(bytes: Uint8Array, options: DecodeOptions = {}): Promise<RgbaImage> {
  checkBytes(bytes, "decodePng");
  const { header, data } = readChunks(bytes, options.maxPixels ?? defaultMaxPixels);
  const { passes, size } = layOut(header);
  // Before `size` bytes are allocated: could so little data hold so much?
  if (data.length < 6 || size > data.length * greatestRatio) {
    throw new FormatError(`PNG: ${header.width} x ${header.height} pixels cannot be in ${data.length} bytes of image data`);
  }
  const filtered = new Uint8Array(size);
  let filled = 0;
  for await (const piece of inflate(data, "deflate", "PNG image data")) {
    if (filled + piece.length > size) {
      throw new FormatError(`PNG: image data goes on after the ${size} bytes of ${header.width} x ${header.height} pixels`);
    }
    filtered.set(piece, filled);
    filled += piece.length;
  }
  if (filled < size) throw new FormatError(`PNG: image data ends after ${filled} of ${size} bytes`);
  // Not every host sees that a stream has lost its end or goes on after it: its last four bytes must be the checksum.
  const end = data.length;
  const checksum = data[end - 4] * 16777216 + data[end - 3] * 65536 + data[end - 2] * 256 + data[end - 1];
  if (checksum !== adler32(filtered)) throw new FormatError("PNG: the checksum at the end of the image data is missing or wrong");
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

/** The header, with palette and transparency, and the zlib stream of all IDAT chunks. */
function readChunks(bytes: Uint8Array, maxPixels: number): { header: PngHeader; data: Uint8Array } {
  if (!isPng(bytes)) throw new FormatError("PNG: the file does not begin with the PNG signature");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: PngHeader | undefined;
  const data: Uint8Array[] = [];
  let last = "";
  for (let at = 8; ; ) {
    if (bytes.length - at < 12) throw new FormatError(`PNG: the file is cut short at byte ${bytes.length}: there is no IEND chunk`);
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
    } else if ((name === "PLTE" && (header.colourType & 3) === 0) || (name === "tRNS" && header.colourType >= 4)) {
      // Grey needs no palette, alpha no transparent colour: PIL and libpng pass them over.
    } else if (name === "PLTE") {
      if (header.palette !== undefined || header.transparency !== undefined || data.length > 0) throw misplaced(name);
      header = { ...header, palette: checkPalette(chunk) };
    } else if (name === "tRNS") {
      if (header.transparency !== undefined || data.length > 0) throw misplaced(name);
      header = { ...header, transparency: checkTransparency(chunk, header) };
    } else if (name === "IDAT") {
      if (data.length > 0 && last !== "IDAT") throw new FormatError(`PNG: IDAT chunks must follow one another, got ${last} between them`);
      if (header.colourType === 3 && header.palette === undefined) {
        throw new FormatError("PNG: a palette image has no PLTE chunk before its data");
      }
      data.push(chunk);
    } else if (name === "IEND") {
      if (length !== 0) throw new FormatError(`PNG: chunk IEND must be empty, got ${length} bytes`);
      if (data.length === 0) throw new FormatError("PNG: there is no IDAT chunk");
      return { header, data: data.length === 1 ? data[0] : join(data) };
    } else if ((name.charCodeAt(0) & 32) === 0) {
      // A capital first letter: the image cannot be understood without this chunk.
      throw name === "IHDR" ? misplaced(name) : new FormatError(`PNG: critical chunk ${name} is unknown`);
    }
    last = name;
    at = end + 4;
  }
}

function misplaced(name: string): FormatError {
  return new FormatError(`PNG: chunk ${name} comes twice or in the wrong place`);
}

function chunkName(bytes: Uint8Array, at: number): string {
  let name = "";
  for (let i = at; i < at + 4; i++) {
    const letter = bytes[i] | 32;
    if (letter < 97 || letter > 122) throw new FormatError(`PNG: the chunk at byte ${at - 4} has a name that is not four letters`);
    name += String.fromCharCode(bytes[i]);
  }
  return name;
}

function readHeader(chunk: Uint8Array, maxPixels: number): PngHeader {
  if (chunk.length !== 13) throw new FormatError(`PNG: chunk IHDR must have 13 bytes, got ${chunk.length}`);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const [depth, colourType, compression, filter, interlace] = chunk.subarray(8);
  if (width === 0 || height === 0) throw new FormatError(`PNG: an image of ${width} x ${height} pixels is empty`);
  if (!(width * height <= maxPixels)) {
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

function checkPalette(chunk: Uint8Array): Uint8Array {
  // In colour images a palette is only a suggestion for poorer screens; colours beyond the bit depth's reach are never asked for.
  if (chunk.length === 0 || chunk.length % 3 !== 0 || chunk.length > 256 * 3) {
    throw new FormatError(`PNG: chunk PLTE wants 1 to 256 colours of 3 bytes, got ${chunk.length} bytes`);
  }
  return chunk;
}

function checkTransparency(chunk: Uint8Array, header: PngHeader): Uint8Array {
  if (header.colourType === 3) {
    if (header.palette === undefined) throw misplaced("tRNS");
    // PIL reads what is beyond the palette and asks for none of it.
    if (chunk.length > 256) throw new FormatError(`PNG: chunk tRNS wants at most 256 bytes, one a colour, got ${chunk.length}`);
  } else {
    const size = header.channels * 2;
    if (chunk.length !== size) throw new FormatError(`PNG: chunk tRNS wants ${size} bytes, got ${chunk.length}`);
  }
  return chunk;
}
