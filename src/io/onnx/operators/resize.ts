/**
 * Images of other sizes. Whatever the mode, a number of the output is a sum over a few of the input along each axis: which and how much of
 * each is worked out here, once.
 */
import type { Taps } from "../../../graph/graph.ts";
import { showShape } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Table } from "./table.ts";

interface Axis {
  readonly size: number;
  readonly out: number;
  readonly scale: number;
  /**
   * Scale times size, before it is rounded down: what ONNX's reference measures by. PyTorch, whose exporter writes the scales that a user
   * gave, measures by the whole size, and so does onnxruntime (findings/onnx-resize-align-corners.sh).
   */
  readonly wide: number;
  /** Part of the image that is wanted, for tf_crop_and_resize. */
  readonly roi: readonly [number, number];
}

type Place = (at: number, axis: Axis) => number;

/** Where an output lies in the input, by coordinate_transformation_mode. */
const transformations: Readonly<Record<string, Place>> = {
  half_pixel: (at, { scale }) => (at + 0.5) / scale - 0.5,
  half_pixel_symmetric: (at, { scale, size, out, wide }) => (size / 2) * (1 - out / wide) + (at + 0.5) / scale - 0.5,
  pytorch_half_pixel: (at, { scale, wide }) => (wide !== 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, { size, wide }) => (wide !== 1 ? (at * (size - 1)) / (wide - 1) : 0),
  asymmetric: (at, { scale }) => at / scale,
  tf_half_pixel_for_nn: (at, { scale }) => (at + 0.5) / scale,
  tf_crop_and_resize: (at, { size, wide, roi: [begin, end] }) =>
    (wide !== 1 ? begin * (size - 1) + (at * (end - begin) * (size - 1)) / (wide - 1) : 0.5 * (begin + end) * (size - 1)),
};

const roundings: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5), round_prefer_ceil: (x) => Math.floor(x + 0.5), floor: Math.floor, ceil: Math.ceil,
};

/** How much a neighbour at this distance counts. */
type Share = (distance: number) => number;
const linear: Share = (distance) => Math.max(0, 1 - Math.abs(distance));

function cubic(a: number): Share {
  return (distance) => {
    const d = Math.abs(distance);
    if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  };
}

function tapsOf(site: Site, axis: Axis, mode: string, place: Place, old: boolean): Taps {
  const { size, out, scale } = axis;
  const clamp = (n: number): number => Math.min(size - 1, Math.max(0, n));
  const crops = place === transformations.tf_crop_and_resize;
  const outside = (x: number): boolean => crops && (x < 0 || x > size - 1);
  const starts = [0];
  const places: number[] = [];
  const weights: number[] = [];
  const rounding = roundings[site.text("nearest_mode", old ? "floor" : "round_prefer_floor")] ?? site.cannot("with this nearest_mode");
  const antialias = site.int("antialias", 0) === 1 && scale < 1;
  const share = mode === "linear" ? linear : cubic(site.float("cubic_coeff_a", -0.75));
  const stretch = antialias ? scale : 1;
  const reach = (mode === "linear" ? 1 : 2) / stretch;
  const excludes = site.int("exclude_outside", 0) === 1;
  for (let i = 0; i < out; i++) {
    const x = place(i, axis);
    if (mode === "nearest" || outside(x)) {
      places.push(clamp(mode === "nearest" ? rounding(x) : 0));
      weights.push(outside(x) ? 0 : 1);
      starts.push(places.length);
      continue;
    }
    const at: number[] = [];
    for (let n = Math.floor(x - reach) + 1; n < x + reach; n++) at.push(n);
    const raw = at.map((n) => (excludes && n !== clamp(n) ? 0 : share((n - x) * stretch)));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    places.push(...at.map(clamp));
    weights.push(...(excludes || antialias ? raw.map((weight) => weight / sum) : raw));
    starts.push(places.length);
  }
  return { starts: Int32Array.from(starts), places: Int32Array.from(places), weights: Float64Array.from(weights) };
}

/** Sizes and scales for all axes, from what is given for some. */
function axesOf(site: Site, from: Shape): Axis[] {
  const upsample = site.node.type === "Upsample";
  const at = site.opset < 11 ? 1 : 2;
  const numbers = (i: number): number[] => (site.has(i) ? Array.from(site.known(i, "size").numbers) : []);
  const given = site.axes(from.length, site.list("axes"));
  const scales = upsample && site.opset < 9 ? [...(site.floatList("scales") ?? [])] : numbers(at);
  const sizes = site.opset < 11 ? [] : numbers(3);
  const rois = site.opset < 11 ? [] : numbers(1);
  const either = sizes.length > 0 ? sizes : scales;
  if (either.length !== given.length || !either.every((n) => n > 0)) {
    site.wrong(`wants ${given.length} sizes or scales above 0, got ${either.join()}`);
  }
  const policy = site.text("keep_aspect_ratio_policy", "stretch");
  const ratios = given.map((axis, i) => (sizes.length > 0 ? sizes[i] / from[axis] : scales[i]));
  const one = sizes.length === 0 || policy === "stretch" ? undefined : policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return from.map((size, axis): Axis => {
    const i = given.indexOf(axis);
    if (i < 0) return { size, out: size, scale: 1, wide: size, roi: [0, 1] };
    const roi = [rois[i] ?? 0, rois[i + given.length] ?? 1] as const;
    if (sizes.length === 0) return { size, out: Math.floor(Math.fround(size * scales[i])), scale: scales[i], wide: size * scales[i], roi };
    const out = one === undefined ? sizes[i] : Math.floor(one * size + 0.5);
    return { size, out, scale: one ?? out / size, wide: (one ?? out / size) * size, roi };
  });
}

function resize(site: Site): Item {
  const from = site.shape(0);
  const old = site.node.type === "Upsample" || site.opset < 11;
  const mode = site.text("mode", "nearest");
  if (mode !== "nearest" && mode !== "linear" && mode !== "cubic") site.cannot(`with mode ${mode}`);
  const named = site.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  const place = transformations[named] ?? site.cannot(`with coordinates ${named}`);
  const whole = named === "align_corners" && /pytorch/i.test(site.producer);
  const axes = axesOf(site, from).map((axis) => (whole ? { ...axis, wide: axis.out } : axis));
  const to = axes.map(({ out }) => out);
  site.checkSize(to);
  if (to.some((n, i) => n !== from[i] && n > 1048576)) {
    site.wrong(`makes ${showShape(to)} of ${showShape(from)}: an axis may have 1048576 places`);
  }
  const crops = named === "tf_crop_and_resize";
  const taps = axes.map((axis) => (axis.out !== axis.size || axis.scale !== 1 || crops ? tapsOf(site, axis, mode, place, old) : undefined));
  const beyond = crops ? site.float("extrapolation_value", 0) : 0;
  if (beyond === 0) return site.resample(site.item(0), taps);
  // What lies outside counts as 0: of what is left of x without the value for outside.
  return site.binary("add", site.resample(site.binary("subtract", site.item(0), site.scalar(beyond)), taps), site.scalar(beyond));
}

export const resizes: Table = { Resize: resize, Upsample: resize };
