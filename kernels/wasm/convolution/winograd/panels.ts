/**
 * Weights that Winograd's kernels do not have to transform: panels like those of convolution/panels.ts, but after the biases for each of
 * the 36 places of a tile one weight a channel for each input channel, of G g G^T.
 */
import { convPanels, packConvWeights } from "../panels.ts";
import type { ConvParams } from "../params.ts";
import { PANEL } from "../tiles.ts";
import { PLACES } from "./tile.ts";

const ROOT = Math.SQRT2;

/** The rows of G in convolution/winograd/tile.ts. */
const ROWS = [1, 0, 0, 1, 0.5 * ROOT, 0.5, 1, -0.5 * ROOT, 0.5, 1, ROOT, 2, 1, -ROOT, 2, 0, 0, 1];

/** Floats of the packed weights. */
export function packedWinogradSize(params: ConvParams): number {
  const { full, restColumns, inPerGroup } = convPanels(params);
  return params.groups * (PLACES * inPerGroup + 1) * (PANEL * full + restColumns);
}

/** @param packed where to write; new by default; the others as in packConvWeights */
export function packWinogradWeights(
  weight: Float32Array, bias: Float32Array | null, params: ConvParams, packed: Float32Array = new Float32Array(
    packedWinogradSize(params),
  ), factors?: ArrayLike<number>,
): Float32Array {
  const direct = packConvWeights(weight, bias, params, undefined, factors);
  const { full, restColumns, inPerGroup, perGroup } = convPanels(params);
  const t = new Float64Array(3);
  for (let from = 0, to = 0, panel = 0; from < direct.length; panel++) {
    const columns = panel % perGroup < full ? PANEL : restColumns;
    packed.set(direct.subarray(from, from + columns), to);
    from += columns;
    to += columns;
    const line = columns * inPerGroup;
    for (let i = 0; i < line; i++) {
      let at = to + i;
      for (let row = 0; row < ROWS.length; row += 3) {
        for (let tap = 0; tap < 3; tap++) {
          const first = from + i + tap * line;
          t[tap] = ROWS[row] * direct[first] + ROWS[row + 1] * direct[first + 3 * line] + ROWS[row + 2] * direct[first + 6 * line];
        }
        for (let column = 0; column < ROWS.length; column += 3) {
          packed[at] = ROWS[column] * t[0] + ROWS[column + 1] * t[1] + ROWS[column + 2] * t[2];
          at += line;
        }
      }
    }
    from += 9 * line;
    to += PLACES * line;
  }
  return packed;
}
