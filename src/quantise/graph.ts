/**
 * From a prepared graph and a recipe to the graph of bytes. A node whose values have bytes, and whose layer has whole numbers, becomes the
 * operation on bytes; what has no such operation, or is kept, computes in float32 between `dequantise` and `quantise`.
 */
import { rowActivations } from "../../kernels/reference/quantised/linear.ts";
import { overflowingChannel } from "../../kernels/reference/quantised/overflow.ts";
import type { Quantisation } from "../../kernels/quantised.ts";
import type { Activation, Constant, Graph, Node, Of, Operation, Value } from "../graph/graph.ts";
import { Uses, reachable } from "../graph/rewrite.ts";
import type { Tensor } from "../tensor.ts";
import { isImage, isPixel } from "./prepare.ts";
import type { QuantisedLayer, Recipe } from "./recipe.ts";
import type { TableOf } from "./tables.ts";

/** Bytes between which a result is cut: ReLU and ReLU6 are nothing else. */
interface Bounds {
  readonly least: number;
  readonly most: number;
}

function boundsOf(activation: Activation | undefined, { scale, zero }: Quantisation): Bounds {
  if (activation === undefined || activation.activation === "hard_swish") return { least: 0, most: 127 };
  // Channels with scales of their own were seen to end at 127, or below.
  const six = activation.activation === "relu6" && scale.length === 1 ? Math.round(zero + 6 / scale[0]) : 127;
  return { least: zero, most: Math.min(127, six) };
}

/** One number a channel, of two that have one or as many. */
function perChannel(count: number, of: (channel: number) => number): Float32Array {
  return Float32Array.from({ length: count }, (_, channel) => of(channel));
}

/** The scale of each channel. */
function scales({ shape }: Value, { scale }: Quantisation): Float32Array {
  return scale.length === 1 ? new Float32Array(shape[1]).fill(scale[0]) : scale;
}

class Quantiser {
  readonly #recipe: Recipe;
  readonly #tables: TableOf;
  readonly nodes: Node[] = [];
  /** Of the values of the graph, those of the new one. */
  readonly #bytes = new Map<Value, Value>();
  readonly #floats = new Map<Value, Value>();

  readonly #uses: Uses;

  constructor(recipe: Recipe, graph: Graph, tables: TableOf) {
    this.#recipe = recipe;
    this.#tables = tables;
    this.#uses = new Uses(graph, new Set());
    for (const input of graph.inputs) this.#floats.set(input, input);
  }

  /** The bytes that a value has. */
  meaning(value: Value): Quantisation | undefined {
    return this.#recipe.values.get(value.name);
  }

  float(value: Value): Value {
    const known = this.#floats.get(value);
    if (known !== undefined) return known;
    const output: Value = { name: `${value.name}.float`, shape: value.shape };
    const from = this.meaning(value)!;
    const operation: Operation = { kind: "dequantise", from: { ...from, scale: scales(value, from) } };
    this.#push({ operation, inputs: [this.#bytes.get(value)!], output });
    this.#floats.set(value, output);
    return output;
  }

  #byte(value: Value): Value {
    const known = this.#bytes.get(value);
    if (known !== undefined) return known;
    const to = this.meaning(value)!;
    const scale = scales(value, to);
    const output: Value = { name: `${value.name}.bytes`, shape: value.shape, dtype: "u7", meaning: to };
    const operation: Operation = { kind: "quantise", to: { ...to, scale }, factor: scale.map((each) => 1 / each) };
    this.#push({ operation, inputs: [this.float(value)], output });
    this.#bytes.set(value, output);
    return output;
  }

  #push(node: Node): void {
    this.nodes.push(node);
  }

  #toBytes(node: Node, operation: Operation, inputs: readonly Value[]): void {
    const output: Value = { ...node.output, dtype: "u7", meaning: this.meaning(node.output) };
    this.#bytes.set(node.output, output);
    this.#push({ operation, inputs, output });
  }

  #toFloat(node: Node, operation: Operation, inputs: readonly Value[]): void {
    this.#floats.set(node.output, node.output);
    this.#push({ operation, inputs, output: node.output });
  }

  add(node: Node): void {
    if (!this.#quantised(node)) this.#toFloat(node, this.#stored(node.operation), node.inputs.map((input) => this.float(input)));
  }

  /** @returns whether it has become an operation on bytes */
  #quantised(node: Node): boolean {
    const { operation, inputs, output } = node;
    const [x] = inputs;
    const [from, to] = [x && this.meaning(x), this.meaning(output)];
    if (operation.kind === "conv2d" || operation.kind === "linear") {
      const layer = this.#recipe.layers.get(operation.weight.name);
      if (layer === undefined) return false;
      if (operation.kind === "linear" || isRow(node)) return this.#row(node, layer);
      return from !== undefined && to !== undefined && this.#conv(node, operation, layer, from, to);
    }
    if (operation.kind === "activation" && from === undefined) return this.#afterRow(node, operation);
    if (from === undefined) return false;
    if (operation.kind === "global_pool" && operation.by === "mean") {
      const pixels = x.shape[2] * x.shape[3];
      const scale = (c: number): number => from.scale[from.scale.length === 1 ? 0 : c];
      const by = {
        factor: perChannel(x.shape[1], (c) => scale(c) / pixels), offset: perChannel(x.shape[1], (c) => -scale(c) * from.zero),
      };
      this.#toFloat(node, { kind: "quantised_mean", by }, [this.#byte(x)]);
      return true;
    }
    if (to === undefined || from.scale[0] === undefined) return false;
    const ratio = from.scale[0] / to.scale[0];
    switch (operation.kind) {
      case "add": {
        const other = this.meaning(inputs[1]);
        if (other === undefined) return false;
        const [multiplierA, multiplierB] = [Math.fround(ratio), Math.fround(other.scale[0] / to.scale[0])];
        const offset = Math.fround(to.zero - from.zero * multiplierA - other.zero * multiplierB);
        const by = { multiplierA, multiplierB, offset, ...boundsOf(operation.activation, to) };
        this.#toBytes(node, { kind: "quantised_add", by }, [this.#byte(x), this.#byte(inputs[1])]);
        return true;
      }
      case "concat": {
        const parts = inputs.map((input) => this.meaning(input));
        if (!parts.every((part) => part?.scale.length === 1) || to.scale.length > 1) return false;
        const [multiplier, offset] = [new Float32Array(output.shape[1]), new Float32Array(output.shape[1])];
        let first = 0;
        inputs.forEach(({ shape }, i) => {
          const { scale, zero } = parts[i]!;
          const factor = Math.fround(scale[0] / to.scale[0]);
          multiplier.fill(factor, first, first + shape[1]);
          offset.fill(to.zero - zero * factor, first, (first += shape[1]));
        });
        this.#toBytes(node, { kind: "quantised_concat", by: { multiplier, offset } }, inputs.map((input) => this.#byte(input)));
        return true;
      }
      case "channel_shuffle": {
        if (ratio !== 1 || from.zero !== to.zero) return false;
        this.#toBytes(node, { kind: "quantised_channel_shuffle", groups: operation.groups }, [this.#byte(x)]);
        return true;
      }
      case "scale": {
        const by = { zero: from.zero, multiplier: Math.fround(ratio), offset: to.zero, ...boundsOf(operation.activation, to) };
        this.#toBytes(node, { kind: "quantised_scale", by }, [this.#byte(x), this.float(inputs[1])]);
        return true;
      }
      case "batch_norm": {
        const [gamma, beta, mean, variance] = [operation.gamma, operation.beta, operation.mean, operation.variance]
          .map((constant) => this.#tensor(constant).data);
        const epsilon = this.#recipe.floats.has(operation.gamma.name) ? 0 : operation.epsilon;
        const factor = (c: number): number => gamma[c] / Math.sqrt(variance[c] + epsilon);
        const by = {
          multiplier: perChannel(x.shape[1], (c) => factor(c) * ratio),
          offset: perChannel(x.shape[1], (c) => to.zero + (beta[c] - factor(c) * (mean[c] + from.scale[0] * from.zero)) / to.scale[0]),
          ...boundsOf(operation.activation, to),
        };
        this.#toBytes(node, { kind: "quantised_affine", by }, [this.#byte(x)]);
        return true;
      }
      case "activation": {
        const { activation, slope, offset } = operation;
        const entries = this.#tables(operation, from, to, output);
        this.#toBytes(node, { kind: "quantised_table", entries, of: { activation, slope, offset } }, [this.#byte(x)]);
        return true;
      }
      case "max_pool": {
        if (ratio !== 1 || from.zero !== to.zero) return false;
        this.#toBytes(node, { ...operation, kind: "quantised_max_pool" }, [this.#byte(x)]);
        return true;
      }
      case "average_pool": {
        // What hangs over the padding does not count, and the padding does: no rule of ours.
        if (operation.ceilMode && operation.countPadding) return false;
        const multiplier = Math.fround(ratio);
        const by = {
          multiplier, offset: Math.fround(to.zero - from.zero * multiplier), padding: operation.countPadding ? from.zero : undefined,
        };
        this.#toBytes(node, { ...operation, kind: "quantised_average_pool", by }, [this.#byte(x)]);
        return true;
      }
      default: return false;
    }
  }

  /** A layer on single pixels. */
  #row(node: Node, layer: QuantisedLayer): boolean {
    const { operation, inputs: [x] } = node as Node & { readonly operation: Of<"conv2d" | "linear"> };
    const activation = operation.kind === "conv2d" ? operation.epilogue?.activation : undefined;
    if (activation !== undefined && !rowActivations.includes(activation.activation)) return false;
    const { scale, bias } = layer;
    this.#toFloat(node, { kind: "quantised_linear", weight: weightOf(operation.weight, layer), scale, bias, activation }, [this.float(x)]);
    return true;
  }

  /** An activation behind a linear layer becomes part of it. */
  #afterRow({ inputs: [x], output }: Node, { activation, slope, offset }: Activation): boolean {
    const at = this.nodes.findIndex((node) => node.output === x);
    const before = this.nodes[at]?.operation;
    if (before?.kind !== "quantised_linear" || before.activation !== undefined || !rowActivations.includes(activation)) return false;
    if (this.#uses.users(x).length > 1 || !this.#uses.removable(x)) return false;
    this.nodes[at] = { ...this.nodes[at], operation: { ...before, activation: { activation, slope, offset } }, output };
    this.#floats.set(output, output);
    return true;
  }

  #conv(node: Node, operation: Of<"conv2d">, layer: QuantisedLayer, from: Quantisation, to: Quantisation): boolean {
    const { inputs, output } = node;
    const { epilogue, kernel, stride, padding, dilation, groups } = operation;
    const [gate, residual] = [epilogue?.gate === true, epilogue?.residual === true];
    const [outputs] = layer.shape;
    const depthwise = groups === inputs[0].shape[1];
    if (from.scale.length > 1 && !depthwise) return false;
    const other = residual ? this.meaning(inputs[inputs.length - 1]) : undefined;
    if (residual && other === undefined) return false;
    const inScale = (o: number): number => from.scale[from.scale.length === 1 ? 0 : Math.floor(o / (outputs / groups))];
    const outScale = (o: number): number => to.scale[to.scale.length === 1 ? 0 : o];
    const swish = epilogue?.activation?.activation === "hard_swish";
    // Steps of the output; real numbers before hard swish.
    const unit = (o: number): number => (swish ? 1 : outScale(o));
    const last = epilogue?.biasLast === true;
    const row = layer.weight.length / outputs;
    const bias = Int32Array.from({ length: outputs }, (_, o) => {
      let sum = 0;
      for (let i = o * row; i < (o + 1) * row; i++) sum += layer.weight[i];
      const steps = (last ? 0 : Math.round(layer.bias[o] / (inScale(o) * layer.scale[o]))) - from.zero * sum;
      if (!(Math.abs(steps) < 2147483648)) throw overflow(operation.weight.name, o);
      return steps;
    });
    const channel = overflowingChannel(layer.weight, bias);
    if (channel >= 0) throw overflow(operation.weight.name, channel);
    const residualMultiplier = other === undefined ? 0 : Math.fround(other.scale[0] / unit(0));
    const zero = swish ? 0 : to.zero;
    const quantised: Operation = {
      kind: "quantised_conv2d", kernel, stride, padding, dilation, groups, gate, residual,
      weight: weightOf(operation.weight, layer), bias, zero: from.zero,
      epilogue: {
        multiplier: perChannel(outputs, (o) => (inScale(o) * layer.scale[o]) / unit(o)),
        offset: perChannel(outputs, (o) => zero + (last ? layer.bias[o] / unit(o) : 0) - (other?.zero ?? 0) * residualMultiplier),
        residualMultiplier, ...boundsOf(epilogue?.activation, to),
        hardSwish: swish ? { factor: perChannel(outputs, (o) => 1 / (6 * outScale(o))), zero: to.zero } : undefined,
      },
    };
    const given = inputs.slice(1).map((input, i) => (gate && i === 0 ? this.float(input) : this.#byte(input)));
    this.#toBytes({ ...node, output }, quantised, [this.#byte(inputs[0]), ...given]);
    return true;
  }

  #tensor(constant: Constant): Tensor {
    return this.#recipe.floats.get(constant.name) ?? constant.read();
  }

  /** With the recipe's numbers, where it has any. */
  #stored(operation: Operation): Operation {
    const { floats } = this.#recipe;
    const entries = Object.entries(operation).flatMap(([key, value]: [string, unknown]) => {
      if (typeof value !== "object" || value === null || !("read" in value)) return [];
      const { name } = value as Constant;
      const tensor = floats.get(name);
      return tensor === undefined ? [] : [[key, { name, read: () => tensor } satisfies Constant] as const];
    });
    if (entries.length === 0) return operation;
    // The recipe's normalisations have theirs in the factors.
    return Object.assign({}, operation, Object.fromEntries(entries), operation.kind === "batch_norm" ? { epsilon: 0 } : {});
  }
}

/** The name of a layer of this weight, such as "layer1.0.conv2". */
export function layerName({ name }: Constant): string {
  return name.replace(/\.?weight$/, "");
}

/** A layer on single pixels of float32? */
function isRow({ operation, inputs: [x], output }: Node): boolean {
  return operation.kind === "conv2d" && isPixel(x.shape) && isPixel(output.shape) && operation.groups === 1 &&
    operation.kernel.every((size) => size === 1) && operation.epilogue?.gate !== true && operation.epilogue?.residual !== true;
}

function weightOf({ name }: Constant, { shape, weight }: QuantisedLayer): Of<"quantised_linear">["weight"] {
  return { name, shape, data: weight };
}

function overflow(name: string, channel: number): RangeError {
  return new RangeError(`quantise: sums of ${name}, output channel ${channel}, could leave 32 bits; keep this layer in float32`);
}

/** The graph of bytes. @throws RangeError where sums of 32 bits could overflow */
export function quantisedGraph(graph: Graph, recipe: Recipe, tables: TableOf): Graph {
  const quantiser = new Quantiser(recipe, graph, tables);
  for (const node of graph.nodes) quantiser.add(node);
  const outputs = graph.outputs.map((output) => quantiser.float(output));
  return reachable({ ...graph, nodes: quantiser.nodes, outputs });
}

export { isImage, isRow };
