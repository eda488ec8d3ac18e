/**
 * The pictures of a folder as images of a data set. Each is decoded once at the start, so that what cannot be read is named then; what has
 * room stays in memory, and the others are decoded again when their turn comes.
 */
import { statSync } from "node:fs";
import { crc32 } from "../../io/bytes/checksum.ts";
import type { Geometry } from "../../io/images/preprocess.ts";
import type { RgbaImage } from "../../io/images/image.ts";
import type { ImageFacts, ImageSource } from "../../train/data/dataset.ts";
import { PictureMaker } from "../../train/data/picture-stack.ts";
import type { Original } from "../../train/data/picture-stack.ts";
import type { Arguments } from "../command.ts";
import { readImage } from "../images.ts";

/** Bytes of decoded pictures that stay in memory, where nothing else is said: 1 GiB, as cli/options.ts tells. */
export const usualCache = 1073741824;

export function cacheFrom(args: Arguments): number {
  return args.number("cache", usualCache, { least: 0, whole: true });
}

interface Seen {
  readonly path: string;
  /** Of the file when it was first read: a changed one would change the bits of a run. */
  readonly stamp: string;
  /** Where all channels of the image are meant, and where only the first: which, is known once all were seen. */
  readonly facts: { readonly all: ImageFacts; readonly grey: ImageFacts };
}

function stampOf(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${size} ${mtimeMs}`;
}

function factsOf(levels: Uint8Array, pixels: number): ImageFacts {
  const [sums, squares]: [number[], number[]] = [[], []];
  for (let start = 0; start < levels.length; start += pixels) {
    let [sum, square] = [0, 0];
    for (let i = start; i < start + pixels; i++) {
      sum += levels[i];
      square += levels[i] * levels[i];
    }
    sums.push(sum);
    squares.push(square);
  }
  return { sums, squares, crc: crc32(levels) };
}

export class FolderPictures implements ImageSource {
  readonly #maker: PictureMaker;
  readonly #keep: boolean;
  #room: number;
  readonly #seen: Seen[] = [];
  readonly #images = new Map<number, Uint8Array>();
  readonly #originals = new Map<number, Original>();
  /** What the last `load` decoded and the maps above have no room for. */
  #now: { readonly images: Map<number, Uint8Array>; readonly originals: Map<number, Original> } = {
    images: new Map(), originals: new Map(),
  };

  /** @param keep whole pictures are wanted too @param cache bytes that may stay in memory */
  constructor(geometry: Partial<Geometry>, keep: boolean, cache: number) {
    this.#maker = new PictureMaker(geometry);
    this.#keep = keep;
    this.#room = cache;
  }

  get count(): number {
    return this.#seen.length;
  }

  /** [N, channels, height, width]. @throws RangeError where there are no pictures */
  get shape(): readonly [number, number, number, number] {
    const [height, width] = this.#maker.size;
    return [this.count, this.#maker.channels, height, width];
  }

  /** @throws Error naming the file; NoDecoder as `readImage` */
  async add(path: string): Promise<void> {
    const stamp = stampOf(path);
    const picture = await readImage(path);
    this.#maker.see(picture, path);
    const image = this.#maker.image(picture);
    const [height, width] = this.#maker.size;
    const pixels = height * width;
    const index = this.#seen.length;
    const grey = factsOf(image.subarray(0, pixels), pixels);
    this.#seen.push({ path, stamp, facts: { grey, all: image.length === pixels ? grey : factsOf(image, pixels) } });
    if (this.#fits(image.length)) this.#images.set(index, image);
    if (this.#keep) this.#keepOriginal(index, picture);
  }

  #keepOriginal(index: number, picture: RgbaImage): void {
    const original = this.#maker.original(picture);
    if (this.#fits(original.data.length)) this.#originals.set(index, original);
  }

  #fits(bytes: number): boolean {
    if (bytes > this.#room) return false;
    this.#room -= bytes;
    return true;
  }

  image(index: number): Uint8Array {
    const image = this.#images.get(index) ?? this.#now.images.get(index) ?? this.#missing(index);
    const [, channels, height, width] = this.shape;
    return image.subarray(0, channels * height * width);
  }

  original(index: number): Original {
    const one = this.#originals.get(index) ?? this.#now.originals.get(index) ?? this.#missing(index);
    return { ...one, data: one.data.subarray(0, this.shape[1] * one.height * one.width) };
  }

  #missing(index: number): never {
    throw new Error(`${this.#seen[index].path} is not decoded now: wants Dataset.load before`);
  }

  facts(index: number): ImageFacts {
    const { all, grey } = this.#seen[index].facts;
    return this.shape[1] === 1 ? grey : all;
  }

  async load(indices: readonly number[], whole: boolean): Promise<void> {
    const kept = whole ? this.#originals : this.#images;
    const before = this.#now;
    this.#now = { images: new Map(), originals: new Map() };
    const now = whole ? this.#now.originals : this.#now.images;
    for (const index of indices) {
      if (kept.has(index) || now.has(index)) continue;
      const { path, stamp } = this.#seen[index];
      const known = whole ? before.originals.get(index) : before.images.get(index);
      if (known === undefined && stampOf(path) !== stamp) throw new Error(`${path} has changed since the start: it cannot go on alike`);
      if (whole) this.#now.originals.set(index, (known as Original | undefined) ?? this.#maker.original(await readImage(path)));
      else this.#now.images.set(index, (known as Uint8Array | undefined) ?? this.#maker.image(await readImage(path)));
    }
  }
}
