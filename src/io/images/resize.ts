/**
 * Resizing of 8-bit images as PIL does it (Pillow, `Image.resize`; published networks were evaluated with it): a separable
 * filter whose support grows when an image shrinks, so that every pixel counts, along rows and along columns, with 8 bits between the
 * two and weights of 22 fractional bits. Which of the two comes first shows in the last bits. Equal to PIL's result.
 */
import { tagOf } from "../../checks.ts";
import { show } from "../../errors.ts";

/**
 * How pixels between pixels are made: Pillow's filters of these names, which widen where a picture shrinks.
 * @example
 * const interpolation: Interpolation = "bicubic";
 * resize(Uint8Array.of(0, 255), 1, 1, 2, 1, 1, interpolation)   // => [128]
 */
export type Interpolation = "bilinear" | "bicubic";

/**
 * Which pass comes first. "across": along the rows, then down the columns, as Pillow had it until 12.1. "pillow-13", the default: down
 * first where the height shrinks, and by more than twice as many pixels as the width, as Pillow has it since 13.0. (Pillow 12.2 and 12.3
 * went down first only where a picture was more than 100 times as high as wide.)
 * @example
 * const order: PassOrder = "across";
 * resize(Uint8Array.of(0, 255), 1, 1, 2, 1, 1, "bilinear", undefined, order)   // => [128]
 */
export type PassOrder = "across" | "pillow-13";

/**
 * Every order of the two passes.
 * @example
 * passOrders   // => ["across","pillow-13"]
 */
export const passOrders: readonly PassOrder[] = ["across", "pillow-13"];

/**
 * A rectangle of the resized image, in its pixels.
 * @example
 * const right: Window = { top: 0, left: 1, height: 1, width: 1 };
 * resize(Uint8Array.of(10, 20), 1, 1, 2, 1, 2, "bilinear", right)   // => [20]
 */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

interface Filter {
  /** Half the width, in pixels of the smaller image. */
  readonly support: number;
  readonly at: (x: number) => number;
}

const filters: Readonly<Record<Interpolation, Filter>> = {
  bilinear: {
    support: 1,
    at(x) {
      x = Math.abs(x);
      return x < 1 ? 1 - x : 0;
    },
  },
  // Keys, "Cubic convolution interpolation for digital image processing" (1981), eq. 15: a = -1/2.
  bicubic: {
    support: 2,
    at(x) {
      const a = -0.5;
      x = Math.abs(x);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
      return 0;
    },
  },
};

const precision = 22;
const half = 1 << (precision - 1);

/** Bytes that are kept between the two passes at a time: enough for photographs at once, little even where one side is 10^7 pixels. */
const bandBytes = 4194304;

/**
 * `source`, [inHeight, inWidth, channels] bytes, resized to outHeight x outWidth; of that the rectangle `window` (all of it
 * unless told) as [window.height, window.width, channels] bytes. Only what the window needs is computed: a cropped corner of
 * a huge enlargement costs no more than its own pixels.
 * @example
 * resize(Uint8Array.of(0, 100), 1, 1, 2, 1, 4, "bilinear")   // => [0,25,75,100]
 * @throws TypeError for what is no bytes; RangeError if a size is wrong or the window lies outside the resized image.
 */
export function resize(
  source: Uint8Array, channels: number, inHeight: number, inWidth: number, outHeight: number, outWidth: number,
  interpolation: Interpolation, window: Window = { top: 0, left: 0, height: outHeight, width: outWidth }, order: PassOrder = "pillow-13",
): Uint8Array {
  if (interpolation !== "bilinear" && interpolation !== "bicubic") {
    throw new RangeError(`resize: interpolation wants "bilinear" or "bicubic", got ${show(interpolation)}`);
  }
  if (!passOrders.includes(order)) {
    throw new RangeError(`resize: order wants ${passOrders.map(show).join(" or ")}, got ${show(order)}`);
  }
  const filter = filters[interpolation];
  for (const [name, value] of Object.entries({ channels, inHeight, inWidth, outHeight, outWidth })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`resize: ${name} wants a whole number of at least 1, got ${show(value)}`);
    }
  }
  const { height, width } = Object(window) as Window;
  if (![height, width].every((side) => Number.isSafeInteger(side) && side >= 1)) {
    throw new RangeError(`resize: window wants { top, left, height, width } in whole pixels, got ${show(window)}`);
  }
  if (!/^Uint8(Clamped)?Array$/.test(tagOf(source))) throw new TypeError(`resize: source wants a Uint8Array, got ${show(source)}`);
  if (source.length !== inHeight * inWidth * channels) {
    throw new RangeError(
      `resize: ${inHeight} x ${inWidth} pixels of ${channels} bytes want ${inHeight * inWidth * channels} bytes, source has ` +
      `${source.length}`,
    );
  }
  const { top, left } = window;
  if (!(top >= 0 && left >= 0 && top + height <= outHeight && left + width <= outWidth)) {
    throw new RangeError(`resize: window ${height}x${width} at ${top},${left} lies outside the ${outHeight}x${outWidth} image`);
  }

  const rows = new Weights(filter, inHeight, outHeight);
  const columns = new Weights(filter, inWidth, outWidth);
  const out = new Uint8Array(height * width * channels);
  const downFirst = order === "pillow-13" && outHeight < inHeight && inHeight - outHeight > 2 * (inWidth - outWidth);
  if (downFirst) {
    const [start, end] = reach(columns, left, width);
    const most = Math.max(1, Math.floor(bandBytes / ((end - start) * channels)));
    for (let begin = 0; begin < height; begin += most) {
      const count = Math.min(most, height - begin);
      const band = new Uint8Array(count * (end - start) * channels);
      down(band, source, inWidth * channels, start * channels, (end - start) * channels, 0, rows, top + begin, count);
      out.set(along(band, channels, end - start, start, 0, count, columns, left, width), begin * width * channels);
    }
    return out;
  }
  const rowBytes = width * channels;
  for (let begin = 0; begin < height; ) {
    // The next rows of the window, as many as look at no more of the source than a band may hold.
    const [first] = reach(rows, top + begin, 1);
    let count = 1;
    while (begin + count < height && (reach(rows, top + begin + count, 1)[1] - first) * rowBytes <= bandBytes) count++;
    const [, end] = reach(rows, top + begin, count);
    const band = along(source, channels, inWidth, 0, first, end - first, columns, left, width);
    down(out.subarray(begin * rowBytes), band, rowBytes, 0, rowBytes, first, rows, top + begin, count);
    begin += count;
  }
  return out;
}

/** The first pixel of the source that `count` of the resized ones from `first` look at, and the one after the last. */
function reach(weights: Weights, first: number, count: number): readonly [number, number] {
  weights.compute(first);
  const start = weights.first;
  weights.compute(first + count - 1);
  return [start, weights.first + weights.count];
}

/**
 * `count` rows of the result from `first`, one after the other in `out`: of `width` bytes from byte `left` of the rows of `source`, which
 * are `stride` bytes apart and begin with row `top` of the picture.
 */
function down(
  out: Uint8Array, source: Uint8Array, stride: number, left: number, width: number, top: number, rows: Weights, first: number,
  count: number,
): void {
  const sums = new Int32Array(width);
  for (let y = 0; y < count; y++) {
    rows.compute(first + y);
    sums.fill(half);
    for (let k = 0; k < rows.count; k++) {
      const weight = rows.fixed[k];
      for (let i = 0, s = (rows.first - top + k) * stride + left; i < width; i++, s++) sums[i] += weight * source[s];
    }
    for (let i = 0, o = y * width; i < width; i++, o++) out[o] = clip(sums[i] >> precision);
  }
}

/**
 * `count` rows of `source` from row `first`, filtered to the columns from `left`, `width` of them. The rows hold `inWidth` pixels and begin
 * with column `start` of the picture.
 */
function along(
  source: Uint8Array, channels: number, inWidth: number, start: number, first: number, count: number, columns: Weights, left: number,
  width: number,
): Uint8Array {
  const out = new Uint8Array(count * width * channels);
  for (let x = 0; x < width; x++) {
    columns.compute(left + x);
    const { fixed, count: taps } = columns;
    const begin = columns.first - start;
    for (let y = 0; y < count; y++) {
      for (let c = 0; c < channels; c++) {
        let sum = half;
        for (let k = 0, s = ((first + y) * inWidth + begin) * channels + c; k < taps; k++, s += channels) sum += fixed[k] * source[s];
        out[(y * width + x) * channels + c] = clip(sum >> precision);
      }
    }
  }
  return out;
}

function clip(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** The weights of one output pixel at a time, so that memory does not grow with the image. */
class Weights {
  /** The first input pixel that counts, how many do, and their weights times 2^22. */
  first = 0;
  count = 0;
  readonly fixed: Int32Array;
  readonly #exact: Float64Array;
  readonly #filter: Filter;
  readonly #inSize: number;
  readonly #scale: number;
  /** 1 where the image grows: a filter never becomes narrower than its input pixels. */
  readonly #spread: number;

  constructor(filter: Filter, inSize: number, outSize: number) {
    this.#filter = filter;
    this.#inSize = inSize;
    this.#scale = inSize / outSize;
    this.#spread = Math.max(1, this.#scale);
    const most = Math.min(inSize, Math.ceil(filter.support * this.#spread) * 2 + 1);
    this.fixed = new Int32Array(most);
    this.#exact = new Float64Array(most);
  }

  compute(out: number): void {
    const support = this.#filter.support * this.#spread;
    const center = (out + 0.5) * this.#scale;
    const narrow = 1 / this.#spread;
    this.first = Math.max(0, Math.trunc(center - support + 0.5));
    this.count = Math.min(this.#inSize, Math.trunc(center + support + 0.5)) - this.first;
    let total = 0;
    for (let k = 0; k < this.count; k++) {
      const weight = this.#filter.at((k + this.first - center + 0.5) * narrow);
      this.#exact[k] = weight;
      total += weight;
    }
    for (let k = 0; k < this.count; k++) {
      const weight = total === 0 ? this.#exact[k] : this.#exact[k] / total;
      this.fixed[k] = Math.trunc(weight * (1 << precision) + (weight < 0 ? -0.5 : 0.5));
    }
  }
}
