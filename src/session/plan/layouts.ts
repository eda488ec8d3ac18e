/**
 * Chooses how each value of a graph lies in memory, and which values share one place: padded NHWC (kernels/wasm/shared/layout.ts), the halo
 * as wide as the widest padding of the convolutions that read the value.
 */
import { imagePitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import type { Graph, Node, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../tensor.ts";
import { lifetimes } from "./lifetimes.ts";
import { planMemory } from "./memory-plan.ts";

export interface Placement {
  readonly layout: Layout;
  /** Images; the batch. */
  readonly images: number;
  /** Bytes from the arena's start to the first image's memory (its halo's corner). */
  readonly offset: number;
}

export interface LayoutPlan {
  readonly placements: ReadonlyMap<Value, Placement>;
  /** Does the value lie over another, whose memory it took over, border and all? */
  readonly inPlace: ReadonlySet<Value>;
  /** Bytes from the arena's start to where an input or output lies as users see it, [N,C,H,W] without halo. */
  readonly planar: ReadonlyMap<Value, number>;
  /** Bytes from the arena's start to each node's working memory, where that lies in the arena. */
  readonly scratch: readonly number[];
  /** Bytes of the arena. */
  readonly total: number;
}

/** Of more than four dimensions all but the first two and the last are rows. */
function layoutOf({ shape }: Value, halo: number): Layout {
  const [, channels = 1, ...image] = shape;
  const width = image.length > 1 ? image[image.length - 1] : 1;
  return { channels, height: sizeOf(image) / width, width, halo };
}

/** The first dimension; a single number is one image. */
export function imagesOf({ shape }: Value): number {
  return shape[0] ?? 1;
}

/** What kernels ask of memory: the halo around their first input, and which input's memory the output may take over. */
export type Wishes = (node: Node) => { halo?(node: Node): number; over?(node: Node): Value | undefined } | undefined;

/** @param scratchOf bytes of working memory for each node, or for none, once it is known how values lie */
export function planLayouts(
  graph: Graph, kept: ReadonlySet<string>, wishes: Wishes, scratchOf: (place: (value: Value) => Omit<Placement, "offset">) => readonly number[],
): LayoutPlan {
  const halos = new Map<Value, number>();
  for (const node of graph.nodes) {
    const [x] = node.inputs;
    halos.set(x, Math.max(halos.get(x) ?? 0, wishes(node)?.halo?.(node) ?? 0));
  }
  const layouts = new Map<Value, Layout>();
  for (const value of [...graph.inputs, ...graph.nodes.map((node) => node.output)]) layouts.set(value, layoutOf(value, halos.get(value) ?? 0));
  const bytes = (value: Value): number => 4 * imagesOf(value) * imagePitch(layouts.get(value)!);
  const lives = lifetimes(graph, kept, bytes);

  // Values that are written one over the other have one home.
  const homes = new Map<Value, Value>();
  const home = (value: Value): Value => homes.get(value) ?? value;
  graph.nodes.forEach((node, step) => {
    const under = wishes(node)?.over?.(node);
    if (under === undefined || lives.get(under)!.to !== step || layouts.get(under)!.halo !== layouts.get(node.output)!.halo) return;
    if (bytes(under) !== bytes(node.output) || node.inputs.some((input) => input !== under && home(input) === home(under))) return;
    homes.set(node.output, home(under));
  });
  const spans = new Map<Value, { size: number; from: number; to: number }>();
  for (const [value, life] of lives) {
    const span = spans.get(home(value));
    if (span === undefined) spans.set(home(value), { ...life });
    else span.to = Math.max(span.to, life.to);
  }
  // Inputs come in before the first step, outputs leave after the last.
  const end = graph.nodes.length;
  for (const input of graph.inputs) spans.get(input)!.from = -1;
  const moved = [...new Set([...graph.inputs, ...graph.outputs])];
  const planarSpans = moved.map((value) => ({ size: 4 * sizeOf(value.shape), from: graph.inputs.includes(value) ? -1 : end, to: graph.outputs.includes(value) ? end : -1 }));
  const scratchSpans = scratchOf((value) => ({ layout: layouts.get(value)!, images: imagesOf(value) })).map((size, step) => ({ size, from: step, to: step }));
  const { offsets, total } = planMemory([...spans.values(), ...planarSpans, ...scratchSpans]);
  const places = new Map([...spans.keys()].map((value, i) => [value, offsets[i]]));
  const placements = new Map<Value, Placement>();
  for (const [value, layout] of layouts) placements.set(value, { layout, images: imagesOf(value), offset: places.get(home(value))! });
  const planar = new Map(moved.map((value, i) => [value, offsets[spans.size + i]]));
  return { placements, inPlace: new Set(homes.keys()), planar, scratch: offsets.slice(spans.size + moved.length), total };
}
