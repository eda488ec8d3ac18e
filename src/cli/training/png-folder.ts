/** Pictures in folders: train/CLASS/NAME.png and test/CLASS/NAME.png. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RgbaImage } from "../../io/images/image.ts";
import { decodePng } from "../../io/images/png.ts";
import { Dataset } from "../../train/data/dataset.ts";
import { readBytes } from "../files.ts";

/** Names in a folder, in an order that does not depend on the host; hidden ones are left out. */
function names(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith(".")).sort();
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** Has the folder pictures of this part, one folder a class? */
export function hasPictures(folder: string, part: "train" | "test"): boolean {
  return isFolder(join(folder, part));
}

function paths(folder: string, classes: readonly string[]): { readonly path: string; readonly label: number }[] {
  return classes.flatMap((name, label) => {
    const place = join(folder, name);
    if (!isFolder(place)) throw new Error(`${folder}: there is no folder for the class "${name}"`);
    return names(place).filter((file) => /\.png$/i.test(file)).map((file) => ({ path: join(place, file), label }));
  });
}

async function readPicture(path: string): Promise<RgbaImage> {
  try {
    return await decodePng(readBytes(path));
  } catch (error) {
    const { message } = error as Error;
    throw new Error(message.includes(path) ? message : `${path}: ${message}`);
  }
}

const isGrey = ({ data }: RgbaImage): boolean => data.every((value, i) => i % 4 === 3 || value === data[i - (i % 4)]);

/**
 * All pictures of a part, of one size: [N,1,H,W] where all of them are grey, else [N,3,H,W] as red, green, blue. Transparency is dropped.
 * @param classes names of the folders; where none are given, all folders in order of their names
 * @throws Error in one line, naming the file.
 */
export async function readPictures(folder: string, part: "train" | "test", classes?: readonly string[]): Promise<Dataset> {
  const place = join(folder, part);
  const known = classes ?? names(place).filter((name) => isFolder(join(place, name)));
  const found = paths(place, known);
  if (found.length === 0) throw new Error(`${place}: there are no PNG files in folders of classes`);
  const pictures: RgbaImage[] = [];
  for (const { path } of found) {
    const picture = await readPicture(path);
    const [{ width, height }] = [pictures[0] ?? picture];
    if (picture.width !== width || picture.height !== height) {
      throw new Error(`${path} is ${picture.width}x${picture.height}, the first picture ${width}x${height}: all want one size`);
    }
    pictures.push(picture);
  }
  const [{ width, height }] = pictures;
  const channels = pictures.every(isGrey) ? 1 : 3;
  const pixels = width * height;
  const images = new Uint8Array(pictures.length * channels * pixels);
  pictures.forEach(({ data }, n) => {
    for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) images[(n * channels + c) * pixels + p] = data[4 * p + c];
  });
  return new Dataset(images, [pictures.length, channels, height, width], Int32Array.from(found, ({ label }) => label), known);
}
