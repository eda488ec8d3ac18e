/** What the layers of a graph, and what stays float32, become, where it is known what the bytes of each value mean. */
import type { Quantisation } from "../../kernels/quantised.ts";
import type { Constant, Graph, Node, Of, Value } from "../graph/graph.ts";
import { Tensor } from "../tensor.ts";
import { isRow, quantisedGraph } from "./graph.ts";
import type { QuantisedLayer, Recipe } from "./recipe.ts";
import { quantiseWeights } from "./weights.ts";
import { tableOf } from "./tables.ts";

export type LayerNode = Node & { readonly operation: Of<"conv2d" | "linear"> };

export function isLayer(node: Node): node is LayerNode {
  return node.operation.kind === "conv2d" || node.operation.kind === "linear";
}

/** The mean of each channel of a value, for the correction of biases; undefined for none. */
export type Means = (value: Value) => ArrayLike<number> | undefined;

/**
 * All constants of what stays float32. Of a normalisation that stands alone they are factor, shift, 0 and 1, so that no epsilon is needed.
 * @param prepared the graph before it was one of bytes
 */
function floatsOf(graph: Graph, prepared: Graph): Map<string, Tensor> {
  const floats = new Map<string, Tensor>();
  for (const { operation } of prepared.nodes) {
    if (operation.kind !== "batch_norm") continue;
    const { gamma, beta, mean, variance, epsilon } = operation;
    const [g, b, m, v] = [gamma, beta, mean, variance].map((constant) => constant.read().data);
    const factor = Float32Array.from(g, (each, c) => each / Math.sqrt(v[c] + epsilon));
    const shift = Float32Array.from(b, (each, c) => each - (g[c] / Math.sqrt(v[c] + epsilon)) * m[c]);
    const shape = [factor.length];
    floats.set(gamma.name, new Tensor(factor, shape)).set(beta.name, new Tensor(shift, shape));
    floats.set(mean.name, Tensor.zeros(shape)).set(variance.name, new Tensor(new Float32Array(factor.length).fill(1), shape));
  }
  for (const { operation } of graph.nodes) {
    if (operation.kind === "batch_norm") continue;
    for (const value of Object.values(operation) as unknown[]) {
      if (typeof value !== "object" || value === null || !("read" in value)) continue;
      const { name, read } = value as Constant;
      const { data, shape } = read();
      floats.set(name, new Tensor(Float32Array.from(data), shape));
    }
  }
  return floats;
}

/** Convolutions first: a layer on single pixels may share the weights of one. */
function* layersOf(
  layers: readonly LayerNode[], bytes: ReadonlyMap<string, Quantisation>, means: Means,
): Generator<[string, QuantisedLayer]> {
  const done = new Set<string>();
  for (const node of [...layers].sort((a, b) => Number(bytes.has(b.output.name)) - Number(bytes.has(a.output.name)))) {
    const { operation, inputs: [x], output } = node;
    const { name } = operation.weight;
    const meaning = bytes.has(output.name) ? bytes.get(x.name) : undefined;
    // Grouped layers on single pixels have no operation on bytes.
    if (done.has(name) || (meaning === undefined && operation.kind === "conv2d" && !isRow(node))) continue;
    done.add(name);
    const [groups, weight] = [operation.kind === "conv2d" ? operation.groups : 1, operation.weight.read()];
    const perGroup = weight.shape[0] / groups;
    const inScale = meaning && ((o: number): number => meaning.scale[meaning.scale.length === 1 ? 0 : Math.floor(o / perGroup)]);
    yield [name, quantiseWeights({
      weight, bias: operation.bias?.read(), inScale, mean: means(x), groups,
    })];
  }
}

/**
 * @param graph prepared
 * @param values what bytes mean
 * @param layers that become whole numbers
 */
export function recipeOf(
  graph: Graph, values: ReadonlyMap<string, Quantisation>, layers: readonly LayerNode[], means: Means = () => undefined,
): Recipe {
  const recipe: Recipe = { values, layers: new Map(layersOf(layers, values, means)), floats: new Map() };
  return { ...recipe, floats: floatsOf(quantisedGraph(graph, recipe, tableOf), graph) };
}
