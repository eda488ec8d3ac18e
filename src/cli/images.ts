/** Image files of any format: ours without a package, JPEG and the like through `sharp` or `jpeg-js` if the user has one. */
import { fromSamples } from "../io/images/image.ts";
import type { RgbaImage } from "../io/images/image.ts";
import { UnsupportedImage, decodeImage } from "../io/images/decode.ts";
import { readBytes } from "./files.ts";

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

/** @throws Error in one line, naming the file. */
export async function readImage(path: string): Promise<RgbaImage> {
  const bytes = readBytes(path);
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
  const packages = format === "JPEG" ? "sharp or jpeg-js" : "sharp";
  throw new Error(`${path}: ${format} images want the package ${packages}, which is not installed (npm install ${packages.split(" ")[0]}); PNG and PPM need none`);
}
