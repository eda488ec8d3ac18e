/**
 * Weights of 3x3 convolutions as Winograd's kernels read them, F(4x4, 3x3): every kernel g becomes the 36 numbers G g G^T (Lavin and Gray,
 * "Fast Algorithms for Convolutional Neural Networks", section 4.3). Panels are those of conv-pack.ts; a panel holds its biases, then for each
 * of the 36 places one weight a channel for each input channel.
 */
import { convPanels } from "./conv-pack.ts";
import type { ConvParams } from "./conv-params.ts";
import { PANEL } from "./select.ts";

/** Pixels of an output tile, and of the input under it, along one side. */
export const OUT = 4;
export const IN = 6;
export const PLACES = 36;

/**
 * Numbers of G: for the points 0, sqrt(1/2), -sqrt(1/2), sqrt(2), -sqrt(2) and infinity the rows of G are
 * [1, 0, 0], [-2/3, -sqrt(2)/3, -1/3], [-2/3, sqrt(2)/3, -1/3], [1/6, sqrt(2)/6, 1/3], [1/6, -sqrt(2)/6, 1/3], [0, 0, 1].
 * With these points the error is half of that with 0, 1, -1, 2, -2, which most texts use. (The points of ncnn; B^T and A^T are in winograd-transform.ts.)
 */
const THIRD = 1 / 3;
const ROOT_THIRD = Math.SQRT2 / 3;

/** Six elements of `to`, PANEL apart: G (a, b, c). */
function transform(a: number, b: number, c: number, to: Float64Array, at: number): void {
  const outer = -2 * THIRD * a - THIRD * c;
  const inner = 0.5 * THIRD * a + THIRD * c;
  const slope = ROOT_THIRD * b;
  to[at] = a;
  to[at + PANEL] = outer - slope;
  to[at + 2 * PANEL] = outer + slope;
  to[at + 3 * PANEL] = inner + 0.5 * slope;
  to[at + 4 * PANEL] = inner - 0.5 * slope;
  to[at + 5 * PANEL] = c;
}

/** G g G^T of one kernel, `weight` from `from` on: 36 elements of `to`, PANEL apart. */
function transformKernel(weight: Float32Array, from: number, factor: number, to: Float64Array, at: number): void {
  const a0 = weight[from] * factor;
  const a1 = weight[from + 1] * factor;
  const a2 = weight[from + 2] * factor;
  const b0 = weight[from + 3] * factor * ROOT_THIRD;
  const b1 = weight[from + 4] * factor * ROOT_THIRD;
  const b2 = weight[from + 5] * factor * ROOT_THIRD;
  const c0 = weight[from + 6] * factor;
  const c1 = weight[from + 7] * factor;
  const c2 = weight[from + 8] * factor;
  const outer0 = -2 * THIRD * a0 - THIRD * c0;
  const outer1 = -2 * THIRD * a1 - THIRD * c1;
  const outer2 = -2 * THIRD * a2 - THIRD * c2;
  const inner0 = 0.5 * THIRD * a0 + THIRD * c0;
  const inner1 = 0.5 * THIRD * a1 + THIRD * c1;
  const inner2 = 0.5 * THIRD * a2 + THIRD * c2;
  const row = IN * PANEL;
  transform(a0, a1, a2, to, at);
  transform(outer0 - b0, outer1 - b1, outer2 - b2, to, at + row);
  transform(outer0 + b0, outer1 + b1, outer2 + b2, to, at + 2 * row);
  transform(inner0 + 0.5 * b0, inner1 + 0.5 * b1, inner2 + 0.5 * b2, to, at + 3 * row);
  transform(inner0 - 0.5 * b0, inner1 - 0.5 * b1, inner2 - 0.5 * b2, to, at + 4 * row);
  transform(c0, c1, c2, to, at + 5 * row);
}

/** PLACES times `columns` elements, into every `pitch`-th line. */
function copyLines(lines: Float64Array, packed: Float32Array, at: number, columns: number, pitch: number): void {
  for (let i = 0; i < PLACES; i++) {
    for (let j = 0; j < columns; j++) packed[at + i * pitch + j] = lines[i * PANEL + j];
  }
}

/** Floats of the packed weights. */
export function packedWinogradSize(params: ConvParams): number {
  const { full, restColumns } = convPanels(params);
  return (PLACES * params.input.channels + 1) * (PANEL * full + restColumns);
}

/**
 * @param weight [outChannels, inChannels, 3, 3]
 * @param bias [outChannels], or null for none
 * @param packed where to write; new by default
 * @param factors [outChannels] by which weights, not biases, are multiplied; rounded once
 * @param firstColumn output channel at which to begin; a panel's first
 */
export function packWinogradWeights(
  weight: Float32Array, bias: Float32Array | null, params: ConvParams, packed: Float32Array = new Float32Array(packedWinogradSize(params)),
  factors: ArrayLike<number> = new Float64Array(params.output.channels).fill(1), firstColumn: number = 0,
): Float32Array {
  const [inputs, outputs] = [params.input.channels, params.output.channels];
  if (weight.length !== 9 * inputs * outputs) throw new RangeError(`packWinogradWeights: weight wants ${9 * inputs * outputs} elements, got ${weight.length}`);
  if (bias !== null && bias.length !== outputs) throw new RangeError(`packWinogradWeights: bias wants ${outputs} elements, got ${bias.length}`);
  const size = packedWinogradSize(params);
  if (packed.length !== size) throw new RangeError(`packWinogradWeights: packed wants ${size} elements, got ${packed.length}`);
  // Of one input channel, places by channels of the panel: written to packed line by line, whose places often share the same few sets of the cache.
  const lines = new Float64Array(PLACES * PANEL);
  let at = firstColumn * (PLACES * inputs + 1);
  for (let first = firstColumn; first < outputs; first += PANEL) {
    const valid = Math.min(PANEL, outputs - first);
    const columns = 4 * Math.ceil(valid / 4);
    packed.fill(0, at, at + columns);
    if (bias !== null) packed.set(bias.subarray(first, first + valid), at);
    at += columns;
    const place = inputs * columns;
    lines.fill(0);
    for (let c = 0; c < inputs; c++) {
      for (let j = 0; j < valid; j++) transformKernel(weight, 9 * ((first + j) * inputs + c), factors[first + j], lines, j);
      copyLines(lines, packed, at + c * columns, columns, place);
    }
    at += PLACES * place;
  }
  return packed;
}
