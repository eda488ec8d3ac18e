/**
 * The Netpbm formats in: PBM, PGM and PPM, plain (P1, P2, P3) and raw (P4, P5, P6), with comments and any maxval up to 65,535;
 * PGM and PPM out. A value is scaled to 8 bits as PIL does: value / maxval * 255, rounded, halves to even. A file may hold
 * several images one after another: the first is read.
 */
import { FormatError } from "../../errors.ts";
import { checkImage, type DecodeOptions, luma, pixelLimit, type RgbaImage } from "./image.ts";
import { checkBytes } from "../bytes/inflate.ts";

/**
 * Do `bytes` begin as a PBM, PGM or PPM file does ("P1" to "P6" and white space, or a comment)?
 * @example
 * isPnm(encodePpm({ width: 1, height: 1, data: new Uint8Array(4) }))   // => true
 */
export function isPnm(bytes: Uint8Array): boolean {
  checkBytes(bytes, "isPnm");
  return bytes[0] === 80 && bytes[1] >= 49 && bytes[1] <= 54 && (isSpace(bytes[2]) || bytes[2] === hash);
}

/**
 * The image of a PBM, PGM or PPM file.
 * @example
 * const { width, data } = decodePnm(Uint8Array.from("P5 2 1 255\n\x07\xff", (letter) => letter.charCodeAt(0)));
 * [width, ...data]   // => [2,7,7,7,255,255,255,255,255]
 * @throws FormatError if the file is cut short, corrupt, or larger than `maxPixels`.
 */
export function decodePnm(bytes: Uint8Array, options: DecodeOptions = {}): RgbaImage {
  checkBytes(bytes, "decodePnm");
  const maxPixels = pixelLimit(options, "decodePnm");
  if (!isPnm(bytes)) throw new FormatError("PNM: the file does not begin with P1 to P6");
  const kind = bytes[1] - 48;
  const bitmap = kind === 1 || kind === 4;
  const text = new Scanner(bytes, 2);
  const width = text.number("width");
  const height = text.number("height");
  const maxval = bitmap ? 1 : text.number("maxval");
  if (width === 0 || height === 0) throw new FormatError(`PNM: an image of ${width} x ${height} pixels is empty`);
  if (!(width * height <= maxPixels)) {
    throw new FormatError(`PNM: the file claims ${width} x ${height} pixels, more than the limit of ${maxPixels}`);
  }
  if (maxval === 0 || maxval > 65535) throw new FormatError(`PNM: maxval wants 1 to 65535, got ${maxval}`);

  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const samples = width * height * channels;
  const plain = kind <= 3;
  if (!plain) text.skipOneSpace();
  const rawBytes = kind === 4 ? height * Math.ceil(width / 8) : samples * (maxval > 255 ? 2 : 1);
  // Plain numbers need a digit each and, except in P1, a space between them. Checked before memory is taken.
  const least = plain ? (bitmap ? samples : 2 * samples - 1) : rawBytes;
  const left = bytes.length - text.at;
  if (left < least) {
    throw new FormatError(`PNM: ${width} x ${height} pixels want at least ${least} bytes after the header, the file has ${left}`);
  }

  const data = new Uint8Array(width * height * 4);
  const scaled = scaleTable(maxval);
  const next = kind === 1 ? () => text.bit() : plain ? () => text.number("sample") : rawReader(bytes, text.at, width, kind === 4, maxval);
  for (let o = 0; o < data.length; o += 4) {
    for (let c = 0; c < channels; c++) {
      const value = next();
      if (value > maxval) throw new FormatError(`PNM: sample ${value} is larger than maxval ${maxval}`);
      // In bitmaps 1 is black.
      data[o + c] = bitmap ? (value === 1 ? 0 : 255) : scaled[value];
    }
    if (channels === 1) data[o + 1] = data[o + 2] = data[o];
    data[o + 3] = 255;
  }
  return { data, width, height };
}

/**
 * `image` as a raw PPM file, 8 bits a sample; alpha is dropped.
 * @example
 * encodePpm({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3, 255) }).slice(-3)   // => [1,2,3]
 */
export function encodePpm(image: RgbaImage): Uint8Array {
  checkImage(image, "encodePpm: image");
  const { file, at } = begin("P6", image, 3);
  for (let i = 0, o = at; o < file.length; i += 4, o += 3) {
    file[o] = image.data[i];
    file[o + 1] = image.data[i + 1];
    file[o + 2] = image.data[i + 2];
  }
  return file;
}

/**
 * `image` as a raw PGM file of its luma (as preprocessing makes grey), 8 bits a sample; alpha is dropped.
 * @example
 * encodePgm({ width: 1, height: 1, data: Uint8Array.of(255, 255, 255, 255) }).slice(-1)   // => [255]
 */
export function encodePgm(image: RgbaImage): Uint8Array {
  checkImage(image, "encodePgm: image");
  const { file, at } = begin("P5", image, 1);
  for (let i = 0, o = at; o < file.length; i += 4, o++) file[o] = luma(image.data[i], image.data[i + 1], image.data[i + 2]);
  return file;
}

function begin(magic: string, { width, height }: RgbaImage, channels: number): { file: Uint8Array; at: number } {
  const header = `${magic}\n${width} ${height}\n255\n`;
  const file = new Uint8Array(header.length + width * height * channels);
  for (let i = 0; i < header.length; i++) file[i] = header.charCodeAt(i);
  return { file, at: header.length };
}

/** 8-bit values of 0 to maxval, rounded as Python's round() does (halves to even), from the same double arithmetic as PIL's. */
function scaleTable(maxval: number): Uint8Array {
  const table = new Uint8Array(maxval + 1);
  for (let value = 0; value <= maxval; value++) {
    const exact = (value / maxval) * 255;
    const down = Math.floor(exact);
    table[value] = exact - down === 0.5 ? down + (down & 1) : Math.round(exact);
  }
  return table;
}

/** The samples of a raw file, one a call; `bytes` are known to suffice. */
function rawReader(bytes: Uint8Array, at: number, width: number, bits: boolean, maxval: number): () => number {
  if (bits) {
    let x = 0;
    return () => {
      const bit = (bytes[at] >> (7 - (x & 7))) & 1;
      x++;
      // Rows begin at whole bytes.
      if (x === width) x = 0;
      if ((x & 7) === 0) at++;
      return bit;
    };
  }
  if (maxval < 256) return () => bytes[at++];
  return () => {
    at += 2;
    return bytes[at - 2] * 256 + bytes[at - 1];
  };
}

const hash = 35;

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** Reads the numbers of a header or a plain raster; a comment runs from # to the end of its line and counts as white space. */
class Scanner {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  #skip(what: string): void {
    const bytes = this.#bytes;
    while (this.at < bytes.length) {
      if (bytes[this.at] === hash) this.#skipComment();
      else if (isSpace(bytes[this.at])) this.at++;
      else return;
    }
    throw new FormatError(`PNM: the file ends before its ${what}`);
  }

  /** Leaves `at` after the line's end. */
  #skipComment(): void {
    const bytes = this.#bytes;
    while (this.at < bytes.length && bytes[this.at] !== 10 && bytes[this.at] !== 13) this.at++;
    this.at++;
  }

  number(what: string): number {
    this.#skip(what);
    const start = this.at;
    let value = 0;
    for (; this.at < this.#bytes.length; this.at++) {
      const digit = this.#bytes[this.at] - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (value > 4294967295) throw new FormatError(`PNM: ${what} at byte ${start} is too large`);
    }
    const next = this.#bytes[this.at];
    if (this.at === start || (this.at < this.#bytes.length && !isSpace(next) && next !== hash)) {
      throw new FormatError(`PNM: ${what} at byte ${start} is not a number`);
    }
    return value;
  }

  /** A pixel of a plain bitmap: 0 or 1, with or without space between them. */
  bit(): number {
    this.#skip("last pixel");
    const value = this.#bytes[this.at] - 48;
    if (value !== 0 && value !== 1) throw new FormatError(`PNM: the pixel at byte ${this.at} is neither 0 nor 1`);
    this.at++;
    return value;
  }

  /** The single white space (or comment) between header and raw raster. */
  skipOneSpace(): void {
    if (this.#bytes[this.at] === hash) this.#skipComment();
    else this.at++;
  }
}
