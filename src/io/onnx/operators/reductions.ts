/** Sums, means and the largest over axes. */
import type { Reduction } from "../../../graph/graph.ts";
import type { Item } from "../lower/nodes.ts";
import { renamed } from "../lower/site.ts";
import type { Site, Table } from "../lower/site.ts";

/** Over all axes where none are named, or where that is said over none: then number by number. */
export function reduced(
  by: Reduction, before: (site: Site, x: Item) => Item = (_, x) => x,
): (site: Site, x: Item) => Item {
  return (site, x) => {
    // Axes became an input in opset 13 for sums, in 18 for the rest.
    const given = site.numbers(1, "axes") ?? [];
    const axes = site.axes(x.shape.length, given.length === 0 && site.int("noop_with_empty_axes") === 0 ? undefined : given);
    return without(site, site.reduce(by, before(site, x), axes), axes);
  };
}

/** The axes that have size 1 now go, unless they are to be kept. */
export function without(site: Site, y: Item, axes: readonly number[]): Item {
  return site.int("keepdims", 1) === 1 ? y : site.reshape(y, y.shape.filter((_, i) => !axes.includes(i)));
}

export const reductions: Table = renamed<Reduction>(
  "ReduceMean mean ReduceMax max ReduceMin min ReduceSum sum ReduceProd product", (by) => reduced(by),
);
