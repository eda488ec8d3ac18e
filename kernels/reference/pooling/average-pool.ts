/**
 * Average pooling.
 *
 *   x [batch, channels, inHeight, inWidth],  y [batch, channels, outHeight, outWidth]
 *
 *   y[n,c,oh,ow] = sum of x[n,c,ih,iw] over the window oh * stride - padding <= ih < that + kernel, and iw likewise,
 *   as far as it lies inside the image, divided by the number of pixels of the window. Those count which lie
 *   - inside the image, or
 *   - with countPadding, inside the image or its padding; but never what hangs over that too (ceil mode): PyTorch's rule.
 */
import type { Floats, Pool2dShape } from "../../shapes.ts";

export function averagePoolForward(y: Floats, x: Floats, shape: Pool2dShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = shape;
  const { strideHeight, strideWidth, paddingHeight, paddingWidth, countPadding } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * strideHeight - paddingHeight;
      const bottom = Math.min(top + kernelHeight, inHeight + paddingHeight);
      const firstRow = Math.max(top, 0);
      const endRow = Math.min(bottom, inHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * strideWidth - paddingWidth;
        const right = Math.min(left + kernelWidth, inWidth + paddingWidth);
        const firstColumn = Math.max(left, 0);
        const endColumn = Math.min(right, inWidth);
        const count = countPadding ? (bottom - top) * (right - left) : (endRow - firstRow) * (endColumn - firstColumn);
        let sum = 0;
        for (let ih = firstRow; ih < endRow; ih++) {
          for (let iw = firstColumn; iw < endColumn; iw++) sum += x[(nc * inHeight + ih) * inWidth + iw];
        }
        y[(nc * outHeight + oh) * outWidth + ow] = sum / count;
      }
    }
  }
}

/**
 * Forward was y[n,c,oh,ow] = the sum of a window / count, hence every pixel of the window gets dy[n,c,oh,ow] / count;
 * where windows overlap, from each of them, in the windows' order.
 */
export function averagePoolBackward(dx: Floats, dy: Floats, shape: Pool2dShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = shape;
  const { strideHeight, strideWidth, paddingHeight, paddingWidth, countPadding } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * strideHeight - paddingHeight;
      const bottom = Math.min(top + kernelHeight, inHeight + paddingHeight);
      const firstRow = Math.max(top, 0);
      const endRow = Math.min(bottom, inHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * strideWidth - paddingWidth;
        const right = Math.min(left + kernelWidth, inWidth + paddingWidth);
        const firstColumn = Math.max(left, 0);
        const endColumn = Math.min(right, inWidth);
        const count = countPadding ? (bottom - top) * (right - left) : (endRow - firstRow) * (endColumn - firstColumn);
        const share = dy[(nc * outHeight + oh) * outWidth + ow] / count;
        for (let ih = firstRow; ih < endRow; ih++) {
          for (let iw = firstColumn; iw < endColumn; iw++) dx[(nc * inHeight + ih) * inWidth + iw] += share;
        }
      }
    }
  }
}
