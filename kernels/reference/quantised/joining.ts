/** Sums, gates and pools of bytes; each number is rounded to float32 after every operation, from left to right. */
import type {
  AddRescaling, AffineRescaling, AveragePoolRescaling, ConcatRescaling, MeanRescaling, ScaleRescaling,
} from "../../quantised.ts";
import type { ChannelShape, ConcatShape, ShuffleShape, WindowShape } from "../../shapes.ts";
import { MOST, round, toByte } from "./numbers.ts";

/** y, a, b of one shape. */
export function add(y: Uint8Array, a: Uint8Array, b: Uint8Array, by: AddRescaling): void {
  const { multiplierA, multiplierB, offset, least, most } = by;
  for (let i = 0; i < y.length; i++) {
    y[i] = toByte(round(round(round(a[i] * multiplierA) + round(b[i] * multiplierB)) + offset), least, most);
  }
}

/** y [batch, outChannels, pixels], of each input [batch, channels, pixels] the channels in order. */
export function concat(y: Uint8Array, inputs: readonly Uint8Array[], shape: ConcatShape, { multiplier, offset }: ConcatRescaling): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0, at = 0; n < batch; n++) {
    for (let i = 0, o = 0; i < inputs.length; i++) {
      for (let c = 0; c < channels[i]; c++, o++) {
        for (let p = 0; p < pixels; p++, at++) {
          y[at] = toByte(round(round(inputs[i][(n * channels[i] + c) * pixels + p] * multiplier[o]) + offset[o]), 0, MOST);
        }
      }
    }
  }
}

/** Channels [groups, size] become [size, groups]; x and y mean the same. */
export function shuffle(y: Uint8Array, x: Uint8Array, { batch, channels, pixels, groups }: ShuffleShape): void {
  const size = channels / groups;
  for (let n = 0, at = 0; n < batch; n++) {
    for (let o = 0; o < channels; o++) {
      const c = (o % groups) * size + Math.floor(o / groups);
      for (let p = 0; p < pixels; p++, at++) y[at] = x[(n * channels + c) * pixels + p];
    }
  }
}

/** x, y [batch, channels, pixels], gate [batch, channels] float32. */
export function scale(y: Uint8Array, x: Uint8Array, gate: Float32Array, shape: ChannelShape, by: ScaleRescaling): void {
  const { zero, multiplier, offset, least, most } = by;
  for (let plane = 0, i = 0; plane < shape.batch * shape.channels; plane++) {
    const factor = round(multiplier * gate[plane]);
    for (const end = i + shape.pixels; i < end; i++) y[i] = toByte(round(round((x[i] - zero) * factor) + offset), least, most);
  }
}

/** x, y [batch, channels, pixels]. */
export function affine(y: Uint8Array, x: Uint8Array, shape: ChannelShape, { multiplier, offset, least, most }: AffineRescaling): void {
  for (let plane = 0, i = 0; plane < shape.batch * shape.channels; plane++) {
    const c = plane % shape.channels;
    for (const end = i + shape.pixels; i < end; i++) y[i] = toByte(round(round(x[i] * multiplier[c]) + offset[c]), least, most);
  }
}

/** x [batch, channels, pixels], y [batch, channels] float32. */
export function mean(y: Float32Array, x: Uint8Array, { batch, channels, pixels }: ChannelShape, { factor, offset }: MeanRescaling): void {
  for (let plane = 0, i = 0; plane < batch * channels; plane++) {
    let sum = 0;
    for (const end = i + pixels; i < end; i++) sum += x[i];
    y[plane] = round(round(round(sum) * factor[plane % channels]) + offset[plane % channels]);
  }
}

/** Images of so many channels under windows. */
export interface PoolShape extends WindowShape {
  readonly batch: number;
  readonly channels: number;
}

/** The largest byte of each window; what is outside of the image does not count. x and y mean the same. */
export function maxPool(y: Uint8Array, x: Uint8Array, shape: PoolShape): void {
  overWindows(x, shape, (at, values) => (y[at] = Math.max(...values)));
}

export function averagePool(y: Uint8Array, x: Uint8Array, shape: PoolShape, by: AveragePoolRescaling): void {
  const { multiplier, offset, padding } = by;
  const all = shape.kernelHeight * shape.kernelWidth;
  overWindows(x, shape, (at, values) => {
    const count = padding === undefined ? values.length : all;
    const outside = padding === undefined ? 0 : padding * (all - values.length);
    const sum = values.reduce((before, value) => before + value, outside);
    y[at] = toByte(round(round(sum * round(multiplier / count)) + offset), 0, MOST);
  });
}

/** @param put gets the bytes of a window that are inside of the image */
function overWindows(x: Uint8Array, shape: PoolShape, put: (at: number, values: readonly number[]) => void): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  for (let plane = 0, at = 0; plane < batch * channels; plane++) {
    for (let oh = 0; oh < outHeight; oh++) {
      for (let ow = 0; ow < outWidth; ow++, at++) {
        const values: number[] = [];
        for (let kh = 0; kh < kernelHeight; kh++) {
          for (let kw = 0; kw < kernelWidth; kw++) {
            const [ih, iw] = [oh * strideHeight - paddingTop + kh * dilationHeight, ow * strideWidth - paddingLeft + kw * dilationWidth];
            if (ih >= 0 && ih < inHeight && iw >= 0 && iw < inWidth) values.push(x[(plane * inHeight + ih) * inWidth + iw]);
          }
        }
        put(at, values);
      }
    }
  }
}
