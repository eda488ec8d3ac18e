/** Convolutions of images [N,C,H,W] and signals [N,C,L]. */
import { showShape } from "../../../tensor.ts";
import { whole } from "../constants/known.ts";
import type { Known } from "../constants/known.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Attribute } from "../read/model.ts";
import { activations } from "./activations.ts";
import type { Table } from "./table.ts";
import { asImage, fitting, four, lifted, lowered, two, windowsOf } from "./window.ts";
import type { Windows } from "./window.ts";

/** The weight as one of images. */
function imageWeight({ shape }: Known): number[] {
  return shape.length === 3 ? [shape[0], shape[1], 1, shape[2]] : [...shape];
}

function checked(site: Site): { weight: Known; bias: Known | undefined; rank: number; groups: number } {
  const { length: rank } = site.rank(0, 3, 4, 5);
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
  if (rank === 5) return volumes(site, windows, out, { weight, bias, rank, groups });
  const { kernel, strides, dilations, begins, ends } = asImage(windows);
  const value = site.add(
    {
      kind: "conv2d", kernel: two(kernel), stride: two(strides), padding: four(begins, ends), dilation: two(dilations), groups,
      weight: site.constant(weight, { shape: imageWeight(weight) }, "weight"), bias: bias && site.constant(bias, {}, "bias"),
    },
    [site.value(lifted(site, site.item(0)))], [batch, weight.shape[0], ...(rank === 3 ? [1] : []), ...out]);
  return lowered(site, site.flow(value, site.item(0).type), rank);
}

/**
 * A convolution in three dimensions as one of images: slices that one window reads lie side by side as channels, the weight stays as it is.
 */
function volumes(
  site: Site, { kernel, strides, dilations, begins, ends }: Windows, [deep, ...out]: readonly number[],
  { weight, bias, groups }: ReturnType<typeof checked>,
): Item {
  const [batch, channels] = site.shape(0);
  const padded = site.pad(site.item(0), [0, 0, begins[0], 0, 0], [0, 0, ends[0], 0, 0], "constant", 0);
  const [, , , height, width] = shapeOf(padded);
  const rows = Array.from({ length: kernel[0] * deep }, (_, i) => Math.floor(i / deep) * dilations[0] + (i % deep) * strides[0]);
  const apart = site.reshape(site.gather(padded, whole(rows), 2), [batch, channels, kernel[0], deep, height, width]);
  const images = site.reshape(site.transpose(apart, [0, 3, 1, 2, 4, 5]), [batch * deep, channels * kernel[0], height, width]);
  const [outputs, inputs, depth, ...window] = weight.shape;
  const value = site.add(
    {
      kind: "conv2d", kernel: two(kernel.slice(1)), stride: two(strides.slice(1)), padding: four(begins.slice(1), ends.slice(1)),
      dilation: two(dilations.slice(1)), groups, weight: site.constant(weight, { shape: [outputs, inputs * depth, ...window] }, "weight"),
      bias: bias && site.constant(bias, {}, "bias"),
    },
    [site.value(images)], [batch * deep, outputs, ...out]);
  return site.transpose(site.reshape(site.flow(value, site.item(0).type), [batch, deep, outputs, ...out]), [0, 2, 1, 3, 4]);
}

/** @returns pads that give the output_shape that is wanted */
function shapedPads(site: Site, windows: Windows, full: readonly number[], extra: readonly number[]): Windows {
  const wanted = site.list("output_shape");
  const auto = site.text("auto_pad", "NOTSET");
  const n = full.length;
  const size = wanted?.slice(-n) ??
    (auto.startsWith("SAME") ? site.shape(0).slice(2).map((each, i) => each * windows.strides[i]) : undefined);
  if (size === undefined) return windows;
  // SAME takes away only: windows that leave gaps make a smaller image, as onnxruntime has it.
  const total = size.map((each, i) => Math.max(wanted === undefined ? 0 : -Infinity, full[i] + extra[i] - each));
  const lower = total.map((pad) => Math.max(0, auto === "SAME_UPPER" ? pad >> 1 : pad - (pad >> 1)));
  return { ...windows, begins: lower, ends: total.map((pad, i) => pad - lower[i]) };
}

function transposed(site: Site): Item {
  const { weight, bias, rank, groups } = checked(site);
  if (rank === 5) site.cannot("in three dimensions");
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
  const value = site.add(
    {
      kind: "conv_transpose2d", kernel: two(kernel), stride: two(strides), padding: four(begins, crops.map((n) => Math.max(0, n))),
      dilation: two(dilations), groups, outputPadding: two(more),
      weight: site.constant(weight, { shape: imageWeight(weight) }, "weight"), bias: bias && site.constant(bias, {}, "bias"),
    },
    [site.value(lifted(site, site.item(0)))], [batch, outChannels, ...out]);
  return lowered(site, site.flow(value, site.item(0).type), rank);
}

/** The activation that onnxruntime has joined to a node, lowered as a node of its own. Parameters: one list, or an attribute for each. */
export function withActivation(site: Site, item: Item): Item {
  const type = site.text("activation", "");
  if (type === "") return item;
  const own = activations[type] ?? site.cannot(`with the activation ${type}`);
  const names = type === "Clip" ? ["min", "max"] : ["alpha", "beta"];
  const attributes = new Map(names.flatMap((name, i) => {
    const float = site.floatList("activation_params")?.[i] ?? site.node.attributes.get(`activation_${name}`)?.float;
    return float === undefined ? [] : [[name, { float } as Attribute] as const];
  }));
  return site.lower({ ...site.node, type, attributes }, 7, [item], own) as Item;
}

export const convolutions: Table = {
  Conv: convolution,
  ConvTranspose: transposed,
  "com.microsoft:FusedConv": (site) => {
    const y = convolution(site);
    return withActivation(site, site.has(3) ? site.binary("add", y, site.item(3)) : y);
  },
};
