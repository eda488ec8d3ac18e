/**
 * Convolution with one input channel a group (groups = inChannels; outChannels may be a multiple): too few products for a
 * matrix product on tiles, so directly. Each image is first copied, with its padding, as doubles into a store of this
 * module's own; like that of tile.ts it is a constant of a closure, which spares the loops most of their checks. The 3x3
 * kernel keeps its nine weights in variables (twice as fast as the loop over taps, 3.4 against 1.8 GFLOP/s on Node 20).
 *
 * Same sums in the same order as ../reference/conv2d.ts.
 */
import { PATCH, patchSize } from "../scratch.ts";
import type { Conv2dShape, Floats } from "../shapes.ts";

export interface Depthwise {
  forward(y: Floats, x: Floats, weight: Floats, bias: Floats | null, s: Conv2dShape): void;
  backwardInput(dx: Floats, dy: Floats, weight: Floats, s: Conv2dShape): void;
  backwardWeight(dweight: Floats, x: Floats, dy: Floats, s: Conv2dShape): void;
}

/** Taps of a kernel that the store holds. */
const TAPS = 1024;

export function isDepthwise(s: Conv2dShape): boolean {
  return s.groups === s.inChannels;
}

/** Does the store hold this geometry? */
export function fitsDepthwise(s: Conv2dShape): boolean {
  const rowOfInput = s.inWidth + 2 * s.paddingWidth + s.dilationWidth * s.kernelWidth;
  return s.kernelHeight * s.kernelWidth <= TAPS && patchSize(s, 1) <= PATCH && rowOfInput <= PATCH;
}

function createDepthwise(): Depthwise {
  /** A piece of one padded channel, or one row of a gradient. */
  const D = new Float64Array(PATCH);
  /** One number a tap (weights, or sums), and where the tap lies in D. */
  const W = new Float64Array(TAPS + 2);
  const at = new Int32Array(TAPS + 2);

  /** Copies what lies under `rows` output rows from `top` on, of the channel whose image begins at `image`. Returns the width. */
  function fill(x: Floats, image: number, s: Conv2dShape, top: number, rows: number): number {
    const pitch = (s.outWidth - 1) * s.strideWidth + (s.kernelWidth - 1) * s.dilationWidth + 1;
    const height = patchSize(s, rows) / pitch;
    const left = Math.min(s.paddingWidth, pitch);
    const right = Math.max(left, Math.min(pitch, left + s.inWidth));
    let d = 0;
    for (let r = 0; r < height; r++) {
      const row = top * s.strideHeight - s.paddingHeight + r;
      const inside = row >= 0 && row < s.inHeight;
      const from = image + row * s.inWidth;
      copyRow(x, d, from, left, inside ? right - left : 0, pitch);
      d += pitch;
    }
    for (let t = 0; t < s.kernelHeight * s.kernelWidth; t++) {
      at[t] = Math.floor(t / s.kernelWidth) * s.dilationHeight * pitch + (t % s.kernelWidth) * s.dilationWidth;
    }
    return pitch;
  }

  function copyRow(x: Floats, d: number, from: number, zeros: number, count: number, width: number): void {
    let end = (d + zeros) | 0;
    const last = (d + width) | 0;
    for (; d < end; d = (d + 1) | 0) D[d] = 0;
    end = (end + count) | 0;
    for (; d < end; d = (d + 1) | 0) {
      D[d] = x[from];
      from = (from + 1) | 0;
    }
    for (; d < last; d = (d + 1) | 0) D[d] = 0;
  }

  /** Output rows whose input fits the store. */
  function rowsThatFit(s: Conv2dShape): number {
    let rows = s.outHeight;
    while (patchSize(s, rows) > PATCH) rows = Math.ceil(rows / 2);
    return rows;
  }

  /** One output row with a 3x3 kernel: rows of taps `down` apart, taps `across`, windows `stride`. */
  function row3x3(y: Floats, to: number, count: number, start: number, d: number, down: number, across: number, stride: number): void {
    const w0 = W[0];
    const w1 = W[1];
    const w2 = W[2];
    const w3 = W[3];
    const w4 = W[4];
    const w5 = W[5];
    const w6 = W[6];
    const w7 = W[7];
    const w8 = W[8];
    let p = d | 0;
    let q = (d + down) | 0;
    let r = (q + down) | 0;
    const across2 = (across + across) | 0;
    for (let i = 0; i < count; i = (i + 1) | 0) {
      let sum = start + w0 * D[p];
      sum += w1 * D[(p + across) | 0];
      sum += w2 * D[(p + across2) | 0];
      sum += w3 * D[q];
      sum += w4 * D[(q + across) | 0];
      sum += w5 * D[(q + across2) | 0];
      sum += w6 * D[r];
      sum += w7 * D[(r + across) | 0];
      sum += w8 * D[(r + across2) | 0];
      y[(to + i) | 0] = sum;
      p = (p + stride) | 0;
      q = (q + stride) | 0;
      r = (r + stride) | 0;
    }
  }

  /** One output row with any kernel. */
  function row(y: Floats, to: number, count: number, start: number, d: number, taps: number, stride: number): void {
    for (let i = 0; i < count; i = (i + 1) | 0) {
      let sum = start;
      for (let t = 0; t < taps; t = (t + 1) | 0) sum += W[t] * D[(d + at[t]) | 0];
      y[(to + i) | 0] = sum;
      d = (d + stride) | 0;
    }
  }

  function forward(y: Floats, x: Floats, weight: Floats, bias: Floats | null, s: Conv2dShape): void {
    const taps = s.kernelHeight * s.kernelWidth;
    const multiple = s.outChannels / s.groups;
    const rows = rowsThatFit(s);
    for (let nc = 0; nc < s.batch * s.inChannels; nc++) {
      const channel = nc % s.inChannels;
      for (let top = 0; top < s.outHeight; top += rows) {
        const height = Math.min(rows, s.outHeight - top);
        const pitch = fill(x, nc * s.inHeight * s.inWidth, s, top, height);
        for (let m = 0; m < multiple; m++) {
          const o = channel * multiple + m;
          const start = bias === null ? 0 : bias[o];
          for (let t = 0; t < taps; t++) W[t] = weight[o * taps + t];
          const to = ((nc * multiple + m) * s.outHeight + top) * s.outWidth;
          for (let oh = 0; oh < height; oh++) {
            const d = oh * s.strideHeight * pitch;
            if (s.kernelHeight === 3 && s.kernelWidth === 3) {
              row3x3(y, to + oh * s.outWidth, s.outWidth, start, d, s.dilationHeight * pitch, s.dilationWidth, s.strideWidth);
            } else {
              row(y, to + oh * s.outWidth, s.outWidth, start, d, taps, s.strideWidth);
            }
          }
        }
      }
    }
  }

  /** D[d + i * stride] += w * dy[from + i]. */
  function spread(d: number, stride: number, w: number, dy: Floats, from: number, count: number): void {
    const end = (from + count) | 0;
    for (; from < end; from = (from + 1) | 0) {
      D[d] += w * dy[from];
      d = (d + stride) | 0;
    }
  }

  function collect(dx: Floats, to: number, d: number, count: number): void {
    for (let i = 0; i < count; i = (i + 1) | 0) dx[(to + i) | 0] += D[(d + i) | 0];
  }

  function backwardInput(dx: Floats, dy: Floats, weight: Floats, s: Conv2dShape): void {
    const { inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth } = s;
    const multiple = s.outChannels / s.groups;
    // A row of dx with everything that the windows reach on both sides of it.
    const width = Math.max(s.paddingWidth + inWidth, (outWidth - 1) * strideWidth + (kernelWidth - 1) * s.dilationWidth + 1);
    for (let nc = 0; nc < s.batch * s.inChannels; nc++) {
      for (let ih = 0; ih < inHeight; ih++) {
        for (let d = 0; d < width; d++) D[d] = 0;
        for (let m = 0; m < multiple; m++) {
          const o = (nc % s.inChannels) * multiple + m;
          for (let kh = 0; kh < kernelHeight; kh++) {
            const oh = (ih + s.paddingHeight - kh * s.dilationHeight) / strideHeight;
            if (oh < 0 || oh >= outHeight || oh !== Math.floor(oh)) continue;
            const from = ((nc * multiple + m) * outHeight + oh) * outWidth;
            const weightRow = (o * kernelHeight + kh) * kernelWidth;
            for (let kw = 0; kw < kernelWidth; kw++) spread(kw * s.dilationWidth, strideWidth, weight[weightRow + kw], dy, from, outWidth);
          }
        }
        collect(dx, (nc * inHeight + ih) * inWidth, s.paddingWidth, inWidth);
      }
    }
  }

  /** W[t], W[t + 1], W[t + 2] += sum over rows and columns of dy times what lies under it at those taps. */
  function correlate(dy: Floats, from: number, t: number, height: number, width: number, down: number, stride: number): void {
    let sum0 = W[t];
    let sum1 = W[t + 1];
    let sum2 = W[t + 2];
    for (let h = 0; h < height; h = (h + 1) | 0) {
      const d = Math.imul(h, down);
      let p0 = (d + at[t]) | 0;
      let p1 = (d + at[t + 1]) | 0;
      let p2 = (d + at[t + 2]) | 0;
      const end = (from + width) | 0;
      for (; from < end; from = (from + 1) | 0) {
        const g = dy[from];
        sum0 += D[p0] * g;
        sum1 += D[p1] * g;
        sum2 += D[p2] * g;
        p0 = (p0 + stride) | 0;
        p1 = (p1 + stride) | 0;
        p2 = (p2 + stride) | 0;
      }
    }
    W[t] = sum0;
    W[t + 1] = sum1;
    W[t + 2] = sum2;
  }

  function backwardWeight(dweight: Floats, x: Floats, dy: Floats, s: Conv2dShape): void {
    const taps = s.kernelHeight * s.kernelWidth;
    const multiple = s.outChannels / s.groups;
    const rows = rowsThatFit(s);
    for (let o = 0; o < s.outChannels; o++) {
      const channel = Math.floor(o / multiple);
      for (let t = 0; t < taps + 2; t++) W[t] = 0;
      for (let n = 0; n < s.batch; n++) {
        for (let top = 0; top < s.outHeight; top += rows) {
          const height = Math.min(rows, s.outHeight - top);
          const pitch = fill(x, (n * s.inChannels + channel) * s.inHeight * s.inWidth, s, top, height);
          // Taps beyond the last: their sums go nowhere.
          at[taps] = at[taps + 1] = at[taps - 1];
          const from = ((n * s.outChannels + o) * s.outHeight + top) * s.outWidth;
          for (let t = 0; t < taps; t += 3) correlate(dy, from, t, height, s.outWidth, s.strideHeight * pitch, s.strideWidth);
        }
      }
      for (let t = 0; t < taps; t++) dweight[o * taps + t] += W[t];
    }
  }

  return { forward, backwardInput, backwardWeight };
}

export const depthwise: Depthwise = createDepthwise();
