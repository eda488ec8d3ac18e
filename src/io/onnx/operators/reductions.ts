/** Sums, means and the largest over axes. */
import type { Reduction } from "../../../graph/graph.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Lowering, Table } from "./table.ts";

/** The axes as numbers from 0; all where none are named. @returns undefined where that means to do nothing */
function axesOf(site: Site, inputSince: number): number[] | undefined {
  const { length: rank } = site.shape(0);
  const given = site.numbers(1, "axes", inputSince) ?? [];
  if (given.length === 0 && site.int("noop_with_empty_axes", 0) === 1) return undefined;
  return site.axes(rank, given.length === 0 ? undefined : given).sort((a, b) => a - b);
}

function reduced(by: (site: Site, x: Item, axes: readonly number[]) => Item, inputSince = 18): Lowering {
  return (site) => {
    const axes = axesOf(site, inputSince);
    const x = site.item(0);
    if (axes === undefined) return x;
    const all = by(site, x, axes);
    return site.int("keepdims", 1) === 1 ? all : site.reshape(all, site.shape(0).filter((_, i) => !axes.includes(i)));
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
  ReduceLogSum: reduced((site, x, axes) => site.unary(site.reduce("sum", x, axes), "log")),
  ReduceLogSumExp: reduced((site, x, axes) => {
    const most = site.reduce("max", x, axes);
    const sum = site.reduce("sum", site.unary(site.binary("subtract", x, most), "exp"), axes);
    return site.binary("add", site.unary(sum, "log"), most);
  }),
  ArgMax: (site) => place(site, site.item(0)),
  ArgMin: (site) => place(site, site.unary(site.item(0), "negative")),
};
