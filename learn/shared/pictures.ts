/** The ten bundled pictures, and textures that are made by a rule: the data of the course. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeImage } from "../../src/io/images/decode.ts";

export { drawTextures, textures } from "./textures.ts";

const pretrained = join(dirname(fileURLToPath(import.meta.url)), "../../models/pretrained");

export interface Picture {
  /** The garment, as the file is named. */
  readonly name: string;
  /** [28, 28], 0 to 1. */
  readonly pixels: Float32Array;
}

/** The ten bundled pictures of Fashion-MNIST, 28 by 28, grey, 0 (black) to 1 (white). */
export async function garments(): Promise<Picture[]> {
  const files = readdirSync(join(pretrained, "samples")).filter((file) => file.endsWith(".png")).sort();
  return Promise.all(files.map(async (file) => {
    const { data } = await decodeImage(readFileSync(join(pretrained, "samples", file)));
    return { name: file.replace(/-\d+\.png$/, ""), pixels: Float32Array.from({ length: 28 * 28 }, (_, i) => data[4 * i] / 255) };
  }));
}
