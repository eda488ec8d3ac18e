/** What a network loses by its bytes, layer by layer. */
import { log } from "../../kernels/math.ts";
import { fixedNetwork } from "../graph/network.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { compileSync } from "../session/session.ts";
import type { Tensor } from "../tensor.ts";
import { quantisedGraph } from "./graph.ts";
import type { Recipe } from "./recipe.ts";
import { observing } from "./statistics.ts";

export interface LayerReport {
  /** Of the layer's result. */
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
export function reportOf(graph: Graph, recipe: Recipe, images: readonly Tensor<Float32Array>[], progress: (share: number) => void): LayerReport[] {
  const layers = graph.nodes.flatMap(({ operation, output }) => (
    operation.kind === "conv2d" || operation.kind === "linear" || operation.kind === "add" ? [output] : []));
  const values: readonly Value[] = [...new Set([...layers, ...graph.outputs])];
  const ratios = values.map(() => new Ratio());
  const quantised = quantisedGraph({ ...graph, outputs: values }, recipe);
  const float = observing(graph, values);
  const bytes = compileSync({ ...fixedNetwork(quantised), quantised: true });
  const [{ name: input }] = graph.inputs;
  try {
    images.forEach((image, i) => {
      progress(i / images.length);
      const [wanted, got] = [float.run({ [input]: image }), bytes.run({ [input]: image })];
      values.forEach(({ name }, k) => ratios[k].add(wanted[name].data, got[quantised.outputs[k].name].data));
    });
  } finally {
    float.close();
    bytes.close();
  }
  return values.map(({ name }, k) => ({ name, decibels: ratios[k].decibels }));
}
