/** Sums, means and the largest over axes. */
import type { Reduction } from "../../../graph/graph.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Lowering, Table } from "./table.ts";

/** The axes as numbers from 0; all where none are named. @returns undefined where that means to do nothing */
function axesOf(site: Site, inputSince: number): number[] | undefined {
  const { length: rank } = site.shape(0);
  const given = site.opset >= inputSince ? site.numbers(1, "axes") : site.list("axes");
  if (given === undefined || given.length === 0) {
    return site.int("noop_with_empty_axes", 0) === 1 ? undefined : site.shape(0).map((_, i) => i);
  }
  return [...new Set(given.map((axis) => site.axis(axis, rank)))].sort((a, b) => a - b);
}

function reduced(by: (site: Site, x: Item, axes: readonly number[]) => Item, inputSince = 18): Lowering {
  return (site) => {
    const axes = axesOf(site, inputSince);
    const x = site.item(0);
    if (axes === undefined) return x;
    const all = by(site, x, axes);
    return site.int("keepdims", 1) === 1 ? all : site.build.reshape(all, site.shape(0).filter((_, i) => !axes.includes(i)));
  };
}

const alongAxes = (by: Reduction): ((site: Site, x: Item, axes: readonly number[]) => Item) => (
  { build }, x, axes,
) => build.reduce(by, x, axes);
const sumOfSquares = ({ build }: Site, x: Item, axes: readonly number[]): Item => build.reduce("sum", build.binary("multiply", x, x), axes);

export const reductions: Table = {
  ReduceMean: reduced(alongAxes("mean")),
  ReduceMax: reduced(alongAxes("max")),
  ReduceMin: reduced(alongAxes("min")),
  ReduceSum: reduced(alongAxes("sum"), 13),
  ReduceProd: reduced(alongAxes("product")),
  ReduceL1: reduced(({ build }, x, axes) => build.reduce("sum", build.unary(x, "abs"), axes)),
  ReduceL2: reduced((site, x, axes) => site.build.unary(sumOfSquares(site, x, axes), "sqrt")),
  ReduceSumSquare: reduced(sumOfSquares),
  ArgMax: (site) => {
    const { build } = site;
    const shape = site.shape(0);
    const axis = site.axis(site.int("axis", 0), shape.length);
    if (site.int("select_last_index", 0) === 1) site.cannot("with select_last_index");
    const all = build.argMax(site.item(0), axis);
    return site.int("keepdims", 1) === 1 ? all : build.reshape(all, shape.filter((_, i) => i !== axis));
  },
};
