/**
 * From a trained network to one of bytes, by measuring it on images ("post-training quantisation"): which numbers each value takes, what
 * bytes of them mean, and what the network loses by it, layer by layer. The arithmetic is that of docs/int8.md.
 */
import type { Quantisation } from "../../kernels/quantised.ts";
import { callback, checkFields, flag, oneOf, texts, whole as wholeNumber } from "../checks.ts";
import type { ArgumentKind } from "../checks.ts";
import { didYouMean } from "../errors.ts";
import type { Graph, Kind, Node, Value } from "../graph/graph.ts";
import { Uses } from "../graph/rewrite.ts";
import type { Network } from "../graph/network.ts";
import type { Module } from "../nn/module.ts";
import { networkOf } from "../session/optimise/session-graph.ts";
import { isImage, isRow, layerName } from "./graph.ts";
import { singleImages } from "./images.ts";
import type { CalibrationImages } from "./images.ts";
import { isLayer, recipeOf } from "./layers.ts";
import { quantisedNetwork } from "./network.ts";
import type { QuantisedNetwork } from "./network.ts";
import { prepare } from "./prepare.ts";
import { methodNames, perChannelQuantisation, quantisationOf, rangeOf } from "./ranges.ts";
import type { RangeMethod } from "./ranges.ts";
import { reportOf } from "./report.ts";
import type { LayerReport } from "./report.ts";
import { measure } from "./statistics.ts";
import type { Statistics } from "./statistics.ts";
import { trainable } from "./training.ts";

/**
 * What `quantise` may be told.
 * @example
 * const model = createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, 1);
 * const images = Tensor.of(Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)), [1, 3, 8, 8]);
 * const options: QuantiseOptions = { keep: ["fc"], reported: 0 };
 * quantise(model, images, options).network.outputs   // => ["output"]
 */
export interface QuantiseOptions {
  /** How ranges are found: "ends", "percentile", "squares" (least squared error), or "best" of them for each value, the default. */
  readonly method?: RangeMethod;
  /** Names of layers that stay float32, such as "conv1" or "layer1.0.conv2". */
  readonly keep?: readonly string[];
  /** Do channels that depthwise convolutions read get scales of their own? Default true. */
  readonly equalise?: boolean;
  /** Do biases make up for what rounding takes from the mean? Default true. */
  readonly correctBias?: boolean;
  /** Images that the report is of, the first ones; default 4, 0 for none. */
  readonly reported?: number;
  /** Gets shares of the whole from 0 to 1. */
  readonly progress?: (share: number) => void;
}

/**
 * What `quantise` gives: the network of bytes, and what it loses, in decibels.
 * @example
 * const model = createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, 1);
 * const images = Tensor.of(Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)), [1, 3, 8, 8]);
 * const quantised: Quantised = quantise(model, images, { reported: 0 });
 * quantised.network.quantised   // => true
 */
export interface Quantised {
  readonly network: QuantisedNetwork;
  /** By layer, in the network's order, the last line being the output; empty where none was asked for. */
  readonly report: readonly LayerReport[];
}

/** Kinds that compute with bytes. */
const capable: ReadonlySet<Kind> = new Set<Kind>([
  "conv2d", "add", "scale", "activation", "batch_norm", "global_pool", "max_pool", "average_pool", "concat", "channel_shuffle",
]);

function keptOf(graph: Graph, keep: readonly string[]): Set<string> {
  const names = new Set(graph.nodes.flatMap((node) => (isLayer(node) ? [layerName(node.operation.weight)] : [])));
  for (const name of keep) {
    if (names.has(name)) continue;
    throw new RangeError(`quantise: keep names "${name}", which is no layer of this network${didYouMean(name, names)}`);
  }
  return new Set(keep);
}

/** Values that become bytes. */
function byteValues(graph: Graph, kept: ReadonlySet<string>): Value[] {
  const able = ({ operation }: Node): boolean =>
    capable.has(operation.kind) && !(operation.kind === "conv2d" && kept.has(layerName(operation.weight)));
  const values = new Set<Value>();
  for (const node of graph.nodes) {
    if (able(node)) for (const value of [...node.inputs, node.output]) if (isImage(value.shape)) values.add(value);
  }
  return [...values];
}

/** Does everything that reads this value work channel by channel, and a convolution make it that can give it so? */
function canEqualise(uses: Uses, value: Value): boolean {
  const maker = uses.maker(value)?.operation;
  const users = uses.users(value);
  return maker?.kind === "conv2d" && maker.epilogue?.residual !== true && uses.removable(value) &&
    users.some(({ operation }) => operation.kind === "conv2d") && users.every(({ operation, inputs }) =>
    operation.kind === "conv2d" ? operation.groups > 1 && operation.groups === value.shape[1] && !inputs.slice(1).includes(value)
      : operation.kind === "global_pool" && operation.by === "mean");
}

/** Kinds whose bytes mean what those of their input do. */
const following: ReadonlySet<Kind> = new Set<Kind>(["max_pool", "channel_shuffle"]);

/**
 * What goes into a concat and nowhere else is rounded to the steps of the whole at once; a concat within one, as DenseNet has them, has the
 * steps of the whole where that costs it a bit at most: so most of it is copied, and nothing is rounded over and over.
 */
function joinParts(graph: Graph, uses: Uses, result: Map<string, Quantisation>): void {
  for (const { operation, inputs, output } of [...graph.nodes].reverse()) {
    const whole = result.get(output.name);
    if (operation.kind !== "concat" || whole === undefined) continue;
    for (const part of inputs) {
      const [own, maker] = [result.get(part.name), uses.maker(part)?.operation.kind];
      if (own === undefined || maker === undefined || !uses.removable(part)) continue;
      const sole = !following.has(maker) && uses.users(part).length === 1;
      if (sole || (maker === "concat" && whole.scale[0] <= 2 * own.scale[0])) result.set(part.name, whole);
    }
  }
}

/** What bytes of each value mean. */
function meanings(
  graph: Graph, values: readonly Value[], found: ReadonlyMap<Value, Statistics>, kept: ReadonlySet<string>, method: RangeMethod,
  equalise: boolean,
): Map<string, Quantisation> {
  const uses = new Uses(graph, new Set());
  const result = new Map<string, Quantisation>();
  const byKept = (value: Value): boolean => [uses.maker(value), ...uses.users(value)].some(
    (node) => node?.operation.kind === "conv2d" && kept.has(layerName(node.operation.weight)),
  );
  for (const value of values) {
    const statistics = found.get(value)!;
    const own = equalise && canEqualise(uses, value) && !byKept(value);
    result.set(value.name, own ? perChannelQuantisation(statistics) : quantisationOf(rangeOf(statistics, method)));
  }
  joinParts(graph, uses, result);
  // The largest of windows has the bytes of what it was taken of, and so have channels in another order.
  for (const { operation, inputs: [x], output } of graph.nodes) {
    if (following.has(operation.kind) && result.has(x.name)) result.set(output.name, result.get(x.name)!);
  }
  return result;
}

/**
 * Quantises a network.
 * @param source a trained model, or an imported network, of one input
 * @param images of the kind that the network will see, prepared as for it: some hundred are enough; all of one size
 * @throws TypeError for the wrong kind; RangeError for no image, for images of several sizes or of one that the network cannot take, for an
 * unknown layer, and where sums could overflow
 * @example
 * const model = createModel("se_resnet8", { classes: 3, width: 8, reduction: 2 }, 1);
 * const images = Tensor.of(Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)), [1, 3, 8, 8]);
 * const { network, report } = quantise(model, images);
 * compileSync(network, { input: [1, 3, 8, 8] }).run(images).shape   // => [1,3]
 * report.length > 5   // => true
 */
export function quantise(source: Module | Network, images: CalibrationImages, options: QuantiseOptions = {}): Quantised {
  const known: Record<keyof QuantiseOptions, ArgumentKind> = {
    method: oneOf(...methodNames), keep: { ...texts, wanted: "a list of names" }, equalise: flag, correctBias: flag,
    reported: wholeNumber(0), progress: callback,
  };
  checkFields("quantise", options, known);
  const { method = "best", keep = [], equalise = true, correctBias = true, reported = 4, progress = () => undefined } = options;
  const network = networkOf(source);
  if (network.quantised === true) throw new RangeError(`quantise: ${network.title} is quantised already`);
  const { inputs, title } = network;
  if (inputs.length !== 1) throw new RangeError(`quantise: wants a network of one input, ${title} has ${inputs.length}`);
  const singles = singleImages(images);
  const graph = prepare(network.lower({ [inputs[0].name]: singles[0].shape }));
  const kept = keptOf(graph, keep);
  const values = byteValues(graph, kept);
  const layers = graph.nodes.filter(isLayer).filter(({ operation }) => !kept.has(layerName(operation.weight)));
  const rows = layers.filter((node) => node.operation.kind === "linear" || isRow(node)).map(({ inputs: [x] }) => x);
  const found = measure(graph, [...new Set([...values, ...rows])], singles, (share) => progress(0.8 * share));
  const bytes = meanings(graph, values, found, kept, method, equalise);
  const means = (value: Value): ArrayLike<number> | undefined => (correctBias ? found.get(value)?.mean : undefined);
  const whole = recipeOf(graph, bytes, layers, means);
  const report = reported === 0 ? [] : reportOf(graph, whole, singles.slice(0, reported), (share) => progress(0.8 + 0.2 * share));
  return { network: trainable(network, quantisedNetwork(network, whole, singles[0].shape)), report };
}
