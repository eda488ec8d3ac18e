/**
 * From images to the numbers a network was trained on: channels, resize, crop, scale, mean and standard deviation, in the order
 * and with the rounding of torchvision's Resize, CenterCrop, ToTensor and Normalize on PIL images.
 *
 * Alpha is dropped, as PIL's convert("RGB") does: a transparent pixel shows the colour stored beneath it.
 */
import { check, finite, numbers, whole } from "../../checks.ts";
import { show } from "../../errors.ts";
import { Tensor } from "../../tensor.ts";
import { parseGeometry, parsePreprocessing } from "./preprocessing-json.ts";
import type { Preprocessing } from "./preprocessing-json.ts";
import { checkImage, luma, type RgbaImage } from "./image.ts";
import { resize } from "./resize.ts";

export type { Preprocessing } from "./preprocessing-json.ts";

/**
 * What becomes of an image before mean and standard deviation.
 * @example
 * const geometry: Geometry = { size: [2, 2], interpolation: "bilinear", channels: "gray" };
 * levelsOf({ width: 4, height: 4, data: new Uint8Array(64).fill(255) }, geometry)   // => [255,255,255,255]
 */
export type Geometry = Pick<Preprocessing, "size" | "resize" | "interpolation" | "order" | "channels">;

/**
 * The levels, 0 to 255, of an image that is resized and cropped: [channels, height, width] bytes. `preprocess` makes its numbers of the
 * same ones.
 * @example
 * const white = { width: 4, height: 4, data: new Uint8Array(64).fill(255) };
 * levelsOf(white, { size: [1, 2], interpolation: "bilinear", channels: "rgb" })   // => [255,255,255,255,255,255]
 * @throws TypeError or RangeError if the image is not RGBA bytes of its size.
 */
export function levelsOf(image: RgbaImage, geometry: Geometry): Uint8Array {
  checkImage(image, "levelsOf: image");
  parseGeometry(geometry);
  const channels = geometry.channels === "gray" ? 1 : 3;
  return planes(cropped(toChannels(image, geometry.channels), channels, image, geometry), channels);
}

/** [height, width, channels] as [channels, height, width]. */
function planes(bytes: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return bytes;
  const pixels = bytes.length / channels;
  const out = new Uint8Array(bytes.length);
  for (let c = 0, o = 0; c < channels; c++) for (let i = c, p = 0; p < pixels; p++, i += channels) out[o++] = bytes[i];
  return out;
}

/**
 * One image, or several as a batch, as a tensor [images, channels, height, width]. `preprocessing` is one of
 * `presets`, what a weights file says, or your own.
 * @throws TypeError or RangeError if an image is not RGBA bytes of its size; FormatError where a part of `preprocessing` is missing,
 * unknown or makes no sense.
 * @example
 * const image = { data: new Uint8Array(300 * 200 * 4), width: 300, height: 200 };
 * preprocess([image, image], presets["imagenet"]).shape   // => [2,3,224,224]
 */
export function preprocess(images: RgbaImage | readonly RgbaImage[], preprocessing: Preprocessing): Tensor<Float32Array> {
  const list: readonly RgbaImage[] = Array.isArray(images) ? images : [images];
  if (list.length === 0) throw new RangeError("preprocess: images wants at least one image, got none");
  list.forEach((image, i) => checkImage(image, list.length === 1 ? "preprocess: image" : `preprocess: image ${i}`));

  if (typeof preprocessing !== "object" || preprocessing === null) {
    throw new TypeError(
      `preprocess: preprocessing wants an object, such as presets.imagenet or what a weights file says, got ${show(preprocessing)}`,
    );
  }
  parsePreprocessing(preprocessing);
  const { size: [height, width], channels: order, mean, std } = preprocessing;
  const channels = order === "gray" ? 1 : 3;
  const tables = levelTables(channels, preprocessing.range ?? 1, mean, std);
  const batch = Tensor.zeros([list.length, channels, height, width]);
  const pixels = height * width;
  list.forEach((image, n) => {
    const bytes = cropped(toChannels(image, order), channels, image, preprocessing);
    for (let c = 0; c < channels; c++) {
      const table = tables[c];
      for (let p = 0, i = c, o = (n * channels + c) * pixels; p < pixels; p++, i += channels, o++) batch.data[o] = table[bytes[i]];
    }
  });
  return batch;
}

/**
 * How large an image becomes before the crop: [height, width].
 * @example
 * resizedSize(300, 600, 256)   // => [256,512]
 */
export function resizedSize(height: number, width: number, to: Preprocessing["resize"]): readonly [number, number] {
  check("resizedSize", "height", height, whole());
  check("resizedSize", "width", width, whole());
  if (to !== undefined) {
    if (typeof to !== "number" && !(Array.isArray(to) && to.length === 2)) {
      throw new TypeError(`resizedSize: resize wants a number of pixels or [height, width], got ${show(to)}`);
    }
    for (const side of [to].flat() as number[]) check("resizedSize", "resize", side, whole());
  }
  if (to === undefined) return [height, width];
  if (typeof to !== "number") return to;
  // torchvision's rule: the longer side is rounded down.
  return width <= height ? [Math.trunc((to * height) / width), to] : [to, Math.trunc((to * width) / height)];
}

/**
 * Where a crop of `wanted` pixels from the middle of `size` begins, negative where it is padded: torchvision's CenterCrop,
 * whose halves go to the even neighbour and whose padding is smaller before than behind.
 * @example
 * cropStart(256, 224)   // => 16
 * cropStart(2, 5)   // => -1
 */
export function cropStart(size: number, wanted: number): number {
  check("cropStart", "size", size, whole());
  check("cropStart", "wanted", wanted, whole());
  if (wanted >= size) return -Math.floor((wanted - size) / 2);
  const exact = (size - wanted) / 2;
  const down = Math.floor(exact);
  return exact === down ? exact : down + (down & 1);
}

/** The channels that the network wants, interleaved. */
function toChannels({ data, width, height }: RgbaImage, order: Preprocessing["channels"]): Uint8Array {
  const pixels = width * height;
  if (order === "gray") {
    const out = new Uint8Array(pixels);
    for (let p = 0, i = 0; p < pixels; p++, i += 4) out[p] = luma(data[i], data[i + 1], data[i + 2]);
    return out;
  }
  const out = new Uint8Array(pixels * 3);
  const red = order === "rgb" ? 0 : 2;
  for (let i = 0, o = 0; o < out.length; i += 4, o += 3) {
    out[o] = data[i + red];
    out[o + 1] = data[i + 1];
    out[o + 2] = data[i + 2 - red];
  }
  return out;
}

/** `source` resized and cropped: [height, width, channels] bytes. Only what the crop shows is resized. */
function cropped(source: Uint8Array, channels: number, image: RgbaImage, preprocessing: Geometry): Uint8Array {
  const [height, width] = preprocessing.size;
  const [fullHeight, fullWidth] = resizedSize(image.height, image.width, preprocessing.resize);
  const top = cropStart(fullHeight, height);
  const left = cropStart(fullWidth, width);
  const window = {
    top: Math.max(0, top), left: Math.max(0, left), height: Math.min(height, fullHeight), width: Math.min(width, fullWidth),
  };
  const inside = resize(
    source, channels, image.height, image.width, fullHeight, fullWidth, preprocessing.interpolation, window, preprocessing.order,
  );
  if (window.height === height && window.width === width) return inside;
  const out = new Uint8Array(height * width * channels);
  const rowBytes = window.width * channels;
  for (let y = 0; y < window.height; y++) {
    out.set(inside.subarray(y * rowBytes, (y + 1) * rowBytes), ((y + window.top - top) * width + window.left - left) * channels);
  }
  return out;
}

function checkEach(name: string, values: unknown, channels: number): void {
  check("levelTables", name, values, numbers);
  const { length } = values as ArrayLike<number>;
  if (length !== channels) throw new RangeError(`levelTables: ${name} wants ${channels} numbers, one a channel, got ${length}`);
}

/**
 * What each of the 256 levels becomes in each channel, in float32 steps as torchvision takes them.
 * @example
 * const [red] = levelTables(1, 1, [0.5], [0.5]);
 * [red[0], red[255]]   // => [-1,1]
 */
export function levelTables(channels: number, range: number, mean: readonly number[], std: readonly number[]): Float32Array[] {
  const { fround } = Math;
  check("levelTables", "channels", channels, whole(1, 65536));
  check("levelTables", "range", range, { ...finite, wanted: "1 or 255", fits: (value: number) => value === 1 || value === 255 });
  checkEach("mean", mean, channels);
  checkEach("std", std, channels);
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, level) => {
      const x = range === 255 ? level : fround(level / 255);
      return fround(x - fround(mean[c])) / fround(std[c]);
    }),
  );
}
