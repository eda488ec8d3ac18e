/**
 * Training that knows the rounding (docs/int8.md): the graph of a quantised network, with each operation on bytes as operations on float32
 * that give the same bits, and gradients. Values of bytes are whole steps from their zero point there, weights are whole numbers, so sums
 * of products have no rounding; what makes bytes of sums is normalisation by constants, and `fake_quantise`. All of these constants follow
 * from the model's weights and biases, and are made anew after each update.
 *
 * Statistics of normalisation stay as they are, folded into weights, as in what comes of it; so do the ranges, which were measured before.
 */
import type { Quantisation } from "../../kernels/quantised.ts";
import { has } from "../checks.ts";
import { show } from "../errors.ts";
import type { Constant, Graph } from "../graph/graph.ts";
import type { Network } from "../graph/network.ts";
import type { Module } from "../nn/module.ts";
import { networkOf } from "../session/optimise/session-graph.ts";
import type { Derivation } from "../session/training/derived.ts";
import { Tensor } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { FakeQuantised } from "./fake-quantised.ts";
import type { LayerSource } from "./fake-quantised.ts";
import { quantisedGraph } from "./graph.ts";
import { isLayer, recipeOf } from "./layers.ts";
import type { LayerNode } from "./layers.ts";
import { quantisedNetwork } from "./network.ts";
import type { QuantisedNetwork } from "./network.ts";
import { prepare } from "./prepare.ts";
import { tableOf } from "./tables.ts";

/**
 * What was measured: what bytes mean, and which layers become whole numbers.
 * @example
 * const values = new Map([["relu", { scale: Float32Array.of(0.1), zero: 0 }]]);
 * const ranges: Ranges = { values, layers: new Set(["fc.weight"]), input: [1, 3, 8, 8] };
 * ranges.layers.size   // => 1
 */
export interface Ranges {
  readonly values: ReadonlyMap<string, Quantisation>;
  /** Names of weights. */
  readonly layers: ReadonlySet<string>;
  /** Of the images: [1,C,H,W]. */
  readonly input: Shape;
}

function rangesOf({ recipe: { values, layers }, input }: QuantisedNetwork): Ranges {
  return { values, layers: new Set(layers.keys()), input };
}

/** Constants of a graph by name, and the graph with what `now` says in their places. */
function rebound(
  graph: Graph, now: (name: string) => Tensor | undefined,
): { readonly graph: Graph; readonly given: Map<string, Constant> } {
  const given = new Map<string, Constant>();
  const nodes = graph.nodes.map((node) => {
    // Not by spreading: epsilon may be a getter.
    const operation = Object.defineProperties({}, Object.getOwnPropertyDescriptors(node.operation)) as typeof node.operation;
    for (const [key, value] of Object.entries(operation) as [string, unknown][]) {
      if (typeof value !== "object" || value === null || !("read" in value)) continue;
      const constant = value as Constant;
      given.set(constant.name, constant);
      const read = (): Tensor => now(constant.name) ?? constant.read();
      Object.defineProperty(operation, key, { value: { ...constant, read }, enumerable: true });
    }
    return { ...node, operation };
  });
  return { graph: { ...graph, nodes }, given };
}

function layersIn(graph: Graph, { layers }: Ranges): LayerNode[] {
  return graph.nodes.filter(isLayer).filter(({ operation }) => layers.has(operation.weight.name));
}

/** @throws RangeError for another network than what was measured */
function checkLayers(network: Network, graph: Graph, { layers }: Ranges): void {
  const names = new Set(graph.nodes.filter(isLayer).map(({ operation }) => operation.weight.name));
  for (const name of layers) {
    if (!names.has(name)) throw new RangeError(`int8: the ranges are of another network: ${network.title} has no layer ${name}`);
  }
}

function derivationOf(source: Module | Network, input: Shape, ranges: Ranges): Derivation {
  const network = networkOf(source);
  let now: ReadonlyMap<string, Tensor> = new Map();
  const lowered = network.lower({ [network.inputs[0].name]: input });
  const { graph, given } = rebound(lowered, (name) => now.get(name));
  const prepared = prepare(graph);
  checkLayers(network, prepared, ranges);
  const layers = layersIn(prepared, ranges);
  const sources = new Map<string, LayerSource>();
  for (const { operation } of layers) {
    const { weight, bias } = operation;
    const last = operation.kind === "conv2d" && operation.epilogue?.biasLast === true;
    const own = weight.scaled?.of ?? weight;
    // Weights that only take channels stay as they are.
    const learns = own.fixed !== true;
    sources.set(weight.name, {
      weight: learns ? own.name : undefined, factors: weight.scaled?.factors, bias: learns ? bias?.name : undefined,
      last: last || sources.get(weight.name)?.last === true,
    });
  }
  const { floats } = recipeOf(prepared, ranges.values, layers);
  const made = (): FakeQuantised => {
    const recipe = { ...recipeOf(prepared, ranges.values, layers, undefined), floats };
    return new FakeQuantised(quantisedGraph(prepared, recipe, tableOf), recipe, sources);
  };
  const names = [...sources.values()].flatMap(({ weight, bias }) => [weight, bias].filter((name) => name !== undefined));
  const constants = [...new Set(names)].map((name) => given.get(name)!);
  return {
    graph: made().graph, sources: constants,
    derive(present) {
      now = new Map(constants.map((constant) => [constant.name, new Tensor(present(constant), constant.read().shape)]));
      try {
        return made();
      } finally {
        now = new Map();
      }
    },
  };
}

/** The network of bytes, for `compileTraining` too. */
export function trainable(network: Network, quantised: QuantisedNetwork): QuantisedNetwork {
  const ranges = rangesOf(quantised);
  return { ...quantised, derivation: (source, input) => derivationOf(source ?? network, input, ranges) };
}

/**
 * A network of bytes with the weights that a model has now, and ranges that were measured before: what int8 training ends in.
 * @param measured what `quantise` made of the same model, or its ranges
 * @throws TypeError for the wrong kind; RangeError for another model, and where sums could overflow
 * @example
 * const model = createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, 1);
 * const x = Tensor.of(Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)), [1, 3, 8, 8]);
 * const { network } = quantise(model, x, { reported: 0 });
 * const options = { input: [1, 3, 8, 8], optimiser: { method: "sgd" }, int8: network } as const;
 * const session = await compileTraining(model, options);
 * session.trainStep(x, Int32Array.of(2), 0.01) > 0   // => true
 * session.pull();
 * requantise(model, network).quantised   // => true
 */
export function requantise(source: Module | Network, measured: QuantisedNetwork | Ranges): QuantisedNetwork {
  const { values, layers } = Object("recipe" in Object(measured) ? (measured as QuantisedNetwork).recipe : measured) as Partial<Ranges>;
  if (!has(values, "get", "keys") || !has(layers, "keys", "has")) {
    throw new TypeError(`requantise: measured wants what quantise gives, or ranges, got ${show(measured)}`);
  }
  const network = networkOf(source);
  const ranges = "recipe" in measured ? rangesOf(measured) : measured;
  const graph = prepare(network.lower({ [network.inputs[0].name]: ranges.input }));
  checkLayers(network, graph, ranges);
  const recipe = recipeOf(graph, ranges.values, layersIn(graph, ranges));
  return trainable(network, quantisedNetwork(network, recipe, ranges.input));
}
