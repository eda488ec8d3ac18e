/** From the graph of bytes to one of float32 that gives the same bits, and can be trained (training.ts says why and how). */
import type { Quantisation } from "../../kernels/quantised.ts";
import type { Activation, Constant, Graph, Node, Of, Operation, Value } from "../graph/graph.ts";
import type { Link } from "../session/training/derived.ts";
import { Tensor, sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import type { Recipe } from "./recipe.ts";

/** What a layer's whole numbers are made of, by name; undefined for what does not learn. */
export interface LayerSource {
  readonly weight: string | undefined;
  /** Of normalisation that is folded into the weight, by output channel. */
  readonly factors: (() => Float64Array) | undefined;
  readonly bias: string | undefined;
  /** Is the bias added after a gate? */
  readonly last: boolean;
}

/** Bytes between which a result is cut. */
interface Cut {
  readonly least: number;
  readonly most: number;
  readonly zero: number;
}

/** Sums are whole up to this, where they are rounded to be so. */
const WHOLE = 4194303;

const all: Pick<Cut, "least" | "most"> = { least: 0, most: 127 };

type Numbers = ArrayLike<number> | number;

export class FakeQuantised {
  readonly #nodes: Node[] = [];
  readonly #inputs: Graph["inputs"];
  readonly #outputs: Value[];
  readonly #recipe: Recipe;
  readonly #sources: ReadonlyMap<string, LayerSource>;
  /** Of the values of the graph of bytes: whole steps, or float32. */
  readonly #made = new Map<Value, Value>();
  readonly values: Map<string, ArrayLike<number>> = new Map();
  readonly links: Link[] = [];

  constructor(graph: Graph, recipe: Recipe, sources: ReadonlyMap<string, LayerSource>) {
    this.#recipe = recipe;
    this.#sources = sources;
    this.#inputs = graph.inputs;
    for (const input of graph.inputs) this.#made.set(input, input);
    for (const node of graph.nodes) this.#made.set(node.output, this.#translated(node));
    this.#outputs = graph.outputs.map((output) => this.#of(output));
  }

  get graph(): Graph {
    return { inputs: this.#inputs, nodes: this.#nodes, outputs: this.#outputs };
  }

  #of(value: Value): Value {
    return this.#made.get(value)!;
  }

  #push(name: string, operation: Operation, inputs: readonly Value[], shape: Shape): Value {
    const output: Value = { name, shape };
    this.#nodes.push({ operation, inputs, output });
    return output;
  }

  #constant(name: string, shape: Shape, data: ArrayLike<number>, learns: boolean = false): Constant {
    this.values.set(name, data);
    const tensor = new Tensor(Float32Array.from(data), shape);
    return { name, read: () => tensor, derived: { learns } };
  }

  /** y = f(f((x + plus) * factor[c]) + shift[c]): normalisation by constants. */
  #affine(name: string, x: Value, factor: Numbers, shift: Numbers = 0, plus: number = 0, learns: boolean = false): Value {
    const [, channels] = x.shape;
    const vector = (what: string, numbers: Numbers, own: boolean = false): Constant => this.#constant(
      `${name}/${what}`, [channels], typeof numbers === "number" ? new Float32Array(channels).fill(numbers) : numbers, own,
    );
    return this.#push(name, {
      kind: "batch_norm", epsilon: 0, momentum: 0, frozen: true, gamma: vector("factor", factor), beta: vector("shift", shift, learns),
      mean: vector("minus", -plus), variance: vector("one", 1),
    }, [x], x.shape);
  }

  /** Whole steps of what x counts. */
  #round(
    name: string, x: Value, { least, most, zero }: Cut, offset: Numbers,
    { factor, learns = false }: { readonly factor?: ArrayLike<number> | undefined; readonly learns?: boolean } = {},
  ): Value {
    const [, channels] = x.shape;
    return this.#push(name, {
      kind: "fake_quantise", limits: this.#constant(`${name}/limits`, [3], [least, most, zero]),
      offset: this.#constant(
        `${name}/offset`, [channels], typeof offset === "number" ? new Float32Array(channels).fill(offset) : offset, learns,
      ),
      factor: factor === undefined ? undefined : this.#constant(`${name}/swish`, [channels], factor),
    }, [x], x.shape);
  }

  #activated(name: string, x: Value, activation: Activation | undefined): Value {
    return activation === undefined ? x : this.#push(name, { kind: "activation", ...activation }, [x], x.shape);
  }

  /** @param slope of each output channel, of the derived tensor by what the source is */
  #follows(source: string | undefined, derived: string, count: number, slope: (o: number) => number): void {
    if (source !== undefined) this.links.push({ source, derived, slope: Float64Array.from({ length: count }, (_, o) => slope(o)) });
  }

  #weight(name: string, layer: string, shape: Shape): Constant {
    const { weight, scale } = this.#recipe.layers.get(layer)!;
    const { weight: source, factors } = this.#sources.get(layer)!;
    const k = factors?.();
    this.#follows(source, name, scale.length, (o) => (k?.[o] ?? 1) / scale[o]);
    return this.#constant(name, shape, weight, true);
  }

  #translated(node: Node): Value {
    const { operation, inputs: [from], output: { name, shape } } = node;
    const x = from && this.#of(from);
    const others = node.inputs.slice(1);
    const to = node.output.meaning;
    switch (operation.kind) {
      case "quantise": {
        const { zero } = operation.to;
        return this.#round(name, this.#affine(`${name}/count`, x, operation.factor), { ...all, zero }, zero);
      }
      case "dequantise": return this.#affine(name, x, operation.from.scale);
      case "quantised_conv2d": return this.#conv(node, operation, x, others);
      case "quantised_linear": return this.#linear(node, operation, x);
      case "quantised_add": {
        const { multiplierA, multiplierB, offset, least, most } = operation.by;
        const [a, b] = [this.#bytes(name, 0, from, multiplierA), this.#bytes(name, 1, others[0], multiplierB)];
        return this.#round(name, this.#push(`${name}/sum`, { kind: "add" }, [a, b], shape), { least, most, zero: to!.zero }, offset);
      }
      case "quantised_concat": {
        const { multiplier, offset } = operation.by;
        let first = 0;
        const parts = node.inputs.map((part, i) => {
          const factor = multiplier.subarray(first, (first += part.shape[1]));
          return this.#bytes(name, i, part, factor);
        });
        return this.#round(name, this.#push(`${name}/joined`, { kind: "concat" }, parts, shape), { ...all, zero: to!.zero }, offset);
      }
      case "quantised_channel_shuffle":
        return this.#push(name, { kind: "channel_shuffle", groups: operation.groups }, [x], shape);
      case "quantised_scale": {
        const { multiplier, offset, least, most } = operation.by;
        const gate = this.#affine(`${name}/gate`, this.#of(others[0]), multiplier);
        const product = this.#push(`${name}/product`, { kind: "scale" }, [x, gate], shape);
        return this.#round(name, product, { least, most, zero: to!.zero }, offset);
      }
      case "quantised_affine": {
        const { multiplier, offset, least, most } = operation.by;
        return this.#round(name, this.#bytes(name, 0, from, multiplier), { least, most, zero: to!.zero }, offset);
      }
      case "quantised_table": {
        if (operation.of === undefined) throw new RangeError(`int8: ${name} is a table of bytes alone, which has no gradient`);
        const real = this.#activated(`${name}/real`, this.#affine(`${name}/x`, x, from.meaning!.scale[0]), operation.of);
        return this.#round(name, this.#affine(`${name}/count`, real, 1 / to!.scale[0]), { ...all, zero: to!.zero }, to!.zero);
      }
      case "quantised_mean": {
        const pixels = sizeOf(from.shape.slice(2));
        const mean = this.#push(`${name}/mean`, { kind: "global_pool", by: "mean" }, [x], shape);
        return this.#affine(name, this.#sum(name, mean, pixels, from.meaning!), operation.by.factor, operation.by.offset);
      }
      case "quantised_max_pool": {
        const { kernel, stride, padding, dilation, ceilMode } = operation;
        const windows = { kernel, stride, padding, ceilMode, ...(dilation === undefined ? {} : { dilation }) };
        return this.#push(name, { kind: "max_pool", ...windows }, [x], shape);
      }
      case "quantised_average_pool": {
        const { kernel, stride, padding, dilation, ceilMode, by } = operation;
        const countPadding = by.padding !== undefined;
        const windows = { kernel, stride, padding, ceilMode, countPadding, ...(dilation === undefined ? {} : { dilation }) };
        const mean = this.#push(`${name}/mean`, { kind: "average_pool", ...windows }, [x], shape);
        const cut: Cut = { ...all, zero: to!.zero };
        const whole = countPadding || (Math.max(...padding) === 0 && !ceilMode);
        const count = kernel[0] * kernel[1];
        // Where windows hang over the edge each has a count of its own: then it is so but for the last bit.
        const sum = whole ? this.#sum(name, mean, count, from.meaning!) : mean;
        const multiplier = whole ? Math.fround(by.multiplier / count) : by.multiplier;
        const plus = whole ? 0 : from.meaning!.zero;
        return this.#round(name, this.#affine(`${name}/count`, sum, multiplier, 0, plus), cut, by.offset);
      }
      default: return this.#float(node);
    }
  }

  /** Of a mean of steps, the sum of bytes: exact, for it is whole. */
  #sum(name: string, mean: Value, count: number, { zero }: Quantisation): Value {
    const sum = this.#affine(`${name}/of_mean`, mean, count, count * zero);
    return this.#round(`${name}/sum`, sum, { least: -WHOLE, most: WHOLE, zero: 0 }, 0);
  }

  /** Bytes times a factor: steps are bytes less the zero point. */
  #bytes(name: string, index: number, value: Value, factor: Numbers): Value {
    return this.#affine(`${name}/input${index}`, this.#of(value), factor, 0, value.meaning!.zero);
  }

  #conv(node: Node, operation: Of<"quantised_conv2d">, x: Value, others: readonly Value[]): Value {
    const { output: { name, shape, meaning: to }, inputs: [from] } = node;
    const { kernel, stride, padding, dilation, groups, weight, bias, zero, epilogue, gate, residual } = operation;
    const { multiplier, offset, least, most, residualMultiplier, hardSwish } = epilogue;
    const [outputs] = weight.shape;
    const row = weight.data.length / outputs;
    // Steps are from the zero point already.
    const steps = Float32Array.from(bias, (b, o) => {
      let sum = 0;
      for (let i = o * row; i < (o + 1) * row; i++) sum += weight.data[i];
      return b + zero * sum;
    });
    const { scale } = this.#recipe.layers.get(weight.name)!;
    const inScale = from.meaning!.scale;
    // A bias that is added after the gate is in the offset, and not in the sum.
    const { bias: source, last } = this.#sources.get(weight.name)!;
    const unit = (o: number): number => (hardSwish === undefined ? to!.scale[to!.scale.length === 1 ? 0 : o] : 1);
    if (last) this.#follows(source, `${name}/offset`, outputs, (o) => 1 / unit(o));
    else this.#follows(source, `${name}/bias`, outputs, (o) => (
      1 / (inScale[inScale.length === 1 ? 0 : Math.floor(o / (outputs / groups))] * scale[o])
    ));
    const sum = this.#push(`${name}/sum`, {
      kind: "conv2d", kernel, stride, padding, dilation, groups, weight: this.#weight(`${name}/weight`, weight.name, weight.shape),
      bias: this.#constant(`${name}/bias`, [outputs], steps, true),
    }, [x], shape);
    let value = gate
      ? this.#push(`${name}/gated`, { kind: "scale" }, [sum, this.#affine(`${name}/gate`, this.#of(others[0]), multiplier)], shape)
      : this.#affine(`${name}/count`, sum, multiplier);
    if (residual) {
      const added = this.#bytes(name, 1, others[others.length - 1], residualMultiplier);
      value = this.#push(`${name}/joined`, { kind: "add" }, [value, added], shape);
    }
    return this.#round(name, value, { least, most, zero: to!.zero }, offset, { factor: hardSwish?.factor, learns: last });
  }

  #linear({ output: { name, shape } }: Node, { weight, scale, bias, activation }: Of<"quantised_linear">, x: Value): Value {
    const [outputs, inputs] = weight.shape;
    const flat = x.shape.length === 2;
    const whole = this.#weight(`${name}/weight`, weight.name, flat ? [outputs, inputs] : [outputs, inputs, 1, 1]);
    const sum = this.#push(`${name}/sum`, flat ? { kind: "linear", weight: whole, bias: undefined } : {
      kind: "conv2d", kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, weight: whole, bias: undefined,
    }, [x], shape);
    const { bias: source } = this.#sources.get(weight.name)!;
    const end = activation === undefined ? name : `${name}/real`;
    this.#follows(source, `${end}/shift`, outputs, () => 1);
    return this.#activated(name, this.#affine(end, sum, scale, bias, 0, true), activation);
  }

  /** What computes with float32: as graphs for training have it, nothing being part of a convolution. */
  #float({ operation, inputs, output: { name, shape } }: Node): Value {
    const given = inputs.map((input) => this.#of(input));
    if (operation.kind === "conv2d" && operation.epilogue !== undefined) {
      const { epilogue: { gate, residual, activation, biasLast }, bias, ...conv } = operation;
      // Each output channel has a gated input channel to itself where the bias comes after the gate.
      const first = gate && biasLast === true;
      const scaled = first ? this.#push(`${name}/scaled`, { kind: "scale" }, [given[0], given[1]], inputs[0].shape) : given[0];
      let value = this.#push(`${name}/conv`, { ...conv, bias }, [scaled], shape);
      if (gate && !first) value = this.#push(`${name}/gated`, { kind: "scale" }, [value, given[1]], shape);
      if (residual) value = this.#push(`${name}/joined`, { kind: "add" }, [value, given[given.length - 1]], shape);
      return this.#activated(name, value, activation);
    }
    if (operation.kind === "batch_norm") {
      const { activation, ...norm } = operation;
      const value = this.#push(activation === undefined ? name : `${name}/norm`, { ...norm, frozen: true }, given, shape);
      return this.#activated(name, value, activation);
    }
    if ((operation.kind === "add" || operation.kind === "scale") && operation.activation !== undefined) {
      return this.#activated(name, this.#push(`${name}/before`, { kind: operation.kind }, given, shape), operation.activation);
    }
    return this.#push(name, operation, given, shape);
  }
}
