/** Norms and logarithms of sums, and places of the largest. */
import type { Item } from "../../lower/nodes.ts";
import type { Site, Table } from "../../lower/site.ts";
import { INT64 } from "../../read/types.ts";
import { reduced, without } from "../reductions.ts";

const sum = reduced("sum");
const sumOfExp = reduced("sum", (site, x) => site.unary("exp", x));
const sumOfSquares = reduced("sum", (site, x) => site.binary("multiply", x, x));

/** Places of the largest along an axis, which stays with size 1. */
export function largest(site: Site, x: Item, axis: number): Item {
  return site.lying([x], (items, _, axisOf) => site.run("arg_max", { axis: axisOf(axis) }, items, INT64));
}

/** The place of the largest along an axis: of several the first, or the last, which is the first from behind. */
function place(site: Site, x: Item): Item {
  const axis = site.axis(x.shape.length);
  const size = x.shape[axis];
  const last = site.int("select_last_index") === 1;
  const found = largest(site, last ? site.part(x, axis, size - 1, size, -1) : x, axis);
  return without(site, last ? site.binary("subtract", size - 1, found) : found, [axis]);
}

export const moreReductions: Table = {
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
