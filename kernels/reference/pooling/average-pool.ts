/**
 * Average pooling.
 *
 *   x [batch, channels, inHeight, inWidth],  y [batch, channels, outHeight, outWidth]
 *
 *   y[n,c,oh,ow] = sum of x[n,c,ih,iw] over the window ih = oh * stride - padding + kh * dilation, and iw likewise,
 *   as far as it lies inside the image, divided by the number of pixels of the window. Those count which lie
 *   - inside the image, or
 *   - with countPadding, inside the image or its padding; but never what hangs over that too (ceil mode): PyTorch's rule.
 */
import type { Floats, Pool2dShape } from "../../shapes.ts";
import { countBefore, firstInside } from "./window.ts";

export function averagePoolForward(y: Floats, x: Floats, shape: Pool2dShape): void {
  const { batch, channels, inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, paddingBottom, paddingRight, dilationHeight, dilationWidth, countPadding } =
    shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * strideHeight - paddingTop;
      const firstRow = firstInside(top, dilationHeight);
      const endRow = countBefore(inHeight, top, kernelHeight, dilationHeight);
      const allRows = countBefore(inHeight + paddingBottom, top, kernelHeight, dilationHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * strideWidth - paddingLeft;
        const firstColumn = firstInside(left, dilationWidth);
        const endColumn = countBefore(inWidth, left, kernelWidth, dilationWidth);
        const allColumns = countBefore(inWidth + paddingRight, left, kernelWidth, dilationWidth);
        const count = countPadding ? allRows * allColumns : (endRow - firstRow) * (endColumn - firstColumn);
        let sum = 0;
        for (let kh = firstRow; kh < endRow; kh++) {
          const row = (nc * inHeight + top + kh * dilationHeight) * inWidth + left;
          for (let kw = firstColumn; kw < endColumn; kw++) sum += x[row + kw * dilationWidth];
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
  const { strideHeight, strideWidth, paddingTop, paddingLeft, paddingBottom, paddingRight, dilationHeight, dilationWidth, countPadding } =
    shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * strideHeight - paddingTop;
      const firstRow = firstInside(top, dilationHeight);
      const endRow = countBefore(inHeight, top, kernelHeight, dilationHeight);
      const allRows = countBefore(inHeight + paddingBottom, top, kernelHeight, dilationHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * strideWidth - paddingLeft;
        const firstColumn = firstInside(left, dilationWidth);
        const endColumn = countBefore(inWidth, left, kernelWidth, dilationWidth);
        const allColumns = countBefore(inWidth + paddingRight, left, kernelWidth, dilationWidth);
        const count = countPadding ? allRows * allColumns : (endRow - firstRow) * (endColumn - firstColumn);
        const share = dy[(nc * outHeight + oh) * outWidth + ow] / count;
        for (let kh = firstRow; kh < endRow; kh++) {
          const row = (nc * inHeight + top + kh * dilationHeight) * inWidth + left;
          for (let kw = firstColumn; kw < endColumn; kw++) dx[row + kw * dilationWidth] += share;
        }
      }
    }
  }
}
