/** Convolutions of images [N,C,H,W] and signals [N,C,L]. */
import type { Activation } from "../../../graph/graph.ts";
import { showShape } from "../../../tensor.ts";
import type { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Table } from "./table.ts";
import { asImage, fitting, four, lifted, lowered, two, windowsOf } from "./window.ts";
import type { Windows } from "./window.ts";

/** The weight as one of images. */
function imageWeight({ shape }: Known): number[] {
  return shape.length === 3 ? [shape[0], shape[1], 1, shape[2]] : [...shape];
}

function checked(site: Site): { weight: Known; bias: Known | undefined; rank: number; groups: number } {
  const { length: rank } = site.rank(0, 3, 4, 5);
  if (rank === 5) site.cannot("in three dimensions");
  const weight = site.known(1, "weight");
  if (weight.shape.length !== rank) site.wrong(`wants a weight of ${rank} dimensions, got ${showShape(weight.shape)}`);
  const given = site.list("kernel_shape");
  if (given !== undefined && given.join() !== weight.shape.slice(2).join()) {
    site.wrong(`has kernel_shape ${showShape(given)} and a weight of ${showShape(weight.shape)}`);
  }
  const groups = site.int("group", 1);
  if (!(groups >= 1)) site.wrong(`has ${groups} groups`);
  return { weight, bias: site.has(2) ? site.known(2, "bias") : undefined, rank, groups };
}

export function convolution(site: Site): Item {
  const { weight, bias, rank, groups } = checked(site);
  const [batch, channels, ...image] = site.shape(0);
  if (channels !== weight.shape[1] * groups) {
    site.wrong(`wants ${weight.shape[1] * groups} channels, got an input of ${showShape(site.shape(0))}`);
  }
  const windows = windowsOf(site, image, weight.shape.slice(2));
  const out = fitting(site, image, windows);
  const { kernel, strides, dilations, begins, ends } = asImage(windows);
  const { build } = site;
  const value = build.add(
    {
      kind: "conv2d", kernel: two(kernel), stride: two(strides), padding: four(begins, ends), dilation: two(dilations), groups,
      weight: build.constant(weight, { shape: imageWeight(weight) }, "weight"), bias: bias && build.constant(bias, {}, "bias"),
    },
    [build.value(lifted(site, site.item(0)))], [batch, weight.shape[0], ...(rank === 3 ? [1] : []), ...out]);
  return lowered(site, build.flow(value, site.item(0).type), rank);
}

/** @returns pads that give the output_shape that is wanted */
function shapedPads(site: Site, windows: Windows, full: readonly number[], extra: readonly number[]): Windows {
  const wanted = site.list("output_shape");
  const auto = site.text("auto_pad", "NOTSET");
  const n = full.length;
  const size = wanted?.slice(-n) ??
    (auto.startsWith("SAME") ? site.shape(0).slice(2).map((each, i) => each * windows.strides[i]) : undefined);
  if (size === undefined) return windows;
  const total = size.map((each, i) => full[i] + extra[i] - each);
  const lower = total.map((pad) => Math.max(0, auto === "SAME_UPPER" ? pad >> 1 : pad - (pad >> 1)));
  return { ...windows, begins: lower, ends: total.map((pad, i) => pad - lower[i]) };
}

function transposed(site: Site): Item {
  const { weight, bias, rank, groups } = checked(site);
  const [batch, channels, ...image] = site.shape(0);
  const outChannels = weight.shape[1] * groups;
  if (channels !== weight.shape[0]) site.wrong(`wants ${weight.shape[0]} channels, got an input of ${showShape(site.shape(0))}`);
  const given = windowsOf(site, image, weight.shape.slice(2));
  const extra = site.list("output_padding") ?? image.map(() => 0);
  const full = image.map((size, i) => (size - 1) * given.strides[i] + (given.kernel[i] - 1) * given.dilations[i] + 1);
  const windows = asImage(shapedPads(site, given, full, extra));
  const lift = rank === 3 ? [0] : [];
  const { strides, dilations, kernel, begins } = windows;
  // Cropped at the begin by `begins`, at the end by `crops`, which may be below 0: rows that only the bias reaches.
  const crops = windows.ends.map((n, i) => n - [...lift, ...extra][i]);
  const more = crops.map((n) => Math.max(0, -n));
  if (more.some((n, i) => n >= Math.max(strides[i], dilations[i]))) site.cannot("with more output_padding than the stride");
  const out = [...lift.map(() => 1), ...full].map((size, i) => size - begins[i] - crops[i]);
  if (out.some((n) => n < 1)) site.wrong(`makes an image of ${showShape(out)}`);
  const { build } = site;
  const value = build.add(
    {
      kind: "conv_transpose2d", kernel: two(kernel), stride: two(strides), padding: four(begins, crops.map((n) => Math.max(0, n))),
      dilation: two(dilations), groups, outputPadding: two(more),
      weight: build.constant(weight, { shape: imageWeight(weight) }, "weight"), bias: bias && build.constant(bias, {}, "bias"),
    },
    [build.value(lifted(site, site.item(0)))], [batch, outChannels, ...out]);
  return lowered(site, build.flow(value, site.item(0).type), rank);
}

const fused: Readonly<Record<string, (params: readonly number[]) => Activation>> = {
  Relu: () => ({ activation: "relu", slope: 0, offset: 0 }),
  Sigmoid: () => ({ activation: "sigmoid", slope: 0, offset: 0 }),
  Tanh: () => ({ activation: "tanh", slope: 0, offset: 0 }),
  LeakyRelu: ([alpha = 0.01]) => ({ activation: "leaky_relu", slope: alpha, offset: 0 }),
  HardSigmoid: ([alpha = 0.2, beta = 0.5]) => ({ activation: "hard_sigmoid", slope: alpha, offset: beta }),
};

/** The activation that onnxruntime has joined to a node. */
export function withActivation(site: Site, item: Item): Item {
  const name = site.text("activation", "");
  const params = site.floatList("activation_params") ?? [];
  if (name === "") return item;
  if (name === "Clip") return site.build.clip(item, params[0] ?? -Infinity, params[1] ?? Infinity);
  const activation = fused[name] ?? site.cannot(`with the activation ${name}`);
  return site.build.activation(item, activation(params));
}

export const convolutions: Table = {
  Conv: convolution,
  ConvTranspose: transposed,
  "com.microsoft:FusedConv": (site) => {
    const y = convolution(site);
    return withActivation(site, site.has(3) ? site.build.binary("add", y, site.item(3)) : y);
  },
};
