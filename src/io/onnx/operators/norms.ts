/** Normalisation: by running statistics, and by those of the sample at hand. */
import { showShape, sizeOf } from "../../../tensor.ts";
import type { Item } from "../lower/nodes.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Table } from "./table.ts";

function batchNorm(site: Site): Item {
  const { build } = site;
  const shape = site.shape(0);
  if (site.int("training_mode", 0) === 1 && site.node.outputs.slice(1).some((name) => name !== "")) {
    site.cannot("with the batch's own statistics");
  }
  if (site.int("spatial", 1) === 0) site.cannot("with spatial 0");
  if (shape.length < 2) site.wrong(`wants at least 2 dimensions, got ${showShape(shape)}`);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => {
    const known = site.known(i, "statistics");
    if (known.size !== shape[1]) site.wrong(`wants ${shape[1]} numbers for as many channels, got ${showShape(known.shape)}`);
    return build.constant(known, { shape: [shape[1]] }, ["", "scale", "bias", "mean", "variance"][i]);
  });
  // An image, whatever it is.
  const image = shape.length === 4 ? shape : [shape[0], shape[1], 1, sizeOf(shape.slice(2))];
  const x = build.reshape(site.item(0), image);
  const value = build.add(
    { kind: "batch_norm", epsilon: site.float("epsilon", 1e-5), gamma, beta, mean, variance }, [build.value(x)], image,
  );
  return build.reshape(build.flow(value, x.type), shape);
}

/** (x - mean) / sqrt(variance + epsilon) over these axes. */
function standard({ build }: Site, x: Item, axes: readonly number[], epsilon: number): Item {
  const centred = build.binary("subtract", x, build.reduce("mean", x, axes));
  const variance = build.reduce("mean", build.binary("multiply", centred, centred), axes);
  return build.binary("divide", centred, build.unary(build.binary("add", variance, build.scalar(epsilon)), "sqrt"));
}

/** times scale, plus bias. */
function affine({ build }: Site, x: Item, scale: Item | undefined, bias: Item | undefined): Item {
  const scaled = scale === undefined ? x : build.binary("multiply", x, scale);
  return bias === undefined ? scaled : build.binary("add", scaled, bias);
}

/** A number a channel, as a tensor that is laid along the channels. */
function perChannel(site: Site, i: number, rank: number): Item {
  const item = site.item(i);
  return site.build.reshape(item, [sizeOf(shapeOf(item)), ...new Array<number>(rank - 2).fill(1)]);
}

function instanceNorm(site: Site): Item {
  const { length: rank } = site.shape(0);
  if (rank < 3) site.wrong(`wants at least 3 dimensions, got ${showShape(site.shape(0))}`);
  const axes = site.shape(0).map((_, i) => i).slice(2);
  return affine(
    site, standard(site, site.item(0), axes, site.float("epsilon", 1e-5)), perChannel(site, 1, rank), perChannel(site, 2, rank),
  );
}

function layerNorm(site: Site): Item {
  if (site.node.outputs.slice(1).some((name) => name !== "")) site.cannot("with mean and deviation as outputs");
  const { length: rank } = site.shape(0);
  const axis = site.axis(site.int("axis", -1), rank);
  const axes = site.shape(0).map((_, i) => i).slice(axis);
  return affine(
    site, standard(site, site.item(0), axes, site.float("epsilon", 1e-5)), site.has(1) ? site.item(1) : undefined,
    site.has(2) ? site.item(2) : undefined,
  );
}

/** Until opset 20 scale and bias have a number a group, then one a channel. */
function groupNorm(site: Site): Item {
  const { build } = site;
  const shape = site.shape(0);
  const groups = site.int("num_groups", 0);
  if (shape.length < 3 || !(groups > 0) || shape[1] % groups !== 0) {
    site.wrong(`wants groups of channels, got ${groups} groups of ${showShape(shape)}`);
  }
  const grouped = [shape[0], groups, (shape[1] / groups) * sizeOf(shape.slice(2))];
  const normal = standard(site, build.reshape(site.item(0), grouped), [2], site.float("epsilon", 1e-5));
  if (sizeOf(shapeOf(site.item(1))) !== shape[1]) {
    return build.reshape(affine(site, normal, build.reshape(site.item(1), [groups, 1]), build.reshape(site.item(2), [groups, 1])), shape);
  }
  return affine(site, build.reshape(normal, shape), perChannel(site, 1, shape.length), perChannel(site, 2, shape.length));
}

/** x / (bias + alpha / size sum of squares over `size` neighbouring channels) ^ beta. */
function localResponse(site: Site): Item {
  const { build } = site;
  const shape = site.shape(0);
  const size = site.int("size", 0);
  if (shape.length < 3 || !(size >= 1 && size <= 1024)) site.wrong(`wants images and a size of at least 1, got ${size}`);
  const squares = build.binary("multiply", site.item(0), site.item(0));
  const before = Math.floor((size - 1) / 2);
  const sides = (n: number): number[] => shape.map((_, i) => (i === 1 ? n : 0));
  const around = build.pad(squares, sides(before), sides(size - 1 - before), "constant", 0);
  const parts = Array.from({ length: size }, (_, k) => build.part(around, 1, k, shape[1]));
  const sum = parts.reduce((all, part) => build.binary("add", all, part));
  const base = build.binary(
    "add", build.binary("multiply", sum, build.scalar(site.float("alpha", 1e-4) / size)), build.scalar(site.float("bias", 1)),
  );
  return build.binary("divide", site.item(0), build.binary("power", base, build.scalar(site.float("beta", 0.75))));
}

export const norms: Table = {
  BatchNormalization: batchNorm,
  InstanceNormalization: instanceNorm,
  LayerNormalization: layerNorm,
  GroupNormalization: groupNorm,
  LRN: localResponse,
};

