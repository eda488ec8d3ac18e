/** Pooling over windows, and over all of an image. */
import { showShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Lowering, Site, Table } from "../lower/site.ts";
import { FLOAT } from "../read/types.ts";
import { fitting, onImage, span, windowOf, windowsOf } from "./window.ts";
import type { Windows } from "./window.ts";

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

function pool(site: Site, x: Item, by: "max" | "average"): Item {
  const [, channels, ...image] = site.rank(x, 3, 4, 5);
  const given = windowsOf(site, image);
  const { kernel, begins, ends } = given;
  if (kernel.every((n, i) => n === image[i] && begins[i] + ends[i] === 0 && span(given, i) === n)) {
    return site.pooled(x, by === "max" ? by : "mean");
  }
  const ceilMode = site.int("ceil_mode") === 1;
  const countPadding = site.int("count_include_pad") === 1;
  const windows = ceilMode ? ceiled(image, given) : given;
  const out = fitting(site, image, windows);
  // Each window has a pixel, then.
  const covered = image.every((_, i) => Math.max(begins[i], ends[i]) < span(given, i));
  if (image.length === 3 || !covered) return byDirections(site, x, by, windows, out, countPadding ? given : undefined);
  const { dilation, ...rest } = windowOf(given);
  const window = { ...rest, ceilMode, ...(dilation.join() === "1,1" ? {} : { dilation }) };
  const operation = by === "max" ? { kind: "max_pool", ...window } as const : { kind: "average_pool", ...window, countPadding } as const;
  return onImage(site, x, operation, [channels, ...out]);
}

/**
 * One direction after the other, each as the largest of, or the sum over, slices: for windows that no kernel has.
 * @param counted padding that counts in averages
 */
function byDirections(site: Site, x: Item, by: "max" | "average", windows: Windows, out: readonly number[], counted?: Windows): Item {
  const max = by === "max";
  const { kernel, strides, dilations, begins, ends } = windows;
  return out.reduce((item, count, i) => {
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

function global(by: "mean" | "max"): Lowering {
  return (site, x) => {
    if (x.shape.length < 3 || sizeOf(x.shape.slice(2)) === 0) site.wrong(`wants at least 3 dimensions, got ${showShape(x.shape)}`);
    return site.pooled(x, by);
  };
}

export const poolings: Table = {
  AveragePool: (site, x) => pool(site, x, "average"),
  MaxPool: (site, x) => (site.wants(1) ? site.cannot("with the places of the largest") : pool(site, x, "max")),
  GlobalAveragePool: global("mean"),
  GlobalMaxPool: global("max"),
};
