/** Pictures in folders: train/CLASS/NAME and test/CLASS/NAME, or CLASS/NAME alone. What is not read is counted and named. */
import { join, relative } from "node:path";
import { didYouMean, printable } from "../../errors.ts";
import type { Geometry } from "../../io/images/preprocess.ts";
import { Dataset } from "../../train/data/dataset.ts";
import { filesBelow, isFolder, namesIn } from "../files.ts";
import { NoDecoder, isPictureFile } from "../images.ts";
import { Progress, counted, thousands } from "../terminal.ts";
import { FolderPictures, usualCache } from "./pictures.ts";

export type Part = "train" | "test";

/** Under which names the parts of a data set lie. */
const places: Readonly<Record<Part, readonly string[]>> = {
  train: ["train", "training"], test: ["test", "testing", "val", "valid", "validation"],
};

/** How pictures become images of one size, and who hears what became of them. */
export interface PictureOptions {
  /** As `Dataset.fromImages` has it. */
  readonly geometry?: Partial<Geometry>;
  /** Keeps the whole pictures too. */
  readonly keep?: boolean;
  /** Bytes of decoded pictures that stay in memory; the others are decoded when they are wanted (`Dataset.load`). */
  readonly cache?: number;
  /** Told, in one line each, what was left out. */
  readonly remark: (line: string) => void;
}

/** The folder with the classes of this part; or the folder itself, where it has classes and no parts. */
export function pictureFolder(folder: string, part: Part): string | undefined {
  const found = (of: string, names: readonly string[]): string | undefined => names.map((name) => join(of, name)).find(isFolder);
  const isDivided = (of: string): boolean => found(of, places.train) !== undefined || found(of, places.test) !== undefined;
  const own = found(folder, places[part]);
  if (own !== undefined) return own;
  if (!isFolder(folder) || isDivided(folder)) return undefined;
  const classes = namesIn(folder).map((name) => join(folder, name)).filter(isFolder);
  // What holds data sets is none.
  return !classes.some(isDivided) && classes.some((each) => filesBelow(each).some(isPictureFile)) ? folder : undefined;
}

/** Has the folder classes, but no train/ and no test/? Then it is one heap of pictures. */
export function isUndivided(folder: string): boolean {
  return pictureFolder(folder, "train") === folder;
}

/** Counts what is left out. */
class LeftOut {
  readonly #kinds = new Map<string, string[]>();

  add(kind: string, path: string): void {
    const known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, [path]);
    else known.push(path);
  }

  lines(folder: string): string[] {
    return [...this.#kinds].map(
      ([kind, paths]) => printable(`left out: ${thousands(paths.length)} ${kind}, such as ${relative(folder, paths[0])}`),
    );
  }
}

/**
 * All pictures of a part that are read here (images.ts), folders in folders too.
 * @param classes names of the folders; where none are given, all folders in order of their names
 * @throws Error in one line, naming the file.
 */
export async function readPictures(
  place: string, part: Part, classes: readonly string[] | undefined, options: PictureOptions,
): Promise<Dataset> {
  const left = new LeftOut();
  const folders = namesIn(place).filter((name) => isFolder(join(place, name)));
  const known = classes ?? folders;
  for (const name of namesIn(place)) {
    const path = join(place, name);
    if (!folders.includes(name)) left.add(
      isPictureFile(path) ? "pictures that are in no folder of a class" : "files that are no pictures", path,
    );
    else if (!known.includes(name)) for (const file of filesBelow(path)) if (isPictureFile(file)) left.add(
      `pictures of "${name}", which is no class here`, file,
    );
  }
  const twice = known.find((name, i) => known.indexOf(name) < i);
  if (twice !== undefined) {
    throw new Error(printable(`${place}: the class "${twice}" is named twice, and its folder can be one class only`));
  }
  const missing = known.filter((name) => !folders.includes(name));
  if (missing.length > 0) {
    const near = didYouMean(missing[0], folders.filter((name) => !known.includes(name)));
    const said = `${place}: there is no folder for the class "${missing[0]}"${near}`;
    if (part === "train" || missing.length === known.length) throw new Error(said);
    options.remark(printable(missing.length === 1 ? said : `${said}, nor for ${counted(missing.length - 1, "other")}`));
  }
  const found = known.flatMap((name, label) => {
    if (missing.includes(name)) return [];
    return filesBelow(join(place, name)).flatMap((path) => {
      if (isPictureFile(path)) return [{ path, label }];
      left.add("files that are no pictures", path);
      return [];
    });
  });

  const source = new FolderPictures(options.geometry ?? {}, options.keep ?? false, options.cache ?? usualCache);
  const labels: number[] = [];
  const progress = new Progress();
  for (const [i, { path, label }] of found.entries()) {
    progress.update(i / found.length, `reading pictures, ${thousands(i)} of ${thousands(found.length)}`);
    try {
      await source.add(path);
      labels.push(label);
    } catch (error) {
      if (error instanceof NoDecoder) {
        left.add(`${error.format} pictures, which want a package (npm install sharp)`, path);
        continue;
      }
      progress.end();
      const { message } = error as Error;
      throw new Error(error instanceof RangeError && /one size/.test(message) ? `${message} (--size 224, say)` : message);
    }
  }
  progress.end();
  for (const line of left.lines(place)) options.remark(line);
  if (labels.length === 0) throw new Error(`${place}: there are no pictures in folders of classes`);
  const places = Int32Array.from(labels, (_, i) => i);
  return new Dataset({ source, places }, source.shape, Int32Array.from(labels), known);
}
