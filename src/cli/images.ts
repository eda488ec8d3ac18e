/** Image files of any format: PNG, JPEG and Netpbm by ourselves, WebP and the like through `sharp` if the user has it. */
import { statSync } from "node:fs";
import { foreignFile } from "../io/weights/foreign.ts";
import { fromSamples } from "../io/images/image.ts";
import type { RgbaImage } from "../io/images/image.ts";
import { UnsupportedImage, decodeImage, imageFormat } from "../io/images/decode.ts";
import { readBytes, readHead } from "./files.ts";

/** The little of sharp that is used here. */
interface Sharp {
  (bytes: Uint8Array): SharpImage;
}
interface SharpImage {
  ensureAlpha(): SharpImage;
  keepIccProfile?(): SharpImage;
  raw(): {
    toBuffer(options: { resolveWithObject: true }): Promise<{ data: Uint8Array; info: { width: number; height: number; channels: number } }>
  };
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
    super(`${path}: ${format} images are not read here; make it PNG or JPEG, or install sharp, which is then used (npm install sharp)`);
    this.format = format;
  }
}

const endings = /\.(png|jpe?g|jfif|p[bgnp]m|webp|gif|bmp|tiff?|avif|hei[cf]|jxl)$/i;

/** Is it one, by its first bytes, or does its name say so? A pipe or device is none, a link to nothing may be one by its name. */
export function isPictureFile(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === false) return false;
  return endings.test(path) || (found !== undefined && imageFormat(readHead(path, 16)) !== undefined);
}

/** @throws Error in one line, naming the file; NoDecoder for a format that only a package would read, and none is installed. */
export async function readImage(path: string, bytes: Uint8Array = readBytes(path)): Promise<RgbaImage> {
  try {
    return await decodeImage(bytes);
  } catch (error) {
    if (!(error instanceof UnsupportedImage)) {
      // A web page, a pointer of Git LFS, a packed file: what it is, and what to do.
      const foreign = imageFormat(bytes) === undefined && bytes.length > 0 ? foreignFile(bytes) : undefined;
      throw new Error(`${path}: ${foreign === undefined ? (error as Error).message : `the file is ${foreign}`}`);
    }
    return readWithPackage(path, bytes, error.format);
  }
}

async function readWithPackage(path: string, bytes: Uint8Array, format: string): Promise<RgbaImage> {
  try {
    const sharp = await installed<Sharp>("sharp");
    if (sharp !== undefined) {
      // sharp converts colours by an embedded profile; PIL, whose pixels networks were trained with, does not.
      const image = sharp(bytes).ensureAlpha();
      const { data, info } = await (image.keepIccProfile?.() ?? image).raw().toBuffer({ resolveWithObject: true });
      return fromSamples(data, info.width, info.height, info.channels);
    }
  } catch (error) {
    throw new Error(`${path}: cannot decode this ${format} image: ${(error as Error).message}`);
  }
  throw new NoDecoder(path, format);
}
