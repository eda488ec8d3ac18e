/** Image files of any format that is read here, and the names of those that are not. */
import { FormatError } from "../../errors.ts";
import { checkBytes } from "../bytes/inflate.ts";
import { type DecodeOptions, pixelLimit, type RgbaImage } from "./image.ts";
import { decodeJpegByVectors } from "./jpeg-vectors.ts";
import { orientationOf, upright } from "./orientation.ts";
import { decodePng, decodePngSync, isPng } from "./png.ts";
import { decodePnm, isPnm } from "./pnm.ts";

/** A well-known image format that this package does not decode; another decoder may give the RGBA bytes. */
export class UnsupportedImage extends FormatError {
  /** "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIC" or "JPEG XL". */
  readonly format: string;

  constructor(format: string) {
    super(`${format} images are not read here: only PNG, JPEG, PBM, PGM and PPM are; decode it to RGBA bytes, or convert it to PNG`);
    this.format = format;
  }
}

/** The format's name by the first bytes of a file, or undefined if they are of none that is known. */
export function imageFormat(bytes: Uint8Array): string | undefined {
  const begins = (text: string, at: number = 0) => [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
  if (isPng(bytes)) return "PNG";
  if (isPnm(bytes)) return "PNM";
  if (begins("\xff\xd8\xff")) return "JPEG";
  if (begins("RIFF") && begins("WEBP", 8)) return "WebP";
  if (begins("GIF87a") || begins("GIF89a")) return "GIF";
  if (begins("BM")) return "BMP";
  if (begins("II*\0") || begins("MM\0*")) return "TIFF";
  if (begins("ftypavif", 4) || begins("ftypavis", 4)) return "AVIF";
  if (begins("ftyphei", 4) || begins("ftyphev", 4) || begins("ftypmif1", 4)) return "HEIC";
  if (begins("\xff\x0a") || begins("JXL ", 4)) return "JPEG XL";
  return undefined;
}


/**
 * The image in a PNG, JPEG, PBM, PGM or PPM file, whichever it is by its first bytes.
 * @throws UnsupportedImage (as a rejection, like all of these) for another known format; FormatError for unknown, corrupt or
 * oversized files; TypeError where `bytes` are none, or an option is of the wrong kind.
 * @example
 * const picture = { data: Uint8Array.of(255, 0, 0, 255), width: 1, height: 1 };
 * (await decodeImage(await encodePng(picture))).data   // => [255,0,0,255]
 */
export async function decodeImage(bytes: Uint8Array | ArrayBufferLike, options: DecodeOptions = {}): Promise<RgbaImage> {
  const file = bytesOf(bytes, options, "decodeImage");
  return isPng(file) ? turned(await decodePng(file, options), file, options) : decodeOther(file, options);
}

/**
 * The same at once.
 * @example
 * const ppm = Uint8Array.from("P6 1 1 255\nabc", (each) => each.charCodeAt(0));
 * decodeImageSync(ppm).data   // => [97,98,99,255]
 */
export function decodeImageSync(bytes: Uint8Array | ArrayBufferLike, options: DecodeOptions = {}): RgbaImage {
  const file = bytesOf(bytes, options, "decodeImageSync");
  return isPng(file) ? turned(decodePngSync(file, options), file, options) : decodeOther(file, options);
}

/** By tag: arrays and buffers of other realms are no instances of this one's. */
function bytesOf(given: Uint8Array | ArrayBufferLike, options: DecodeOptions, operation: string): Uint8Array {
  const buffer = /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(given));
  const bytes = buffer ? new Uint8Array(given as ArrayBuffer) : given;
  checkBytes(bytes, operation);
  pixelLimit(options, operation);
  return bytes;
}

function turned(image: RgbaImage, bytes: Uint8Array, options: DecodeOptions): RgbaImage {
  return options.applyOrientation === true ? upright(image, orientationOf(bytes)) : image;
}

function decodeOther(bytes: Uint8Array, options: DecodeOptions): RgbaImage {
  const format = imageFormat(bytes);
  if (format === "JPEG") return turned(decodeJpegByVectors(bytes, options), bytes, options);
  if (format === "PNM") return decodePnm(bytes, options);
  if (format !== undefined) throw new UnsupportedImage(format);
  if (bytes.length === 0) throw new FormatError("image: the file is empty");
  const begin = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new FormatError(`image: the file is of no format that is known (PNG, JPEG, PBM, PGM, PPM): it begins with ${begin}`);
}
