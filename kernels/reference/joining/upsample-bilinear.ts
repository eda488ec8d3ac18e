/**
 * Bilinear resizing.
 *
 *   x [batch, channels, inHeight, inWidth],  y [batch, channels, outHeight, outWidth]
 *
 *   y[n,c,oh,ow] = (1 - b) * ((1 - a) * x[top,left] + a * x[top,right]) + b * ((1 - a) * x[bottom,left] + a * x[bottom,right])
 *
 * where oh falls on the row top + b and ow on the column left + a of x:
 *   position(o) = (o + 1/2) * in / out - 1/2, not below 0   (pixels are squares; PyTorch's default)
 *   position(o) = o * (in - 1) / (out - 1)                  (alignCorners: pixels are points, corners fall on corners)
 * At the lower and right edge, bottom and right stay on the last row and column.
 */
import type { Floats, ResizeShape } from "../../shapes.ts";

export function upsampleBilinearForward(y: Floats, x: Floats, shape: ResizeShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth, alignCorners } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const row = position(oh, inHeight, outHeight, alignCorners);
      const top = Math.floor(row);
      const bottom = Math.min(top + 1, inHeight - 1);
      const b = row - top;
      for (let ow = 0; ow < outWidth; ow++) {
        const column = position(ow, inWidth, outWidth, alignCorners);
        const left = Math.floor(column);
        const right = Math.min(left + 1, inWidth - 1);
        const a = column - left;
        const upper = (nc * inHeight + top) * inWidth;
        const lower = (nc * inHeight + bottom) * inWidth;
        y[(nc * outHeight + oh) * outWidth + ow] =
          (1 - b) * ((1 - a) * x[upper + left] + a * x[upper + right]) + b * ((1 - a) * x[lower + left] + a * x[lower + right]);
      }
    }
  }
}

/** Forward was y = a weighted sum of four pixels, hence each of the four gets its weight times dy. */
export function upsampleBilinearBackward(dx: Floats, dy: Floats, shape: ResizeShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth, alignCorners } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const row = position(oh, inHeight, outHeight, alignCorners);
      const top = Math.floor(row);
      const bottom = Math.min(top + 1, inHeight - 1);
      const b = row - top;
      for (let ow = 0; ow < outWidth; ow++) {
        const column = position(ow, inWidth, outWidth, alignCorners);
        const left = Math.floor(column);
        const right = Math.min(left + 1, inWidth - 1);
        const a = column - left;
        const upper = (nc * inHeight + top) * inWidth;
        const lower = (nc * inHeight + bottom) * inWidth;
        const d = dy[(nc * outHeight + oh) * outWidth + ow];
        dx[upper + left] += (1 - b) * (1 - a) * d;
        dx[upper + right] += (1 - b) * a * d;
        dx[lower + left] += b * (1 - a) * d;
        dx[lower + right] += b * a * d;
      }
    }
  }
}

/** The place in an input row (or column) that output `o` looks at, from 0 to inSize - 1 or a little more. */
function position(o: number, inSize: number, outSize: number, alignCorners: boolean): number {
  if (alignCorners) return outSize === 1 ? 0 : (o * (inSize - 1)) / (outSize - 1);
  return Math.max(((o + 0.5) * inSize) / outSize - 0.5, 0);
}
