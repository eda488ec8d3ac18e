/**
 * Random small networks: kernels, strides, padding, dilation, groups, channels, sizes and the order of operations are drawn, values are
 * shared, and Squeeze-and-Excitation stands anywhere. A network is a recipe (JSON), so that one which fails can be printed, made smaller
 * and kept.
 */
import type { Random } from "../../kernels/random.ts";
import type { PadMode, Sides } from "../../kernels/shapes.ts";
import {
  Attention, Cbam, ConcurrentSqueezeExcite, EffectiveSqueezeExcite, EfficientChannelAttention, GatherExcite, SpatialSqueezeExcite,
} from "../../src/index.ts";
import { activation, activationNames } from "../../src/nn/layers/activations.ts";
import type { ActivationName } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { ChannelSplit } from "../../src/nn/layers/channel-split.ts";
import { Conv2d, ConvTranspose2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import type { Module } from "../../src/nn/module.ts";
import { L2Normalise } from "../../src/nn/layers/l2-normalise.ts";
import { MultiplyBy } from "../../src/nn/layers/multiply-by.ts";
import { BlurPool2d, Pad2d } from "../../src/nn/layers/pad.ts";
import { PReLU } from "../../src/nn/layers/prelu.ts";
import { AdaptiveAveragePool2d, AveragePool2d, GlobalAveragePool, GlobalMaxPool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { ChannelShuffle, Flatten, Identity } from "../../src/nn/layers/reshape.ts";
import { Upsample } from "../../src/nn/layers/upsample.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import type { Shape } from "../../src/tensor.ts";
import { DagModule, stepShape } from "./dag-module.ts";
import type { Joint } from "./dag-module.ts";
import { GroupNorm } from "./group-norm.ts";

type Two = readonly [number, number];

interface WindowSpec {
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two | Sides | "same";
}

/** What a step's layer is. */
export type LayerSpec =
  | (WindowSpec & { readonly kind: "conv"; readonly out: number; readonly dilation: Two; readonly groups: number; readonly bias: boolean })
  | (
    WindowSpec & {
      readonly kind: "transposed";
      readonly padding: Two;
      readonly out: number;
      readonly dilation: Two;
      readonly groups: number;
      readonly bias: boolean;
      readonly outputPadding: Two;
    }
  )
  | { readonly kind: "norm"; readonly frozen: boolean }
  /** By each sample's own numbers; all channels in one group, a channel each, or the channels of each pixel. */
  | { readonly kind: "group_norm"; readonly groups: number | "pixel" }
  | { readonly kind: "activation"; readonly name: ActivationName }
  | { readonly kind: "prelu" }
  | { readonly kind: "blur"; readonly size: number; readonly stride: number }
  | { readonly kind: "pad"; readonly sides: Sides; readonly mode: PadMode }
  | { readonly kind: "times"; readonly factor: number }
  | { readonly kind: "l2" }
  | (WindowSpec & { readonly kind: "max_pool" | "average_pool"; readonly ceilMode: boolean; readonly countPadding?: boolean })
  | { readonly kind: "adaptive"; readonly size: Two }
  | { readonly kind: "global"; readonly by: "mean" | "max" }
  | { readonly kind: "upsample"; readonly factor: number; readonly method: "nearest" | "bilinear"; readonly alignCorners: boolean }
  | { readonly kind: "shuffle"; readonly groups: number }
  | { readonly kind: "split"; readonly parts: number }
  | { readonly kind: "dropout"; readonly probability: number }
  | { readonly kind: "attention"; readonly name: keyof typeof attentions; readonly options: Readonly<Record<string, unknown>> }
  | { readonly kind: "flatten" }
  | { readonly kind: "linear"; readonly out: number; readonly bias: boolean };

export interface StepSpec {
  readonly layer: LayerSpec | Joint;
  readonly inputs: readonly number[];
}

export interface NetworkSpec {
  readonly input: Shape;
  readonly steps: readonly StepSpec[];
  /** Names of parameters that do not train, or beginnings of them that end at a dot. */
  readonly frozen?: readonly string[];
}

const attentions = {
  se: (channels: number, options: object): Attention => new SqueezeExcite(channels, options),
  ese: (channels: number, options: object): Attention => new EffectiveSqueezeExcite(channels, options),
  eca: (channels: number, options: object): Attention => new EfficientChannelAttention(channels, options),
  sse: (channels: number): Attention => new SpatialSqueezeExcite(channels),
  scse: (channels: number, options: object): Attention => new ConcurrentSqueezeExcite(channels, options),
  ge: (channels: number, options: object): Attention => new GatherExcite(channels, options),
  cbam: (channels: number, options: object): Attention => new Cbam(channels, options),
};

function layerOf(spec: LayerSpec, [, channels]: Shape): Module {
  switch (spec.kind) {
    case "conv": {
      const { kind: _, out, ...options } = spec;
      return new Conv2d(channels, out, options);
    }
    case "transposed": {
      const { kind: _, out, ...options } = spec;
      return new ConvTranspose2d(channels, out, options);
    }
    case "norm": {
      const norm = new BatchNorm2d(channels);
      norm.frozen = spec.frozen;
      return norm;
    }
    case "group_norm": return new GroupNorm(channels, spec.groups);
    case "activation": return activation(spec.name);
    case "prelu": return new PReLU(channels);
    case "blur": return new BlurPool2d(spec.size, spec.stride);
    case "pad": return new Pad2d(spec.sides, spec.mode);
    case "times": return new MultiplyBy(spec.factor);
    case "l2": return new L2Normalise();
    case "max_pool": {
      const { kind: _, ...options } = spec;
      return new MaxPool2d(options);
    }
    case "average_pool": {
      const { kind: _, ...options } = spec;
      return new AveragePool2d({ ...options, countPadding: options.countPadding ?? true });
    }
    case "adaptive": return new AdaptiveAveragePool2d(spec.size);
    case "global": return spec.by === "mean" ? new GlobalAveragePool() : new GlobalMaxPool();
    case "upsample": return new Upsample(spec.factor, spec.method, spec.alignCorners);
    case "shuffle": return new ChannelShuffle(spec.groups);
    case "split": return new ChannelSplit(...Array.from({ length: spec.parts }, (_, i) => (i === 0 ? new Identity() : activation("silu"))));
    case "dropout": return new Dropout(spec.probability);
    case "attention": return attentions[spec.name](channels, spec.options);
    case "flatten": return new Flatten();
    case "linear": return new Linear(channels, spec.out, { bias: spec.bias });
  }
}

/** A module with zeros for parameters. @throws RangeError where the recipe makes no sense */
export function build({ input, steps }: NetworkSpec): DagModule {
  const shapes: Shape[] = [input];
  return new DagModule(steps.map(({ layer: spec, inputs }) => {
    const from = inputs.map((i) => shapes[i]);
    const layer = typeof spec === "string" ? spec : layerOf(spec, from[0]);
    shapes.push(stepShape(layer, from));
    return { layer, inputs };
  }));
}

/** Values of more elements would take time and show nothing new. */
const MOST_ELEMENTS = 30_000;
const MOST_WEIGHTS = 30_000;

/** Draws a recipe step by step. */
class Draft {
  readonly #random: Random;
  readonly steps: StepSpec[] = [];
  readonly shapes: Shape[];

  constructor(random: Random, input: Shape) {
    this.#random = random;
    this.shapes = [input];
  }

  below(n: number): number {
    return this.#random.below(n);
  }

  chance(share: number): boolean {
    return this.#random.uniform() < share;
  }

  /** One of these; with numbers, earlier ones are likelier. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  /** Most often the first. */
  mostly<T>(...values: readonly T[]): T {
    return this.chance(0.6) ? values[0] : this.pick(values);
  }

  two(...values: readonly number[]): Two {
    const first = this.mostly(...values);
    return [first, this.chance(0.7) ? first : this.pick(values)];
  }

  /** Adds a step, unless it makes no sense for its inputs, or too much work. @returns the number of its value, or undefined */
  add(layer: LayerSpec | Joint, inputs: readonly number[]): number | undefined {
    const from = inputs.map((i) => this.shapes[i]);
    let shape: Shape;
    try {
      const made = typeof layer === "string" ? layer : layerOf(layer, from[0]);
      if (typeof made !== "string" && made.parameterCount() > MOST_WEIGHTS) return undefined;
      shape = stepShape(made, from);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
    const size = shape.reduce((a, b) => a * b, 1);
    if (size === 0 || size > MOST_ELEMENTS) return undefined;
    this.steps.push({ layer, inputs });
    this.shapes.push(shape);
    return this.shapes.length - 1;
  }

  channelsOf(value: number): number {
    return this.shapes[value][1];
  }

  divisorOf(...numbers: readonly number[]): number {
    const least = Math.min(...numbers);
    const all = Array.from({ length: least }, (_, i) => i + 1).filter((n) => numbers.every((each) => each % n === 0));
    return this.pick(all);
  }

  channels(): number {
    return this.mostly(1 + this.below(9), 4 * (1 + this.below(6)), 16, 17 + this.below(24));
  }
}

/** Now and then TensorFlow's padding, or another one on each side. */
function drawSides(d: Draft): { readonly padding?: Sides | "same" } {
  if (d.chance(0.2)) return { padding: "same" };
  return d.chance(0.1) ? { padding: [d.below(3), d.below(3), d.below(3), d.below(3)] } : {};
}

function drawConvolution(d: Draft, x: number, transposed: boolean): LayerSpec {
  const channels = d.channelsOf(x);
  const depthwise = d.chance(0.2);
  const out = depthwise ? channels * d.mostly(1, 1, 2) : d.channels();
  const [kernel, stride, padding] = [d.two(3, 1, 2, 3, 4, 5), d.two(1, 2, 3), d.two(1, 0, 2, 3)];
  const window = { kernel, stride, padding: d.chance(0.2) ? ([0, 0] as const) : padding, dilation: d.two(1, 1, 2, 3), bias: d.chance(0.5) };
  const common = {
    ...(d.chance(0.35) ? { ...window, kernel: [1, 1] as const } : window), out,
    groups: depthwise ? channels : d.mostly(1, d.divisorOf(channels, out)),
  };
  if (!transposed) return { kind: "conv", ...common, ...drawSides(d) };
  return { kind: "transposed", ...common, outputPadding: d.chance(0.3) ? [d.below(common.stride[0]), d.below(common.stride[1])] : [0, 0] };
}

function drawAttention(d: Draft, x: number): LayerSpec {
  const channels = d.channelsOf(x);
  const hidden = 1 + d.below(6);
  const gate = d.mostly("sigmoid", "hard_sigmoid", "tanh");
  const inner = d.mostly("relu", "silu", "relu6");
  if (d.chance(0.7)) {
    return { kind: "attention", name: "se", options: { hidden, gate, inner, bias: d.chance(0.8), squeeze: d.mostly("mean", "max") } };
  }
  const reduction = Math.max(1, Math.floor(channels / hidden));
  switch (d.pick(["ese", "eca", "sse", "scse", "ge", "cbam"] as const)) {
    case "ese": return { kind: "attention", name: "ese", options: {} };
    case "eca": return { kind: "attention", name: "eca", options: {} };
    case "sse": return { kind: "attention", name: "sse", options: {} };
    case "scse": return { kind: "attention", name: "scse", options: { hidden } };
    case "ge": return {
      kind: "attention", name: "ge",
      options: { extent: d.pick([0, 2, 4]), gather: d.mostly("mean", "conv"), mlp: d.chance(0.5), reduction },
    };
    case "cbam": return { kind: "attention", name: "cbam", options: { reduction } };
  }
}

function drawPool(d: Draft): LayerSpec {
  const kind = d.pick(["max_pool", "average_pool"] as const);
  const kernel = d.two(2, 3, 1, 4);
  const padding = [d.below(Math.floor(kernel[0] / 2) + 1), d.below(Math.floor(kernel[1] / 2) + 1)] as const;
  return {
    kind, kernel, stride: d.two(2, 1, 3), padding, ceilMode: d.chance(0.4), ...(d.chance(0.3) ? drawSides(d) : {}),
    ...(kind === "average_pool" ? { countPadding: d.chance(0.5) } : {}),
  };
}

/** A layer that leaves the shape as it is. */
function drawSameShape(d: Draft, x: number): LayerSpec {
  const channels = d.channelsOf(x);
  const same = { kind: "conv", stride: [1, 1], out: channels, bias: d.chance(0.5) } as const;
  switch (d.below(11)) {
    case 0: case 1: return drawAttention(d, x);
    case 2: return { kind: "norm", frozen: d.chance(0.15) };
    case 8: return { kind: "prelu" };
    case 9: return { kind: "group_norm", groups: d.pick([1, channels, "pixel", d.divisorOf(channels)] as const) };
    case 10: return { kind: "times", factor: d.pick([0.5, -1.25]) };
    case 3: return { kind: "activation", name: d.mostly("relu", ...activationNames) };
    case 4: return { ...same, kernel: [1, 1], padding: [0, 0], dilation: [1, 1], groups: d.mostly(1, d.divisorOf(channels)) };
    case 5: {
      const dilation = d.two(1, 2);
      return { ...same, kernel: [3, 3], padding: dilation, dilation, groups: d.mostly(1, channels, d.divisorOf(channels)) };
    }
    case 6: return { kind: "shuffle", groups: d.divisorOf(channels) };
    default: return { kind: "dropout", probability: d.pick([0, 0.3]) };
  }
}

function drawLayer(d: Draft, x: number): LayerSpec {
  switch (d.below(15)) {
    case 13: return { kind: "blur", size: d.mostly(3, 2, 4, 5), stride: d.mostly(2, 1, 3) };
    case 14: return {
      kind: "pad", sides: [d.below(3), d.below(3), d.below(3), d.below(3)], mode: d.pick(["constant", "edge", "reflect", "wrap"] as const),
    };
    case 0: case 1: case 2: case 3: return drawConvolution(d, x, false);
    case 4: return drawConvolution(d, x, true);
    case 5: return drawPool(d);
    case 6: return d.pick<LayerSpec>([
      { kind: "adaptive", size: [1 + d.below(5), 1 + d.below(5)] }, { kind: "global", by: "mean" }, { kind: "global", by: "max" },
      { kind: "split", parts: d.divisorOf(d.channelsOf(x)) },
    ]);
    case 7: return { kind: "upsample", factor: d.pick([2, 1, 3]), method: d.mostly("nearest", "bilinear"), alignCorners: d.chance(0.3) };
    default: return drawSameShape(d, x);
  }
}

const sameShape = (a: Shape, b: Shape): boolean => a.join() === b.join();

const pointwise = { kind: "conv", kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;

/** A few layers one after the other. @returns the last value */
function chain(d: Draft, from: number, most: number, draw: (d: Draft, x: number) => LayerSpec): number {
  let x = from;
  for (let i = d.below(most + 1); i > 0; i--) x = d.add(draw(d, x), [x]) ?? x;
  return x;
}

/** Something that joins values that are there. @returns the value, or undefined where nothing fits */
function drawJoint(d: Draft, x: number): number | undefined {
  const [, channels, ...pixels] = d.shapes[x];
  const fitting = (test: (shape: Shape) => boolean): number[] => d.shapes.flatMap((shape, i) => (test(shape) ? [i] : []));
  const alike = (): number => d.pick(fitting((shape) => sameShape(shape, d.shapes[x])));
  switch (d.below(8)) {
    case 4: {
      // SE, then an activation: the two share one pass over the image.
      const gated = d.add(drawAttention(d, x), [x]);
      return gated === undefined ? undefined : d.add({ kind: "activation", name: d.pick(activationNames) }, [gated]);
    }
    case 5: {
      // As LR-ASPP: an answer at one size, resized to that of another value and added to what that says.
      const other = d.pick(fitting((shape) => shape.length === 4 && shape[0] === d.shapes[x][0]));
      if (d.shapes[x].length !== 4) return undefined;
      const resized = d.add(d.mostly("resize_bilinear", "resize_nearest"), [x, other]);
      if (resized === undefined || d.chance(0.3)) return resized;
      const classes = 2 + d.below(6);
      const answers = [resized, other].map((from) => d.add({ ...pointwise, out: classes, bias: d.chance(0.7) }, [from]));
      const [a, b] = answers;
      return a === undefined || b === undefined ? a : d.add("add", [a, b]);
    }
    case 6: return d.add("multiply", [x, d.chance(0.5) ? (d.add({ kind: "activation", name: "sigmoid" }, [alike()]) ?? x) : alike()]);
    case 7: {
      // A gate for each pixel.
      const maps = fitting((shape) => shape.length === 4 && sameShape(shape, [d.shapes[x][0], 1, ...pixels]));
      const map = maps.length > 0 && d.chance(0.5) ? d.pick(maps) : d.add({ ...pointwise, out: 1, bias: true }, [x]);
      return map === undefined ? undefined : d.add("pixel_scale", [x, d.add({ kind: "activation", name: "sigmoid" }, [map]) ?? map]);
    }
    case 0: {
      // The gate is made of x, or of anything with as many channels, or one that is there already.
      const source = d.pick(fitting((shape) => shape[1] === channels));
      const gates = fitting((shape) => sameShape(shape, [shape[0], channels, 1, 1]));
      if (gates.length > 0 && d.chance(0.4)) return d.add("scale", [x, d.pick(gates)]);
      const mean = d.add({ kind: "global", by: d.mostly("mean", "max") }, [source]);
      if (mean === undefined) return undefined;
      const same = {
        kind: "conv", kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1, out: channels, bias: true,
      } as const;
      const excited = d.chance(0.8) ? (d.add(same, [mean]) ?? mean) : mean;
      return d.add("scale", [x, d.chance(0.9) ? (d.add({ kind: "activation", name: "sigmoid" }, [excited]) ?? excited) : excited]);
    }
    case 1: return d.add("concat", [x, d.pick(fitting((shape) => sameShape(shape.slice(2), pixels)))]);
    default: {
      const other = d.chance(0.6) ? chain(d, x, 3, drawSameShape) : alike();
      return d.add("add", d.chance(0.5) ? [x, other] : [other, x]);
    }
  }
}

/** Only what leads to the last value. */
export function reachable(steps: readonly StepSpec[]): StepSpec[] {
  const needed = new Set([steps.length]);
  for (let i = steps.length; i > 0; i--) if (needed.has(i)) steps[i - 1].inputs.forEach((input) => needed.add(input));
  const numbers = new Map([0, ...steps.map((_, i) => i + 1)].filter((i) => i === 0 || needed.has(i)).map((i, at) => [i, at]));
  return steps.filter((_, i) => needed.has(i + 1))
    .map(({ layer, inputs }) => ({ layer, inputs: inputs.map((input) => numbers.get(input)!) }));
}

/** Names of the layers that have any. */
export function layersWithParameters(spec: NetworkSpec): string[] {
  return build(spec).children().filter(([, layer]) => layer.parameterCount() > 0).map(([name]) => name);
}

/** A network with parameters, and logits at its end: of images, or of their pixels. */
export function drawNetwork(random: Random): NetworkSpec {
  for (;;) {
    const spec = drawAny(random);
    if (layersWithParameters(spec).length > 0) return spec;
  }
}

function drawAny(random: Random): NetworkSpec {
  const d = new Draft(random, []);
  const side = (): number => 1 + d.below(d.mostly(9, 16, 3, 48));
  const input = [d.mostly(2, 1, 3, 4, 9), d.channels(), side(), side()];
  d.shapes[0] = input;
  let x = 0;
  for (let i = 1 + d.below(7); i > 0; i--) {
    // Now and then from an earlier value: then the two are joined later, or one leads nowhere.
    const from = d.chance(0.85) ? x : d.below(d.shapes.length);
    x = (d.chance(0.4) ? drawJoint(d, from) : d.add(drawLayer(d, from), [from])) ?? x;
    if (d.chance(0.3)) x = d.add({ kind: "activation", name: d.mostly("relu", ...activationNames) }, [x]) ?? x;
  }
  const classes = 2 + d.below(d.mostly(6, 30));
  const bias = d.chance(0.8);
  switch (d.below(4)) {
    case 0: x = d.add(
      { kind: "conv", kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1, out: classes, bias }, [x],
    ) ?? x; break;
    case 1: {
      const flat = d.add({ kind: "flatten" }, [x]);
      x = (flat === undefined ? undefined : d.add({ kind: "linear", out: classes, bias }, [flat])) ?? x;
      break;
    }
    default: {
      const pooled = d.add({ kind: "global", by: "mean" }, [x]) ?? x;
      const flat = d.add({ kind: "flatten" }, [pooled]) ?? pooled;
      const unit = d.chance(0.15) ? (d.add({ kind: "l2" }, [flat]) ?? flat) : flat;
      x = d.add({ kind: "linear", out: classes, bias }, [unit]) ?? unit;
    }
  }
  const steps = reachable(d.steps.slice(0, x));
  const trained = layersWithParameters({ input, steps });
  const frozen = d.chance(0.25) ? trained.filter(() => d.chance(0.4)) : [];
  return { input, steps, ...(frozen.length > 0 && frozen.length < trained.length ? { frozen } : {}) };
}
