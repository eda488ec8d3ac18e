/** Sums, means and the largest over axes. */
import type { Reduction } from "../../../graph/graph.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Lowering, Table } from "./table.ts";

/** Over all axes where none are named, or where that is said over none: then number by number. */
function reduced(by: (site: Site, x: Item, axes: readonly number[]) => Item, inputSince = 18): Lowering {
  return (site) => {
    const shape = site.shape(0);
    const given = site.numbers(1, "axes", inputSince) ?? [];
    const all = given.length === 0 && site.int("noop_with_empty_axes", 0) === 0;
    const axes = site.axes(shape.length, all ? undefined : given).sort((a, b) => a - b);
    const y = by(site, site.item(0), axes);
    return site.int("keepdims", 1) === 1 ? y : site.reshape(y, shape.filter((_, i) => !axes.includes(i)));
  };
}

const alongAxes = (by: Reduction): ((site: Site, x: Item, axes: readonly number[]) => Item) => (
  site, x, axes,
) => site.reduce(by, x, axes);
const sumOfSquares = (site: Site, x: Item, axes: readonly number[]): Item => site.reduce("sum", site.binary("multiply", x, x), axes);

/** The place of the largest along an axis: of several the first, or the last, which is the first from behind. */
function place(site: Site, x: Item): Item {
  const shape = site.shape(0);
  const axis = site.axis(shape.length);
  const last = site.int("select_last_index", 0) === 1;
  const found = site.argMax(last ? site.part(x, axis, shape[axis] - 1, shape[axis], -1) : x, axis);
  const all = last ? site.binary("subtract", site.scalar(shape[axis] - 1, found.type), found) : found;
  return site.int("keepdims", 1) === 1 ? all : site.reshape(all, shape.filter((_, i) => i !== axis));
}

export const reductions: Table = {
  ReduceMean: reduced(alongAxes("mean")),
  ReduceMax: reduced(alongAxes("max")),
  ReduceMin: reduced(alongAxes("min")),
  ReduceSum: reduced(alongAxes("sum"), 13),
  ReduceProd: reduced(alongAxes("product")),
  ReduceL1: reduced((site, x, axes) => site.reduce("sum", site.unary(x, "abs"), axes)),
  ReduceL2: reduced((site, x, axes) => site.unary(sumOfSquares(site, x, axes), "sqrt")),
  ReduceSumSquare: reduced(sumOfSquares),
  ArgMax: (site) => place(site, site.item(0)),
  ArgMin: (site) => place(site, site.unary(site.item(0), "negative")),
};
