/**
 * Convolution as every deep-learning library has it (cross-correlation), with stride, zero padding, dilation and groups;
 * groups = inChannels makes it depthwise.
 *
 *   x      [batch, inChannels, inHeight, inWidth]
 *   weight [outChannels, inChannels / groups, kernelHeight, kernelWidth]
 *   bias   [outChannels] or null
 *   y      [batch, outChannels, outHeight, outWidth]
 *
 *   y[n,o,oh,ow] = bias[o] + sum over c, kh, kw of weight[o,c,kh,kw] * x[n, first(o) + c, ih, iw]
 *   with ih = oh * stride - padding + kh * dilation, and iw likewise; outside the image x is 0.
 *
 * Output channel o belongs to group floor(o / (outChannels / groups)); first(o) is the first input channel of its group.
 * Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (arXiv 1603.07285), draws all of these.
 */
import type { Scratch } from "../../scratch.ts";
import type { Conv2dShape, Floats } from "../../shapes.ts";

export function conv2dForward(y: Floats, x: Floats, weight: Floats, bias: Floats | null, shape: Conv2dShape, _scratch?: Scratch): void {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      const first = Math.floor(o / outPerGroup) * inPerGroup;
      for (let oh = 0; oh < outHeight; oh++) {
        for (let ow = 0; ow < outWidth; ow++) {
          let sum = bias === null ? 0 : bias[o];
          for (let c = 0; c < inPerGroup; c++) {
            for (let kh = 0; kh < kernelHeight; kh++) {
              const ih = oh * strideHeight - paddingTop + kh * dilationHeight;
              if (ih < 0 || ih >= inHeight) continue;
              const xRow = ((n * inChannels + first + c) * inHeight + ih) * inWidth;
              const weightRow = ((o * inPerGroup + c) * kernelHeight + kh) * kernelWidth;
              for (let kw = 0; kw < kernelWidth; kw++) {
                const iw = ow * strideWidth - paddingLeft + kw * dilationWidth;
                if (iw < 0 || iw >= inWidth) continue;
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
 * Forward was y[n,o,oh,ow] = ... + weight[o,c,kh,kw] * x[n,i,ih,iw] with ih = oh * stride - padding + kh * dilation, hence
 * dx[n,i,ih,iw] is the sum of weight[o,c,kh,kw] * dy[n,o,oh,ow] over all o, kh, kw for which such an oh, ow exists:
 * (ih + padding - kh * dilation) / stride must be whole and inside the output.
 */
export function conv2dBackwardInput(dx: Floats, dy: Floats, weight: Floats, shape: Conv2dShape, _scratch?: Scratch): void {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < inChannels; i++) {
      const group = Math.floor(i / inPerGroup);
      const c = i - group * inPerGroup;
      for (let ih = 0; ih < inHeight; ih++) {
        for (let iw = 0; iw < inWidth; iw++) {
          let sum = 0;
          for (let o = group * outPerGroup; o < (group + 1) * outPerGroup; o++) {
            for (let kh = 0; kh < kernelHeight; kh++) {
              const oh = (ih + paddingTop - kh * dilationHeight) / strideHeight;
              if (oh < 0 || oh >= outHeight || oh !== Math.floor(oh)) continue;
              const dyRow = ((n * outChannels + o) * outHeight + oh) * outWidth;
              const weightRow = ((o * inPerGroup + c) * kernelHeight + kh) * kernelWidth;
              for (let kw = 0; kw < kernelWidth; kw++) {
                const ow = (iw + paddingLeft - kw * dilationWidth) / strideWidth;
                if (ow < 0 || ow >= outWidth || ow !== Math.floor(ow)) continue;
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
 * Forward was y[n,o,oh,ow] = ... + weight[o,c,kh,kw] * x[n,i,ih,iw], hence dweight[o,c,kh,kw] is the sum of
 * x[n,i,ih,iw] * dy[n,o,oh,ow] over every place where that weight was used: images in order, rows, columns.
 */
export function conv2dBackwardWeight(dweight: Floats, x: Floats, dy: Floats, shape: Conv2dShape, _scratch?: Scratch): void {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, groups } = shape;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = shape;
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  for (let o = 0; o < outChannels; o++) {
    const first = Math.floor(o / outPerGroup) * inPerGroup;
    for (let c = 0; c < inPerGroup; c++) {
      for (let kh = 0; kh < kernelHeight; kh++) {
        for (let kw = 0; kw < kernelWidth; kw++) {
          let sum = 0;
          for (let n = 0; n < batch; n++) {
            for (let oh = 0; oh < outHeight; oh++) {
              const ih = oh * strideHeight - paddingTop + kh * dilationHeight;
              if (ih < 0 || ih >= inHeight) continue;
              const xRow = ((n * inChannels + first + c) * inHeight + ih) * inWidth;
              const dyRow = ((n * outChannels + o) * outHeight + oh) * outWidth;
              for (let ow = 0; ow < outWidth; ow++) {
                const iw = ow * strideWidth - paddingLeft + kw * dilationWidth;
                if (iw < 0 || iw >= inWidth) continue;
                sum += x[xRow + iw] * dy[dyRow + ow];
              }
            }
          }
          dweight[((o * inPerGroup + c) * kernelHeight + kh) * kernelWidth + kw] += sum;
        }
      }
    }
  }
}

/** Forward was y[n,o,oh,ow] = bias[o] + ..., hence dbias[o] is the sum of dy[n,o,oh,ow] over images, rows and columns. */
export function conv2dBackwardBias(dbias: Floats, dy: Floats, shape: Conv2dShape): void {
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
