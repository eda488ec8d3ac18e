/** Windows over volumes [N,C,D,H,W], and such that no kernel has; transposed convolutions. */
import { showShape, sizeOf } from "../../../../tensor.ts";
import type { Shape } from "../../../../tensor.ts";
import { Known } from "../../constants/known.ts";
import type { Item } from "../../lower/nodes.ts";
import type { Lowering, Site, Table } from "../../lower/site.ts";
import { FLOAT, INT64 } from "../../read/types.ts";
import { checkChannels, convolution, imageWeight, layerOf } from "../convolution.ts";
import type { Layer } from "../convolution.ts";
import { poolings } from "../pooling.ts";
import type { PoolKind } from "../pooling.ts";
import { halves, onImage, span, two, windowOf } from "../window.ts";
import type { Windows } from "../window.ts";

/** @throws RangeError for numbers that no window has */
function checkWindows(site: Site, windows: Windows): void {
  for (const [name, numbers] of Object.entries(windows) as [keyof Windows, readonly number[]][]) {
    // Pads may be 0.
    const least = name === "begins" || name === "ends" ? 0 : 1;
    if (!numbers.every((x) => Number.isSafeInteger(x) && x >= least && x < 4294967296)) site.wrong(`has ${name} ${numbers.join()}`);
  }
}

/** How many windows fit into an image padded as it is. */
function fitting(site: Site, image: Shape, windows: Windows): number[] {
  checkWindows(site, windows);
  return image.map((size, i) => {
    const least = span(windows, i) - windows.begins[i] - windows.ends[i];
    if (size < least) site.wrong(`wants an image of at least ${least}, got ${size}`);
    const count = Math.floor((size - least) / windows.strides[i]) + 1;
    // Something is written down for each of them.
    return count > 1048576 ? site.wrong(`has ${count} windows`) : count;
  });
}

/** Windows over a slice of a volume. */
function flatten(windows: Windows): Windows {
  return Object.fromEntries(Object.entries(windows).map(([name, each]) => [name, each.slice(1)])) as unknown as Windows;
}

/**
 * A convolution in three dimensions as one of images: slices that one window reads lie side by side as channels, the weight stays as it is.
 */
function volumes(site: Site, x: Item, { shape, image, windows, groups, learned }: Layer): Item {
  const [deep, ...out] = fitting(site, image, windows);
  const { kernel: [depth], strides: [stride], dilations: [dilation], begins: [begin], ends: [end] } = windows;
  const padded = site.pad(x, [0, 0, begin, 0, 0], [0, 0, end, 0, 0]);
  const [batch, channels, , ...size] = padded.shape;
  const slices = site.computed(INT64, [depth, deep], (all) => (
    all.forEach((_, i) => void (all[i] = Math.floor(i / deep) * dilation + (i % deep) * stride))
  ));
  const apart = site.gather(padded, slices, 2);
  const images = site.reshape(site.transpose(apart, [0, 3, 1, 2, 4, 5]), [batch * deep, channels * depth, ...size]);
  const [outputs, inputs, , ...kernel] = shape;
  const operation = { kind: "conv2d", ...windowOf(flatten(windows)), groups, ...learned([outputs, inputs * depth, ...kernel]) } as const;
  const y = onImage(site, images, operation, [batch * deep, outputs, ...out]);
  return site.transpose(site.reshape(y, [batch, deep, outputs, ...out]), [0, 2, 1, 3, 4]);
}

export const convolve: Lowering = convolution(volumes);

function transposed(site: Site, x: Item): Item {
  const { shape, windows, image, groups, learned } = layerOf(site, x);
  checkChannels(site, x, shape[0]);
  checkWindows(site, windows);
  const { strides, dilations } = windows;
  const extra = site.list("output_padding") ?? image.map(() => 0);
  const full = image.map((size, i) => (size - 1) * strides[i] + span(windows, i));
  const auto = site.text("auto_pad");
  const wanted = site.list("output_shape")?.slice(-image.length);
  // SAME takes away only: windows that leave gaps make a smaller image, as onnxruntime has it.
  const total = wanted?.map((size, i) => full[i] + extra[i] - size) ??
    (auto.startsWith("SAME") ? image.map((size, i) => Math.max(0, full[i] + extra[i] - size * strides[i])) : undefined);
  const { begins, ends } = total === undefined ? windows : halves(total, auto !== "SAME_UPPER");
  // Cropped at the begin by `begins`, at the end by `crops`, which may be below 0: rows that only the bias reaches.
  const crops = ends.map((n, i) => n - extra[i]);
  const more = crops.map((n) => Math.max(0, -n));
  if (more.some((n, i) => n >= Math.max(strides[i], dilations[i]))) site.cannot("with more output_padding than the stride");
  const out = full.map((size, i) => size - begins[i] - crops[i]);
  if (out.some((n) => n < 1)) site.wrong(`makes an image of ${showShape(out)}`);
  const cropped = { ...windows, begins, ends: crops.map((n) => Math.max(0, n)) };
  const volumes = image.length === 3;
  const [window, outputPadding] = [windowOf(volumes ? flatten(cropped) : cropped), two(volumes ? more.slice(1) : more, 0)];
  const operation = { kind: "conv_transpose2d", ...window, groups, outputPadding } as const;
  if (!volumes) {
    return onImage(site, x, { ...operation, ...learned(imageWeight(shape)) }, [x.shape[0], shape[1] * groups, ...two(out, 1)]);
  }
  // A weight's slices lie side by side as output channels; what they make of the input's slices is spread over the depth, and summed.
  const [batch, channels, deep, ...size] = x.shape;
  const [, each, depth, ...kernel] = shape;
  const outputs = each * groups;
  const [, ...flat] = out;
  const slices = site.reshape(site.transpose(x, [0, 2, 1, 3, 4]), [batch * deep, channels, ...size]);
  const weight = learned([channels, each * depth, ...kernel]).weight;
  const apart = onImage(site, slices, { ...operation, weight, bias: undefined }, [batch * deep, outputs * depth, ...flat]);
  const parts = site.transpose(site.reshape(apart, [batch, deep, outputs, depth, ...flat]), [0, 2, 3, 1, 4, 5]);
  const spread = site.reshape(parts, [batch, outputs, depth, deep, 1, ...flat]);
  const gaps = site.pad(spread, [0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, strides[0] - 1, 0, 0]);
  const length = (deep - 1) * strides[0] + 1;
  const rows = site.part(site.reshape(gaps, [batch, outputs, depth, deep * strides[0], ...flat]), 3, 0, length);
  const sum = Array.from({ length: depth }, (_, k): Item => {
    const one = site.reshape(site.part(rows, 2, k, 1), [batch, outputs, length, ...flat]);
    return site.pad(one, [0, 0, k * dilations[0], 0, 0], [0, 0, (depth - 1 - k) * dilations[0] + more[0], 0, 0]);
  }).reduce((all, part) => site.binary("add", all, part));
  const y = site.part(sum, 2, begins[0], out[0]);
  return site.inputs[2] === undefined ? y : site.binary("add", y, site.reshape(site.item(2), [1, outputs, 1, 1, 1]));
}

/** As many windows as ceil_mode makes: the last ones may hang over the padding, but not begin in it. */
function ceiled(image: Shape, windows: Windows): Windows {
  const { strides, begins } = windows;
  const ends = windows.ends.map((end, i) => {
    const size = image[i] + begins[i];
    const last = Math.ceil((size + end - span(windows, i)) / strides[i]);
    // Windows farther apart than they are long may end before the image does.
    return Math.max(0, (last * strides[i] < size ? last : last - 1) * strides[i] + span(windows, i) - size);
  });
  return { ...windows, ends };
}

/** The largest number of each window and its place in the input, of several the first: the larger one, window's place by window's place. */
function withPlaces(site: Site, x: Item, windows: Windows): Item[] {
  const { kernel, strides, dilations, begins, ends } = windows;
  const [batch, channels, ...image] = x.shape;
  const counts = fitting(site, image, windows);
  const taps = sizeOf(kernel);
  if (taps > 1024) site.cannot(`with the places of the largest over windows of ${taps}`);
  // Row by row, or column by column.
  const order = site.int("storage_order");
  const distances = image.map((_, i) => sizeOf(order === 1 ? image.slice(0, i) : image.slice(i + 1)));
  const padded = site.pad(x, [0, 0, ...begins], [0, 0, ...ends], "constant", -Infinity);
  let [y, place]: (Item | undefined)[] = [];
  for (let tap = 0; tap < taps; tap++) {
    const at = kernel.map((size, i) => (Math.floor(tap / sizeOf(kernel.slice(i + 1))) % size) * dilations[i]);
    const each = site.slice(padded, [0, 0, ...at], [1, 1, ...strides], [batch, channels, ...counts]);
    const where = counts.map((count, i): Item => site.computed(INT64, [1, 1, ...counts.map((_, k) => (k === i ? count : 1))], (all) => (
      all.forEach((_, w) => void (all[w] = (w * strides[i] - begins[i] + at[i]) * distances[i]))
    ))).reduce((all, one) => site.binary("add", all, one));
    const larger: Item | undefined = y && site.binary("less", y, each);
    place = larger && place ? site.select(larger, where, place) : where;
    y = larger && y ? site.select(larger, each, y) : each;
  }
  const size = sizeOf(image);
  const first = site.computed(INT64, [batch, channels, ...image.map(() => 1)], (all) => all.forEach((_, i) => void (all[i] = i * size)));
  return [y!, site.binary("add", place!, first)];
}

/** Pooling in one direction after the other, each as the largest of, or the sum over, slices. */
function byDirections(site: Site, x: Item, kind: PoolKind, given: Windows): Item | Item[] {
  const image = x.shape.slice(2);
  const max = kind === "max_pool";
  checkWindows(site, given);
  const windows = site.int("ceil_mode") === 1 ? ceiled(image, given) : given;
  if (site.wants(1)) return withPlaces(site, x, windows);
  const counted = site.int("count_include_pad") === 1 ? given : undefined;
  const { kernel, strides, dilations, begins, ends } = windows;
  return fitting(site, image, windows).reduce((item, count, i) => {
    const axis = 2 + i;
    const size = x.shape[axis];
    if (kernel[i] > 1024) site.cannot(`over windows of ${kernel[i]}`);
    const parts = Array.from({ length: kernel[i] }, (_, k) => site.part(item, axis, k * dilations[i], count, strides[i]));
    const sum = parts.reduce((all, part) => site.binary(max ? "maximum" : "add", all, part));
    if (max) return sum;
    // How many numbers each window has: of the image, with so much padding.
    const shares = Float32Array.from({ length: count }, (_, w) => {
      const places = parts.map((_, k) => w * strides[i] - begins[i] + k * dilations[i]);
      const inside = places.filter((at) => at >= -(counted?.begins[i] ?? 0) && at < size + (counted?.ends[i] ?? 0));
      return 1 / Math.max(1, inside.length);
    });
    return site.binary("multiply", sum, new Known(FLOAT, sum.shape.map((n, each) => (each === axis ? n : 1)), () => shares));
  }, site.pad(x, [0, 0, ...begins], [0, 0, ...ends], "constant", max ? -Infinity : 0));
}

export const allPoolings: Table = poolings(byDirections);

export const windows: Table = {
  ...allPoolings,
  Conv: convolve,
  ConvTranspose: transposed,
};
