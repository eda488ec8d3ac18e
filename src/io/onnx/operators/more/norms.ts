/** Normalisation by statistics of the sample or the batch at hand. */
import { showShape, sizeOf } from "../../../../tensor.ts";
import type { Item } from "../../lower/nodes.ts";
import type { Site, Table } from "../../lower/site.ts";
import { batchNorm } from "../norms.ts";

/** (x - mean) / sqrt(variance + epsilon) over these axes, and what it is made of. */
function standard(
  site: Site, x: Item, axes: readonly number[], epsilon: number = site.float("epsilon", 1e-5),
): Record<"normal" | "mean" | "variance" | "deviation", Item> {
  const mean = site.reduce("mean", x, axes);
  const centred = site.binary("subtract", x, mean);
  const variance = site.reduce("mean", squares(site, centred), axes);
  const deviation = site.unary("sqrt", site.binary("add", variance, epsilon));
  return { normal: site.binary("divide", centred, deviation), mean, variance, deviation };
}

function squares(site: Site, x: Item): Item {
  return site.binary("multiply", x, x);
}

/** All axes from one on. */
function axesFrom({ shape }: Item, first: number): number[] {
  return shape.map((_, axis) => axis).slice(first);
}

/** Times the node's scale, plus its bias, as far as it has them: laid along the channels of tensors of this rank, or as they are. */
function affine(site: Site, x: Item, rank?: number): Item {
  const along = (item: Item): Item => (
    rank === undefined ? item : site.reshape(item, [sizeOf(item.shape), ...new Array<number>(rank - 2).fill(1)])
  );
  const [, scale, bias] = site.inputs;
  const scaled = scale === undefined ? x : site.binary("multiply", x, along(scale));
  return bias === undefined ? scaled : site.binary("add", scaled, along(bias));
}

function instanceNorm(site: Site, x: Item): Item {
  const { length: rank } = x.shape;
  if (rank < 3) site.wrong(`wants at least 3 dimensions, got ${showShape(x.shape)}`);
  return affine(site, standard(site, x, axesFrom(x, 2)).normal, rank);
}

function layerNorm(site: Site, x: Item): readonly Item[] {
  const { normal, mean, deviation } = standard(site, x, axesFrom(x, site.axis(x.shape.length, site.int("axis", -1))));
  return [affine(site, normal), mean, site.unary("reciprocal", deviation)];
}

/** By the root of the mean of squares. */
function rmsNorm(site: Site, x: Item): Item {
  const axes = axesFrom(x, site.axis(x.shape.length, site.int("axis", -1)));
  const mean = site.reduce("mean", squares(site, x), axes);
  return affine(site, site.binary("divide", x, site.unary("sqrt", site.binary("add", mean, site.float("epsilon", 1e-5)))));
}

/** To length 1 along an axis. */
function lpNorm(site: Site, x: Item): Item {
  const axes = [site.axis(x.shape.length, site.int("axis", -1))];
  const length = site.int("p", 2) === 1
    ? site.reduce("sum", site.unary("abs", x), axes)
    : site.unary("sqrt", site.reduce("sum", squares(site, x), axes));
  return site.binary("divide", x, length);
}

/** Until opset 20 scale and bias have a number a group, then one a channel. */
function groupNorm(site: Site, x: Item): Item {
  const { shape } = x;
  const [batch, channels, ...image] = shape;
  const groups = site.int("num_groups");
  if (shape.length < 3 || !(groups > 0) || channels % groups !== 0) {
    site.wrong(`wants groups of channels, got ${groups} groups of ${showShape(shape)}`);
  }
  const { normal } = standard(site, site.reshape(x, [batch, groups, (channels / groups) * sizeOf(image)]), [2]);
  return sizeOf(site.item(1).shape) === channels
    ? affine(site, site.reshape(normal, shape), shape.length)
    : site.reshape(affine(site, normal, 3), shape);
}

/** x / (bias + alpha / size sum of squares over `size` neighbouring channels) ^ beta. */
function localResponse(site: Site, x: Item): Item {
  const { shape } = x;
  const size = site.int("size");
  if (shape.length < 3 || !(size >= 1 && size <= 1024)) site.wrong(`wants images and a size of at least 1, got ${size}`);
  const before = Math.floor((size - 1) / 2);
  const sides = (n: number): number[] => shape.map((_, i) => (i === 1 ? n : 0));
  const around = site.pad(squares(site, x), sides(before), sides(size - 1 - before));
  const parts = Array.from({ length: size }, (_, k) => site.part(around, 1, k, shape[1]));
  const sum = parts.reduce((all, part) => site.binary("add", all, part));
  const base = site.binary("add", site.binary("multiply", sum, site.float("alpha", 1e-4) / size), site.float("bias", 1));
  return site.binary("divide", x, site.binary("power", base, site.float("beta", 0.75)));
}

/** In training mode, where it wants to be told the statistics too. */
function trainingNorm(site: Site, x: Item): Item | readonly Item[] {
  if (site.int("training_mode") !== 1 || !site.node.outputs.some((_, i) => i > 0 && site.wants(i))) return batchNorm(site, x);
  const { shape } = x;
  const { normal, mean, variance } = standard(site, x, axesFrom(x, 0).filter((axis) => axis !== 1));
  const momentum = site.float("momentum", 0.9);
  const running = (i: number, now: Item): Item => site.binary(
    "add", site.binary("multiply", site.item(i), momentum), site.binary("multiply", site.reshape(now, [shape[1]]), 1 - momentum),
  );
  return [affine(site, normal, shape.length), running(3, mean), running(4, variance)];
}

export const moreNorms: Table = {
  BatchNormalization: trainingNorm,
  InstanceNormalization: instanceNorm,
  LayerNormalization: layerNorm,
  GroupNormalization: groupNorm,
  RMSNormalization: rmsNorm,
  "com.microsoft:SimplifiedLayerNormalization": rmsNorm,
  LpNormalization: lpNorm,
  LRN: localResponse,
  // Over all but the channels, unless axes are named; ONNX's reference adds 1e-9 to the deviation.
  MeanVarianceNormalization: (site, x) => (
    standard(site, x, site.axes(x.shape.length, site.list("axes") ?? [0, 2, 3]), 1e-18).normal
  ),
};
