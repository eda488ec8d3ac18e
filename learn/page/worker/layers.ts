/** The two layers between squeeze and gate, and the convolution that makes the channels: as a graph has them. */
import type { Constant, Graph, Node } from "../../../src/graph/graph.ts";
import type { Gate } from "../../../src/graph/gates.ts";

/** A layer on one pixel: w [outputs,inputs], b [outputs] or null. */
export interface Layer {
  readonly w: Float32Array;
  readonly b: Float32Array | null;
}

const numbers = (constant: Constant): Float32Array => constant.read().data as Float32Array;

function layersOf({ nodes }: Gate): { readonly layers: readonly Layer[]; readonly others: readonly Node[] } {
  const layers: Layer[] = [];
  const others: Node[] = [];
  for (const node of nodes) {
    const { operation } = node;
    if (operation.kind === "linear" || (operation.kind === "conv2d" && operation.groups === 1)) {
      layers.push({ w: numbers(operation.weight), b: operation.bias === undefined ? null : numbers(operation.bias) });
    } else if (operation.kind !== "reshape" && operation.kind !== "flatten") others.push(node);
  }
  return { layers, others };
}

/** The block as the page of the reference has it: two layers with relu between them, and a sigmoid. Or why it is not. */
export function classic(gate: Gate): { readonly first: Layer; readonly second: Layer } | string {
  const { layers, others } = layersOf(gate);
  if (gate.squeeze !== "mean") return "its squeeze is the maximum, not the mean";
  if (gate.scaled !== gate.pooled) return "its gates are pooled from another value than the one that they scale";
  const names = others.slice(1).map(({ operation }) => (operation.kind === "activation" ? operation.activation : operation.kind));
  const count = layers.length === 1 ? "one layer" : `${layers.length} layers`;
  if (layers.length !== 2) return `it has ${count} between squeeze and gate, not two`;
  if (names.join() !== "relu,sigmoid") return `it has ${names.join(" and ")} where the page has relu and sigmoid`;
  return { first: layers[0], second: layers[1] };
}

/** The weights [inputs,height,width] of channel c of a value, where a convolution makes it, perhaps with normalisation behind it. */
export function kernelOf(
  graph: Graph, value: string, c: number,
): { readonly data: Float32Array; readonly shape: readonly number[] } | undefined {
  const makers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  for (let node = makers.get(value); node !== undefined; node = makers.get(node.inputs[0]?.name ?? "")) {
    const { operation } = node;
    if (operation.kind === "conv2d") {
      const { data, shape } = operation.weight.read();
      const size = data.length / shape[0];
      return { data: Float32Array.from(data.subarray(c * size, (c + 1) * size)), shape: shape.slice(1) };
    }
    if (!["batch_norm", "activation", "clip", "prelu"].includes(operation.kind)) return undefined;
  }
  return undefined;
}
