/** A folder with the IDX files of MNIST and its kin, or with pictures. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { crc32, crc32After } from "../../io/bytes/checksum.ts";
import { printable } from "../../errors.ts";
import { datasetFromIdx } from "../../train/data/dataset.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import { readClassNames } from "../class-names.ts";
import { counted, remark } from "../terminal.ts";
import { hasIdxFiles, readIdxFiles } from "./idx-files.ts";
import { pictureFolder, readPictures } from "./picture-folder.ts";
import type { Part, PictureOptions } from "./picture-folder.ts";

/** Where the pictures of this part lie, if the folder is one of pictures. */
function picturesOf(folder: string, part: Part): string | undefined {
  const place = pictureFolder(folder, part);
  return place !== undefined && (place !== folder || !hasIdxFiles(folder)) ? place : undefined;
}

/** Are this part's images pictures, and no IDX files? */
export function hasPictures(folder: string, part: Part): boolean {
  return picturesOf(folder, part) !== undefined;
}

/**
 * The training images (`train`) or the test images (`test`) of a folder. IDX images are as they are in the file; pictures become what
 * `geometry` says.
 * @param classes names of the classes; where none are given, those of `classes.txt` if the folder has one, else numbers; of pictures, the
 * folders' names
 * @throws Error in one line, naming the file.
 */
export async function readDataset(
  folder: string, part: Part, classes?: readonly string[], options: Partial<PictureOptions> = {},
): Promise<Dataset> {
  const told: PictureOptions = { remark, ...options };
  const place = picturesOf(folder, part);
  if (place !== undefined) return readPictures(place, part, classes, told);
  const { images, labels, folder: beside } = await readIdxFiles(folder, part);
  const list = join(beside, "classes.txt");
  const names = classes ?? (existsSync(list) ? readClassNames(list) : undefined);
  try {
    return datasetFromIdx(images, labels, names);
  } catch (error) {
    throw new Error(`${folder}, ${part === "train" ? "train" : "t10k"} files: ${(error as Error).message}`);
  }
}

/** Classes that have images. */
function classesSeen({ labels }: Dataset): Set<number> {
  return new Set(labels);
}

function allEqual(data: Dataset): boolean {
  const { decoded, size } = data;
  if (decoded !== undefined) {
    const [first, ...others] = Array.from(decoded.places, (place) => JSON.stringify(decoded.source.facts(place)));
    return others.every((facts) => facts === first);
  }
  const { images } = data;
  const pixels = images.length / size;
  return images.every((level, i) => level === images[i % pixels]);
}

/**
 * Says at the start what cannot be learned, or only in part.
 * @returns what is to be said; empty for nothing
 * @throws Error where there is one class only, or all images are equal
 */
export function checkLearnable(data: Dataset, folder: string): string {
  const { classes, size } = data;
  const seen = classesSeen(data);
  if (classes.length < 2) throw new Error(`${folder} has one class only, "${printable(classes[0])}": there is nothing to learn`);
  const all = `${folder}: all ${counted(size, "training image is", "training images are")}`;
  if (size === 1) throw new Error(`${folder}: one training image is left: there is nothing to learn`);
  if (seen.size < 2) throw new Error(`${all} of one class, "${printable(classes[data.labels[0]])}": there is nothing to learn`);
  if (allEqual(data)) throw new Error(`${all} equal: there is nothing to learn`);
  const empty = classes.filter((_, label) => !seen.has(label));
  if (empty.length === 0) return "";
  const fromOne = !seen.has(0) && seen.has(classes.length - 1) && empty.length === 1
    ? "; do the labels count from 1? They want to count from 0"
    : "";
  const have = empty.length === 1 ? "has" : "have";
  const of = `${empty.length} of ${counted(classes.length, "class", "classes")}`;
  return printable(`${of} ${have} no training image, such as "${empty[0]}"${fromOne}`);
}

function crcOf(data: Dataset): number {
  const { decoded, shape } = data;
  if (decoded === undefined) return crc32(data.images);
  const after = crc32After(shape[1] * shape[2] * shape[3]);
  return decoded.places.reduce((crc, place) => after(crc, decoded.source.facts(place).crc), 0);
}

/** Tells one data set from another. */
export function fingerprint(data: Dataset): string {
  const labels = data.classes.length <= 256 ? Uint8Array.from(data.labels) : new Uint8Array(data.labels.slice().buffer);
  return [...data.shape, crcOf(data).toString(16), crc32(labels).toString(16)].join("-");
}
