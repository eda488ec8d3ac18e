/**
 * Convolution on bytes, of every kind that float has (stride, padding, dilation, groups, depthwise):
 *
 *   x      [batch, inChannels, inHeight, inWidth]                     bytes 0 ... 127
 *   weight [outChannels, inChannels / groups, kernelHeight, kernelWidth]  whole numbers -127 ... 127
 *   bias   [outChannels]                                              whole numbers of 32 bits
 *   y      [batch, outChannels, outHeight, outWidth]                  bytes 0 ... 127
 *
 *   sum[n,o,oh,ow] = bias[o] + sum over c, kh, kw of weight[o,c,kh,kw] * x[n, first(o) + c, ih, iw]
 *
 * as in ../layers/conv2d.ts; outside the image x is its zero point (the byte that stands for 0). The real value is scale of x * scale of
 * weight[o] * (sum over weight * (x - zero)); the part of the zero point is the same everywhere, so it stands in the bias:
 *
 *   bias[o] = real bias / (scale of x * scale of weight[o]), rounded to a whole number, - zero * sum of weight[o]
 *
 * Sums are exact as long as they fit 32 bits, whatever their order; overflow.ts says when they do. Then epilogue.ts makes bytes of them.
 */
import type { Epilogue } from "../../quantised.ts";
import type { Conv2dShape } from "../../shapes.ts";
import { requantise } from "./epilogue.ts";

/** What a convolution of bytes has besides its input. */
export interface QuantisedWeights {
  readonly weight: Int8Array;
  readonly bias: Int32Array;
  /** The byte that stands for 0 in x. */
  readonly zero: number;
}

/** @param gate [batch, outChannels] or null @param residual of y's shape, or null */
export function conv2d(
  y: Uint8Array, x: Uint8Array, { weight, bias, zero }: QuantisedWeights, shape: Conv2dShape, epilogue: Epilogue,
  gate: Float32Array | null = null, residual: Uint8Array | null = null,
): void {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const first = Math.floor(o / outPerGroup) * inPerGroup;
      for (let oh = 0; oh < outHeight; oh++) {
        for (let ow = 0; ow < outWidth; ow++) {
          let sum = bias[o];
          for (let c = 0; c < inPerGroup; c++) {
            for (let kh = 0; kh < kernelHeight; kh++) {
              const ih = oh * strideHeight - paddingTop + kh * dilationHeight;
              for (let kw = 0; kw < kernelWidth; kw++) {
                const iw = ow * strideWidth - paddingLeft + kw * dilationWidth;
                const outside = ih < 0 || ih >= inHeight || iw < 0 || iw >= inWidth;
                const value = outside ? zero : x[((n * inChannels + first + c) * inHeight + ih) * inWidth + iw];
                sum += weight[((o * inPerGroup + c) * kernelHeight + kh) * kernelWidth + kw] * value;
              }
            }
          }
          const at = ((n * outChannels + o) * outHeight + oh) * outWidth + ow;
          y[at] = requantise(sum, o, gate === null ? 1 : gate[n * outChannels + o], residual === null ? 0 : residual[at], epilogue);
        }
      }
    }
  }
}
