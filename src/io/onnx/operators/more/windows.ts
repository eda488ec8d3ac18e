/** Windows over volumes [N,C,D,H,W], and such that no kernel has; transposed convolutions. */
import { showShape } from "../../../../tensor.ts";
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
  const flat = Object.fromEntries(Object.entries(windows).map(([name, each]) => [name, each.slice(1)])) as unknown as Windows;
  const [outputs, inputs, , ...kernel] = shape;
  const operation = { kind: "conv2d", ...windowOf(flat), groups, ...learned([outputs, inputs * depth, ...kernel]) } as const;
  const y = onImage(site, images, operation, [batch * deep, outputs, ...out]);
  return site.transpose(site.reshape(y, [batch, deep, outputs, ...out]), [0, 2, 1, 3, 4]);
}

export const convolve: Lowering = convolution(volumes);

function transposed(site: Site, x: Item): Item {
  const { shape, windows, image, groups, learned } = layerOf(site, x);
  if (image.length === 3) site.cannot("in three dimensions");
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
  const window = windowOf({ ...windows, begins, ends: crops.map((n) => Math.max(0, n)) });
  return onImage(
    site, x, { kind: "conv_transpose2d", ...window, groups, outputPadding: two(more, 0), ...learned(imageWeight(shape)) },
    [x.shape[0], shape[1] * groups, ...two(out, 1)],
  );
}

/** As many windows as ceil_mode makes: the last ones may hang over the padding, but not begin in it. */
function ceiled(image: Shape, windows: Windows): Windows {
  const { strides, begins } = windows;
  const ends = windows.ends.map((end, i) => {
    const size = image[i] + begins[i];
    const last = Math.ceil((size + end - span(windows, i)) / strides[i]);
    return (last * strides[i] < size ? last : last - 1) * strides[i] + span(windows, i) - size;
  });
  return { ...windows, ends };
}

/** Pooling in one direction after the other, each as the largest of, or the sum over, slices. */
function byDirections(site: Site, x: Item, kind: PoolKind, given: Windows): Item {
  const image = x.shape.slice(2);
  const max = kind === "max_pool";
  checkWindows(site, given);
  const windows = site.int("ceil_mode") === 1 ? ceiled(image, given) : given;
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
