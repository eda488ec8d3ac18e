/** What puts numbers in other places. */
import { showShape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import { clamped } from "./shapes.ts";
import type { Table } from "./table.ts";

function transpose(site: Site): Item {
  const { length: rank } = site.shape(0);
  const order = site.list("perm") ?? site.shape(0).map((_, i) => rank - 1 - i);
  if (order.length !== rank || new Set(order.map((axis) => site.axis(axis, rank))).size !== rank) {
    site.wrong(`wants every axis of ${showShape(site.shape(0))} once, got ${order.join()}`);
  }
  return site.build.transpose(site.item(0), order);
}

function slice(site: Site): Item {
  const from = site.shape(0);
  const old = site.opset < 10;
  const given = (i: number, name: string): readonly number[] | undefined => (
    old ? site.list(name) : site.has(i) ? Array.from(site.known(i, name).numbers) : undefined
  );
  const begins = given(1, "starts") ?? site.wrong("lacks starts");
  const ends = given(2, "ends") ?? site.wrong("lacks ends");
  const axes = given(3, "axes") ?? begins.map((_, i) => i);
  const by = (old ? undefined : given(4, "steps")) ?? begins.map(() => 1);
  if (ends.length !== begins.length || axes.length !== begins.length || by.length !== begins.length) {
    site.wrong("has starts, ends, axes and steps of several lengths");
  }
  const [starts, steps, to] = [from.map(() => 0), from.map(() => 1), [...from]];
  axes.forEach((given_, i) => {
    const axis = site.axis(given_, from.length);
    const size = from[axis];
    const step = by[i];
    if (!(Number.isSafeInteger(step) && step !== 0)) site.wrong(`wants steps that are not 0, got ${by.join()}`);
    const start = step > 0 ? clamped(begins[i], size) : Math.min(size - 1, Math.max(0, begins[i] < 0 ? begins[i] + size : begins[i]));
    // Backwards an end may lie before the first.
    const end = step > 0 ? clamped(ends[i], size) : Math.min(size - 1, Math.max(-1, ends[i] < 0 ? ends[i] + size : ends[i]));
    starts[axis] = start;
    steps[axis] = step;
    to[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return site.build.slice(site.item(0), starts, steps, to);
}

function split(site: Site): readonly Item[] {
  const { build } = site;
  const from = site.shape(0);
  const axis = site.axis(site.int("axis", 0), from.length);
  const parts = site.node.outputs.length;
  const share = Math.ceil(from[axis] / parts);
  const sizes = (site.opset < 13 ? site.list("split") : site.numbers(1, "split")) ??
    Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(share, from[axis] - i * share)));
  if (sizes.length < parts || sizes.reduce((sum, n) => sum + n, 0) !== from[axis] || !sizes.every((n) => n >= 0)) {
    site.wrong(`cuts ${from[axis]} into ${sizes.join("+")}, for ${parts} outputs`);
  }
  let at = 0;
  return sizes.map((size) => {
    const part = build.part(site.item(0), axis, at, size);
    at += size;
    return part;
  });
}

function pad(site: Site): Item {
  const from = site.shape(0);
  const rank = from.length;
  const pads = site.opset < 2 ? site.list("paddings") : site.opset < 11 ? site.list("pads") : site.numbers(1, "pads");
  const value = site.opset < 11 ? site.float("value", 0) : site.has(2) ? (site.known(2, "value").numbers[0] ?? 0) : 0;
  const axes = site.has(3) ? Array.from(site.known(3, "axes").numbers, (axis) => site.axis(axis, rank)) : from.map((_, i) => i);
  if (pads === undefined || pads.length !== 2 * axes.length || !pads.every(Number.isSafeInteger)) {
    return site.wrong(`wants two numbers for each of ${axes.length} axes as pads`);
  }
  const [begins, ends] = [from.map(() => 0), from.map(() => 0)];
  axes.forEach((axis, i) => {
    begins[axis] = pads[i];
    ends[axis] = pads[i + axes.length];
  });
  const mode = site.text("mode", "constant");
  if (mode !== "constant" && mode !== "reflect" && mode !== "edge" && mode !== "wrap") return site.cannot(`with mode ${mode}`);
  // Pads below 0 take away.
  const to = from.map((n, i) => n + Math.min(0, begins[i]) + Math.min(0, ends[i]));
  if (to.some((n) => n < 0)) site.wrong(`takes more from ${showShape(from)} than there is`);
  const cut = site.build.slice(site.item(0), begins.map((n) => Math.max(0, -n)), from.map(() => 1), to);
  const most = mode === "reflect" ? 1 : 0;
  [begins, ends].forEach((sides) => sides.forEach((n, i) => {
    if (mode !== "constant" && n > 0 && to[i] - most < 1) site.wrong(`pads ${showShape(to)} by ${mode}: it is too small for that`);
    sides[i] = Math.max(0, n);
  }));
  return site.build.pad(cut, begins, ends, mode, value);
}

function gather(site: Site): Item {
  const { length: rank } = site.shape(0);
  return site.build.gather(site.item(0), site.known(1, "indices"), site.axis(site.int("axis", 0), rank));
}

/** Elements by their full or partial index. */
function gatherNd(site: Site): Item {
  const from = site.shape(0);
  const indices = site.known(1, "indices");
  const depth = indices.shape.at(-1) ?? 0;
  if (site.int("batch_dims", 0) !== 0) site.cannot("with batch_dims");
  if (depth < 1 || depth > from.length) site.wrong(`wants indices of up to ${from.length} numbers, got ${depth}`);
  const { build } = site;
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
  const flat = build.reshape(site.item(0), [count, ...from.slice(depth)]);
  return build.gather(flat, new Known(indices.type, indices.shape.slice(0, -1), () => Float64Array.from(rows)), 0);
}

function checkedBlock(site: Site): number {
  const block = site.int("blocksize", 0);
  site.rank(0, 4);
  if (!(block >= 1 && block < 65536)) site.wrong(`wants a blocksize of at least 1, got ${block}`);
  return block;
}

function depthToSpace(site: Site): Item {
  const { build } = site;
  const block = checkedBlock(site);
  const [n, c, h, w] = site.shape(0);
  if (c % (block * block) !== 0) site.wrong(`cuts ${c} channels into blocks of ${block}x${block}`);
  const depth = c / (block * block);
  const columns = site.text("mode", "DCR") === "CRD";
  const apart = build.reshape(site.item(0), columns ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w]);
  return build.reshape(build.transpose(apart, columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), [n, depth, h * block, w * block]);
}

function spaceToDepth(site: Site): Item {
  const { build } = site;
  const block = checkedBlock(site);
  const [n, c, h, w] = site.shape(0);
  if (h % block !== 0 || w % block !== 0) site.wrong(`cuts ${h}x${w} into blocks of ${block}x${block}`);
  const columns = site.text("mode", "DCR") === "CRD";
  const apart = build.reshape(site.item(0), [n, c, h / block, block, w / block, block]);
  return build.reshape(
    build.transpose(apart, columns ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]), [n, c * block * block, h / block, w / block],
  );
}

export const moves: Table = {
  Transpose: transpose,
  Concat: (site) => {
    const items = site.all();
    const full = items.filter((item) => !(item instanceof Known && item.size === 0));
    const [first] = full.length > 0 ? full : items;
    return site.build.concat(full.length > 0 ? full : items.slice(0, 1), site.axis(site.int("axis", 1), shapeOf(first).length));
  },
  Slice: slice,
  Split: split,
  Pad: pad,
  Gather: gather,
  GatherND: gatherNd,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
