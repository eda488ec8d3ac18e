/**
 * Efficient Channel Attention on one page: Wang et al., "ECA-Net" (arXiv 1910.03151), equations 9 to 12. SE without its two layers: a gate
 * hears its own channel and its neighbours in memory, through one short kernel for all channels.
 *
 *   x, y [batch, channels, height, width]      z, e, s [batch, channels]
 *   weight [size], size odd; no bias
 *
 *   squeeze       z[c] = 1 / (H * W) * sum over i, j of x[c,i,j]
 *   excitation    e[c] = sum over j of weight[j] * z[c + j - (size - 1) / 2], z being 0 beyond its ends;  s = sigmoid(e)
 *   scale         y[c,i,j] = s[c] * x[c,i,j]
 *
 * Networks are composed of the separate kernels; a test holds that they give the same as this page.
 */
import { sigmoid } from "../../math.ts";
import type { Floats } from "../../shapes.ts";

export interface EfficientChannelAttentionShape {
  readonly batch: number;
  readonly channels: number;
  readonly size: number;
  readonly height: number;
  readonly width: number;
}

/** Leaves y, and every value on the way to it: z, e and the gates s. */
export function efficientChannelAttentionForward(
  y: Floats, z: Floats, e: Floats, s: Floats, x: Floats, weight: Floats, shape: EfficientChannelAttentionShape,
): void {
  const { batch, channels, size, height, width } = shape;
  const pixels = height * width;
  const reach = (size - 1) / 2;
  for (let n = 0; n < batch; n++) {
    // Squeeze.
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += x[(n * channels + c) * pixels + p];
      z[n * channels + c] = sum / pixels;
    }

    // Excitation: the kernel lies on the channel and its neighbours.
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let j = 0; j < size; j++) {
        const near = c + j - reach;
        if (near >= 0 && near < channels) sum += weight[j] * z[n * channels + near];
      }
      e[n * channels + c] = sum;
      s[n * channels + c] = sigmoid(e[n * channels + c]);
    }

    // Scale.
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        y[at] = s[n * channels + c] * x[at];
      }
    }
  }
}

/**
 * Forward was y = s * x with s = sigmoid(e), e[c] = sum over j of weight[j] * z[c + j - reach], z = mean(x), hence, back to front,
 *
 *   scale     ds[c] = sum over i, j of dy[c,i,j] * x[c,i,j]
 *   sigmoid   de[c] = ds[c] * s[c] * (1 - s[c])
 *   kernel    dweight[j] = sum over c of de[c] * z[c + j - reach],  dz[c] = sum over j of weight[j] * de[c - j + reach]
 *   squeeze   dx[c,i,j] = s[c] * dy[c,i,j] + dz[c] / (H * W)
 *
 * dx and dweight accumulate; ds, de and dz are overwritten.
 */
export function efficientChannelAttentionBackward(
  dx: Floats, dweight: Floats, ds: Floats, de: Floats, dz: Floats, x: Floats, z: Floats, s: Floats, weight: Floats, dy: Floats,
  shape: EfficientChannelAttentionShape,
): void {
  const { batch, channels, size, height, width } = shape;
  const pixels = height * width;
  const reach = (size - 1) / 2;
  for (let n = 0; n < batch; n++) {
    // Scale, and the sigmoid.
    for (let c = 0; c < channels; c++) {
      const gate = n * channels + c;
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += dy[gate * pixels + p] * x[gate * pixels + p];
      ds[gate] = sum;
      de[gate] = ds[gate] * s[gate] * (1 - s[gate]);
    }

    // The kernel, turned round: whom a channel was heard by.
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let j = 0; j < size; j++) {
        const near = c - j + reach;
        if (near >= 0 && near < channels) sum += weight[j] * de[n * channels + near];
      }
      dz[n * channels + c] = sum;
    }

    // Squeeze: both terms.
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        dx[at] += s[n * channels + c] * dy[at] + dz[n * channels + c] / pixels;
      }
    }
  }

  // One kernel serves every channel of every image.
  for (let j = 0; j < size; j++) {
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels; c++) {
        const near = c + j - reach;
        if (near >= 0 && near < channels) sum += de[n * channels + c] * z[n * channels + near];
      }
    }
    dweight[j] += sum;
  }
}
