/** Normalisation: by running statistics, and by those of the sample at hand. */
import { showShape, sizeOf } from "../../../tensor.ts";
import type { Item } from "../lower/nodes.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Table } from "./table.ts";

/** (x - mean) / sqrt(variance + epsilon) over these axes, and what it is made of. */
function standard(
  site: Site, x: Item, axes: readonly number[], epsilon: number = site.float("epsilon", 1e-5),
): Record<"normal" | "mean" | "variance" | "deviation", Item> {
  const mean = site.reduce("mean", x, axes);
  const centred = site.binary("subtract", x, mean);
  const variance = site.reduce("mean", site.binary("multiply", centred, centred), axes);
  const deviation = site.unary(site.binary("add", variance, site.scalar(epsilon)), "sqrt");
  return { normal: site.binary("divide", centred, deviation), mean, variance, deviation };
}

function batchNorm(site: Site): readonly Item[] {
  const shape = site.shape(0);
  if (site.int("spatial", 1) === 0) site.cannot("with spatial 0");
  if (shape.length < 2) site.wrong(`wants at least 2 dimensions, got ${showShape(shape)}`);
  const statistics = [1, 2, 3, 4].map((i) => {
    const known = site.known(i, "statistics");
    return known.size === shape[1] ? known : site.wrong(`wants ${shape[1]} numbers for as many channels, got ${showShape(known.shape)}`);
  });
  if (site.int("training_mode", 0) === 1 && site.node.outputs.slice(1).some((name) => name !== "")) {
    const { normal, mean, variance } = standard(site, site.item(0), shape.flatMap((_, i) => (i === 1 ? [] : [i])));
    const momentum = site.float("momentum", 0.9);
    const running = (i: number, now: Item): Item => site.binary(
      "add", site.binary("multiply", site.item(i), site.scalar(momentum)),
      site.binary("multiply", site.reshape(now, [shape[1]]), site.scalar(1 - momentum)),
    );
    return [affine(site, normal, ...[1, 2].map((i) => perChannel(site, i, shape.length))), running(3, mean), running(4, variance)];
  }
  const [gamma, beta, mean, variance] = statistics.map(
    (known, i) => site.constant(known, { shape: [shape[1]] }, ["scale", "bias", "mean", "variance"][i]),
  );
  // An image, whatever it is.
  const image = shape.length === 4 ? shape : [shape[0], shape[1], 1, sizeOf(shape.slice(2))];
  const x = site.reshape(site.item(0), image);
  const value = site.add(
    { kind: "batch_norm", epsilon: site.float("epsilon", 1e-5), gamma, beta, mean, variance }, [site.value(x)], image,
  );
  return [site.reshape(site.flow(value, x.type), shape)];
}

/** times scale, plus bias. */
function affine(site: Site, x: Item, scale?: Item, bias?: Item): Item {
  const scaled = scale === undefined ? x : site.binary("multiply", x, scale);
  return bias === undefined ? scaled : site.binary("add", scaled, bias);
}

/** A number a channel, as a tensor that is laid along the channels. */
function perChannel(site: Site, i: number, rank: number): Item {
  const item = site.item(i);
  return site.reshape(item, [sizeOf(shapeOf(item)), ...new Array<number>(rank - 2).fill(1)]);
}

function instanceNorm(site: Site): Item {
  const { length: rank } = site.shape(0);
  if (rank < 3) site.wrong(`wants at least 3 dimensions, got ${showShape(site.shape(0))}`);
  const axes = site.shape(0).map((_, i) => i).slice(2);
  return affine(
    site, standard(site, site.item(0), axes).normal, perChannel(site, 1, rank), perChannel(site, 2, rank),
  );
}

function layerNorm(site: Site): readonly Item[] {
  const { length: rank } = site.shape(0);
  const axis = site.axis(rank, site.int("axis", -1));
  const axes = site.shape(0).map((_, i) => i).slice(axis);
  const { normal, mean, deviation } = standard(site, site.item(0), axes);
  return [affine(site, normal, site.inputs[1], site.inputs[2]), mean, site.unary(deviation, "reciprocal")];
}

/** Until opset 20 scale and bias have a number a group, then one a channel. */
function groupNorm(site: Site): Item {
  const shape = site.shape(0);
  const groups = site.int("num_groups", 0);
  if (shape.length < 3 || !(groups > 0) || shape[1] % groups !== 0) {
    site.wrong(`wants groups of channels, got ${groups} groups of ${showShape(shape)}`);
  }
  const grouped = [shape[0], groups, (shape[1] / groups) * sizeOf(shape.slice(2))];
  const normal = standard(site, site.reshape(site.item(0), grouped), [2]).normal;
  if (sizeOf(shapeOf(site.item(1))) !== shape[1]) {
    return site.reshape(affine(site, normal, site.reshape(site.item(1), [groups, 1]), site.reshape(site.item(2), [groups, 1])), shape);
  }
  return affine(site, site.reshape(normal, shape), perChannel(site, 1, shape.length), perChannel(site, 2, shape.length));
}

/** x / (bias + alpha / size sum of squares over `size` neighbouring channels) ^ beta. */
function localResponse(site: Site): Item {
  const shape = site.shape(0);
  const size = site.int("size", 0);
  if (shape.length < 3 || !(size >= 1 && size <= 1024)) site.wrong(`wants images and a size of at least 1, got ${size}`);
  const squares = site.binary("multiply", site.item(0), site.item(0));
  const before = Math.floor((size - 1) / 2);
  const sides = (n: number): number[] => shape.map((_, i) => (i === 1 ? n : 0));
  const around = site.pad(squares, sides(before), sides(size - 1 - before), "constant", 0);
  const parts = Array.from({ length: size }, (_, k) => site.part(around, 1, k, shape[1]));
  const sum = parts.reduce((all, part) => site.binary("add", all, part));
  const base = site.binary(
    "add", site.binary("multiply", sum, site.scalar(site.float("alpha", 1e-4) / size)), site.scalar(site.float("bias", 1)),
  );
  return site.binary("divide", site.item(0), site.binary("power", base, site.scalar(site.float("beta", 0.75))));
}

export const norms: Table = {
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
  LayerNormalization: layerNorm,
  GroupNormalization: groupNorm,
  LRN: localResponse,
};

