/**
 * The numbers that stand beside the lines of kernels/reference: which page's lines a block's are, and what they compute, in plain loops as
 * there; a test holds that gates and gradients are those of the sessions.
 */
import type { Activation } from "../../../kernels/activations.ts";
import * as kernels from "../../../kernels/plain/index.ts";
import { plainInference as forwardKernels } from "../../../kernels/plain/inference.ts";
import type { Constant } from "../../../src/graph/graph.ts";
import { activate } from "../../../src/operations/elementwise/activation.ts";
import { activationBackward } from "../../../src/session/training/plain/passes.ts";
import type { BackwardLines, ForwardLines, LinePage, Selection } from "../messages.ts";
import type { Block } from "./blocks.ts";

/** A layer on one pixel: w [outputs,inputs], or the kernel [size] of a convolution along the channels; b [outputs] or null. */
interface Layer {
  readonly w: Float32Array;
  readonly b: Float32Array | null;
}

/** Layers and functions of a block whose lines there are. */
export interface Layout {
  readonly page: LinePage;
  /** From squeeze to hidden layer, where there is one. */
  readonly first: { readonly layer: Layer; readonly inner: Activation } | undefined;
  readonly second: Layer;
  readonly outer: Activation;
}

/** In double precision, rounded once, as in the reference. */
function sumOf(count: number, term: (i: number) => number, first: number = 0): number {
  let sum = first;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum;
}

/** w x + b. */
function product({ w, b }: Layer, x: Float32Array): Float32Array {
  const outputs = w.length / x.length;
  return Float32Array.from({ length: outputs }, (_, o) => sumOf(x.length, (i) => w[o * x.length + i] * x[i], b?.[o]));
}

/** The gradient by x of w x + b. */
function transposed({ w }: Layer, dy: Float32Array): Float32Array {
  const inputs = w.length / dy.length;
  return Float32Array.from({ length: inputs }, (_, i) => sumOf(dy.length, (o) => w[o * inputs + i] * dy[o]));
}

const numbers = (constant: Constant): Float32Array => constant.read().data as Float32Array;

/** Or why there are no lines for it. */
export function layoutOf({ nodes, by, squeeze, scaled, pooled }: Block): Layout | string {
  if (squeeze !== "mean") return "its squeeze is the maximum, not the mean";
  if (scaled !== pooled) return "its gates are made of another value than the one that they scale";
  const layers: Layer[] = [];
  const functions: Activation[] = [];
  const steps: string[] = [];
  for (const { operation } of by === "channel" ? nodes.slice(1) : nodes) {
    const { kind } = operation;
    if (kind === "reshape" || kind === "flatten") continue;
    if (kind === "linear" || (kind === "conv2d" && operation.groups === 1)) {
      layers.push({ w: numbers(operation.weight), b: operation.bias === undefined ? null : numbers(operation.bias) });
      steps.push("layer");
    } else if (kind === "channel_conv") {
      layers.push({ w: numbers(operation.weight), b: null });
      steps.push("channel_conv");
    } else if (kind === "activation") {
      functions.push(operation);
      steps.push("function");
    } else steps.push(kind.replaceAll("_", " "));
  }
  const [inner, outer] = functions;
  switch (steps.join()) {
    case "layer,function,layer,function":
      return { page: "squeeze-excite", first: { layer: layers[0], inner }, second: layers[1], outer };
    case "layer,function":
      return {
        page: by === "pixel" ? "spatial-squeeze-excite" : "effective-squeeze-excite", first: undefined, second: layers[0], outer: inner };
    case "channel_conv,function":
      return { page: "efficient-channel-attention", first: undefined, second: layers[0], outer: inner };
    default: return `between squeeze and gate it has ${steps.join(", ").replace("channel_conv", "a convolution along the channels")}`;
  }
}

/** What is known of the block: its channels x [C,H,W], the gates that were used, and the loss's gradient by y [C,H,W], if there is one. */
export interface Known {
  readonly x: Float32Array;
  readonly gates: Float32Array;
  readonly dy: Float32Array | undefined;
}

/** Numbers of the lines, of the channel, hidden number and pixel that are looked at. */
export function linesOf(
  { page, first, second, outer }: Layout, { channels, count, by }: Block, { channel, hidden: k, pixel }: Selection, { x, gates, dy }: Known,
): { readonly forward: ForwardLines; readonly backward: BackwardLines | undefined } {
  const pixels = x.length / channels;
  const zeros = (size: number): Float32Array => new Float32Array(size);
  const hidden = first === undefined ? 0 : second.w.length / channels;
  const reach = (second.w.length - 1) / 2;
  const [e, s] = [zeros(count), zeros(count)];
  let [z, a, h] = [zeros(channels), zeros(hidden), zeros(hidden)];
  if (by === "pixel") {
    z.forEach((_, c) => (z[c] = x[c * pixels + pixel]));
    e.forEach((_, p) => (e[p] = sumOf(channels, (c) => second.w[c] * x[c * pixels + p], second.b?.[0])));
  } else {
    z.forEach((_, c) => (z[c] = sumOf(pixels, (p) => x[c * pixels + p]) / pixels));
    if (first !== undefined) {
      a = product(first.layer, z);
      activate(forwardKernels, h, first.inner, a);
    }
    if (page === "efficient-channel-attention") {
      e.forEach((_, c) => (e[c] = sumOf(second.w.length, (j) => second.w[j] * (z[c + j - reach] ?? 0))));
    } else e.set(product(second, first === undefined ? z : h));
  }
  activate(forwardKernels, s, outer, e);
  const width = first === undefined ? channels : hidden;
  const row = page === "effective-squeeze-excite" || page === "squeeze-excite";
  const forward: ForwardLines = {
    z, a, h, e, s, w1: first?.layer.w.slice(k * channels, (k + 1) * channels) ?? zeros(0), b1: first?.layer.b?.[k],
    w2: row ? second.w.slice(channel * width, (channel + 1) * width) : second.w, b2: second.b?.[by === "pixel" ? 0 : channel] };
  if (dy === undefined) return { forward, backward: undefined };
  // With the gates that were used: of one that is set nothing goes back to what it would have been made of, but the page shows the lines
  // as they are.
  const [ds, de, da] = [zeros(count), zeros(count), zeros(hidden)];
  let dh = zeros(hidden);
  if (by === "pixel") ds.forEach((_, p) => (ds[p] = sumOf(channels, (c) => dy[c * pixels + p] * x[c * pixels + p])));
  else ds.forEach((_, c) => (ds[c] = sumOf(pixels, (p) => dy[c * pixels + p] * x[c * pixels + p])));
  activationBackward(kernels, outer, de, e, ds);
  let dz = zeros(channels);
  if (page === "efficient-channel-attention") {
    dz.forEach((_, c) => (dz[c] = sumOf(second.w.length, (j) => second.w[j] * (de[c - j + reach] ?? 0))));
  } else if (by === "channel" && first === undefined) dz = transposed(second, de);
  else if (first !== undefined) {
    dh = transposed(second, de);
    activationBackward(kernels, first.inner, da, a, dh);
    dz = transposed(first.layer, da);
  }
  const map = dy.slice(channel * pixels, (channel + 1) * pixels);
  const dx = by === "pixel"
    ? map.map((value, p) => gates[p] * value + second.w[channel] * de[p])
    : map.map((value) => gates[channel] * value + dz[channel] / pixels);
  return { forward, backward: { ds, de, da, dz, dy: map, dx, dh: dh[k] ?? 0 } };
}
