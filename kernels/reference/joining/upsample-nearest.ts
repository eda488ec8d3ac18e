/**
 * Nearest-neighbour resizing.
 *
 *   x [batch, channels, inHeight, inWidth],  y [batch, channels, outHeight, outWidth]
 *
 *   y[n,c,oh,ow] = x[n, c, floor(oh * inHeight / outHeight), floor(ow * inWidth / outWidth)]
 *
 * PyTorch's "nearest". The quotient here is exact; PyTorch rounds in / out to float32 first, which lands on another pixel
 * at some factors from 7 2/3 up (14 to 46, 2 to 82).
 */
import type { Floats, ResizeShape } from "../../shapes.ts";

export function upsampleNearestForward(y: Floats, x: Floats, shape: ResizeShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const ih = Math.floor((oh * inHeight) / outHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const iw = Math.floor((ow * inWidth) / outWidth);
        y[(nc * outHeight + oh) * outWidth + ow] = x[(nc * inHeight + ih) * inWidth + iw];
      }
    }
  }
}

/** Forward was y[n,c,oh,ow] = x[n,c,ih,iw], hence dx[n,c,ih,iw] collects dy[n,c,oh,ow] of all the copies of that pixel. */
export function upsampleNearestBackward(dx: Floats, dy: Floats, shape: ResizeShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const ih = Math.floor((oh * inHeight) / outHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const iw = Math.floor((ow * inWidth) / outWidth);
        dx[(nc * inHeight + ih) * inWidth + iw] += dy[(nc * outHeight + oh) * outWidth + ow];
      }
    }
  }
}
