/** The files of MNIST and its kin, under the names that their authors, torchvision, Kaggle and unpackers give them. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { didYouMean } from "../../errors.ts";
import { readIdx } from "../../io/idx.ts";
import type { IdxArray } from "../../io/idx.ts";
import { isFolder, namesIn, readBytes } from "../files.ts";
import type { Part } from "./picture-folder.ts";

/** `train-images-idx3-ubyte`, `train-images.idx3-ubyte` (7-Zip), `emnist-letters-test-images-idx3-ubyte.gz`. */
const naming = /^(.*?)(train|t10k|test)-(images|labels)[-.]idx\d-ubyte(\.gz)?$/;

interface Found {
  readonly path: string;
  readonly part: Part;
  readonly kind: "images" | "labels";
  /** What stands before: "emnist-letters-". */
  readonly set: string;
  /** How far below the folder: files above hide those below. */
  readonly depth: number;
}

function filesIn(folder: string, depth: number): Found[] {
  const names = namesIn(folder);
  return names.flatMap((name): Found[] => {
    const [, set, part, kind, zipped] = naming.exec(name) ?? [];
    const path = join(folder, name);
    if (set === undefined || isFolder(path) || (zipped !== undefined && names.includes(name.slice(0, -3)))) return [];
    return [{ path, part: part === "train" ? "train" : "test", kind: kind === "images" ? "images" : "labels", set, depth }];
  });
}

/** Folders that hold such files: torchvision's raw/, EMNIST's gzip/, and Kaggle's, one a file and called as it. */
const holds = (name: string): boolean => name === "raw" || name === "gzip" || naming.test(name);

/** Of the folder, of those in it that hold such files, and of their kin in the folders beside them (torchvision's MNIST/raw). */
function allFiles(folder: string): Found[] {
  const folders = (of: string): string[] => namesIn(of).filter((name) => isFolder(join(of, name)));
  return [
    ...filesIn(folder, 0),
    ...folders(folder).filter(holds).flatMap((name) => filesIn(join(folder, name), 1)),
    ...folders(folder).filter((name) => isFolder(join(folder, name, "raw"))).flatMap((name) => filesIn(join(folder, name, "raw"), 2)),
  ];
}

/** The data set's folder, and what its files' names begin with where that was added to the path. */
function place(data: string): { readonly folder: string; readonly begin: string } {
  const folder = dirname(data);
  const begin = basename(data);
  return !existsSync(data) && isFolder(folder) && allFiles(folder).some(({ path }) => begins(folder, path, begin))
    ? { folder, begin }
    : { folder: data, begin: "" };
}

/** Also where the file lies in a folder of its kin: DIR/emnist-letters for DIR/gzip/emnist-letters-train-images-idx3-ubyte.gz. */
function begins(folder: string, path: string, begin: string): boolean {
  return relative(folder, path).startsWith(begin) || basename(path).startsWith(begin);
}

/** The set of files beside which nothing is called `data`. */
function nearestSet(data: string): string {
  const folder = dirname(data);
  return isFolder(folder) ? didYouMean(basename(data), allFiles(folder).map(({ set }) => set.replace(/-$/, ""))) : "";
}

const published: Readonly<Record<Part, string>> = { train: "train", test: "t10k" };

function choose(files: readonly Found[], kind: Found["kind"], data: string, part: Part, beside?: Found): Found {
  const those = files.filter((file) => file.kind === kind && file.part === part && (beside === undefined || file.set === beside.set));
  const least = Math.min(...those.map(({ depth }) => depth));
  // Images and labels of one set lie in one folder, but that Kaggle gives each file a folder of its own.
  const near = those.filter(({ path }) => beside !== undefined && dirname(path) === dirname(beside.path));
  const found = near.length > 0 ? near : those.filter(({ depth }) => depth === least);
  if (found.length === 0) {
    const name = `${published[part]}-${kind}-idx${kind === "images" ? 3 : 1}-ubyte`;
    const what = !existsSync(data) ? `no such folder${nearestSet(data)}`
      : !statSync(data).isDirectory() ? "it is a file, not a folder"
      : `it has neither ${name} nor ${name}.gz, nor a folder ${part} of pictures`;
    throw new Error(`cannot read a data set from ${data}: ${what}`);
  }
  const sets = new Set(found.map(({ path, set }) => (set === "" ? dirname(path) : join(dirname(path), set.replace(/-$/, "")))));
  if (sets.size > 1 && beside === undefined) {
    throw new Error(`${data} holds several data sets: name one, as --data ${[...sets].join(" or --data ")}`);
  }
  return found[0];
}

/** Images and labels of a part, and the folder that they lie in. @throws Error in one line, naming the file. */
export async function readIdxFiles(data: string, part: Part): Promise<{
  readonly images: IdxArray;
  readonly labels: IdxArray;
  readonly folder: string;
}> {
  const { folder, begin } = place(data);
  const files = isFolder(folder) ? allFiles(folder).filter(({ path }) => begin === "" || begins(folder, path, begin)) : [];
  const images = choose(files, "images", data, part);
  const labels = choose(files, "labels", data, part, images);
  const read = async ({ path }: Found): Promise<IdxArray> => {
    try {
      return await readIdx(readBytes(path));
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`);
    }
  };
  return {
    images: await read(images), labels: await read(labels), folder: existsSync(join(folder, "classes.txt")) ? folder : dirname(images.path),
  };
}

/** Are there such files? */
export function hasIdxFiles(data: string): boolean {
  const { folder, begin } = place(data);
  return isFolder(folder) && (begin !== "" || allFiles(folder).length > 0);
}
