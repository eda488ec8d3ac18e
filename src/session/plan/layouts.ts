/**
 * Chooses how each value of a graph lies in memory, and which values share one place: padded NHWC (kernels/wasm/shared/layout.ts), the halo
 * as wide as the widest padding of the convolutions that read the value.
 */
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import type { Graph, Node, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../tensor.ts";
import { lifetimes } from "./lifetimes.ts";
import { imageOf } from "./places.ts";
import type { Image } from "./places.ts";

/**
 * How a value lies: a row of features is an image of one pixel; of more than four dimensions all but the first two and the last are rows.
 */
export function layoutOf({ shape, dtype: format }: Value, halo: number): Layout {
  const [, channels = 1, ...image] = shape;
  const width = image.length > 1 ? image[image.length - 1] : 1;
  return { channels, height: sizeOf(image) / width, width, halo, format };
}

/** The first dimension; a single number is one image. */
export function batchOf({ shape }: Value): number {
  return shape[0] ?? 1;
}

/** As users see it, [N,C,H,W]: each image one run of numbers. */
export function planarLayout({ shape, dtype: format }: Value): Layout {
  return { channels: sizeOf(shape.slice(1)), height: 1, width: 1, halo: 0, format };
}

/** What kernels ask of memory: see `Binding`. */
export type Wishes = (node: Node) => {
  halo?(node: Node): number;
  border?(node: Node): number;
  pixel?(node: Node): number;
  over?(node: Node): Value | undefined;
} | undefined;

/** The images of all values. One that takes over another's memory, halo and all, has its region. */
export function imagesOf(graph: Graph, kept: ReadonlySet<string>, wishes: Wishes): Map<Value, Image> {
  const halos = new Map<Value, number>();
  const borders = new Map<Value, number>();
  for (const node of graph.nodes) {
    const [x] = node.inputs;
    const { halo, border } = wishes(node) ?? {};
    halos.set(x, Math.max(halos.get(x) ?? 0, halo?.(node) ?? 0));
    if (border !== undefined) borders.set(x, border(node));
  }
  const layouts = new Map<Value, Layout>();
  const lay = (value: Value, pixel?: number): void => {
    layouts.set(value, { ...layoutOf(value, halos.get(value) ?? 0), border: borders.get(value), pixel });
  };
  for (const value of graph.inputs) lay(value);
  for (const node of graph.nodes) lay(node.output, wishes(node)?.pixel?.(node));
  const lives = lifetimes(graph, kept);
  const images = new Map<Value, Image>();
  for (const input of graph.inputs) images.set(input, imageOf(layouts.get(input)!, batchOf(input)));
  graph.nodes.forEach((node, at) => {
    const { output } = node;
    const [layout, count] = [layouts.get(output)!, batchOf(output)];
    const under = wishes(node)?.over?.(node);
    const own = imageOf(layout, count);
    const taken = under && images.get(under)!;
    const fits = taken !== undefined && lives.get(under!)!.to === at && taken.region.bytes === own.region.bytes &&
      taken.layout.halo === layout.halo && taken.layout.border === layout.border &&
      node.inputs.every((input) => input === under || images.get(input)!.region !== taken.region);
    images.set(output, fits ? { ...own, region: taken.region } : own);
  });
  return images;
}
