/** A folder with the four IDX files of MNIST and its kin, or with pictures. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "../../io/bytes/checksum.ts";
import { readIdx } from "../../io/idx.ts";
import type { IdxArray } from "../../io/idx.ts";
import { decodeUtf8 } from "../../io/bytes/utf8.ts";
import { datasetFromIdx } from "../../train/data/dataset.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import { readBytes } from "../files.ts";
import { hasPictures, readPictures } from "./png-folder.ts";

async function readArray(folder: string, name: string): Promise<IdxArray> {
  const path = [join(folder, name), join(folder, `${name}.gz`)].find((candidate) => existsSync(candidate));
  if (path === undefined) {
    const what = !existsSync(folder) ? "no such folder" : !statSync(folder).isDirectory() ? "it is a file, not a folder" : `it has neither ${name} nor ${name}.gz, nor a folder ${name.startsWith("train") ? "train" : "test"} of pictures`;
    throw new Error(`cannot read a data set from ${folder}: ${what}`);
  }
  try {
    return await readIdx(readBytes(path));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}

/**
 * The training images (`train`) or the test images (`test`) of a folder.
 * @param classes names of the classes; where none are given, the lines of `classes.txt` if the folder has one, else numbers
 * @throws Error in one line, naming the file.
 */
export async function readDataset(folder: string, part: "train" | "test", classes?: readonly string[]): Promise<Dataset> {
  if (hasPictures(folder, part)) return readPictures(folder, part, classes);
  const prefix = part === "train" ? "train" : "t10k";
  const images = await readArray(folder, `${prefix}-images-idx3-ubyte`);
  const labels = await readArray(folder, `${prefix}-labels-idx1-ubyte`);
  const list = join(folder, "classes.txt");
  const names = classes ?? (existsSync(list) ? readLines(list) : undefined);
  if (names?.length === 0) throw new Error(`${list} names no class`);
  try {
    return datasetFromIdx(images, labels, names);
  } catch (error) {
    throw new Error(`${folder}, ${prefix} files: ${(error as Error).message}`);
  }
}

/** The lines of a text file that are not empty. */
export function readLines(path: string): string[] {
  return decodeUtf8(readBytes(path), path).split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
}

/** Tells one data set from another. */
export function fingerprint(data: Dataset): string {
  const labels = data.classes.length <= 256 ? Uint8Array.from(data.labels) : new Uint8Array(data.labels.slice().buffer);
  return [...data.shape, crc32(data.images).toString(16), crc32(labels).toString(16)].join("-");
}
