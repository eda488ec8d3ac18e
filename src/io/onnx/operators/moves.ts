/** What puts numbers in other places. */
import { showShape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site, Table } from "../lower/site.ts";
import { clamped } from "./shapes.ts";

function transpose(site: Site, x: Item): Item {
  const { length: rank } = x.shape;
  const order = site.axes(rank, site.list("perm") ?? site.axes(rank).reverse());
  if (order.length !== rank) site.wrong(`wants every axis of ${showShape(x.shape)} once, got ${order.join()}`);
  return site.transpose(x, order);
}

function slice(site: Site, x: Item): Item {
  const from = x.shape;
  const [begins, ends, axes, by] = ["starts", "ends", "axes", "steps"].map((name, i) => site.numbers(i + 1, name));
  if (begins === undefined || ends === undefined) return site.wrong("lacks starts or ends");
  if ([ends, axes, by].some((each) => each !== undefined && each.length !== begins.length)) {
    site.wrong("has starts, ends, axes and steps of several lengths");
  }
  const [starts, steps, to] = [from.map(() => 0), from.map(() => 1), [...from]];
  site.axes(from.length, axes ?? begins.map((_, i) => i)).forEach((axis, i) => {
    const [size, step] = [from[axis], by?.[i] ?? 1];
    if (!(Number.isSafeInteger(step) && step !== 0)) site.wrong(`wants steps that are not 0, got ${by}`);
    // Backwards a place may be that before the first.
    const [start, end] = [begins[i], ends[i]].map((at, last) =>
      (step > 0 ? clamped(at, size) : Math.min(size - 1, Math.max(-last, at < 0 ? at + size : at))));
    starts[axis] = start;
    steps[axis] = step;
    to[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return site.slice(x, starts, steps, to);
}

/** An axis in pieces. @param parts how many are wanted, if that is known */
export function cut(site: Site, x: Item, axis: number, sizes: readonly number[], parts: number = sizes.length): Item[] {
  const size = x.shape[axis];
  if (sizes.length < parts || sizes.reduce((sum, n) => sum + n, 0) !== size || !sizes.every((n) => n >= 0)) {
    site.wrong(`cuts ${size} into ${sizes.join("+")}, for ${parts} outputs`);
  }
  let at = 0;
  return sizes.map((each) => site.part(x, axis, (at += each) - each, each));
}

function split(site: Site, x: Item): readonly Item[] {
  const axis = site.axis(x.shape.length);
  const size = x.shape[axis];
  const { length: parts } = site.node.outputs;
  const share = Math.ceil(size / parts);
  const sizes = site.numbers(1, "split") ?? Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(share, size - i * share)));
  return cut(site, x, axis, sizes, parts);
}

/** How many numbers of an axis each mode wants at least. */
const padModes = { constant: 0, edge: 1, wrap: 1, reflect: 2 } as const;

function pad(site: Site, x: Item): Item {
  const from = x.shape;
  const pads = site.numbers(1, "pads");
  const value = site.inputs[2] === undefined ? site.float("value", 0) : (site.known(2, "value").numbers[0] ?? 0);
  const axes = site.axes(from.length, site.numbers(3, "axes"));
  if (pads?.length !== 2 * axes.length || !pads.every(Number.isSafeInteger)) {
    return site.wrong(`wants two numbers for each of ${axes.length} axes as pads`);
  }
  const mode = site.text("mode", "constant") as keyof typeof padModes;
  const least = Object.hasOwn(padModes, mode) ? padModes[mode] : site.cannot(`with mode ${mode}`);
  const sides = [0, axes.length].map((half) => from.map((_, axis) => (axes.includes(axis) ? pads[half + axes.indexOf(axis)] : 0)));
  // Pads below 0 take away.
  const [[less, last], [before, after]] = [-1, 1].map((sign) => sides.map((side) => side.map((n) => Math.max(0, sign * n))));
  const to = from.map((n, i) => n - less[i] - last[i]);
  if (to.some((n, i) => n < (before[i] + after[i] > 0 ? least : 0))) {
    site.wrong(`pads ${showShape(from)} by ${pads.join()} with mode ${mode}: it is too small for that`);
  }
  return site.pad(site.slice(x, less, from.map(() => 1), to), before, after, mode, value);
}

function concat(site: Site, x: Item): Item {
  const items = site.all();
  const full = items.filter((item) => !(item instanceof Known && item.size === 0));
  const joined = full.length > 0 ? full : [x];
  return site.concat(joined, site.axis(joined[0].shape.length, site.int("axis", 1)));
}

export const moves: Table = {
  Transpose: transpose,
  Concat: concat,
  Slice: slice,
  Split: split,
  Pad: pad,
  Gather: (site, x) => site.gather(x, site.known(1, "indices"), site.axis(x.shape.length)),
};
