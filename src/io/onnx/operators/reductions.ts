/** Sums, means and the largest over axes. */
import type { Reduction } from "../../../graph/graph.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site, Table } from "../lower/site.ts";

/** Over all axes where none are named, or where that is said over none: then number by number. */
function reduced(
  by: Reduction, before: (site: Site, x: Item) => Item = (_, x) => x, inputSince: number = 18,
): (site: Site, x: Item) => Item {
  return (site, x) => {
    const { length: rank } = x.shape;
    const given = site.numbers(1, "axes", inputSince) ?? [];
    const axes = site.axes(rank, given.length === 0 && site.int("noop_with_empty_axes") === 0 ? undefined : given);
    return without(site, site.reduce(by, before(site, x), axes), axes);
  };
}

/** The axes that have size 1 now go, unless they are to be kept. */
function without(site: Site, y: Item, axes: readonly number[]): Item {
  return site.int("keepdims", 1) === 1 ? y : site.reshape(y, y.shape.filter((_, i) => !axes.includes(i)));
}

const sum = reduced("sum");
const sumOfExp = reduced("sum", (site, x) => site.unary("exp", x));
const sumOfSquares = reduced("sum", (site, x) => site.binary("multiply", x, x));

/** The place of the largest along an axis: of several the first, or the last, which is the first from behind. */
function place(site: Site, x: Item): Item {
  const axis = site.axis(x.shape.length);
  const size = x.shape[axis];
  const last = site.int("select_last_index") === 1;
  const found = site.argMax(last ? site.part(x, axis, size - 1, size, -1) : x, axis);
  return without(site, last ? site.binary("subtract", size - 1, found) : found, [axis]);
}

export const reductions: Table = {
  ReduceMean: reduced("mean"),
  ReduceMax: reduced("max"),
  ReduceMin: reduced("min"),
  ReduceSum: reduced("sum", undefined, 13),
  ReduceProd: reduced("product"),
  ReduceL1: reduced("sum", (site, x) => site.unary("abs", x)),
  ReduceL2: (site, x) => site.unary("sqrt", sumOfSquares(site, x)),
  ReduceSumSquare: sumOfSquares,
  ReduceLogSum: (site, x) => site.unary("log", sum(site, x)),
  ReduceLogSumExp: (site, x) => {
    // Of what is left without the largest number, which may be too large for exp.
    const most = site.reduce("max", x, site.axes(x.shape.length));
    const rest = sumOfExp(site, site.binary("subtract", x, most));
    return site.binary("add", site.unary("log", rest), site.reshape(most, []));
  },
  ArgMax: place,
  ArgMin: (site, x) => place(site, site.unary("negative", x)),
};
