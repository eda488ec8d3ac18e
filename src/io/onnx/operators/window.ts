/** Sizes of windows that move over images: what convolutions and poolings have in common. */
import type { Operation, Window } from "../../../graph/graph.ts";
import type { Shape } from "../../../tensor.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";

/** One entry for each direction of the image, rows first. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

type Two = readonly [number, number];

/** How far a window reaches in direction i. */
export function span({ kernel, dilations }: Windows, i: number): number {
  return (kernel[i] - 1) * dilations[i] + 1;
}

/** @param image sizes of the input's image @param kernel where the weight says it */
export function windowsOf(site: Site, image: Shape, kernel: readonly number[] = site.list("kernel_shape") ?? []): Windows {
  const n = image.length;
  const checked = (name: string, usual: number, values = site.list(name) ?? [], count: number = n): readonly number[] => {
    const numbers = values.length === 0 && name !== "kernel_shape" ? new Array<number>(count).fill(usual) : values;
    if (numbers.length !== count || !numbers.every((x) => Number.isSafeInteger(x) && x >= usual && x < 4294967296)) {
      site.wrong(`wants ${count} numbers of at least ${usual} as ${name}, got ${numbers.slice(0, 8).join()}`);
    }
    return numbers;
  };
  const auto = site.text("auto_pad");
  const pads = checked("pads", 0, /^[SV]A/.test(auto) ? [] : undefined, 2 * n);
  const windows = {
    kernel: checked("kernel_shape", 1, kernel), strides: checked("strides", 1), dilations: checked("dilations", 1),
    begins: pads.slice(0, n), ends: pads.slice(n),
  };
  if (!auto.startsWith("SAME")) return windows;
  const { strides } = windows;
  const all = image.map((size, i) => Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + span(windows, i) - size));
  return { ...windows, ...halves(all, auto === "SAME_LOWER") };
}

/** Padding on both sides, the larger half in front if `lower`. */
export function halves(all: readonly number[], lower: boolean): { readonly begins: number[]; readonly ends: number[] } {
  const begins = all.map((pad) => Math.max(0, lower ? pad - (pad >> 1) : pad >> 1));
  return { begins, ends: all.map((pad, i) => pad - begins[i]) };
}

/** How many windows fit into an image padded as it is. */
export function fitting(site: Site, image: Shape, windows: Windows): number[] {
  return image.map((size, i) => {
    const least = span(windows, i) - windows.begins[i] - windows.ends[i];
    if (size < least) site.wrong(`wants an image of at least ${least}, got ${size}`);
    return Math.floor((size - least) / windows.strides[i]) + 1;
  });
}

/** Numbers of rows and columns, of which a signal has columns only. */
export function two(each: readonly number[], row: number): Two {
  return each.length === 1 ? [row, each[0]] : [each[0], each[1]];
}

/** The same as operations on images have it. */
export function windowOf({ kernel, strides, dilations, begins, ends }: Windows): Window & { readonly dilation: Two } {
  return {
    kernel: two(kernel, 1), stride: two(strides, 1), padding: [...two(begins, 0), ...two(ends, 0)], dilation: two(dilations, 1),
  };
}

/** An operation on images [N,C,H,W], or on signals [N,C,L], as on images of one row. @param out channels and sizes that come out */
export function onImage(site: Site, x: Item, operation: Operation, [channels, ...out]: readonly number[]): Item {
  const [batch, inputs, ...image] = x.shape;
  const row = image.length === 1 ? [1] : [];
  const y = site.operate(operation, [site.reshape(x, [batch, inputs, ...row, ...image])], [batch, channels, ...row, ...out]);
  return site.reshape(y, [batch, channels, ...out]);
}
