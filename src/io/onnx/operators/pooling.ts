/** Pooling over windows, and over all of an image. */
import { sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import { FLOAT } from "../read/types.ts";
import type { Table } from "./table.ts";
import { asImage, fitting, four, lifted, lowered, two, windowsOf } from "./window.ts";
import type { Windows } from "./window.ts";

/** As many windows as ceil_mode makes: the last ones may hang over the padding, but not begin in it. */
function ceiled(image: Shape, windows: Windows): Windows {
  const { kernel, strides, dilations, begins } = windows;
  const ends = windows.ends.map((end, i) => {
    const span = (kernel[i] - 1) * dilations[i] + 1;
    const out = Math.ceil((image[i] + begins[i] + end - span) / strides[i]) + 1;
    const last = (out - 1) * strides[i] >= image[i] + begins[i] ? out - 2 : out - 1;
    return last * strides[i] + span - image[i] - begins[i];
  });
  return { ...windows, ends };
}

/** How many pixels each window of direction i counts: those of the image, with so much padding. */
function counts(
  size: number, out: number, { kernel, strides, dilations, begins }: Windows, i: number, before: number, after: number,
): number[] {
  return Array.from({ length: out }, (_, w) => {
    let count = 0;
    for (let k = 0, at = w * strides[i] - begins[i]; k < kernel[i]; k++, at += dilations[i]) {
      if (at >= -before && at < size + after) count++;
    }
    return Math.max(1, count);
  });
}

function pool(site: Site, by: "max" | "average"): Item {
  const { length: rank } = site.rank(0, 3, 4, 5);
  const [batch, channels, ...image] = site.shape(0);
  const given = windowsOf(site, image);
  const { kernel, dilations, begins, ends } = given;
  const reach = kernel.map((n, i) => (n - 1) * dilations[i]);
  const ceilMode = site.int("ceil_mode", 0) === 1;
  const countPadding = site.int("count_include_pad", 0) === 1;
  if (kernel.every((n, i) => n === image[i] && begins[i] + ends[i] === 0 && dilations[i] === 1)) {
    return site.pooled(site.item(0), by === "max" ? "max" : "mean");
  }
  const out = fitting(site, image, ceilMode ? ceiled(image, given) : given);
  // Each window has a pixel, then.
  const covered = reach.every((n, i) => Math.max(begins[i], ends[i]) <= n);
  if (rank === 5 || !covered) return byDirections(site, by, ceilMode ? ceiled(image, given) : given, out, countPadding ? given : undefined);
  const flat = asImage(given);
  const window = {
    kernel: two(flat.kernel), stride: two(flat.strides), padding: four(flat.begins, flat.ends), ceilMode,
    ...(dilations.every((n) => n === 1) ? {} : { dilation: two(flat.dilations) }),
  };
  const value = site.add(
    by === "max" ? { kind: "max_pool", ...window } : { kind: "average_pool", ...window, countPadding },
    [site.value(lifted(site, site.item(0)))], [batch, channels, ...(rank === 3 ? [1] : []), ...out]);
  return lowered(site, site.flow(value, site.item(0).type), rank);
}

/**
 * One direction after the other, each as the largest of, or the sum over, slices: for windows that no kernel has.
 * @param padding what counts in averages
 */
function byDirections(site: Site, by: "max" | "average", windows: Windows, out: readonly number[], padding: Windows | undefined): Item {
  const image = site.shape(0).slice(2);
  let item = site.pad(site.item(0), [0, 0, ...windows.begins], [0, 0, ...windows.ends], "constant", by === "max" ? -Infinity : 0);
  image.forEach((size, i) => {
    const kernel = windows.kernel[i];
    if (kernel > 1024) site.cannot(`over windows of ${kernel}`);
    const parts = Array.from({ length: kernel }, (_, k) => site.part(item, 2 + i, k * windows.dilations[i], out[i], windows.strides[i]));
    item = parts.reduce((sum, part) => site.binary(by === "max" ? "maximum" : "add", sum, part));
    if (by === "max") return;
    const shares = Float32Array.from(counts(size, out[i], windows, i, padding?.begins[i] ?? 0, padding?.ends[i] ?? 0), (n) => 1 / n);
    item = site.binary("multiply", item, new Known(FLOAT, shapeOf(item).map((n, axis) => (axis === 2 + i ? n : 1)), () => shares));
  });
  return item;
}

function global(by: "mean" | "max"): (site: Site) => Item {
  return (site) => {
    const shape = site.shape(0);
    if (shape.length < 3 || sizeOf(shape.slice(2)) === 0) site.wrong(`wants at least 3 dimensions, got ${shape.length}`);
    return site.pooled(site.item(0), by);
  };
}

export const poolings: Table = {
  AveragePool: (site) => pool(site, "average"),
  MaxPool: (site) => {
    if (site.node.outputs.length > 1 && site.node.outputs[1] !== "") site.cannot("with the places of the largest");
    return pool(site, "max");
  },
  GlobalAveragePool: global("mean"),
  GlobalMaxPool: global("max"),
};
