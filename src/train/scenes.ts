/**
 * A segmentation task out of labelled pictures on black: scenes in which some of them stand on clutter, which is made of pieces of
 * others; the label of a pixel is the class of the picture that shows there, or 0 for clutter.
 */
import type { Random } from "../../kernels/random.ts";
import { Dataset } from "./dataset.ts";

export interface SceneOptions {
  /** Height and width of a scene; pictures keep their size. Default 48. */
  readonly size?: number;
  /** Most pictures in a scene; there is at least one. Default 2. */
  readonly most?: number;
  /** Pieces of clutter. Default 40. */
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
  const { size = 48, most = 2, pieces = 40, threshold = 24 } = options;
  const [, channels, height, width] = data.shape;
  for (const [name, value, least] of [["count", count, 1], ["size", size, Math.max(height, width)], ["most", most, 1], ["pieces", pieces, 0]] as const) {
    if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`scenes: ${name} wants a whole number of at least ${least}, got ${value}`);
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
      paste(scene, random.below(data.size), part, random.below(size + part.height) - part.height, random.below(size + part.width) - part.width, 0, 0);
    }
    for (let left = 1 + random.below(most); left > 0; left--) {
      const picture = random.below(data.size);
      paste(scene, picture, whole, random.below(size - height + 1), random.below(size - width + 1), threshold, data.labels[picture] + 1);
    }
  }
  return new Dataset(images, [count, 1, size, size], labels, [background, ...data.classes]);
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
