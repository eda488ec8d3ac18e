/**
 * Max pooling.
 *
 *   x [batch, channels, inHeight, inWidth],  y and argmax [batch, channels, outHeight, outWidth]
 *
 *   y[n,c,oh,ow] = max of x[n,c,ih,iw] over the window ih = oh * stride - padding + kh * dilation, and iw likewise,
 *   as far as it lies inside the image: padding never wins, and the windows that hang over the edge (ceil mode) are clipped.
 *
 * argmax is the maximum's position ih * inWidth + iw, the first of equals. A NaN counts as largest, the last of several.
 */
import type { Floats, Pool2dShape } from "../../shapes.ts";
import { countBefore, firstInside } from "./window.ts";

export function maxPoolForward(y: Floats, argmax: Int32Array, x: Floats, shape: Pool2dShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    const image = nc * inHeight * inWidth;
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * strideHeight - paddingTop;
      const firstRow = firstInside(top, dilationHeight);
      const endRow = countBefore(inHeight, top, kernelHeight, dilationHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * strideWidth - paddingLeft;
        const firstColumn = firstInside(left, dilationWidth);
        const endColumn = countBefore(inWidth, left, kernelWidth, dilationWidth);
        let best = (top + firstRow * dilationHeight) * inWidth + left + firstColumn * dilationWidth;
        let max = -Infinity;
        for (let kh = firstRow; kh < endRow; kh++) {
          const row = (top + kh * dilationHeight) * inWidth + left;
          for (let kw = firstColumn; kw < endColumn; kw++) {
            const value = x[image + row + kw * dilationWidth];
            if (value > max || value !== value) {
              best = row + kw * dilationWidth;
              max = value;
            }
          }
        }
        const at = (nc * outHeight + oh) * outWidth + ow;
        y[at] = max;
        argmax[at] = best;
      }
    }
  }
}

/**
 * Forward was y[n,c,oh,ow] = x[n, c, argmax[n,c,oh,ow]], hence that pixel gets dy[n,c,oh,ow]; a pixel that won in several
 * windows collects from each of them.
 */
export function maxPoolBackward(dx: Floats, dy: Floats, argmax: Int32Array, shape: Pool2dShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth } = shape;
  const outPixels = outHeight * outWidth;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let p = 0; p < outPixels; p++) {
      const at = nc * outPixels + p;
      dx[nc * inHeight * inWidth + argmax[at]] += dy[at];
    }
  }
}
