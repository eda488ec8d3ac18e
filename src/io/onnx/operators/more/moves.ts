/** What puts numbers in other places, or makes them, in ways that few networks ask for. */
import { showShape, sizeOf } from "../../../../tensor.ts";
import { Known, whole } from "../../constants/known.ts";
import { inverse } from "../../lower/nodes.ts";
import type { Item } from "../../lower/nodes.ts";
import type { Site, Table } from "../../lower/site.ts";

/** Elements by their full or partial index. */
function gatherNd(site: Site, x: Item): Item {
  const { shape, type, numbers } = site.known(1, "indices");
  const depth = shape.at(-1) ?? 0;
  if (site.int("batch_dims") !== 0) site.cannot("with batch_dims");
  if (depth < 1 || depth > x.shape.length) site.wrong(`wants indices of up to ${x.shape.length} numbers, got ${depth}`);
  // As rows of a tensor whose first dimensions are one.
  const outer = x.shape.slice(0, depth);
  const front = shape.slice(0, -1);
  const rows = Float64Array.from({ length: sizeOf(front) }, (_, i) => outer.reduce((row, size, k) => {
    const at = numbers[i * depth + k];
    const index = at < 0 ? at + size : at;
    return index >= 0 && index < size ? row * size + index : site.wrong(`wants index ${at} of ${size}`);
  }, 0));
  return site.gather(site.reshape(x, [sizeOf(outer), ...x.shape.slice(depth)]), new Known(type, front, () => rows), 0);
}

/** Channels that become pixels in blocks, or the other way round. Which of both counts first in the channels is said by the mode. */
function blocks(site: Site, x: Item, apart: boolean): Item {
  const [n, c, h, w] = site.rank(x, 4);
  const block = site.int("blocksize");
  const [depth, rows, columns] = apart ? [c / (block * block), h, w] : [c, h / block, w / block];
  if (![depth, rows, columns].every((size) => size >= 1 && Number.isInteger(size))) {
    site.wrong(`cuts ${showShape(x.shape)} into blocks of ${block}x${block}`);
  }
  // Channels taken apart, and where each of their parts goes.
  const last = site.text("mode") === "CRD";
  const order = last ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const image = [n, depth, rows, block, columns, block];
  const back = inverse(order);
  return apart
    ? site.reshape(site.transpose(site.reshape(x, back.map((axis) => image[axis])), order), [n, depth, h * block, w * block])
    : site.reshape(site.transpose(site.reshape(x, image), back), [n, c * block * block, rows, columns]);
}

function range(site: Site, { type }: Item): Item {
  const [start, limit, delta] = [0, 1, 2].map((i) => site.known(i, "range").numbers[0]);
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isSafeInteger(count)) site.wrong(`counts from ${start} to ${limit} by ${delta}`);
  return site.computed(type, [count], (numbers) => numbers.forEach((_, i) => void (numbers[i] = start + i * delta)));
}

/** Seen as tiles: [t, n] for each dimension, where t tiles are stretched from one; t alone where n is 1. */
function tile(site: Site, x: Item): Item {
  const from = x.shape;
  const times = [...site.known(1, "repeats").numbers];
  if (times.length !== from.length || !times.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    site.wrong(`wants ${from.length} repeats, got ${times.join()}`);
  }
  const tiles = (n: readonly number[]): number[] => from.flatMap(
    (size, i) => (times[i] === 1 ? [size] : size === 1 ? [n[i]] : [n[i], size]));
  return site.reshape(site.expand(site.reshape(x, tiles(from.map(() => 1))), tiles(times)), from.map((size, i) => size * times[i]));
}

export const moreMoves: Table = {
  GatherND: gatherNd,
  DepthToSpace: (site, x) => blocks(site, x, true),
  SpaceToDepth: (site, x) => blocks(site, x, false),
  Size: (_, { shape }) => whole([sizeOf(shape)], []),
  Range: range,
  Tile: tile,
};
