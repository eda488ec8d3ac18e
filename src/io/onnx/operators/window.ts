/** Sizes of windows that move over images: what convolutions and poolings have in common. */
import type { Operation, Window } from "../../../graph/graph.ts";
import { sizeOf } from "../../../tensor.ts";
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
  // What numbers they must be, the record of the operation says.
  const listed = (name: string, usual: number, count: number = n, values = site.list(name) ?? []): readonly number[] => {
    if (values.length === count) return values;
    return values.length > 0 || name === "kernel_shape"
      ? site.wrong(`wants ${count} numbers as ${name}, got ${values.slice(0, 8).join()}`)
      : new Array<number>(count).fill(usual);
  };
  const auto = site.text("auto_pad");
  const pads = listed("pads", 0, 2 * n, /^[SV]A/.test(auto) ? [] : undefined);
  const windows = {
    kernel: listed("kernel_shape", 1, n, kernel), strides: listed("strides", 1), dilations: listed("dilations", 1),
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

/** [N,C,L] as [N,C,1,L]. */
export function asImage([batch, channels, ...image]: Shape): readonly [number, number, number, number] {
  return [batch, channels, ...two(image, 1)];
}

/** An operation on each channel of tensors [N,C,...], as on images. */
export function onChannels(site: Site, x: Item, operation: Operation): Item {
  const [batch, channels, ...image] = x.shape;
  return site.reshape(site.operate(operation, [image.length === 2 ? x : site.reshape(x, [batch, channels, 1, sizeOf(image)])]), x.shape);
}

/**
 * An operation on images [N,C,H,W], or on signals [N,C,L], as on images of one row.
 * @param out its shape, where its record would read a weight for it
 */
export function onImage(site: Site, x: Item, operation: Operation, out?: Shape): Item {
  const y = site.operate(operation, [site.reshape(x, asImage(x.shape))], out);
  return x.shape.length === 3 ? site.reshape(y, y.shape.filter((_, i) => i !== 2)) : y;
}
