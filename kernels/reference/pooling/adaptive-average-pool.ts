/**
 * Adaptive average pooling: the image is cut into outHeight x outWidth windows, of nearly equal size and overlapping by a
 * pixel where the sizes do not divide, and each is averaged.
 *
 *   x [batch, channels, inHeight, inWidth],  y [batch, channels, outHeight, outWidth]
 *
 *   y[n,c,oh,ow] = mean of x[n,c,ih,iw] over start(oh) <= ih < end(oh), and iw likewise, with
 *   start(o) = floor(o * in / out) and end(o) = ceil((o + 1) * in / out): PyTorch's windows.
 */
import type { Floats, ResizeShape } from "../../shapes.ts";

export function adaptiveAveragePoolForward(y: Floats, x: Floats, shape: ResizeShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = start(oh, inHeight, outHeight);
      const bottom = end(oh, inHeight, outHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = start(ow, inWidth, outWidth);
        const right = end(ow, inWidth, outWidth);
        let sum = 0;
        for (let ih = top; ih < bottom; ih++) {
          for (let iw = left; iw < right; iw++) sum += x[(nc * inHeight + ih) * inWidth + iw];
        }
        y[(nc * outHeight + oh) * outWidth + ow] = sum / ((bottom - top) * (right - left));
      }
    }
  }
}

/**
 * Forward was y[n,c,oh,ow] = the mean over a window, hence every pixel of that window gets dy[n,c,oh,ow] divided by the
 * window's size; where windows overlap, from each of them.
 */
export function adaptiveAveragePoolBackward(dx: Floats, dy: Floats, shape: ResizeShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = start(oh, inHeight, outHeight);
      const bottom = end(oh, inHeight, outHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = start(ow, inWidth, outWidth);
        const right = end(ow, inWidth, outWidth);
        const share = dy[(nc * outHeight + oh) * outWidth + ow] / ((bottom - top) * (right - left));
        for (let ih = top; ih < bottom; ih++) {
          for (let iw = left; iw < right; iw++) dx[(nc * inHeight + ih) * inWidth + iw] += share;
        }
      }
    }
  }
}

function start(o: number, inSize: number, outSize: number): number {
  return Math.floor((o * inSize) / outSize);
}

function end(o: number, inSize: number, outSize: number): number {
  return Math.ceil(((o + 1) * inSize) / outSize);
}
