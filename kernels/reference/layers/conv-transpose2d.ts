/**
 * Transposed convolution: the adjoint of a convolution, used to make images larger. Each input pixel lays its multiple of
 * the kernel onto the output, `stride` apart.
 *
 *   x      [batch, inChannels, inHeight, inWidth]
 *   weight [inChannels, outChannels / groups, kernelHeight, kernelWidth]
 *   bias   [outChannels] or null
 *   y      [batch, outChannels, outHeight, outWidth]
 *
 *   y[n,o,oh,ow] = bias[o] + sum over i, kh, kw of weight[i,c,kh,kw] * x[n,i,ih,iw]
 *   over all i of o's group and those kh, kw for which oh = ih * stride - padding + kh * dilation (and ow likewise) with
 *   whole ih, iw inside the image; c is o's place in its group.
 *
 * Dumoulin and Visin (arXiv 1603.07285), section 4.
 */
import type { Scratch } from "../../scratch.ts";
import type { Conv2dShape, Floats } from "../../shapes.ts";

export function convTranspose2dForward(
  y: Floats, x: Floats, weight: Floats, bias: Floats | null, shape: Conv2dShape, _scratch?: Scratch,
): void {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const group = Math.floor(o / outPerGroup);
      const c = o - group * outPerGroup;
      for (let oh = 0; oh < outHeight; oh++) {
        for (let ow = 0; ow < outWidth; ow++) {
          let sum = bias === null ? 0 : bias[o];
          for (let i = group * inPerGroup; i < (group + 1) * inPerGroup; i++) {
            for (let kh = 0; kh < kernelHeight; kh++) {
              const ih = (oh + paddingTop - kh * dilationHeight) / strideHeight;
              if (ih < 0 || ih >= inHeight || ih !== Math.floor(ih)) continue;
              const xRow = ((n * inChannels + i) * inHeight + ih) * inWidth;
              const weightRow = ((i * outPerGroup + c) * kernelHeight + kh) * kernelWidth;
              for (let kw = 0; kw < kernelWidth; kw++) {
                const iw = (ow + paddingLeft - kw * dilationWidth) / strideWidth;
                if (iw < 0 || iw >= inWidth || iw !== Math.floor(iw)) continue;
                sum += weight[weightRow + kw] * x[xRow + iw];
              }
            }
          }
          y[((n * outChannels + o) * outHeight + oh) * outWidth + ow] = sum;
        }
      }
    }
  }
}

/**
 * Forward was y[n,o,oh,ow] = ... + weight[i,c,kh,kw] * x[n,i,ih,iw] with oh = ih * stride - padding + kh * dilation, hence
 * dx[n,i,ih,iw] = sum over c, kh, kw of weight[i,c,kh,kw] * dy[n,o,oh,ow]: a plain convolution of dy.
 */
export function convTranspose2dBackwardInput(dx: Floats, dy: Floats, weight: Floats, shape: Conv2dShape, _scratch?: Scratch): void {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < inChannels; i++) {
      const first = Math.floor(i / inPerGroup) * outPerGroup;
      for (let ih = 0; ih < inHeight; ih++) {
        for (let iw = 0; iw < inWidth; iw++) {
          let sum = 0;
          for (let c = 0; c < outPerGroup; c++) {
            for (let kh = 0; kh < kernelHeight; kh++) {
              const oh = ih * strideHeight - paddingTop + kh * dilationHeight;
              if (oh < 0 || oh >= outHeight) continue;
              const dyRow = ((n * outChannels + first + c) * outHeight + oh) * outWidth;
              const weightRow = ((i * outPerGroup + c) * kernelHeight + kh) * kernelWidth;
              for (let kw = 0; kw < kernelWidth; kw++) {
                const ow = iw * strideWidth - paddingLeft + kw * dilationWidth;
                if (ow < 0 || ow >= outWidth) continue;
                sum += weight[weightRow + kw] * dy[dyRow + ow];
              }
            }
          }
          dx[((n * inChannels + i) * inHeight + ih) * inWidth + iw] += sum;
        }
      }
    }
  }
}

/**
 * Forward was y[n,o,oh,ow] = ... + weight[i,c,kh,kw] * x[n,i,ih,iw], hence dweight[i,c,kh,kw] is the sum of
 * x[n,i,ih,iw] * dy[n,o,oh,ow] over images, then over the rows and columns of x.
 */
export function convTranspose2dBackwardWeight(dweight: Floats, x: Floats, dy: Floats, shape: Conv2dShape, _scratch?: Scratch): void {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  for (let i = 0; i < inChannels; i++) {
    const first = Math.floor(i / inPerGroup) * outPerGroup;
    for (let c = 0; c < outPerGroup; c++) {
      for (let kh = 0; kh < kernelHeight; kh++) {
        for (let kw = 0; kw < kernelWidth; kw++) {
          let sum = 0;
          for (let n = 0; n < batch; n++) {
            for (let ih = 0; ih < inHeight; ih++) {
              const oh = ih * strideHeight - paddingTop + kh * dilationHeight;
              if (oh < 0 || oh >= outHeight) continue;
              const xRow = ((n * inChannels + i) * inHeight + ih) * inWidth;
              const dyRow = ((n * outChannels + first + c) * outHeight + oh) * outWidth;
              for (let iw = 0; iw < inWidth; iw++) {
                const ow = iw * strideWidth - paddingLeft + kw * dilationWidth;
                if (ow < 0 || ow >= outWidth) continue;
                sum += x[xRow + iw] * dy[dyRow + ow];
              }
            }
          }
          dweight[((i * outPerGroup + c) * kernelHeight + kh) * kernelWidth + kw] += sum;
        }
      }
    }
  }
}

/** Forward was y[n,o,oh,ow] = bias[o] + ..., hence dbias[o] is the sum of dy[n,o,oh,ow] over images, rows and columns. */
export function convTranspose2dBackwardBias(dbias: Floats, dy: Floats, shape: Conv2dShape): void {
  const { batch, outChannels, outHeight, outWidth } = shape;
  const pixels = outHeight * outWidth;
  for (let o = 0; o < outChannels; o++) {
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < pixels; p++) sum += dy[(n * outChannels + o) * pixels + p];
    }
    dbias[o] += sum;
  }
}
