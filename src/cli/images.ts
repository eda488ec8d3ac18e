/** Image files of any format: ours without a package, JPEG and the like through `sharp` or `jpeg-js` if the user has one. */
import { fromSamples } from "../io/images/image.ts";
import type { RgbaImage } from "../io/images/image.ts";
import { UnsupportedImage, decodeImage, imageFormat } from "../io/images/decode.ts";
import { readBytes, readHead } from "./files.ts";

/** The little of sharp and jpeg-js that is used here. */
interface Sharp {
  (bytes: Uint8Array): { ensureAlpha(): { raw(): { toBuffer(options: { resolveWithObject: true }): Promise<{ data: Uint8Array; info: { width: number; height: number; channels: number } }> } } };
}
interface JpegJs {
  decode(bytes: Uint8Array, options: { useTArray: true; formatAsRGBA: true }): RgbaImage;
}

/** A package of the user's, or undefined where it is not installed. */
async function installed<T>(name: string): Promise<T | undefined> {
  try {
    const loaded = (await import(name)) as { default?: T };
    return loaded.default ?? (loaded as T);
  } catch {
    return undefined;
  }
}

/** Nothing here reads images of this format. */
export class NoDecoder extends Error {
  override readonly name = "NoDecoder";
  readonly format: string;

  constructor(path: string, format: string) {
    const packages = format === "JPEG" ? "sharp or jpeg-js" : "sharp";
    super(`${path}: ${format} images want the package ${packages}, which is not installed (npm install ${packages.split(" ")[0]}); PNG and PPM need none`);
    this.format = format;
  }
}

const endings = /\.(png|jpe?g|jfif|p[bgnp]m|webp|gif|bmp|tiff?|avif|hei[cf]|jxl)$/i;

/** Is it one, by its first bytes, or does its name say so? */
export function isPictureFile(path: string): boolean {
  return imageFormat(readHead(path, 16)) !== undefined || endings.test(path);
}

/** @throws Error in one line, naming the file; NoDecoder for a format that only a package would read, and none is installed. */
export async function readImage(path: string, bytes: Uint8Array = readBytes(path)): Promise<RgbaImage> {
  try {
    return await decodeImage(bytes);
  } catch (error) {
    if (!(error instanceof UnsupportedImage)) throw new Error(`${path}: ${(error as Error).message}`);
    return readWithPackage(path, bytes, error.format);
  }
}

async function readWithPackage(path: string, bytes: Uint8Array, format: string): Promise<RgbaImage> {
  try {
    const sharp = await installed<Sharp>("sharp");
    if (sharp !== undefined) {
      const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
      return fromSamples(data, info.width, info.height, info.channels);
    }
    const jpeg = format === "JPEG" ? await installed<JpegJs>("jpeg-js") : undefined;
    if (jpeg !== undefined) return jpeg.decode(bytes, { useTArray: true, formatAsRGBA: true });
  } catch (error) {
    throw new Error(`${path}: cannot decode this ${format} image: ${(error as Error).message}`);
  }
  throw new NoDecoder(path, format);
}
