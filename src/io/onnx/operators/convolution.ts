/** Convolutions of images [N,C,H,W] and signals [N,C,L]. */
import type { Constant } from "../../../graph/graph.ts";
import { convolved } from "../../../operations/convolution/conv2d.ts";
import { showShape } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import type { Item } from "../lower/nodes.ts";
import type { Lowering, Site, Table } from "../lower/site.ts";
import { asImage, onImage, two, windowOf, windowsOf } from "./window.ts";
import type { Windows } from "./window.ts";

export interface Layer {
  /** Of the weight in the file. */
  readonly shape: Shape;
  readonly windows: Windows;
  readonly image: Shape;
  readonly groups: number;
  /** The weight in another shape, and the bias. */
  learned(shape: Shape): { readonly weight: Constant; readonly bias: Constant | undefined };
}

export function layerOf(site: Site, x: Item): Layer {
  const [, , ...image] = site.rank(x, 3, 4, 5);
  const weight = site.known(1, "weight");
  const shape = site.rank(weight, x.shape.length);
  const kernel = shape.slice(2);
  const given = site.list("kernel_shape") ?? kernel;
  if (given.join() !== kernel.join()) site.wrong(`has kernel_shape ${showShape(given)} and a weight of ${showShape(shape)}`);
  const bias = site.inputs[2] && site.known(2, "bias");
  return {
    shape, groups: site.int("group", 1), image, windows: windowsOf(site, image, kernel),
    learned: (to) => ({ weight: site.constant(weight, "weight", { shape: to }), bias: bias && site.constant(bias, "bias") }),
  };
}

export function checkChannels(site: Site, { shape }: Item, wanted: number): void {
  if (shape[1] !== wanted) site.wrong(`wants ${wanted} channels, got an input of ${showShape(shape)}`);
}

/** A weight of images. */
export function imageWeight([outputs, inputs, ...kernel]: Shape): Shape {
  return [outputs, inputs, ...two(kernel, 1)];
}

/** @param volumes where the input is one, [N,C,D,H,W] */
export function convolution(volumes: (site: Site, x: Item, layer: Layer) => Item): Lowering {
  return (site, x) => {
    const layer = layerOf(site, x);
    const { shape, windows, image, groups, learned } = layer;
    checkChannels(site, x, shape[1] * groups);
    if (image.length === 3) return volumes(site, x, layer);
    const window = { ...windowOf(windows), groups };
    const out = site.inNode(() => convolved(window, asImage(x.shape), shape[0]));
    return onImage(site, x, { kind: "conv2d", ...window, ...learned(imageWeight(shape)) }, out);
  };
}

export const convolutions: Table = {
  Conv: convolution((site) => site.cannot("in three dimensions")),
};
