/**
 * Images of other sizes. Whatever the mode, a number of the output is a sum over a few of the input along each axis: which and how much of
 * each is worked out here, once.
 */
import type { Taps } from "../../../../graph/graph.ts";
import { Known } from "../../constants/known.ts";
import { showShape } from "../../../../tensor.ts";
import type { Shape } from "../../../../tensor.ts";
import type { Item } from "../../lower/nodes.ts";
import type { Site, Table } from "../../lower/site.ts";
import { resizes } from "../resize.ts";
import { imageOperation } from "./resample.ts";

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
    return d < 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  };
}

/** Gets what works out an axis: places for each output, and how much of each. */
function tapsOf(site: Site, mode: string, place: Place, old: boolean): (axis: Axis) => Taps {
  const crops = place === transformations.tf_crop_and_resize;
  const nearest = mode === "nearest";
  const rounding = roundings[site.text("nearest_mode", old ? "floor" : "round_prefer_floor")] ?? site.cannot("with this nearest_mode");
  const share = mode === "linear" ? linear : cubic(site.float("cubic_coeff_a", -0.75));
  const excludes = site.int("exclude_outside") === 1;
  return (axis) => {
    const { size, out, scale } = axis;
    const clamp = (n: number): number => Math.min(size - 1, Math.max(0, n));
    const antialias = site.int("antialias") === 1 && scale < 1;
    const stretch = antialias ? scale : 1;
    const reach = (mode === "linear" ? 1 : 2) / stretch;
    const starts = [0];
    const places: number[] = [];
    const weights: number[] = [];
    for (let i = 0; i < out; i++) {
      const x = place(i, axis);
      const outside = crops && (x < 0 || x > size - 1);
      const at = nearest ? [rounding(x)] : [];
      for (let n = Math.floor(x - reach) + 1; !nearest && n < x + reach; n++) at.push(n);
      const shares = at.map((n) => (outside || (excludes && n !== clamp(n)) ? 0 : nearest ? 1 : share((n - x) * stretch)));
      const sum = !nearest && !outside && (excludes || antialias) ? shares.reduce((total, weight) => total + weight) : 1;
      places.push(...at.map(clamp));
      weights.push(...shares.map((weight) => weight / sum));
      starts.push(places.length);
    }
    return { starts: Int32Array.from(starts), places: Int32Array.from(places), weights: Float64Array.from(weights) };
  };
}

/** Sizes and scales for all axes, from what is given for some. */
function axesOf(site: Site, from: Shape, old: boolean): Axis[] {
  const given = site.axes(from.length, site.list("axes"));
  const known = (i: number): readonly number[] => (site.inputs[i] === undefined ? [] : [...site.known(i, "size").numbers]);
  // Upsample, and before opset 11 Resize, have scales alone; at first as an attribute.
  const [rois, scales, sizes] = old ? [[], site.node.attributes.get("scales")?.floats ?? known(1), []] : [1, 2, 3].map(known);
  const bySize = sizes.length > 0;
  const either = bySize ? sizes : scales;
  if (either.length !== given.length || !either.every((n) => n > 0)) {
    site.wrong(`wants ${given.length} sizes or scales above 0, got ${either.join()}`);
  }
  const ratios = given.map((axis, i) => sizes[i] / from[axis]);
  const one = bySize
    ? { not_larger: Math.min(...ratios), not_smaller: Math.max(...ratios) }[site.text("keep_aspect_ratio_policy")]
    : undefined;
  return from.map((size, axis): Axis => {
    const i = given.indexOf(axis);
    if (i < 0) return { size, out: size, scale: 1, wide: size, roi: [0, 1] };
    const out = one !== undefined ? Math.floor(one * size + 0.5) : bySize ? sizes[i] : Math.floor(Math.fround(size * scales[i]));
    const scale = one ?? (bySize ? out / size : scales[i]);
    return { size, out, scale, wide: scale * size, roi: [rois[i] ?? 0, rois[i + given.length] ?? 1] };
  });
}

/** One axis after the other, or as an operation on images, where there is one. @param taps of each axis that changes */
function resampled(site: Site, item: Item, taps: readonly (Taps | undefined)[]): Item {
  return site.lying([item], ([x], list) => {
    const under = list(taps);
    const operation = x instanceof Known ? undefined : imageOperation(x.shape, under);
    if (operation !== undefined) return site.operate(operation, [x]);
    return under.reduce((done: Item, each, axis) => (each === undefined ? done : site.run("resample", { axis, taps: each }, [done])), x);
  });
}

function general(site: Site, x: Item): Item {
  const from = x.shape;
  const old = site.node.type === "Upsample" || site.opset < 11;
  const mode = site.text("mode", "nearest");
  if (!["nearest", "linear", "cubic"].includes(mode)) site.cannot(`with mode ${mode}`);
  const named = site.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  const place = transformations[named] ?? site.cannot(`with coordinates ${named}`);
  const whole = named === "align_corners" && /pytorch/i.test(site.producer);
  const axes = axesOf(site, from, old).map((axis) => (whole ? { ...axis, wide: axis.out } : axis));
  const to = axes.map(({ out }) => out);
  site.checkSize(to);
  if (to.some((n, i) => n !== from[i] && n > 1048576)) {
    site.wrong(`makes ${showShape(to)} of ${showShape(from)}: an axis may have 1048576 places`);
  }
  const crops = place === transformations.tf_crop_and_resize;
  const tapsFor = tapsOf(site, mode, place, old);
  const taps = axes.map((axis) => (axis.out !== axis.size || axis.scale !== 1 || crops ? tapsFor(axis) : undefined));
  const beyond = crops ? site.float("extrapolation_value", 0) : 0;
  if (beyond === 0) return resampled(site, x, taps);
  // What lies outside counts as 0: of what is left of x without the value for outside.
  return site.binary("add", resampled(site, site.binary("subtract", x, beyond), taps), beyond);
}

export const moreResizes: Table = resizes(general);
