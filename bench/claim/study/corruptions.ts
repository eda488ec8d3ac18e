/**
 * Noise, blur and loss of contrast of grey images of 28x28, five strengths each. Strengths of noise are those of ImageNet-C (Hendrycks and
 * Dietterich, arXiv 1903.12261); those of blur, which is measured in pixels, and of contrast are milder: these images are small, and
 * networks that never saw another contrast guess where ImageNet-C begins. Results are levels again, rounded and limited to 0 to 255.
 * Numbers are drawn by senet's own generator: the same images on every machine.
 */
import { exp } from "../../../kernels/math.ts";
import { Random } from "../../../kernels/random.ts";
import { Dataset } from "../../../src/train/data/dataset.ts";

/** Changes one image [height, width] of levels 0 to 255 into `y`. */
type Corrupt = (y: Float64Array, x: Uint8Array, width: number, strength: number, random: Random) => void;

export interface Corruption {
  readonly name: string;
  /** What the strengths are, in words. */
  readonly unit: string;
  readonly strengths: readonly number[];
  readonly corrupt: Corrupt;
}

function gaussian(y: Float64Array, x: Uint8Array, _: number, deviation: number, random: Random): void {
  for (let i = 0; i < x.length; i++) y[i] = x[i] + 255 * deviation * random.normal();
}

function saltAndPepper(y: Float64Array, x: Uint8Array, _: number, share: number, random: Random): void {
  for (let i = 0; i < x.length; i++) y[i] = random.uniform() < share ? 255 * random.below(2) : x[i];
}

/** Weights of a Gaussian, out to three standard deviations; their sum is 1. */
function gaussianWeights(deviation: number): Float64Array {
  const radius = Math.ceil(3 * deviation);
  const weights = Float64Array.from(
    { length: 2 * radius + 1 }, (_, i) => exp(-((i - radius) * (i - radius)) / (2 * deviation * deviation)),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/** Rows, then columns; pixels beyond the border are those of the border. */
function blur(y: Float64Array, x: Uint8Array, width: number, deviation: number): void {
  const height = x.length / width;
  const weights = gaussianWeights(deviation);
  const radius = weights.length >> 1;
  const inside = (at: number, size: number): number => Math.min(size - 1, Math.max(0, at));
  const rows = new Float64Array(x.length);
  for (let p = 0; p < x.length; p++) {
    const [row, column] = [Math.floor(p / width), p % width];
    for (let k = -radius; k <= radius; k++) rows[p] += weights[k + radius] * x[row * width + inside(column + k, width)];
  }
  for (let p = 0; p < x.length; p++) {
    const [row, column] = [Math.floor(p / width), p % width];
    y[p] = 0;
    for (let k = -radius; k <= radius; k++) y[p] += weights[k + radius] * rows[inside(row + k, height) * width + column];
  }
}

/** Distances from the image's mean shrink to this share. */
function contrast(y: Float64Array, x: Uint8Array, _: number, share: number): void {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  for (let i = 0; i < x.length; i++) y[i] = mean + share * (x[i] - mean);
}

export const corruptions: readonly Corruption[] = [
  {
    name: "Gaussian noise", unit: "standard deviation, of the range of levels", strengths: [0.08, 0.12, 0.18, 0.26, 0.38],
    corrupt: gaussian,
  },
  { name: "salt and pepper", unit: "share of pixels that become black or white", strengths: [0.03, 0.06, 0.09, 0.17, 0.27],
    corrupt: saltAndPepper },
  { name: "blur", unit: "standard deviation of the Gaussian, pixels", strengths: [0.5, 0.75, 1, 1.5, 2], corrupt: blur },
  { name: "contrast", unit: "share of the contrast that is left", strengths: [0.9, 0.8, 0.7, 0.6, 0.5], corrupt: contrast },
];

/** A corrupted copy of grey images; the same one for the same images, kind and strength. */
export function corrupted(data: Dataset, { corrupt }: Corruption, strength: number): Dataset {
  const [, , height, width] = data.shape;
  const images = new Uint8ClampedArray(data.images.length);
  const y = new Float64Array(height * width);
  const random = new Random(Math.round(1000 * strength));
  for (let at = 0; at < images.length; at += y.length) {
    corrupt(y, data.images.subarray(at, at + y.length), width, strength, random);
    images.set(y, at);
  }
  return new Dataset(new Uint8Array(images.buffer), data.shape, data.labels, data.classes);
}
