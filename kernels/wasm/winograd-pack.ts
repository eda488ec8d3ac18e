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

/** G (a, b, c): six elements of `to`, `pitch` apart. */
function transform(a: number, b: number, c: number, to: Float64Array, at: number, pitch: number): void {
  const outer = -2 * THIRD * a - THIRD * c;
  const inner = 0.5 * THIRD * a + THIRD * c;
  to[at] = a;
  to[at + pitch] = outer - ROOT_THIRD * b;
  to[at + 2 * pitch] = outer + ROOT_THIRD * b;
  to[at + 3 * pitch] = inner + 0.5 * ROOT_THIRD * b;
  to[at + 4 * pitch] = inner - 0.5 * ROOT_THIRD * b;
  to[at + 5 * pitch] = c;
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
 */
export function packWinogradWeights(
  weight: Float32Array, bias: Float32Array | null, params: ConvParams, packed: Float32Array = new Float32Array(packedWinogradSize(params)),
  factors: Float64Array = new Float64Array(params.output.channels).fill(1),
): Float32Array {
  const [inputs, outputs] = [params.input.channels, params.output.channels];
  if (weight.length !== 9 * inputs * outputs) throw new RangeError(`packWinogradWeights: weight wants ${9 * inputs * outputs} elements, got ${weight.length}`);
  if (bias !== null && bias.length !== outputs) throw new RangeError(`packWinogradWeights: bias wants ${outputs} elements, got ${bias.length}`);
  const size = packedWinogradSize(params);
  if (packed.length !== size) throw new RangeError(`packWinogradWeights: packed wants ${size} elements, got ${packed.length}`);
  const half = new Float64Array(3 * IN);
  // Of one input channel, places by channels of the panel: written to packed line by line, whose places often share the same few sets of the cache.
  const lines = new Float64Array(PLACES * PANEL);
  let at = 0;
  for (let first = 0; first < outputs; first += PANEL) {
    const valid = Math.min(PANEL, outputs - first);
    const columns = 4 * Math.ceil(valid / 4);
    packed.fill(0, at, at + columns);
    if (bias !== null) packed.set(bias.subarray(first, first + valid), at);
    at += columns;
    const place = inputs * columns;
    lines.fill(0);
    for (let c = 0; c < inputs; c++) {
      for (let j = 0; j < valid; j++) {
        const from = 9 * ((first + j) * inputs + c);
        const factor = factors[first + j];
        // G g by the columns of g, then its rows times G^T.
        for (let k = 0; k < 3; k++) transform(weight[from + k] * factor, weight[from + 3 + k] * factor, weight[from + 6 + k] * factor, half, k, 3);
        for (let i = 0; i < IN; i++) transform(half[3 * i], half[3 * i + 1], half[3 * i + 2], lines, i * IN * PANEL + j, PANEL);
      }
      for (let i = 0; i < PLACES; i++) {
        const to = at + i * place + c * columns;
        for (let j = 0; j < columns; j++) packed[to + j] = lines[i * PANEL + j];
      }
    }
    at += PLACES * place;
  }
  return packed;
}
