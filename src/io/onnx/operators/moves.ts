/** What puts numbers in other places. */
import { showShape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import { inverse, shapeOf } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import { clamped } from "./shapes.ts";
import type { Table } from "./table.ts";

function transpose(site: Site): Item {
  const { length: rank } = site.shape(0);
  const order = site.axes(rank, site.list("perm") ?? site.axes(rank).reverse());
  if (order.length !== rank) site.wrong(`wants every axis of ${showShape(site.shape(0))} once, got ${order.join()}`);
  return site.transpose(site.item(0), order);
}

function slice(site: Site): Item {
  const from = site.shape(0);
  const given = (i: number, name: string): readonly number[] | undefined => site.numbers(i, name, 10);
  const begins = given(1, "starts") ?? site.wrong("lacks starts");
  const ends = given(2, "ends") ?? site.wrong("lacks ends");
  const axes = given(3, "axes") ?? begins.map((_, i) => i);
  const by = given(4, "steps") ?? begins.map(() => 1);
  if ([ends, axes, by].some(({ length }) => length !== begins.length)) site.wrong("has starts, ends, axes and steps of several lengths");
  const [starts, steps, to] = [from.map(() => 0), from.map(() => 1), [...from]];
  site.axes(from.length, axes).forEach((axis, i) => {
    const [size, step] = [from[axis], by[i]];
    if (!(Number.isSafeInteger(step) && step !== 0)) site.wrong(`wants steps that are not 0, got ${by.join()}`);
    // Backwards a place may be that before the first.
    const [start, end] = [begins[i], ends[i]].map((at, last) =>
      (step > 0 ? clamped(at, size) : Math.min(size - 1, Math.max(-last, at < 0 ? at + size : at))));
    starts[axis] = start;
    steps[axis] = step;
    to[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return site.slice(site.item(0), starts, steps, to);
}

function split(site: Site): readonly Item[] {
  const from = site.shape(0);
  const axis = site.axis(from.length);
  const parts = site.node.outputs.length;
  const share = Math.ceil(from[axis] / parts);
  const sizes = site.numbers(1, "split", 13) ??
    Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(share, from[axis] - i * share)));
  if (sizes.length < parts || sizes.reduce((sum, n) => sum + n, 0) !== from[axis] || !sizes.every((n) => n >= 0)) {
    site.wrong(`cuts ${from[axis]} into ${sizes.join("+")}, for ${parts} outputs`);
  }
  let at = 0;
  return sizes.map((size) => {
    const part = site.part(site.item(0), axis, at, size);
    at += size;
    return part;
  });
}

function pad(site: Site): Item {
  const from = site.shape(0);
  const pads = site.numbers(1, site.opset < 2 ? "paddings" : "pads", 11);
  const value = site.has(2) ? (site.known(2, "value").numbers[0] ?? 0) : site.float("value", 0);
  const axes = site.axes(from.length, site.numbers(3, "axes"));
  if (pads?.length !== 2 * axes.length || !pads.every(Number.isSafeInteger)) {
    return site.wrong(`wants two numbers for each of ${axes.length} axes as pads`);
  }
  const mode = site.text("mode", "constant");
  if (mode !== "constant" && mode !== "reflect" && mode !== "edge" && mode !== "wrap") return site.cannot(`with mode ${mode}`);
  const sides = [0, axes.length].map((half) => from.map((_, axis) => (axes.includes(axis) ? pads[half + axes.indexOf(axis)] : 0)));
  // Pads below 0 take away.
  const [less, more] = [-1, 1].map((sign) => sides.map((side) => side.map((n) => Math.max(0, sign * n))));
  const to = from.map((n, i) => n - less[0][i] - less[1][i]);
  if (to.some((n) => n < 0)) site.wrong(`takes more from ${showShape(from)} than there is`);
  const cut = site.slice(site.item(0), less[0], from.map(() => 1), to);
  const least = mode === "constant" ? 0 : mode === "reflect" ? 2 : 1;
  if (to.some((n, i) => n < least && more[0][i] + more[1][i] > 0)) {
    site.wrong(`pads ${showShape(to)} by ${mode}: it is too small for that`);
  }
  return site.pad(cut, more[0], more[1], mode, value);
}

/** Elements by their full or partial index. */
function gatherNd(site: Site): Item {
  const from = site.shape(0);
  const indices = site.known(1, "indices");
  const depth = indices.shape.at(-1) ?? 0;
  if (site.int("batch_dims", 0) !== 0) site.cannot("with batch_dims");
  if (depth < 1 || depth > from.length) site.wrong(`wants indices of up to ${from.length} numbers, got ${depth}`);
  // As rows of a tensor whose first dimensions are one.
  const outer = from.slice(0, depth);
  const count = outer.reduce((n, size) => n * size, 1);
  const rows: number[] = [];
  for (let i = 0; i < indices.size; i += depth) {
    let row = 0;
    for (let k = 0; k < depth; k++) {
      const at = indices.numbers[i + k];
      const index = at < 0 ? at + outer[k] : at;
      if (!(index >= 0 && index < outer[k])) site.wrong(`wants index ${at} of ${outer[k]}`);
      row = row * outer[k] + index;
    }
    rows.push(row);
  }
  const flat = site.reshape(site.item(0), [count, ...from.slice(depth)]);
  return site.gather(flat, new Known(indices.type, indices.shape.slice(0, -1), () => Float64Array.from(rows)), 0);
}

/** Channels that become pixels in blocks, or the other way round. Which of both counts first in the channels is said by the mode. */
function blocks(site: Site, apart: boolean): Item {
  const [n, c, h, w] = site.rank(0, 4);
  const block = site.int("blocksize", 0);
  const each = apart ? [c / (block * block), h, w] : [c, h / block, w / block];
  if (!each.every((size) => size >= 1 && Number.isInteger(size))) {
    site.wrong(`cuts ${showShape([n, c, h, w])} into blocks of ${block}x${block}`);
  }
  const [depth, rows, columns] = each;
  const last = site.text("mode", "DCR") === "CRD";
  const order = last ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  if (apart) {
    const seen = site.reshape(site.item(0), last ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w]);
    return site.reshape(site.transpose(seen, order), [n, depth, h * block, w * block]);
  }
  const seen = site.reshape(site.item(0), [n, c, rows, block, columns, block]);
  return site.reshape(site.transpose(seen, inverse(order)), [n, c * block * block, rows, columns]);
}

export const moves: Table = {
  Transpose: transpose,
  Concat: (site) => {
    const items = site.all();
    const full = items.filter((item) => !(item instanceof Known && item.size === 0));
    const [first] = full.length > 0 ? full : items;
    return site.concat(full.length > 0 ? full : items.slice(0, 1), site.axis(shapeOf(first).length, site.int("axis", 1)));
  },
  Slice: slice,
  Split: split,
  Pad: pad,
  Gather: (site) => site.gather(site.item(0), site.known(1, "indices"), site.axis(site.shape(0).length)),
  GatherND: gatherNd,
  DepthToSpace: (site) => blocks(site, true),
  SpaceToDepth: (site) => blocks(site, false),
};
