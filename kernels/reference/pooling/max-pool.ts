/**
 * Max pooling.
 *
 *   x [batch, channels, inHeight, inWidth],  y and argmax [batch, channels, outHeight, outWidth]
 *
 *   y[n,c,oh,ow] = max of x[n,c,ih,iw] over the window oh * stride - padding <= ih < that + kernel, and iw likewise,
 *   as far as it lies inside the image: padding never wins, and the windows that hang over the edge (ceil mode) are clipped.
 *
 * argmax is the maximum's position ih * inWidth + iw, the first of equals. A NaN counts as largest, the last of several.
 */
import type { Floats, Pool2dShape } from "../../shapes.ts";

export function maxPoolForward(y: Floats, argmax: Int32Array, x: Floats, shape: Pool2dShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = shape;
  const { strideHeight, strideWidth, paddingHeight, paddingWidth } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    const image = nc * inHeight * inWidth;
    for (let oh = 0; oh < outHeight; oh++) {
      const top = Math.max(oh * strideHeight - paddingHeight, 0);
      const bottom = Math.min(oh * strideHeight - paddingHeight + kernelHeight, inHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = Math.max(ow * strideWidth - paddingWidth, 0);
        const right = Math.min(ow * strideWidth - paddingWidth + kernelWidth, inWidth);
        let best = top * inWidth + left;
        let max = x[image + best];
        for (let ih = top; ih < bottom; ih++) {
          for (let iw = left; iw < right; iw++) {
            const value = x[image + ih * inWidth + iw];
            if (value > max || value !== value) {
              best = ih * inWidth + iw;
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
