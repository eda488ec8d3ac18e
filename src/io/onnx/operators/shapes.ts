/** What asks for shapes and makes tensors of them, and what gives tensors other shapes without moving a number. */
import { showShape, sizeOf } from "../../../tensor.ts";
import { Known, stored, whole } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import { BOOL, FLOAT, INT64 } from "../read/types.ts";
import type { Table } from "./table.ts";

/** A place in a range: from the end where it is below 0, and never beyond either end. */
export function clamped(at: number, size: number): number {
  return Math.min(size, Math.max(0, at < 0 ? at + size : at));
}

function shape(site: Site): Item {
  const all = site.shape(0);
  return whole(all.slice(clamped(site.int("start", 0), all.length), clamped(site.int("end", all.length), all.length)));
}

/** 0 copies a size of the input, -1 is what is left. */
function reshape(site: Site): Item {
  const from = site.shape(0);
  const wanted = site.numbers(1, "shape", 5);
  if (wanted === undefined) return site.wrong("lacks its shape");
  const copies = site.int("allowzero", 0) === 0;
  const to = wanted.map(
    (size, i) => (size === 0 && copies ? (from[i] ?? site.wrong(`copies dimension ${i} of ${showShape(from)}`)) : size),
  );
  const open = to.indexOf(-1);
  if (open >= 0) {
    const rest = sizeOf(to.filter((_, i) => i !== open));
    to[open] = rest === 0 ? 0 : sizeOf(from) / rest;
  }
  if (!to.every((size) => Number.isSafeInteger(size) && size >= 0)) site.wrong(`wants to make ${showShape(wanted)} of ${showShape(from)}`);
  return site.reshape(site.item(0), to);
}

function flatten(site: Site): Item {
  const from = site.shape(0);
  const axis = clamped(site.int("axis", 1), from.length);
  return site.reshape(site.item(0), [sizeOf(from.slice(0, axis)), sizeOf(from.slice(axis))]);
}

function squeeze(site: Site): Item {
  const from = site.shape(0);
  const axes = site.axes(from.length, site.numbers(1, "axes", 13) ?? from.flatMap((size, i) => (size === 1 ? [i] : [])));
  if (axes.some((axis) => from[axis] !== 1)) site.wrong(`takes axes ${axes.join()} from ${showShape(from)}, which have not size 1`);
  return site.reshape(site.item(0), from.filter((_, i) => !axes.includes(i)));
}

function unsqueeze(site: Site): Item {
  const rest = [...site.shape(0)];
  const given = site.numbers(1, "axes", 13) ?? site.wrong("lacks its axes");
  const rank = rest.length + given.length;
  const axes = site.axes(rank, given);
  return site.reshape(site.item(0), site.axes(rank).map((axis) => (axes.includes(axis) ? 1 : rest.shift()!)));
}

function constant(site: Site): Item {
  const { attributes } = site.node;
  const tensor = attributes.get("value")?.tensor;
  const name = site.node.outputs[0];
  if (tensor !== undefined) return stored({ ...tensor, name });
  for (const [key, { float, integer, floats, integers }] of attributes) {
    const isFloat = key.startsWith("value_float");
    const values = { value_float: [float], value_int: [integer], value_floats: floats, value_ints: integers }[key];
    if (values === undefined) continue;
    return stored({
      name, type: isFloat ? FLOAT : INT64, shape: key.endsWith("s") ? [values.length] : [],
      read: () => (isFloat ? Float32Array : Float64Array).from(values),
    });
  }
  return site.cannot("of this kind of value");
}

function constantOfShape(site: Site): Item {
  const to = Array.from(site.known(0, "shape").numbers);
  const value = site.node.attributes.get("value")?.tensor;
  const [fill] = value?.read() ?? [0];
  return site.computer.known(site.what, value?.type ?? FLOAT, to, (numbers) => numbers.fill(fill));
}

function range(site: Site): Item {
  const [start, limit, delta] = [0, 1, 2].map((i) => site.known(i, "range").numbers[0]);
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isSafeInteger(count)) site.wrong(`counts from ${start} to ${limit} by ${delta}`);
  return site.computer.known(
    site.what, site.item(0).type, [count], (numbers) => numbers.forEach((_, i) => void (numbers[i] = start + i * delta)),
  );
}

/** Seen as tiles: [t, n] for each dimension, where t tiles are stretched from one. */
function tile(site: Site): Item {
  const from = site.shape(0);
  const times = Array.from(site.known(1, "repeats").numbers);
  if (times.length !== from.length || !times.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    site.wrong(`wants ${from.length} repeats, got ${times.join()}`);
  }
  const apart = site.reshape(site.item(0), from.flatMap((size, i) => (times[i] === 1 ? [size] : [1, size])));
  const tiled = site.expand(apart, from.flatMap((size, i) => (times[i] === 1 ? [size] : [times[i], size])));
  return site.reshape(tiled, from.map((size, i) => size * times[i]));
}

/** What a network drops in training it does not drop in use: also where the file was written in training mode. */
function dropout(site: Site): readonly (Item | undefined)[] {
  const mode = site.inputs[2];
  const ratio = site.inputs[1];
  if (mode instanceof Known && mode.numbers[0] === 1 && !(ratio instanceof Known && ratio.numbers[0] === 0)) {
    site.note(`${site.what} was left in training mode: here it drops nothing`);
  }
  const mask = site.node.outputs.length > 1 && site.node.outputs[1] !== "";
  return [site.item(0), mask ? site.computer.known(site.what, BOOL, site.shape(0), (numbers) => numbers.fill(1)) : undefined];
}

export const shapes: Table = {
  Shape: shape,
  Size: (site) => whole([sizeOf(site.shape(0))], []),
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Identity: (site) => site.item(0),
  Dropout: dropout,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Expand: (site) => site.expand(site.item(0), Array.from(site.known(1, "shape").numbers)),
  Tile: tile,
};
