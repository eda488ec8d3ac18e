/** Labelled images, in memory or decoded when they are wanted. */
import type { Random } from "../../../kernels/random.ts";
import type { RgbaImage } from "../../io/images/image.ts";
import type { Geometry } from "../../io/images/preprocess.ts";
import { check, checkFields, flag, generator, has, numbers, tagOf, texts } from "../../checks.ts";
import { FormatError, checkOptions, counted, show } from "../../errors.ts";
import { sizeOf, showShape } from "../../tensor.ts";
import { checkClasses } from "../../session/training/labels.ts";
import { PictureStack } from "./picture-stack.ts";
import type { Original } from "./picture-stack.ts";

/** Unsigned bytes with dimensions, as `io/idx.ts` reads them. */
export interface ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Where images come from that do not all lie in memory: by their numbers there. */
export interface ImageSource {
  /** Levels, [channels, height, width], to be read only. @throws Error for one that is not loaded */
  image(index: number): Uint8Array;
  /** The whole picture that it is the middle of. @throws Error for one that is not loaded */
  original(index: number): Original;
  /** Makes these ready for `image`, or with `whole` for `original`, until the next call. */
  load(indices: readonly number[], whole: boolean): Promise<void>;
  /** Known of each without decoding it again. */
  facts(index: number): ImageFacts;
}

/** Of each channel the sum of its levels and of their squares; CRC-32 of all levels. */
export interface ImageFacts {
  readonly sums: readonly number[];
  readonly squares: readonly number[];
  readonly crc: number;
}

/** Images that are decoded when they are wanted: where from, and which of them. */
export interface Decoded {
  readonly source: ImageSource;
  readonly places: Int32Array;
}

/**
 * Images [N,C,H,W] of 8 bits and their labels: N classes, or one for each pixel [N * H * W] for segmentation.
 * @example
 * const data = new Dataset(new Uint8Array(4 * 16), [4, 1, 4, 4], Int32Array.of(0, 1, 0, 1), ["dark", "bright"]);
 * const { training, validation } = data.split(1, new Random(1));
 * [training.size, validation.size]   // => [3,1]
 */
export class Dataset {
  readonly #images: Uint8Array | undefined;
  /** Set where images are decoded when they are wanted. */
  readonly decoded: Decoded | undefined;
  readonly shape: readonly [number, number, number, number];
  /** One an image, or one a pixel: [N] or [N, height, width]. */
  readonly labels: Int32Array;
  /** 1, or the pixels of an image. */
  readonly labelsPerImage: number;
  /** One name a class. */
  readonly classes: readonly string[];
  /** The pictures that `images` are the middle of, where they were kept for random crops. */
  readonly originals: readonly Original[] | undefined;

  /**
   * A data set of pictures of any sizes: each is resized, and its middle cut out.
   * @param labels classes, numbers from 0, one a picture
   * @param geometry size, resize, interpolation, order, channels; where a part is missing, pictures stay as large as they are (and all want
   * one size), grey where all of them are grey
   * @param keep keeps the whole pictures too, for `resizedCrop` (augment.ts)
   * @throws TypeError for what is no picture; RangeError where sizes, labels or classes do not fit
   */
  static fromImages(
    images: Iterable<RgbaImage>, labels: ArrayLike<number>, classes: readonly string[], geometry: Partial<Geometry> = {},
    options: { readonly keep?: boolean } = {},
  ): Dataset {
    checkFields("Dataset.fromImages: options", options, { keep: flag });
    const { keep = false } = options;
    checkOptions(
      "Dataset.fromImages: geometry", geometry,
      ["size", "resize", "interpolation", "order", "channels"] as const satisfies readonly (keyof Geometry)[],
    );
    if (typeof images !== "object" || images === null || !(Symbol.iterator in images)) {
      throw new TypeError(`Dataset.fromImages: images wants a list of pictures, got ${show(images)}`);
    }
    if (!Array.isArray(labels) && !ArrayBuffer.isView(labels)) {
      throw new TypeError(`Dataset.fromImages: labels wants a list of numbers, got ${show(labels)}`);
    }
    const stack = new PictureStack(geometry, keep);
    for (const image of images) stack.add(image, `Dataset.fromImages: image ${stack.size}`);
    if (stack.size !== labels.length) {
      throw new RangeError(`Dataset.fromImages: wants one label a picture, got ${labels.length} for ${stack.size}`);
    }
    const { images: bytes, shape, originals } = stack.finished();
    return new Dataset(bytes, shape, Int32Array.from(labels, wholeNumber), classes, originals);
  }

  /**
   * Wraps the arrays (no copy).
   * @throws TypeError for arrays of another kind; RangeError for no images, sizes that do not match, or labels that are no class.
   */
  constructor(
    images: Uint8Array | Decoded, shape: readonly [number, number, number, number], labels: Int32Array, classes: readonly string[],
    originals?: readonly Original[],
  ) {
    const decoded = has(Object(images).source, "image", "load") ? images as Decoded : undefined;
    if (decoded === undefined && Object.prototype.toString.call(images) !== "[object Uint8Array]") {
      throw new TypeError(`Dataset: images wants a Uint8Array, got ${show(images)}`);
    }
    if (!Array.isArray(shape)) throw new TypeError(`Dataset: shape wants [N,channels,height,width], got ${show(shape)}`);
    if (Object.prototype.toString.call(labels) !== "[object Int32Array]") {
      throw new TypeError(`Dataset: labels wants an Int32Array, got ${show(labels)}`);
    }
    if (!Array.isArray(classes) || !classes.every((name) => typeof name === "string")) {
      throw new TypeError(`Dataset: classes wants a list of names, got ${show(classes)}`);
    }
    if (shape.length !== 4 || !shape.every((n) => Number.isSafeInteger(n) && n >= 1)) {
      throw new RangeError(`Dataset: wants at least one image [N,channels,height,width], got ${showShape(shape)}`);
    }
    const held = decoded === undefined ? (images as Uint8Array) : undefined;
    if (held !== undefined && held.length !== sizeOf(shape)) {
      throw new RangeError(`Dataset: shape ${showShape(shape)} wants ${sizeOf(shape)} bytes, images has ${held.length}`);
    }
    if (decoded !== undefined && decoded.places.length !== shape[0]) {
      throw new RangeError(`Dataset: shape ${showShape(shape)} wants ${counted(shape[0], "place")}, got ${decoded.places.length}`);
    }
    if (classes.length < 1) throw new RangeError("Dataset: wants at least one class name, got none");
    const pixels = shape[2] * shape[3];
    this.labelsPerImage = labels.length === shape[0] * pixels ? pixels : 1;
    checkClasses("Dataset", labels, shape[0] * this.labelsPerImage, classes.length);
    this.#images = held;
    this.decoded = decoded;
    this.shape = shape;
    this.labels = labels;
    this.classes = classes;
    if (originals !== undefined && !(Array.isArray(originals) && originals.every(isOriginal))) {
      throw new TypeError(`Dataset: originals wants a list of pictures, got ${show(originals)}`);
    }
    if (originals !== undefined && originals.length !== shape[0]) {
      throw new RangeError(`Dataset: wants an original for each of ${counted(shape[0], "image")}, got ${originals.length}`);
    }
    this.originals = originals;
  }

  /** Number of images. */
  get size(): number {
    return this.shape[0];
  }

  /** Levels 0 to 255, [N, channels, height, width]. @throws Error where they are decoded when they are wanted, and not all are loaded */
  get images(): Uint8Array {
    if (this.#images !== undefined) return this.#images;
    const pixels = sizeOf(this.shape.slice(1));
    const images = new Uint8Array(this.size * pixels);
    for (let i = 0; i < this.size; i++) images.set(this.image(i), i * pixels);
    return images;
  }

  /** Levels of one image, [channels, height, width]: to be read only. @throws RangeError for an index that is none; Error as `images` */
  image(index: number): Uint8Array {
    if (!(Number.isInteger(index) && index >= 0 && index < this.size)) {
      throw new RangeError(`Dataset.image: wants an index from 0 to ${this.size - 1}, got ${show(index)}`);
    }
    if (this.decoded !== undefined) return this.decoded.source.image(this.decoded.places[index]);
    const pixels = sizeOf(this.shape.slice(1));
    return this.#images!.subarray(index * pixels, (index + 1) * pixels);
  }

  /** The whole picture that an image is the middle of, or the image where that was not kept. @throws Error as `images` */
  original(index: number): Original {
    if (this.decoded !== undefined) return this.decoded.source.original(this.decoded.places[index]);
    return this.originals?.[index] ?? { data: this.image(index), height: this.shape[2], width: this.shape[3] };
  }

  /** Decodes the images at `indices`, where they are not in memory; they are there until the next call. @param whole for `original` */
  async load(indices: ArrayLike<number>, whole: boolean = false): Promise<void> {
    check("Dataset.load", "indices", indices, numbers);
    check("Dataset.load", "whole", whole, flag);
    if (this.decoded === undefined) return;
    const { source, places } = this.decoded;
    await source.load(Array.from(indices, (index) => places[index]), whole);
  }

  /** The same images, with labels of other classes. @throws as the constructor */
  relabelled(labels: Int32Array, classes: readonly string[]): Dataset {
    return new Dataset(this.decoded ?? this.#images!, this.shape, labels, classes, this.originals);
  }

  /** A copy of the images at `indices`, in that order. @throws RangeError for an index that is none, or for no indices. */
  select(indices: ArrayLike<number>): Dataset {
    check("Dataset.select", "indices", indices, numbers);
    if (indices.length === 0) throw new RangeError("Dataset.select: indices wants at least one, got none");
    const [, channels, height, width] = this.shape;
    const pixels = channels * height * width;
    const { decoded } = this;
    const images = new Uint8Array(decoded === undefined ? indices.length * pixels : 0);
    const each = this.labelsPerImage;
    const labels = new Int32Array(indices.length * each);
    for (let i = 0; i < indices.length; i++) {
      const from = indices[i];
      if (!(Number.isInteger(from) && from >= 0 && from < this.size)) {
        throw new RangeError(`Dataset.select: wants indices from 0 to ${this.size - 1}, got ${from}`);
      }
      if (decoded === undefined) images.set(this.image(from), i * pixels);
      labels.set(this.labels.subarray(from * each, (from + 1) * each), i * each);
    }
    const { originals } = this;
    const kept = originals === undefined ? undefined : Array.from(indices, (index) => originals[index]);
    const chosen = decoded && { source: decoded.source, places: Int32Array.from(indices, (index) => decoded.places[index]) };
    return new Dataset(chosen ?? images, [indices.length, channels, height, width], labels, this.classes, kept);
  }

  /** The images of this data set, then those of `other`, copied. @throws RangeError where size, classes or kind of labels differ */
  concat(other: Dataset): Dataset {
    checkDataset("Dataset.concat", "other", other);
    const of = (data: Dataset): string => JSON.stringify([data.shape.slice(1), data.labelsPerImage, data.classes]);
    if (of(this) !== of(other)) {
      throw new RangeError(`Dataset: concat wants the same image size, labels and classes, got ${of(this)} and ${of(other)}`);
    }
    const images = this.decoded !== undefined && other.decoded !== undefined && this.decoded.source === other.decoded.source
      ? { source: this.decoded.source, places: joined(Int32Array, this.decoded.places, other.decoded.places) }
      : joined(Uint8Array, this.images, other.images);
    const labels = new Int32Array(this.labels.length + other.labels.length);
    labels.set(this.labels);
    labels.set(other.labels, this.labels.length);
    return new Dataset(images, [this.size + other.size, this.shape[1], this.shape[2], this.shape[3]], labels, this.classes,
      this.originals !== undefined && other.originals !== undefined ? [...this.originals, ...other.originals] : undefined);
  }

  /**
   * Parts off `count` images, drawn by `random`, for validation; both parts keep the order of the whole.
   * @throws RangeError unless at least one image is left in each part.
   */
  split(count: number, random: Random): { readonly training: Dataset; readonly validation: Dataset } {
    if (!Number.isSafeInteger(count) || count < 1 || count >= this.size) {
      throw new RangeError(
        `Dataset: a validation split of ${counted(this.size, "image")} wants from 1 to ${this.size - 1} of them, got ${show(count)}`,
      );
    }
    check("Dataset.split", "random", random, generator);
    const order = random.shuffle(Int32Array.from({ length: this.size }, (_, i) => i));
    return { training: this.select(order.slice(count).sort()), validation: this.select(order.slice(0, count).sort()) };
  }
}

function joined<A extends Uint8Array | Int32Array>(kind: new (length: number) => A, a: A, b: A): A {
  const both = new kind(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** @throws TypeError for what is no data set */
export function checkDataset(operation: string, name: string, value: unknown): asserts value is Dataset {
  if (!has(value, "select", "concat", "split")) throw new TypeError(`${operation}: ${name} wants a Dataset, got ${show(value)}`);
}

function checkBytesOf(name: string, value: unknown): asserts value is ByteArray {
  const { shape, data } = Object(value) as Partial<ByteArray>;
  if (Array.isArray(shape) && Object.prototype.toString.call(data) === "[object Uint8Array]") return;
  throw new TypeError(`datasetFromIdx: ${name} wants { shape, data }, as readIdx gives it, got ${show(value)}`);
}

function isOriginal(value: unknown): boolean {
  const { data, height, width } = Object(value) as Partial<Original>;
  return tagOf(data) === "Uint8Array" && Number.isSafeInteger(height) && Number.isSafeInteger(width);
}

/** Int32Array would cut fractions off. */
function wholeNumber(label: number, i: number): number {
  if (!Number.isSafeInteger(label)) throw new RangeError(`Dataset.fromImages: labels wants whole numbers, label ${i} is ${show(label)}`);
  return label;
}

/**
 * A data set of IDX arrays: images [N, H, W] (grey) or [N, C, H, W], labels [N]. Without `classes`, the classes are called
 * "0", "1", ... up to the largest label.
 * @throws FormatError where the arrays have other dimensions or do not belong together.
 * @example
 * const images = { shape: [2, 3, 3], data: new Uint8Array(18) };
 * const labels = { shape: [2], data: Uint8Array.of(0, 1) };
 * datasetFromIdx(images, labels, ["dark", "bright"]).shape   // => [2,1,3,3]
 */
export function datasetFromIdx(images: ByteArray, labels: ByteArray, classes?: readonly string[]): Dataset {
  checkBytesOf("images", images);
  checkBytesOf("labels", labels);
  if (classes !== undefined) check("datasetFromIdx", "classes", classes, texts);
  if (images.shape.length !== 3 && images.shape.length !== 4) {
    throw new FormatError(`images want [N,height,width] or [N,channels,height,width], the file has ${showShape(images.shape)}`);
  }
  if (labels.shape.length !== 1) throw new FormatError(`labels want one dimension, the file has ${showShape(labels.shape)}`);
  const count = images.shape[0];
  if (labels.shape[0] !== count) {
    throw new FormatError(
      `${counted(count, "image")}, but ${counted(labels.shape[0], "label")}: the files do not belong together`,
    );
  }
  if (count === 0) throw new FormatError("the files hold no images");
  const [height, width] = images.shape.slice(-2);
  const channels = images.shape.length === 4 ? images.shape[1] : 1;
  const values = Int32Array.from(labels.data);
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  const names = classes ?? Array.from({ length: largest + 1 }, (_, i) => String(i));
  if (largest >= names.length) {
    const hint = largest === names.length && !values.includes(0) ? ": they count from 1, and want to count from 0" : "";
    throw new FormatError(
      `datasetFromIdx: classes: label ${values.indexOf(largest)} is ${largest}, but there are only ` +
      `${counted(names.length, "class", "classes")}${hint}`,
    );
  }
  return new Dataset(images.data, [count, channels, height, width], values, names);
}

/**
 * Mean and standard deviation of every channel of levels from 0 to 1, to four digits after the point. The sums are of whole
 * numbers, so they are exact.
 * @example
 * const data = new Dataset(Uint8Array.of(0, 255), [2, 1, 1, 1], Int32Array.of(0, 1), ["dark", "bright"]);
 * pixelStatistics(data)   // => {"mean":[0.5],"std":[0.5]}
 */
export function pixelStatistics(data: Dataset): { readonly mean: readonly number[]; readonly std: readonly number[] } {
  checkDataset("pixelStatistics", "data", data);
  const [batch, channels, height, width] = data.shape;
  const pixels = height * width;
  const mean: number[] = [];
  const std: number[] = [];
  const counts = new Float64Array(256);
  const levels = data.decoded === undefined ? data.images : new Uint8Array(0);
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    let squares = 0;
    if (data.decoded !== undefined) {
      for (const place of data.decoded.places) {
        const facts = data.decoded.source.facts(place);
        sum += facts.sums[c];
        squares += facts.squares[c];
      }
    } else {
      counts.fill(0);
      for (let n = 0; n < batch; n++) {
        const start = (n * channels + c) * pixels;
        for (let p = start; p < start + pixels; p++) counts[levels[p]]++;
      }
      for (let level = 0; level < 256; level++) {
        sum += counts[level] * level;
        squares += counts[level] * level * level;
      }
    }
    const average = sum / (batch * pixels);
    const deviation = Math.sqrt(Math.max(0, squares / (batch * pixels) - average * average));
    mean.push(Math.round((average / 255) * 10000) / 10000);
    // Images of one level only: nothing to divide by.
    std.push(Math.max(1, Math.round((deviation / 255) * 10000)) / 10000);
  }
  return { mean, std };
}
