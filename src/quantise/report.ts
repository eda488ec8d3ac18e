/** What a network loses by its bytes, layer by layer. */
import { log } from "../../kernels/math.ts";
import { fixedNetwork } from "../graph/network.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { compileSync } from "../session/session.ts";
import type { Tensor } from "../tensor.ts";
import { layerName, quantisedGraph } from "./graph.ts";
import { byteSessions } from "./network.ts";
import type { Recipe } from "./recipe.ts";
import { observing } from "./statistics.ts";
import { tableOf } from "./tables.ts";

export interface LayerReport {
  /** The layer's, as the option `keep` has it; of the last one the output's. */
  readonly name: string;
  /**
   * Signal-to-noise ratio in decibels: 10 log10 of the sum of squares of what float32 has, over that of the differences; with the errors of
   * all layers before.
   */
  readonly decibels: number;
}

/** Decibels of two arrays' sums. */
class Ratio {
  #signal = 0;
  #noise = 0;

  add(wanted: Float32Array, got: Float32Array): void {
    for (let i = 0; i < wanted.length; i++) {
      this.#signal += wanted[i] * wanted[i];
      this.#noise += (wanted[i] - got[i]) * (wanted[i] - got[i]);
    }
  }

  get decibels(): number {
    if (this.#noise === 0) return Infinity;
    return this.#signal === 0 ? -Infinity : 10 * log10(this.#signal / this.#noise);
  }
}

const LN10 = 2.302585092994046;

function log10(x: number): number {
  return log(x) / LN10;
}

/** Of each layer, and of the outputs. @param graph prepared @param images of one each */
export function reportOf(
  graph: Graph, recipe: Recipe, images: readonly Tensor<Float32Array>[], progress: (share: number) => void,
): LayerReport[] {
  // Of a layer that the squeeze computes on single pixels too, what it makes of the image comes later.
  const layers = new Map(graph.nodes.flatMap(({ operation, output }) => (
    operation.kind === "conv2d" || operation.kind === "linear" ? [[layerName(operation.weight), output] as const] : [])));
  const names = [...layers.keys(), ...graph.outputs.map(({ name }) => name)];
  const values: readonly Value[] = [...layers.values(), ...graph.outputs];
  const ratios = values.map(() => new Ratio());
  const wanted = [...new Set(values)];
  const quantised = quantisedGraph({ ...graph, outputs: wanted }, recipe, tableOf);
  const float = observing(graph, wanted);
  const bytes = compileSync({ ...fixedNetwork(quantised), sessions: byteSessions });
  const [{ name: input }] = graph.inputs;
  try {
    images.forEach((image, i) => {
      progress(i / images.length);
      const [real, got] = [float.run({ [input]: image }), bytes.run({ [input]: image })];
      values.forEach((value, k) => ratios[k].add(real[value.name].data, got[quantised.outputs[wanted.indexOf(value)].name].data));
    });
  } finally {
    float.close();
    bytes.close();
  }
  return names.map((name, k) => ({ name, decibels: ratios[k].decibels }));
}
