/** What asks for shapes and makes tensors of them, and what gives tensors other shapes without moving a number. */
import { showShape, sizeOf } from "../../../tensor.ts";
import { Known, stored, whole } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site, Table } from "../lower/site.ts";
import { BOOL, FLOAT, INT64 } from "../read/types.ts";

/** A place in a range: from the end where it is below 0, and never beyond either end. */
export function clamped(at: number, size: number): number {
  return Math.min(size, Math.max(0, at < 0 ? at + size : at));
}

function shape(site: Site, { shape: all }: Item): Item {
  return whole(all.slice(clamped(site.int("start"), all.length), clamped(site.int("end", all.length), all.length)));
}

/** 0 copies a size of the input, -1 is what is left. */
function reshape(site: Site, x: Item): Item {
  const from = x.shape;
  const wanted = site.numbers(1, "shape") ?? site.wrong("lacks its shape");
  const copies = site.int("allowzero") === 0;
  const to = wanted.map((size, i) => (size === 0 && copies ? (from[i] ?? NaN) : size));
  const open = to.indexOf(-1);
  if (open >= 0) {
    const rest = sizeOf(to.filter((_, i) => i !== open));
    to[open] = rest === 0 ? 0 : sizeOf(from) / rest;
  }
  if (!to.every((size) => Number.isSafeInteger(size) && size >= 0)) site.wrong(`wants to make ${showShape(wanted)} of ${showShape(from)}`);
  return site.reshape(x, to);
}

function flatten(site: Site, x: Item): Item {
  const axis = clamped(site.int("axis", 1), x.shape.length);
  return site.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
}

function squeeze(site: Site, x: Item): Item {
  const from = x.shape;
  const axes = site.axes(from.length, site.numbers(1, "axes") ?? from.flatMap((size, i) => (size === 1 ? [i] : [])));
  if (axes.some((axis) => from[axis] !== 1)) site.wrong(`takes axes ${axes.join()} from ${showShape(from)}, which have not size 1`);
  return site.reshape(x, from.filter((_, i) => !axes.includes(i)));
}

function unsqueeze(site: Site, x: Item): Item {
  const rest = [...x.shape];
  const given = site.numbers(1, "axes") ?? site.wrong("lacks its axes");
  const rank = rest.length + given.length;
  const axes = site.axes(rank, given);
  return site.reshape(x, site.axes(rank).map((axis) => (axes.includes(axis) ? 1 : rest.shift()!)));
}

function constant(site: Site): Item {
  const { attributes, outputs: [name] } = site.node;
  for (const [key, { float, integer, floats, integers, tensor }] of attributes) {
    if (key === "value" && tensor !== undefined) return stored({ ...tensor, name });
    const values = { value_float: [float], value_int: [integer], value_floats: floats, value_ints: integers }[key];
    if (values === undefined) continue;
    const isFloat = key.startsWith("value_float");
    return stored({
      name, type: isFloat ? FLOAT : INT64, shape: key.endsWith("s") ? [values.length] : [],
      read: () => (isFloat ? Float32Array : Float64Array).from(values),
    });
  }
  return site.cannot("of this kind of value");
}

function constantOfShape(site: Site): Item {
  const value = site.node.attributes.get("value")?.tensor;
  const [fill] = value?.read() ?? [0];
  return site.computed(value?.type ?? FLOAT, [...site.known(0, "shape").numbers], (numbers) => numbers.fill(fill));
}

/** What a network drops in training it does not drop in use: also where the file was written in training mode. */
function dropout(site: Site, x: Item): readonly (Item | undefined)[] {
  const first = (i: number): number | undefined => {
    const item = site.inputs[i];
    return item instanceof Known ? item.numbers[0] : undefined;
  };
  if (first(2) === 1 && first(1) !== 0) site.note("was left in training mode: here it drops nothing");
  return [x, site.wants(1) ? site.computed(BOOL, x.shape, (numbers) => numbers.fill(1)) : undefined];
}

export const shapes: Table = {
  Shape: shape,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Identity: (_, x) => x,
  Dropout: dropout,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Expand: (site, x) => site.expand(x, [...site.known(1, "shape").numbers]),
};
