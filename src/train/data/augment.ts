/** From bytes to the batch that a network is trained on: flip, padded crop, random erasing, mean and standard deviation; and mixup. */
import { exp, log } from "../../../kernels/math.ts";
import type { Random } from "../../../kernels/random.ts";
import { checkOptions, counted, show } from "../../errors.ts";
import { levelTables } from "../../io/images/preprocess.ts";
import { resize } from "../../io/images/resize.ts";
import type { Window } from "../../io/images/resize.ts";
import { Tensor } from "../../tensor.ts";
import type { Batch } from "./batch.ts";
import { checkDataset } from "./dataset.ts";
import type { Dataset } from "./dataset.ts";
import { mixup } from "./mixup.ts";

/**
 * How images of a batch are changed at random before each step; nothing where nothing is said.
 * @example
 * const augmentation: Augmentation = { flip: true, crop: 4, erase: 0.25, mixup: 0.2 };
 * Object.keys(augmentation)   // => ["flip","crop","erase","mixup"]
 */
export interface Augmentation {
  /** Mirror half of the images, left to right. */
  readonly flip?: boolean;
  /** Pad with so many black pixels on every side and cut the old size out again, anywhere (He et al., section 4.2). */
  readonly crop?: number;
  /**
   * Cuts a part of the picture out, of at least this share of its area, 3/4 to 4/3 times as wide as high, and resizes it (Szegedy et al.,
   * arXiv 1409.4842, section 6; torchvision's RandomResizedCrop, whose default is 0.08). Of the whole pictures where the data set keeps
   * them. Default 0: none.
   */
  readonly resizedCrop?: number;
  /**
   * Probability with which a rectangle of an image is erased to the mean (Zhong et al., arXiv 1708.04896, algorithm 1: 0.02 to 0.4 of the
   * area, its height 0.3 to 3.3 times its width). Default 0.
   */
  readonly erase?: number;
  /**
   * Mixes each image and its label with another of the batch, by a share drawn from Beta(mixup, mixup) (mixup.ts). Default 0: none are
   * mixed.
   */
  readonly mixup?: number;
}

/** Tries to find a rectangle that fits into the image, as algorithm 1 has it; the paper's loop has no end. */
const eraseTries = 20;

/** Width over height of a random part of a picture, at the least and at the most. */
const narrowest = 3 / 4;
const widest = 4 / 3;

/** torchvision's RandomResizedCrop.get_params: ten tries for a part that fits, else the largest one in the middle. */
export function randomWindow(height: number, width: number, least: number, random: Random): Window {
  const narrow = log(narrowest);
  for (let i = 0; i < 10; i++) {
    const area = height * width * (least + (1 - least) * random.uniform());
    const aspect = exp(narrow + (log(widest) - narrow) * random.uniform());
    const columns = Math.round(Math.sqrt(area * aspect));
    const rows = Math.round(Math.sqrt(area / aspect));
    if (columns < 1 || rows < 1 || columns > width || rows > height) continue;
    return { top: random.below(height - rows + 1), left: random.below(width - columns + 1), height: rows, width: columns };
  }
  const columns = Math.min(width, Math.max(1, Math.round(height * widest)));
  const rows = Math.min(height, Math.max(1, Math.round(width / narrowest)));
  return { top: (height - rows) >> 1, left: (width - columns) >> 1, height: rows, width: columns };
}

/**
 * One value a channel, for levels from 0 to `range`: y = (x - mean) / std.
 * @example
 * const normalisation: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
 * normalisation.mean.length   // => 3
 */
export interface Normalisation {
  /** 1 (the default) or 255, as Caffe's networks have it. */
  readonly range?: 1 | 255;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const isList = (value: unknown): boolean => Array.isArray(value) || ArrayBuffer.isView(value);

/** Makes batches of one data set, with the same rounding as `io/images/preprocess.ts` has for single images. */
export class Batcher {
  readonly data: Dataset;
  readonly augmentation: Augmentation;
  readonly #tables: readonly Float32Array[];

  /** @throws RangeError where mean, std or crop do not fit the images. */
  constructor(data: Dataset, normalisation: Normalisation, augmentation: Augmentation = {}) {
    checkDataset("Batcher", "data", data);
    checkOptions(
      "Batcher: augmentation", augmentation,
      ["flip", "crop", "resizedCrop", "erase", "mixup"] as const satisfies readonly (keyof Augmentation)[],
    );
    if (typeof normalisation !== "object" || normalisation === null || !isList(normalisation.mean) || !isList(normalisation.std)) {
      throw new TypeError(
        `Batcher: normalisation wants { mean, std }, a list of numbers each, as pixelStatistics gives it, got ${show(normalisation)}`
      );
    }
    const channels = data.shape[1];
    const { mean, std, range = 1 } = normalisation;
    if (mean.length !== channels || std.length !== channels) {
      throw new RangeError(
        `Batcher: mean and std want ${counted(channels, "number")}, one a channel, got ${mean.length} and ${std.length}`,
      );
    }
    if (!Array.from(mean).every(Number.isFinite) || !Array.from(std).every((s) => Math.fround(s) > 0 && Number.isFinite(s))) {
      throw new RangeError(
        `Batcher: mean wants finite numbers and std finite ones above 0, got [${mean.join(",")}] and [${std.join(",")}]`
      );
    }
    const crop = augmentation.crop ?? 0;
    if (!Number.isSafeInteger(crop) || crop < 0) throw new RangeError(`Batcher: crop wants a whole number of at least 0, got ${crop}`);
    const { flip = false, erase = 0, mixup: alpha = 0, resizedCrop = 0 } = augmentation;
    if (!(resizedCrop >= 0 && resizedCrop <= 1)) {
      throw new RangeError(`Batcher: resizedCrop wants a share of the area from 0 to 1, got ${resizedCrop}`);
    }
    if (resizedCrop > 0 && crop > 0) throw new RangeError("Batcher: wants crop or resizedCrop, not both");
    if (data.labelsPerImage > 1 && (crop > 0 || flip || erase > 0 || alpha > 0 || resizedCrop > 0)) {
      throw new RangeError("Batcher: augmentation moves images, not labels; it wants one label an image, the data set has one a pixel");
    }
    if (!(erase >= 0 && erase <= 1)) throw new RangeError(`Batcher: erase wants a probability from 0 to 1, got ${erase}`);
    if (!(alpha >= 0 && alpha < Infinity)) throw new RangeError(`Batcher: mixup wants a finite number of at least 0, got ${alpha}`);
    this.data = data;
    this.augmentation = augmentation;
    this.#tables = levelTables(channels, range, mean, std);
  }

  /** Decodes what `augmented`, or `unaugmented`, wants of these images, where it is not in memory. */
  load(indices: ArrayLike<number>, augmented: boolean): Promise<void> {
    return this.data.load(indices, augmented && (this.augmentation.resizedCrop ?? 0) > 0);
  }

  /** The images at `indices` as they are, normalised. */
  unaugmented(indices: ArrayLike<number>): Batch {
    return this.#make(indices, undefined);
  }

  /**
   * The images at `indices`, each flipped, cropped and erased as `random` has it: a draw for the flip, then for the crop, then for the
   * rectangle. All of them are mixed then, if they are to be.
   */
  augmented(indices: ArrayLike<number>, random: Random): Batch {
    const batch = this.#make(indices, random);
    const { mixup: alpha = 0 } = this.augmentation;
    return alpha === 0 ? batch : mixup(batch, this.data.classes.length, alpha, random);
  }

  #make(indices: ArrayLike<number>, random: Random | undefined): Batch {
    const [, channels, height, width] = this.data.shape;
    const { flip = false, crop = 0, erase = 0, resizedCrop = 0 } = this.augmentation;
    const x = Tensor.zeros([indices.length, channels, height, width]);
    const each = this.data.labelsPerImage;
    const labels = new Int32Array(indices.length * each);
    for (let i = 0; i < indices.length; i++) {
      labels.set(this.data.labels.subarray(indices[i] * each, (indices[i] + 1) * each), i * each);
      const mirrored = flip && random !== undefined && random.below(2) === 1;
      const top = crop > 0 && random !== undefined ? random.below(2 * crop + 1) - crop : 0;
      const left = crop > 0 && random !== undefined ? random.below(2 * crop + 1) - crop : 0;
      const part = resizedCrop > 0 && random !== undefined ? this.#part(indices[i], resizedCrop, random) : undefined;
      const levels = part ?? this.data.image(indices[i]);
      for (let c = 0; c < channels; c++) this.#copy(x.data, i * channels + c, levels, c, this.#tables[c], mirrored, top, left);
      if (erase > 0 && random !== undefined && random.uniform() < erase) this.#erase(x.data, i, random);
    }
    return { x, labels };
  }

  /** A part of the picture at `index` as large as the images are, [channels, height, width]. */
  #part(index: number, least: number, random: Random): Uint8Array {
    const [, channels, height, width] = this.data.shape;
    const { data, order, ...size } = this.data.original(index);
    const window = randomWindow(size.height, size.width, least, random);
    const out = new Uint8Array(channels * height * width);
    const piece = new Uint8Array(window.height * window.width);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < window.height; y++) {
        const start = (c * size.height + window.top + y) * size.width + window.left;
        piece.set(data.subarray(start, start + window.width), y * window.width);
      }
      out.set(resize(piece, 1, window.height, window.width, height, width, "bilinear", undefined, order), c * height * width);
    }
    return out;
  }

  /** Fills a rectangle of image `n` with 0, the mean of normalised images. */
  #erase(to: Float32Array, n: number, random: Random): void {
    const [, channels, height, width] = this.data.shape;
    for (let i = 0; i < eraseTries; i++) {
      const area = (0.02 + 0.38 * random.uniform()) * height * width;
      const aspect = 0.3 + 3 * random.uniform();
      const rows = Math.round(Math.sqrt(area * aspect));
      const columns = Math.round(Math.sqrt(area / aspect));
      if (rows < 1 || columns < 1 || rows >= height || columns >= width) continue;
      const [top, left] = [random.below(height - rows), random.below(width - columns)];
      for (let c = 0; c < channels; c++) {
        for (let y = top; y < top + rows; y++) {
          const start = ((n * channels + c) * height + y) * width + left;
          to.fill(0, start, start + columns);
        }
      }
      return;
    }
  }

  /** One channel's image: the window at (top, left) of the mirrored image, black outside. */
  #copy(
    to: Float32Array, toImage: number, images: Uint8Array, fromImage: number, table: Float32Array, mirrored: boolean, top: number,
    left: number,
  ): void {
    const [, , height, width] = this.data.shape;
    const source = fromImage * height * width;
    let at = toImage * height * width;
    for (let row = 0; row < height; row++) {
      const y = row + top;
      const inside = y >= 0 && y < height;
      for (let column = 0; column < width; column++) {
        const x = column + left;
        const level = inside && x >= 0 && x < width ? images[source + y * width + (mirrored ? width - 1 - x : x)] : 0;
        to[at++] = table[level];
      }
    }
  }
}
