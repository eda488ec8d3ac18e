/**
 * Sums over windows (windows.ts has the geometry), and their gradient by the weight, directly: for depthwise convolutions, whose sums are
 * too short for a matrix product on tiles to pay. Each image is first copied, with its padding, as doubles into a store of this module's
 * own; like that of tile.ts it is made of constants of a closure, which spares the loops most of their checks. A 3x3 kernel has its nine
 * weights in variables: 3.2 GFLOP/s on Node 20, against 1.8 for the loop over taps.
 */
import { PATCH } from "../scratch.ts";
import type { Floats } from "../shapes.ts";
import { span } from "./windows.ts";
import type { Windows } from "./windows.ts";

/** Taps of all channels of a group that the store holds. */
const TAPS = 1024;

/** Does the store hold this geometry? */
export function fitsDirect(w: Windows): boolean {
  return w.channels * w.tapsHeight * w.tapsWidth <= TAPS && w.channels * bandSize(w, 1) <= PATCH;
}

/** Pixels of the padded source under so many rows of places. */
function bandSize(w: Windows, rows: number): number {
  return span(rows, w.strideHeight, w.tapsHeight, w.stepHeight) * span(w.gridWidth, w.strideWidth, w.tapsWidth, w.stepWidth);
}

export interface Direct {
  /** out = start + windows of source times weight, or out += it; `bias` starts each row's sums. */
  sumDirect(out: Floats, source: Floats, weight: Floats, bias: Floats | null, accumulate: boolean, w: Windows): void;
  /** dweight[row, tap] += sum over images and places of source[place + tap] * dout[row, place]. For one channel a group. */
  addDirectGradient(dweight: Floats, source: Floats, dout: Floats, w: Windows): void;
}

/** The padded piece of a source channel under some rows of places. */
interface Patch {
  readonly firstRow: number;
  readonly height: number;
  readonly pitch: number;
  /** Columns of padding on the left, and of the source after them from `column` on. */
  readonly left: number;
  readonly column: number;
  readonly count: number;
  /** Where in it the first tap of the first place lies. */
  readonly origin: number;
}

function patchUnder(w: Windows, top: number, rows: number): Patch {
  const firstRow = top * w.strideHeight + w.baseHeight + Math.min(0, (w.tapsHeight - 1) * w.stepHeight);
  // Negative where there is padding; positive where only part of the source is used.
  const firstColumn = w.baseWidth + Math.min(0, (w.tapsWidth - 1) * w.stepWidth);
  const pitch = span(w.gridWidth, w.strideWidth, w.tapsWidth, w.stepWidth);
  const left = Math.min(Math.max(-firstColumn, 0), pitch);
  const column = Math.max(firstColumn, 0);
  return {
    firstRow, height: span(rows, w.strideHeight, w.tapsHeight, w.stepHeight), pitch, left, column,
    count: Math.max(0, Math.min(pitch - left, w.width - column)),
    origin: (top * w.strideHeight + w.baseHeight - firstRow) * pitch + w.baseWidth - firstColumn,
  };
}

/** Rows of places whose patches fit the store. */
function rowsThatFit(w: Windows): number {
  let rows = w.gridHeight;
  while (w.channels * bandSize(w, rows) > PATCH) rows = Math.ceil(rows / 2);
  return rows;
}

function createDirect(): Direct {
  /** The padded piece of an image, channel by channel. */
  const D = new Float64Array(PATCH);
  /** One number a tap, weights or sums, and where the tap lies in D, seen from the window's origin. */
  const W = new Float64Array(TAPS + 2);
  const places = new Int32Array(TAPS + 2);

  // The stores are bound to variables outside the loops: only then does V8 see in time that they are constant (tile.ts).
  function copyRow(x: Floats, d: number, from: number, zeros: number, count: number, width: number): void {
    d = d | 0;
    from = from | 0;
    const image = D;
    let end = (d + zeros) | 0;
    const last = (d + width) | 0;
    for (; d < end; d = (d + 1) | 0) image[d] = 0;
    end = (end + count) | 0;
    for (; d < end; d = (d + 1) | 0) {
      image[d] = x[from];
      from = (from + 1) | 0;
    }
    for (; d < last; d = (d + 1) | 0) image[d] = 0;
  }

  function sum3x3(
    out: Floats, to: number, outStep: number, count: number, start: number, accumulate: boolean, d: number, down: number, across: number,
    stride: number,
  ): void {
    to = to | 0;
    outStep = outStep | 0;
    stride = stride | 0;
    const image = D;
    const w0 = W[0];
    const w1 = W[1];
    const w2 = W[2];
    const w3 = W[3];
    const w4 = W[4];
    const w5 = W[5];
    const w6 = W[6];
    const w7 = W[7];
    const w8 = W[8];
    const across2 = (across + across) | 0;
    let p = d | 0;
    let q = (d + down) | 0;
    let r = (q + down) | 0;
    for (let i = 0; i < count; i = (i + 1) | 0) {
      let sum = start + w0 * image[p];
      sum += w1 * image[(p + across) | 0];
      sum += w2 * image[(p + across2) | 0];
      sum += w3 * image[q];
      sum += w4 * image[(q + across) | 0];
      sum += w5 * image[(q + across2) | 0];
      sum += w6 * image[r];
      sum += w7 * image[(r + across) | 0];
      sum += w8 * image[(r + across2) | 0];
      out[to] = accumulate ? out[to] + sum : sum;
      to = (to + outStep) | 0;
      p = (p + stride) | 0;
      q = (q + stride) | 0;
      r = (r + stride) | 0;
    }
  }

  function sumTaps(
    out: Floats, to: number, outStep: number, count: number, start: number, accumulate: boolean, d: number, taps: number, stride: number,
  ): void {
    to = to | 0;
    outStep = outStep | 0;
    d = d | 0;
    stride = stride | 0;
    const image = D;
    const weights = W;
    const at = places;
    for (let i = 0; i < count; i = (i + 1) | 0) {
      let sum = start;
      for (let t = 0; t < taps; t = (t + 1) | 0) sum += weights[t] * image[(d + at[t]) | 0];
      out[to] = accumulate ? out[to] + sum : sum;
      to = (to + outStep) | 0;
      d = (d + stride) | 0;
    }
  }

  /** Copies the patch of every channel of one group of one image. */
  function fill(source: Floats, imageAndGroup: number, w: Windows, patch: Patch): void {
    for (let c = 0; c < w.channels; c++) {
      const image = (imageAndGroup * w.channels + c) * w.height * w.width + patch.column;
      for (let r = 0; r < patch.height; r++) {
        const row = patch.firstRow + r;
        const inside = row >= 0 && row < w.height ? patch.count : 0;
        copyRow(source, (c * patch.height + r) * patch.pitch, image + row * w.width, patch.left, inside, patch.pitch);
      }
    }
  }

  function placeTaps(w: Windows, patch: Patch): void {
    let t = 0;
    for (let c = 0; c < w.channels; c++) {
      for (let i = 0; i < w.tapsHeight; i++) {
        for (let j = 0; j < w.tapsWidth; j++) places[t++] = (c * patch.height + i * w.stepHeight) * patch.pitch + j * w.stepWidth;
      }
    }
    // The gradient takes taps by threes. What the last ones would add goes nowhere.
    places[t] = places[t + 1] = 0;
  }

  function loadWeights(weight: Floats, first: number, w: Windows): void {
    let t = 0;
    for (let c = 0; c < w.channels; c++) {
      for (let i = 0; i < w.tapsHeight; i++) {
        for (let j = 0; j < w.tapsWidth; j++) W[t++] = weight[first + c * w.weightChannel + i * w.weightTapRow + j * w.weightTap];
      }
    }
  }

  function sumDirect(out: Floats, source: Floats, weight: Floats, bias: Floats | null, accumulate: boolean, w: Windows): void {
    const depth = w.channels * w.tapsHeight * w.tapsWidth;
    const nine = w.channels === 1 && w.tapsHeight === 3 && w.tapsWidth === 3;
    const rows = rowsThatFit(w);
    for (let top = 0; top < w.gridHeight; top += rows) {
      const some = Math.min(rows, w.gridHeight - top);
      const patch = patchUnder(w, top, some);
      const down = w.stepHeight * patch.pitch;
      placeTaps(w, patch);
      for (let ng = 0; ng < w.batch * w.groups; ng++) {
        const group = ng % w.groups;
        if (depth > 0) fill(source, ng, w, patch);
        for (let row = 0; row < w.rows; row++) {
          const start = bias === null ? 0 : bias[group * w.rows + row];
          loadWeights(weight, w.weightFirst + group * w.weightGroup + row * w.weightRow, w);
          for (let g = 0; g < some; g++) {
            const d = patch.origin + g * w.strideHeight * patch.pitch;
            const to = ((ng * w.rows + row) * w.outHeight + w.outTop + (top + g) * w.outStepHeight) * w.outWidth + w.outLeft;
            if (nine) sum3x3(out, to, w.outStepWidth, w.gridWidth, start, accumulate, d, down, w.stepWidth, w.strideWidth);
            else sumTaps(out, to, w.outStepWidth, w.gridWidth, start, accumulate, d, depth, w.strideWidth);
          }
        }
      }
    }
  }

  /** W[t], W[t + 1], W[t + 2] += sum over rows and columns of dout times what lies under it at those taps. */
  function correlate(dout: Floats, from: number, t: number, d: number, height: number, width: number, down: number, stride: number): void {
    d = d | 0;
    from = from | 0;
    stride = stride | 0;
    const image = D;
    let sum0 = W[t];
    let sum1 = W[t + 1];
    let sum2 = W[t + 2];
    for (let h = 0; h < height; h = (h + 1) | 0) {
      let p0 = (d + places[t]) | 0;
      let p1 = (d + places[t + 1]) | 0;
      let p2 = (d + places[t + 2]) | 0;
      const end = (from + width) | 0;
      for (; from < end; from = (from + 1) | 0) {
        const g = dout[from];
        sum0 += image[p0] * g;
        sum1 += image[p1] * g;
        sum2 += image[p2] * g;
        p0 = (p0 + stride) | 0;
        p1 = (p1 + stride) | 0;
        p2 = (p2 + stride) | 0;
      }
      d = (d + down) | 0;
    }
    W[t] = sum0;
    W[t + 1] = sum1;
    W[t + 2] = sum2;
  }

  function addDirectGradient(dweight: Floats, source: Floats, dout: Floats, w: Windows): void {
    const taps = w.tapsHeight * w.tapsWidth;
    const rows = rowsThatFit(w);
    for (let group = 0; group < w.groups; group++) {
      for (let row = 0; row < w.rows; row++) {
        for (let t = 0; t < taps + 2; t++) W[t] = 0;
        for (let n = 0; n < w.batch; n++) {
          for (let top = 0; top < w.gridHeight; top += rows) {
            const some = Math.min(rows, w.gridHeight - top);
            const patch = patchUnder(w, top, some);
            placeTaps(w, patch);
            fill(source, n * w.groups + group, w, patch);
            const from = (((n * w.groups + group) * w.rows + row) * w.gridHeight + top) * w.gridWidth;
            for (let t = 0; t < taps; t += 3) {
              correlate(dout, from, t, patch.origin, some, w.gridWidth, w.strideHeight * patch.pitch, w.strideWidth);
            }
          }
        }
        const first = (group * w.rows + row) * taps;
        for (let t = 0; t < taps; t++) dweight[first + t] += W[t];
      }
    }
  }

  return { sumDirect, addDirectGradient };
}

const direct = createDirect();

export const sumDirect: Direct["sumDirect"] = direct.sumDirect;
export const addDirectGradient: Direct["addDirectGradient"] = direct.addDirectGradient;
