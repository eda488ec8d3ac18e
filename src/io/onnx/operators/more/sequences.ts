/** Lists of tensors that are taken apart again before the network runs. */
import { Known, whole } from "../../constants/known.ts";
import type { Item } from "../../lower/nodes.ts";
import type { Site, Table } from "../../lower/site.ts";
import { Unsupported } from "../../lower/unsupported.ts";
import { cut } from "../moves.ts";

/** It has no numbers: an operator that asks for them is named as one that is not supported. */
interface Sequence extends Known {
  readonly items: readonly Item[];
}

function sequence(items: readonly Item[]): Sequence {
  return Object.assign(new Known(0, [items.length], () => {
    throw new Unsupported("of a list of tensors");
  }), { items });
}

function itemsOf(site: Site, x: Item): readonly Item[] {
  return "items" in x ? (x as Sequence).items : site.cannot("of a list that the network makes");
}

/** Pieces of so many, the last one smaller where that is left; or of these sizes. */
function splitToSequence(site: Site, x: Item): Item {
  const axis = site.axis(x.shape.length);
  const size = x.shape[axis];
  const split = site.inputs[1] && site.known(1, "split");
  const [each] = split?.shape.length === 0 ? split.numbers : [1];
  const even = Array.from({ length: Math.min(1e6, Math.ceil(size / each)) }, (_, i) => Math.min(each, size - i * each));
  const parts = cut(site, x, axis, split === undefined || split.shape.length === 0 ? even : [...split.numbers]);
  const drops = split === undefined && site.int("keepdims", 1) === 0;
  return sequence(drops ? parts.map((part) => site.reshape(part, x.shape.filter((_, i) => i !== axis))) : parts);
}

export const sequences: Table = {
  SplitToSequence: splitToSequence,
  SequenceConstruct: (site) => sequence(site.all()),
  SequenceAt: (site, x) => {
    const items = itemsOf(site, x);
    const [at] = site.known(1, "position").numbers;
    return items.at(at) ?? site.wrong(`wants number ${at} of ${items.length}`);
  },
  SequenceLength: (site, x) => whole([itemsOf(site, x).length], []),
  ConcatFromSequence: (site, x) => {
    const items = itemsOf(site, x);
    const rank = items[0].shape.length + site.int("new_axis");
    const axis = site.axis(rank);
    const stacked = (item: Item): Item => site.reshape(item, [...item.shape.slice(0, axis), 1, ...item.shape.slice(axis)]);
    return site.concat(site.int("new_axis") === 1 ? items.map(stacked) : items, axis);
  },
};
