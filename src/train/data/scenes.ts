/**
 * A segmentation task out of labelled pictures on black: scenes in which some of them stand on clutter, which is made of pieces of
 * others; the label of a pixel is the class of the picture that shows there, or 0 for clutter.
 */
import type { Random } from "../../../kernels/random.ts";
import { Dataset } from "./dataset.ts";

export interface SceneOptions {
  /** Height and width of a scene; pictures keep their size. Default 32. */
  readonly size?: number;
  /** Most pictures in a scene; there is at least one. Default 4. */
  readonly most?: number;
  /** Pieces of clutter. Default 24. */
  readonly pieces?: number;
  /** A picture's pixels of at least this level belong to it, the others are its black ground. Default 24 of 255. */
  readonly threshold?: number;
}

const background = "background";

/**
 * `count` scenes out of the pictures of `data` (one channel, one label each), drawn by `random`; later pictures hide earlier ones.
 * The classes are "background" and those of `data`.
 * @throws RangeError where a scene is smaller than a picture, or pictures have more channels than one
 */
export function scenes(data: Dataset, count: number, random: Random, options: SceneOptions = {}): Dataset {
  const { size = 32, most = 4, pieces = 24, threshold = 24 } = options;
  const [, channels, height, width] = data.shape;
  for (
    const [name, value, least] of [
      ["count", count, 1], ["size", size, Math.max(height, width)], ["most", most, 1], ["pieces", pieces, 0],
    ] as const
  ) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`scenes: ${name} wants a whole number of at least ${least}, got ${value}`);
    }
  }
  if (channels !== 1 || data.labelsPerImage !== 1) throw new RangeError("scenes: data wants pictures of one channel with one label each");
  const images = new Uint8Array(count * size * size);
  const labels = new Int32Array(images.length);
  /** Copies a part of a picture, as far as it reaches into the scene; pixels below `least` are left out. */
  const paste = (scene: number, picture: number, part: Part, top: number, left: number, least: number, label: number): void => {
    for (let row = 0; row < part.height; row++) {
      for (let column = 0; column < part.width; column++) {
        const [y, x] = [top + row, left + column];
        const level = data.images[(picture * height + part.top + row) * width + part.left + column];
        if (level < least || y < 0 || y >= size || x < 0 || x >= size) continue;
        const at = (scene * size + y) * size + x;
        images[at] = level;
        labels[at] = label;
      }
    }
  };
  const whole: Part = { top: 0, left: 0, height, width };
  for (let scene = 0; scene < count; scene++) {
    for (let i = 0; i < pieces; i++) {
      const part = randomPart(height, width, random);
      paste(
        scene, random.below(data.size), part, random.below(size + part.height) - part.height, random.below(size + part.width) - part.width,
        0, 0,
      );
    }
    for (let left = 1 + random.below(most); left > 0; left--) {
      const picture = random.below(data.size);
      paste(scene, picture, whole, random.below(size - height + 1), random.below(size - width + 1), threshold, data.labels[picture] + 1);
    }
  }
  return new Dataset(images, [count, 1, size, size], labels, [background, ...data.classes]);
}

/**
 * The pictures of `data` a `factor` smaller, every pixel the mean of a square of pixels, rounded; halves up.
 * @throws RangeError unless `factor` is a whole number that divides height and width, and labels are one an image
 */
export function shrink(data: Dataset, factor: number): Dataset {
  const [batch, channels, height, width] = data.shape;
  if (!Number.isSafeInteger(factor) || factor < 1 || height % factor !== 0 || width % factor !== 0) {
    throw new RangeError(`shrink: factor wants a whole number that divides ${height}x${width}, got ${factor}`);
  }
  if (data.labelsPerImage !== 1) throw new RangeError("shrink: data wants one label an image");
  const [rows, columns] = [height / factor, width / factor];
  const images = new Uint8Array(batch * channels * rows * columns);
  for (let i = 0; i < images.length; i++) {
    const top = Math.floor(i / columns) * factor * width + (i % columns) * factor;
    let sum = 0;
    for (let y = 0; y < factor; y++) for (let x = 0; x < factor; x++) sum += data.images[top + y * width + x];
    images[i] = Math.round(sum / (factor * factor));
  }
  return new Dataset(images, [batch, channels, rows, columns], data.labels, data.classes);
}

interface Part {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** From a quarter to half of a picture's height and width, from around its middle, where it is seldom black. */
function randomPart(height: number, width: number, random: Random): Part {
  const side = (length: number): [number, number] => {
    const part = Math.max(1, Math.floor(length / 4) + random.below(Math.floor(length / 4) + 1));
    return [Math.floor(length / 8) + random.below(Math.max(1, length - part - 2 * Math.floor(length / 8) + 1)), part];
  };
  const [top, partHeight] = side(height);
  const [left, partWidth] = side(width);
  return { top, left, height: partHeight, width: partWidth };
}
