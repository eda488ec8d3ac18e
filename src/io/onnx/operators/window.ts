/** Sizes of windows that move over images: what convolutions and poolings have in common. */
import type { Shape } from "../../../tensor.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";

/** One entry for each direction of the image, rows first. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: number[];
  readonly ends: number[];
}

export type Two = readonly [number, number];
export type Four = readonly [top: number, left: number, bottom: number, right: number];

function positive(site: Site, name: string, values: readonly number[], length: number, least = 1): readonly number[] {
  if (values.length !== length || !values.every((n) => Number.isSafeInteger(n) && n >= least && n < 4294967296)) {
    site.wrong(`wants ${length} numbers of at least ${least} as ${name}, got ${values.slice(0, 8).join()}`);
  }
  return values;
}

/** @param image sizes of the input's image @param kernel where the weight says it */
export function windowsOf(site: Site, image: Shape, kernel: readonly number[] | undefined = site.list("kernel_shape")): Windows {
  const n = image.length;
  const ones = new Array<number>(n).fill(1);
  if (kernel === undefined) return site.wrong("lacks kernel_shape");
  positive(site, "kernel_shape", kernel, n);
  const strides = positive(site, "strides", site.list("strides") ?? ones, n);
  const dilations = positive(site, "dilations", site.list("dilations") ?? ones, n);
  const auto = site.text("auto_pad", "NOTSET");
  if (!auto.startsWith("SAME")) {
    const pads = auto === "VALID"
      ? ones.flatMap(() => [0, 0])
      : positive(site, "pads", site.list("pads") ?? ones.flatMap(() => [0, 0]), 2 * n, 0);
    return { kernel, strides, dilations, begins: pads.slice(0, n), ends: pads.slice(n) };
  }
  const all = image.map(
    (size, i) => Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size),
  );
  const less = all.map((pad) => pad >> 1);
  const more = all.map((pad, i) => pad - less[i]);
  return { kernel, strides, dilations, ...(auto === "SAME_LOWER" ? { begins: more, ends: less } : { begins: less, ends: more }) };
}

/** How many windows fit into an image padded as it is. */
export function fitting(site: Site, image: Shape, { kernel, strides, dilations, begins, ends }: Windows): number[] {
  return image.map((size, i) => {
    const out = Math.floor((size + begins[i] + ends[i] - (kernel[i] - 1) * dilations[i] - 1) / strides[i]) + 1;
    return out >= 1
      ? out
      : site.wrong(`wants an image of at least ${(kernel[i] - 1) * dilations[i] + 1 - begins[i] - ends[i]}, got ${size}`);
  });
}

/** The windows of a signal [N,C,L] as those of an image [N,C,1,L]. */
export function asImage(windows: Windows): Windows {
  if (windows.kernel.length === 2) return windows;
  const { kernel, strides, dilations, begins, ends } = windows;
  return { kernel: [1, ...kernel], strides: [1, ...strides], dilations: [1, ...dilations], begins: [0, ...begins], ends: [0, ...ends] };
}

export function two([a, b]: readonly number[]): Two {
  return [a, b];
}

/** Padding before and after. */
export function four([top, left]: readonly number[], [bottom, right]: readonly number[]): Four {
  return [top, left, bottom, right];
}

/** Signals [N,C,L] become images [N,C,1,L]. */
export function lifted(site: Site, item: Item): Item {
  const shape = shapeOf(item);
  return shape.length === 3 ? site.reshape(item, [shape[0], shape[1], 1, shape[2]]) : item;
}

/** And back. */
export function lowered(site: Site, item: Item, rank: number): Item {
  const shape = shapeOf(item);
  return rank === 3 ? site.reshape(item, [shape[0], shape[1], shape[3]]) : item;
}
