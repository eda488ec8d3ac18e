/** Normalisation by running statistics. */
import { showShape } from "../../../tensor.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site, Table } from "../lower/site.ts";
import { onChannels } from "./window.ts";

export function batchNorm(site: Site, given: Item): Item {
  const { shape } = given;
  const [, channels] = shape;
  if (site.int("spatial", 1) === 0) site.cannot("with spatial 0");
  if (site.int("training_mode") === 1 && site.wants(1)) site.cannot("in training mode");
  if (shape.length < 2) site.wrong(`wants at least 2 dimensions, got ${showShape(shape)}`);
  const statistics = [1, 2, 3, 4].map((i) => {
    const known = site.known(i, "statistics");
    return known.size === channels ? known : site.wrong(`wants ${channels} numbers for as many channels, got ${showShape(known.shape)}`);
  });
  const [gamma, beta, mean, variance] = statistics.map(
    (known, i) => site.constant(known, ["scale", "bias", "mean", "variance"][i], { shape: [channels] }),
  );
  return onChannels(site, given, { kind: "batch_norm", epsilon: site.float("epsilon", 1e-5), gamma, beta, mean, variance });
}

export const norms: Table = { BatchNormalization: batchNorm };
