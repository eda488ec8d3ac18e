/** An image in memory: what a canvas, `sharp(...).ensureAlpha().raw()` and other decoders give, and what our decoders make. */
import { checkOptions, show } from "../../errors.ts";

/**
 * 8-bit RGBA, rows from the top, four bytes a pixel: red, green, blue, alpha (not premultiplied).
 * @example
 * const image: RgbaImage = { data: new Uint8Array(2 * 3 * 4).fill(255), width: 3, height: 2 };
 * preprocess(image, presets["imagenet"]).shape   // => [1,3,224,224]
 */
export interface RgbaImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * What a decoder may be told.
 * @example
 * const options: DecodeOptions = { maxPixels: 1e6, applyOrientation: true, tolerant: true };
 * const ppm = Uint8Array.from("P6 1 1 255\nabc", (each) => each.charCodeAt(0));
 * decodeImageSync(ppm, options).width   // => 1
 */
export interface DecodeOptions {
  /** The most pixels an image may claim; checked before anything of its size is allocated. 2^26 unless told. */
  readonly maxPixels?: number;
  /**
   * JPEG: the picture that PIL gives with `ImageFile.LOAD_TRUNCATED_IMAGES = True`. Of a file that is cut short that is what it holds, the
   * rest grey; of one that is wrong in what it says of itself, behind its header, one without any ink: black, of four inks white.
   */
  readonly tolerant?: boolean;
  /** JPEG and PNG, in decodeImage: turn the picture as its Exif says, as PIL's `ImageOps.exif_transpose`. Not done unless asked for. */
  readonly applyOrientation?: boolean;
}

const known = ["maxPixels", "tolerant", "applyOrientation"] as const satisfies readonly (keyof DecodeOptions)[];

/** The most pixels an image may have. @throws TypeError or RangeError where `options` hold another name or value than may be. */
export function pixelLimit(options: DecodeOptions, operation: string): number {
  checkOptions(operation, options, known);
  const { maxPixels = defaultMaxPixels } = options;
  for (const name of ["tolerant", "applyOrientation"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "boolean") {
      throw new TypeError(`${operation}: ${name} wants true or false, got ${show(value)}`);
    }
  }
  if (typeof maxPixels !== "number") throw new TypeError(`${operation}: maxPixels wants a number, got ${show(maxPixels)}`);
  if (!(maxPixels >= 1)) throw new RangeError(`${operation}: maxPixels wants at least 1, got ${show(maxPixels)}`);
  return maxPixels;
}

/** 2^26 pixels (8,192 x 8,192), 256 MB as RGBA: more than a camera takes, less than fills a machine. */
export const defaultMaxPixels = 67108864;

/**
 * Checks that `image` is an RgbaImage.
 * @param what names it in errors: "preprocess: image 2".
 * @throws TypeError if it is not of that form; RangeError if a size is wrong, with a hint where its data has 1 or 3 bytes a pixel.
 */
export function checkImage(image: unknown, what: string = "image"): asserts image is RgbaImage {
  if (typeof image !== "object" || image === null) throw new TypeError(`${what} wants { data, width, height }, got ${show(image)}`);
  const { data, width, height } = image as { data?: unknown; width?: unknown; height?: unknown };
  if (!isBytes(data)) throw new TypeError(`${what}: data wants a Uint8Array or Uint8ClampedArray of RGBA bytes, got ${show(data)}`);
  checkSize(width, `${what}: width`);
  checkSize(height, `${what}: height`);
  const pixels = width * height;
  if (pixels > defaultMaxPixels * 4) throw new RangeError(`${what}: ${width} x ${height} pixels are too many`);
  if (data.length === pixels * 4) return;
  const found = data.length / pixels;
  const hint =
    found === 3 ? ": that is RGB, 3 bytes a pixel; fromSamples(data, width, height, 3) makes RGBA of it"
    : found === 1 ? ": that is grey, 1 byte a pixel; fromSamples(data, width, height, 1) makes RGBA of it"
    : found === 2 ? ": that is grey with alpha, 2 bytes a pixel; fromSamples(data, width, height, 2) makes RGBA of it"
    : "";
  throw new RangeError(`${what}: ${width} x ${height} RGBA pixels want ${pixels * 4} bytes, data has ${data.length}${hint}`);
}

/**
 * An RgbaImage of `data` with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) bytes a pixel: what IDX files and
 * `sharp(...).raw()` hold. Opaque where there is no alpha. Always a copy.
 */
export function fromSamples(data: Uint8Array | Uint8ClampedArray, width: number, height: number, channels: number): RgbaImage {
  if (!isBytes(data)) throw new TypeError(`fromSamples: data wants a Uint8Array or Uint8ClampedArray, got ${show(data)}`);
  checkSize(width, "fromSamples: width");
  checkSize(height, "fromSamples: height");
  if (!Number.isInteger(channels) || channels < 1 || channels > 4) {
    throw new RangeError(`fromSamples: channels wants 1, 2, 3 or 4, got ${channels}`);
  }
  if (data.length !== width * height * channels) {
    throw new RangeError(
      `fromSamples: ${width} x ${height} pixels of ${channels} bytes want ${width * height * channels} bytes, data has ${data.length}`,
    );
  }
  const out = new Uint8Array(width * height * 4);
  const colours = channels >= 3;
  const alpha = channels % 2 === 0;
  for (let i = 0, o = 0; o < out.length; i += channels, o += 4) {
    out[o] = data[i];
    out[o + 1] = data[colours ? i + 1 : i];
    out[o + 2] = data[colours ? i + 2 : i];
    out[o + 3] = alpha ? data[i + channels - 1] : 255;
  }
  return { data: out, width, height };
}

/** ITU-R 601-2 luma of 8-bit red, green and blue, in PIL's 16-bit fixed point: equal to its `convert("L")`. */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16;
}

function checkSize(value: unknown, what: string): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new RangeError(`${what} wants a whole number of at least 1, got ${show(value)}`);
  }
}

function isBytes(data: unknown): data is Uint8Array | Uint8ClampedArray {
  const tag = Object.prototype.toString.call(data);
  return tag === "[object Uint8Array]" || tag === "[object Uint8ClampedArray]";
}
