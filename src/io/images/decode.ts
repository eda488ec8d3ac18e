/** Image files of any format that is read here, and the names of those that are not. */
import { FormatError, checkOptions, show } from "../../errors.ts";
import { checkBytes } from "../bytes/inflate.ts";
import type { DecodeOptions, RgbaImage } from "./image.ts";
import { decodeJpeg } from "./jpeg/decode.ts";
import { orientationOf, upright } from "./orientation.ts";
import { decodePng, isPng } from "./png.ts";
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

const known = ["maxPixels", "tolerant", "applyOrientation"] as const satisfies readonly (keyof DecodeOptions)[];

/**
 * The image in a PNG, JPEG, PBM, PGM or PPM file, whichever it is by its first bytes.
 * @throws UnsupportedImage (as a rejection, like all of these) for another known format; FormatError for unknown, corrupt or
 * oversized files; RangeError for an unknown option or a limit that is none; TypeError for an option of another kind.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<RgbaImage> {
  checkBytes(bytes, "decodeImage");
  checkOptions("decodeImage", options, known);
  const { maxPixels } = options;
  if (maxPixels !== undefined && !(typeof maxPixels === "number" && maxPixels > 0)) {
    throw new RangeError(`decodeImage: maxPixels wants a number above 0, got ${show(maxPixels)}`);
  }
  for (const name of ["tolerant", "applyOrientation"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "boolean") throw new TypeError(`decodeImage: ${name} wants true or false, got ${show(value)}`);
  }
  const format = imageFormat(bytes);
  if (options.applyOrientation === true && (format === "PNG" || format === "JPEG")) {
    const orientation = orientationOf(bytes);
    return upright(await decodeImage(bytes, { ...options, applyOrientation: false }), orientation);
  }
  if (format === "PNG") return decodePng(bytes, options);
  if (format === "JPEG") return decodeJpeg(bytes, options);
  if (format === "PNM") return decodePnm(bytes, options);
  if (format !== undefined) throw new UnsupportedImage(format);
  if (bytes.length === 0) throw new FormatError("image: the file is empty");
  const begin = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new FormatError(`image: the file is of no format that is known (PNG, JPEG, PBM, PGM, PPM): it begins with ${begin}`);
}
