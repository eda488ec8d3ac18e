/** Convolutions of images [N,C,H,W], signals [N,C,L] and volumes [N,C,D,H,W]. */
import type { Constant } from "../../../graph/graph.ts";
import { showShape } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { whole } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site, Table } from "../lower/site.ts";
import type { Attribute } from "../read/model.ts";
import { activations } from "./activations.ts";
import { fitting, halves, onImage, span, two, windowOf, windowsOf } from "./window.ts";
import type { Windows } from "./window.ts";

interface Layer {
  /** Of the weight in the file. */
  readonly shape: Shape;
  readonly windows: Windows;
  readonly image: Shape;
  readonly groups: number;
  /** The weight in another shape, and the bias. */
  learned(shape: Shape): { readonly weight: Constant; readonly bias: Constant | undefined };
}

function layerOf(site: Site, x: Item): Layer {
  const [, , ...image] = site.rank(x, 3, 4, 5);
  const weight = site.known(1, "weight");
  const shape = site.rank(weight, x.shape.length);
  const kernel = shape.slice(2);
  const given = site.list("kernel_shape") ?? kernel;
  if (given.join() !== kernel.join()) site.wrong(`has kernel_shape ${showShape(given)} and a weight of ${showShape(shape)}`);
  const groups = site.int("group", 1);
  if (!(groups >= 1)) site.wrong(`has ${groups} groups`);
  const bias = site.inputs[2] && site.known(2, "bias");
  return {
    shape, groups, image, windows: windowsOf(site, image, kernel),
    learned: (to) => ({ weight: site.constant(weight, "weight", { shape: to }), bias: bias && site.constant(bias, "bias") }),
  };
}

function checkChannels(site: Site, { shape }: Item, wanted: number): void {
  if (shape[1] !== wanted) site.wrong(`wants ${wanted} channels, got an input of ${showShape(shape)}`);
}

/** A weight of images. */
function imageWeight([outputs, inputs, ...kernel]: Shape): Shape {
  return [outputs, inputs, ...two(kernel, 1)];
}

export function convolution(site: Site, x: Item): Item {
  const layer = layerOf(site, x);
  const { shape, windows, image, groups, learned } = layer;
  checkChannels(site, x, shape[1] * groups);
  const out = fitting(site, image, windows);
  if (image.length === 3) return volumes(site, x, layer, out);
  return onImage(site, x, { kind: "conv2d", ...windowOf(windows), groups, ...learned(imageWeight(shape)) }, [shape[0], ...out]);
}

/**
 * A convolution in three dimensions as one of images: slices that one window reads lie side by side as channels, the weight stays as it is.
 */
function volumes(site: Site, x: Item, { shape, windows, groups, learned }: Layer, [deep, ...out]: readonly number[]): Item {
  const { kernel: [depth], strides: [stride], dilations: [dilation], begins: [begin], ends: [end] } = windows;
  const padded = site.pad(x, [0, 0, begin, 0, 0], [0, 0, end, 0, 0]);
  const [batch, channels, , ...size] = padded.shape;
  const slices = Array.from({ length: depth * deep }, (_, i) => Math.floor(i / deep) * dilation + (i % deep) * stride);
  const apart = site.gather(padded, whole(slices, [depth, deep]), 2);
  const images = site.reshape(site.transpose(apart, [0, 3, 1, 2, 4, 5]), [batch * deep, channels * depth, ...size]);
  const flat = Object.fromEntries(Object.entries(windows).map(([name, each]) => [name, each.slice(1)])) as unknown as Windows;
  const [outputs, inputs, , ...kernel] = shape;
  const operation = { kind: "conv2d", ...windowOf(flat), groups, ...learned([outputs, inputs * depth, ...kernel]) } as const;
  const y = onImage(site, images, operation, [outputs, ...out]);
  return site.transpose(site.reshape(y, [batch, deep, outputs, ...out]), [0, 2, 1, 3, 4]);
}

function transposed(site: Site, x: Item): Item {
  const { shape, windows, image, groups, learned } = layerOf(site, x);
  if (image.length === 3) site.cannot("in three dimensions");
  checkChannels(site, x, shape[0]);
  const { strides, dilations } = windows;
  const extra = site.list("output_padding") ?? image.map(() => 0);
  const full = image.map((size, i) => (size - 1) * strides[i] + span(windows, i));
  const auto = site.text("auto_pad");
  const wanted = site.list("output_shape")?.slice(-image.length);
  // SAME takes away only: windows that leave gaps make a smaller image, as onnxruntime has it.
  const total = wanted?.map((size, i) => full[i] + extra[i] - size) ??
    (auto.startsWith("SAME") ? image.map((size, i) => Math.max(0, full[i] + extra[i] - size * strides[i])) : undefined);
  const { begins, ends } = total === undefined ? windows : halves(total, auto !== "SAME_UPPER");
  // Cropped at the begin by `begins`, at the end by `crops`, which may be below 0: rows that only the bias reaches.
  const crops = ends.map((n, i) => n - extra[i]);
  const more = crops.map((n) => Math.max(0, -n));
  if (more.some((n, i) => n >= Math.max(strides[i], dilations[i]))) site.cannot("with more output_padding than the stride");
  const out = full.map((size, i) => size - begins[i] - crops[i]);
  if (out.some((n) => n < 1)) site.wrong(`makes an image of ${showShape(out)}`);
  const window = windowOf({ ...windows, begins, ends: crops.map((n) => Math.max(0, n)) });
  return onImage(
    site, x, { kind: "conv_transpose2d", ...window, groups, outputPadding: two(more, 0), ...learned(imageWeight(shape)) },
    [shape[1] * groups, ...out],
  );
}

/** The activation that onnxruntime has joined to a node, lowered as a node of its own. Parameters: one list, or an attribute for each. */
export function withActivation(site: Site, item: Item): Item {
  const type = site.text("activation");
  if (type === "") return item;
  const own = activations[type] ?? site.cannot(`with the activation ${type}`);
  const { attributes } = site.node;
  const parameters = new Map((type === "Clip" ? ["min", "max"] : ["alpha", "beta"]).flatMap((name, i): [string, Attribute][] => {
    const float = attributes.get("activation_params")?.floats[i] ?? attributes.get(`activation_${name}`)?.float;
    return float === undefined ? [] : [[name, { float } as Attribute]];
  }));
  return site.lower({ ...site.node, type, attributes: parameters }, 7, [item], own) as Item;
}

export const convolutions: Table = {
  Conv: convolution,
  ConvTranspose: transposed,
  "com.microsoft:FusedConv": (site, x) => {
    const y = convolution(site, x);
    return withActivation(site, site.inputs[3] === undefined ? y : site.binary("add", y, site.item(3)));
  },
};
