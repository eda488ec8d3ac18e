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

const noPicture = "file that is no picture\0files that are no pictures";
/** So many files that cannot be read are named beside the first. */
const mostNamed = 5;

/** Counts what is left out. */
class LeftOut {
  /** Paths by what they are, one and many of them: "file\0files". */
  readonly #kinds = new Map<string, string[]>();

  add(kind: string, path: string): void {
    const known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, [path]);
    else known.push(path);
  }

  lines(folder: string): string[] {
    return [...this.#kinds].map(
      ([kind, paths]) => {
        const [one, many] = kind.split("\0");
        return printable(`left out: ${counted(paths.length, one, many)}, such as ${relative(folder, paths[0])}`);
      },
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
      isPictureFile(path) ? "picture that is in no folder of a class\0pictures that are in no folder of a class" : noPicture, path,
    );
    else if (!known.includes(name)) for (const file of filesBelow(path)) if (isPictureFile(file)) left.add(
      `picture of "${name}", which is no class here\0pictures of "${name}", which is no class here`, file,
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
      left.add(noPicture, path);
      return [];
    });
  });

  const source = new FolderPictures(options.geometry ?? {}, options.keep ?? false, options.cache ?? usualCache);
  const labels: number[] = [];
  /** All of them are told at once, for who mends one would meet the next. */
  const unreadable: (readonly [path: string, message: string])[] = [];
  const progress = new Progress();
  for (const [i, { path, label }] of found.entries()) {
    progress.update(i / found.length, `reading pictures, ${thousands(i)} of ${thousands(found.length)}`);
    try {
      await source.add(path);
      labels.push(label);
    } catch (error) {
      if (error instanceof NoDecoder) {
        const wanted = "a package (npm install sharp)";
        left.add(`${error.format} picture, which wants ${wanted}\0${error.format} pictures, which want ${wanted}`, path);
        continue;
      }
      const { message } = error as Error;
      if (error instanceof RangeError && /one size/.test(message)) {
        progress.end();
        throw new Error(`${message} (--size 224, say)`);
      }
      unreadable.push([path, message]);
    }
  }
  progress.end();
  if (unreadable.length > 0) {
    const [[, first], ...others] = unreadable;
    const named = others.slice(0, mostNamed).map(([path]) => relative(place, path)).join(", ");
    const more = counted(others.length, "other picture cannot be read either", "other pictures cannot be read either");
    throw new Error(printable(others.length === 0 ? first : `${first}; ${more}${others.length > mostNamed ? ", such as" : ":"} ${named}`));
  }
  for (const line of left.lines(place)) options.remark(line);
  if (labels.length === 0) throw new Error(`${place}: there are no pictures in folders of classes`);
  const places = Int32Array.from(labels, (_, i) => i);
  return new Dataset({ source, places }, source.shape, Int32Array.from(labels), known);
}
