/**
 * Convolution on bytes (reference/quantised/conv2d.ts) made fast: the same bits, for sums are whole numbers. Each image is copied with its
 * padding, so a window needs no test; the places of its taps stand in a table. Four output channels by two pixels are summed at a time, or
 * one channel by four pixels where a group has few.
 */
import { requantise } from "../../reference/quantised/epilogue.ts";
import type { QuantisedWeights } from "../../reference/quantised/conv2d.ts";
import type { Epilogue } from "../../quantised.ts";
import type { Conv2dShape } from "../../shapes.ts";

/** Output channels of a block. */
const BLOCK = 4;

/** Working memory of one layer. */
export interface ConvWork {
  /** The image with its padding. */
  readonly image: Uint8Array;
  /** Of a window's taps, where they lie, seen from its first one. */
  readonly places: Int32Array;
  /** Weights in blocks of four channels, tap by tap; the rest of a group channel by channel. */
  readonly packed: Int8Array;
}

interface Padded {
  readonly height: number;
  readonly width: number;
}

function padded(shape: Conv2dShape): Padded {
  const { outHeight, outWidth, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = shape;
  const reach = (count: number, stride: number, taps: number, step: number): number => (count - 1) * stride + (taps - 1) * step + 1;
  return {
    height: Math.max(reach(outHeight, strideHeight, kernelHeight, dilationHeight), shape.inHeight + shape.paddingTop),
    width: Math.max(reach(outWidth, strideWidth, kernelWidth, dilationWidth), shape.inWidth + shape.paddingLeft),
  };
}

export function convWork(shape: Conv2dShape, weight: Int8Array): ConvWork {
  const { inChannels, outChannels, kernelHeight, kernelWidth, groups, dilationHeight, dilationWidth } = shape;
  const { height, width } = padded(shape);
  const [inPerGroup, outPerGroup] = [inChannels / groups, outChannels / groups];
  const taps = inPerGroup * kernelHeight * kernelWidth;
  const places = new Int32Array(taps);
  for (let c = 0, i = 0; c < inPerGroup; c++) {
    for (let kh = 0; kh < kernelHeight; kh++) {
      for (let kw = 0; kw < kernelWidth; kw++) places[i++] = (c * height + kh * dilationHeight) * width + kw * dilationWidth;
    }
  }
  const packed = new Int8Array(weight.length);
  for (let group = 0, to = 0; group < groups; group++) {
    for (let o = group * outPerGroup; o < (group + 1) * outPerGroup;) {
      const count = o + BLOCK <= (group + 1) * outPerGroup ? BLOCK : 1;
      for (let tap = 0; tap < taps; tap++) for (let j = 0; j < count; j++) packed[to++] = weight[(o + j) * taps + tap];
      o += count;
    }
  }
  return { image: new Uint8Array(inChannels * height * width), places, packed };
}

/** As the reference's, with `work` of the same shape and weights. */
export function conv2d(
  y: Uint8Array, x: Uint8Array, { bias, zero }: Omit<QuantisedWeights, "weight">, shape: Conv2dShape, epilogue: Epilogue,
  gate: Float32Array | null, residual: Uint8Array | null, work: ConvWork,
): void {
  const { batch, inChannels, outChannels, outHeight, outWidth, groups } = shape;
  const { height, width } = padded(shape);
  const { places, packed } = work;
  const [inPerGroup, outPerGroup] = [inChannels / groups, outChannels / groups];
  const taps = places.length;
  const pixels = outHeight * outWidth;
  const sums = new Int32Array(BLOCK * pixels);
  for (let n = 0; n < batch; n++) {
    padImage(work.image, x, n, shape, height, width, zero);
    for (let group = 0, from = 0; group < groups; group++) {
      const first = group * inPerGroup * height * width;
      for (let o = group * outPerGroup; o < (group + 1) * outPerGroup;) {
        const count = o + BLOCK <= (group + 1) * outPerGroup ? BLOCK : 1;
        if (count === BLOCK) sumBlock(sums, pixels, work.image, places, packed, from, taps, first, width, shape);
        else sumChannel(sums, work.image, places, packed, from, taps, first, width, shape);
        from += count * taps;
        for (let j = 0; j < count; j++) {
          const channel = o + j;
          const base = (n * outChannels + channel) * pixels;
          const factor = gate === null ? 1 : gate[n * outChannels + channel];
          for (let i = 0; i < pixels; i++) {
            y[base + i] = requantise(
              sums[j * pixels + i] + bias[channel], channel, factor, residual === null ? 0 : residual[base + i], epilogue,
            );
          }
        }
        o += count;
      }
    }
  }
}

function padImage(image: Uint8Array, x: Uint8Array, n: number, shape: Conv2dShape, height: number, width: number, zero: number): void {
  const { inChannels, inHeight, inWidth, paddingTop, paddingLeft } = shape;
  if (height !== inHeight || width !== inWidth) image.fill(zero);
  for (let c = 0; c < inChannels; c++) {
    for (let row = 0; row < inHeight; row++) {
      const from = ((n * inChannels + c) * inHeight + row) * inWidth;
      image.set(x.subarray(from, from + inWidth), (c * height + row + paddingTop) * width + paddingLeft);
    }
  }
}

function sumBlock(
  sums: Int32Array, pixels: number, image: Uint8Array, places: Int32Array, packed: Int8Array, from: number, taps: number, first: number,
  width: number, { outHeight, outWidth, strideHeight, strideWidth }: Conv2dShape,
): void {
  for (let oh = 0; oh < outHeight; oh++) {
    for (let ow = 0; ow < outWidth; ow += 2) {
      const at = first + oh * strideHeight * width + ow * strideWidth;
      // The last pixel of an odd row is computed twice.
      const next = ow + 1 < outWidth ? at + strideWidth : at;
      let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let tap = 0, w = from; tap < taps; tap++, w += 4) {
        const place = places[tap];
        const p = image[at + place];
        const q = image[next + place];
        const w0 = packed[w];
        const w1 = packed[w + 1];
        const w2 = packed[w + 2];
        const w3 = packed[w + 3];
        a0 = (a0 + Math.imul(w0, p)) | 0;
        b0 = (b0 + Math.imul(w0, q)) | 0;
        a1 = (a1 + Math.imul(w1, p)) | 0;
        b1 = (b1 + Math.imul(w1, q)) | 0;
        a2 = (a2 + Math.imul(w2, p)) | 0;
        b2 = (b2 + Math.imul(w2, q)) | 0;
        a3 = (a3 + Math.imul(w3, p)) | 0;
        b3 = (b3 + Math.imul(w3, q)) | 0;
      }
      const to = oh * outWidth + ow;
      sums[to] = a0;
      sums[to + pixels] = a1;
      sums[to + 2 * pixels] = a2;
      sums[to + 3 * pixels] = a3;
      if (next === at) continue;
      sums[to + 1] = b0;
      sums[to + pixels + 1] = b1;
      sums[to + 2 * pixels + 1] = b2;
      sums[to + 3 * pixels + 1] = b3;
    }
  }
}

function sumChannel(
  sums: Int32Array, image: Uint8Array, places: Int32Array, packed: Int8Array, from: number, taps: number, first: number, width: number,
  { outHeight, outWidth, strideHeight, strideWidth }: Conv2dShape,
): void {
  for (let oh = 0, to = 0; oh < outHeight; oh++) {
    for (let ow = 0; ow < outWidth; ow += 4) {
      const at = first + oh * strideHeight * width + ow * strideWidth;
      const left = Math.min(4, outWidth - ow);
      const [q1, q2, q3] = [left > 1 ? strideWidth : 0, left > 2 ? 2 * strideWidth : 0, left > 3 ? 3 * strideWidth : 0];
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let tap = 0; tap < taps; tap++) {
        const w = packed[from + tap];
        const place = at + places[tap];
        a = (a + Math.imul(w, image[place])) | 0;
        b = (b + Math.imul(w, image[place + q1])) | 0;
        c = (c + Math.imul(w, image[place + q2])) | 0;
        d = (d + Math.imul(w, image[place + q3])) | 0;
      }
      sums[to++] = a;
      if (left > 1) sums[to++] = b;
      if (left > 2) sums[to++] = c;
      if (left > 3) sums[to++] = d;
    }
  }
}
