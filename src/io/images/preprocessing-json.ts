/** What preprocessing is, and how it is read from JSON, such as the metadata of a weights file: with errors that say what is wrong. */
import { didYouMean, FormatError, show } from "../../errors.ts";
import { passOrders } from "./resize.ts";
import type { Interpolation, PassOrder } from "./resize.ts";

/**
 * How pictures become what a network was trained on: resize, crop, levels from 0 to `range`, less `mean`, over `std`, channels in this
 * order. `presets` has the published ones.
 * @example
 * const preprocessing: Preprocessing = { size: [28, 28], interpolation: "bilinear", channels: "gray", mean: [0.286], std: [0.353] };
 * preprocess({ data: new Uint8Array(4), width: 1, height: 1 }, preprocessing).shape   // => [1,1,28,28]
 */
export interface Preprocessing {
  /** [height, width] of the tensor: a crop from the middle, padded with black where the image is smaller. */
  readonly size: readonly [number, number];
  /** Before the crop: the shorter side becomes so many pixels, or the image exactly [height, width]; absent: it stays as it is. */
  readonly resize?: number | readonly [number, number];
  readonly interpolation: Interpolation;
  /**
   * Which pass of resizing comes first, where it was another than today's Pillow has: "across", as Pillow had it until 12.1, or
   * "pillow-13", the default. Weights files say it; one of a senet that did not know it yet is read as "across".
   */
  readonly order?: PassOrder;
  /** "gray" is ITU-R 601-2 luma, equal to PIL's convert("L"); "bgr" is the order of Caffe's networks. */
  readonly channels: "rgb" | "bgr" | "gray";
  /** What white becomes before mean and standard deviation: 1 (the default), or 255 as Caffe's networks want it. */
  readonly range?: 1 | 255;
  /** One a channel, in the units of `range`: y = (x - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const keys = ["size", "resize", "interpolation", "order", "channels", "range", "mean", "std"];

/** More than any network wants; keeps a hostile file from asking for a tensor that fills memory. */
const largestSide = 8192;

/**
 * `value` as a Preprocessing, copied.
 * @throws FormatError that names the field, what was wanted and what came. Unknown fields are errors too: a misspelt one would
 * otherwise change every answer silently.
 */
export function parsePreprocessing(value: unknown): Preprocessing {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`preprocessing wants an object, got ${show(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) throw new FormatError(`preprocessing: unknown field ${show(key)}${didYouMean(key, keys)}`);
  }
  const fields = value as Record<string, unknown>;
  const channels = oneOf("channels", fields.channels, ["rgb", "bgr", "gray"] as const);
  const count = channels === "gray" ? 1 : 3;
  const mean = numbers("mean", fields.mean, count);
  const std = numbers("std", fields.std, count);
  if (!std.every((x) => Math.fround(x) > 0)) throw new FormatError(`preprocessing: std wants numbers above 0, got ${show(std)}`);
  return {
    size: sides("size", fields.size),
    ...(
      fields.resize === undefined
        ? {}
        : { resize: typeof fields.resize === "number" ? side("resize", fields.resize) : sides("resize", fields.resize) }
    ),
    interpolation: oneOf("interpolation", fields.interpolation, ["bilinear", "bicubic"] as const),
    ...(fields.order === undefined ? {} : { order: oneOf("order", fields.order, passOrders) }),
    channels,
    ...(fields.range === undefined ? {} : { range: oneOf("range", fields.range, [1, 255] as const) }),
    mean,
    std,
  };
}

/**
 * With the order of resizing's passes, where there is a resizing and none is said. What is written now has today's; files that say none
 * were written when there was only "across".
 */
export function withOrder(preprocessing: Preprocessing, order: PassOrder): Preprocessing {
  return preprocessing.resize === undefined || preprocessing.order !== undefined ? preprocessing : { ...preprocessing, order };
}

/** @throws FormatError as `parsePreprocessing` does, of what stands before mean and standard deviation */
export function parseGeometry(value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`geometry: wants an object of options, got ${show(value)}`);
  }
  const { size, resize, interpolation, order, channels } = value as Record<string, unknown>;
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new FormatError(`geometry: unknown field ${show(unknown)}${didYouMean(unknown, keys)}`);
  parsePreprocessing({ size, resize, interpolation, order, channels, ...identity(channels === "gray" ? 1 : 3) });
}

/** Mean and deviation that change nothing. */
const identity = (count: number): Pick<Preprocessing, "mean" | "std"> => ({
  mean: new Array<number>(count).fill(0), std: new Array<number>(count).fill(1),
});

function oneOf<T extends string | number>(name: string, value: unknown, wanted: readonly T[]): T {
  const found = wanted.find((w) => w === value);
  if (found === undefined) throw new FormatError(`preprocessing: ${name} wants ${wanted.map(show).join(" or ")}, got ${show(value)}`);
  return found;
}

function side(name: string, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > largestSide) {
    throw new FormatError(`preprocessing: ${name} wants whole numbers of pixels from 1 to ${largestSide}, got ${show(value)}`);
  }
  return value as number;
}

function sides(name: string, value: unknown): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new FormatError(`preprocessing: ${name} wants [height, width], got ${show(value)}`);
  }
  return [side(name, value[0]), side(name, value[1])];
}

function numbers(name: string, value: unknown, count: number): readonly number[] {
  if (
    !Array.isArray(value) || value.length !== count || !value.every(
      (x) => Number.isFinite(Math.fround(x as number)) && typeof x === "number",
    )
  ) {
    throw new FormatError(`preprocessing: ${name} wants ${count} finite ${count === 1 ? "number" : "numbers"}, got ${show(value)}`);
  }
  return value.map(Number);
}
