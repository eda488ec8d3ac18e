/** A network of bytes: the network that it was made of says which operations there are, the recipe with which numbers. */
import type { Graph } from "../graph/graph.ts";
import type { Network } from "../graph/network.ts";
import type { OwnSessions } from "../session/backends/capabilities.ts";
import { byteCapabilities } from "../session/backends/wasm/bytes.ts";
import { checkBytes } from "../session/backends/wasm/checks/bytes.ts";
import type { Int8Target } from "../session/training/derived.ts";
import type { Shape } from "../tensor.ts";
import { prepare } from "./prepare.ts";
import { quantisedGraph } from "./graph.ts";
import type { Recipe } from "./recipe.ts";
import { tableOf } from "./tables.ts";

/**
 * What `quantise` and `requantise` make and `readQuantised` reads. Sessions compile it as any other network, and give the same bits on
 * every host, on wasm and on plain kernels, and for every number of threads (test/quantise/hashes.test.ts).
 * @example
 * const model = createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, 1);
 * const images = Tensor.of(Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)), [1, 3, 8, 8]);
 * const network: QuantisedNetwork = quantise(model, images, { reported: 0 }).network;
 * network.input   // => [1,3,8,8]
 */
export interface QuantisedNetwork extends Network {
  readonly quantised: true;
  /** Kernels of bytes, and how they are checked. Their numerics are the same bits everywhere, whatever is asked for. */
  readonly sessions: OwnSessions;
  readonly recipe: Recipe;
  /** What it was measured on: [1, channels, height, width]. */
  readonly input: Shape;
  /** The graph for `input` as it was before it was one of bytes. */
  prepared(): Graph;
  /** For training with its rounding; what `quantise` and `requantise` make has it, what is read from a file has not. */
  readonly derivation?: Int8Target["derivation"];
}

/** What sessions of bytes are made of. */
export const byteSessions: OwnSessions = { capabilities: byteCapabilities(), numerics: "exact", check: checkBytes };

/** @param network as it was before, its weights of no matter */
export function quantisedNetwork(network: Network, recipe: Recipe, input: Shape): QuantisedNetwork {
  const { title, inputs, outputs, operations } = network;
  return {
    title: `${title}, int8`, inputs, outputs, operations, quantised: true, sessions: byteSessions, recipe, input,
    prepared: () => prepare(network.lower({ [inputs[0].name]: input })),
    lower(shapes, training = false) {
      if (training) throw new RangeError(`${title}: a quantised network does not learn; train the one that it was made of`);
      return quantisedGraph(prepare(network.lower(shapes)), recipe, tableOf);
    },
  };
}
