/**
 * Effective Squeeze-and-Excitation on one page: Lee and Park, "CenterMask" (arXiv 1911.06667), section 2.4. SE without the narrow hidden
 * layer, which forgets; the gate is a hard sigmoid.
 *
 *   x, y [batch, channels, height, width]      z, e, s [batch, channels]
 *   w [channels, channels]      b [channels], or null
 *
 *   squeeze       z[c] = 1 / (H * W) * sum over i, j of x[c,i,j]
 *   excitation    e = w z + b,  s = hard_sigmoid(e) = min(max(e / 6 + 1 / 2, 0), 1)
 *   scale         y[c,i,j] = s[c] * x[c,i,j]
 *
 * Networks are composed of the separate kernels; a test holds that they give the same as this page.
 */
import type { Floats } from "../../shapes.ts";

export interface EffectiveSqueezeExciteShape {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Leaves y, and every value on the way to it: z, e and the gates s. */
export function effectiveSqueezeExciteForward(
  y: Floats, z: Floats, e: Floats, s: Floats, x: Floats, w: Floats, b: Floats | null, shape: EffectiveSqueezeExciteShape,
): void {
  const { batch, channels, height, width } = shape;
  const pixels = height * width;
  for (let n = 0; n < batch; n++) {
    // Squeeze.
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += x[(n * channels + c) * pixels + p];
      z[n * channels + c] = sum / pixels;
    }

    // Excitation: every gate hears every channel at once.
    for (let o = 0; o < channels; o++) {
      let sum = b === null ? 0 : b[o];
      for (let c = 0; c < channels; c++) sum += w[o * channels + c] * z[n * channels + c];
      e[n * channels + o] = sum;
      s[n * channels + o] = Math.min(Math.max(e[n * channels + o] / 6 + 0.5, 0), 1);
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
 * Forward was y = s * x with s = min(max(e / 6 + 1 / 2, 0), 1), e = w z + b, z = mean(x), hence, back to front,
 *
 *   scale          ds[c] = sum over i, j of dy[c,i,j] * x[c,i,j]
 *   hard sigmoid   de[c] = ds[c] / 6 where 0 < s[c] < 1, 0 elsewhere: a gate that is quite open or shut learns nothing
 *   layer          dw[o,c] = de[o] * z[c],  db[o] = de[o],  dz[c] = sum over o of w[o,c] * de[o]
 *   squeeze        dx[c,i,j] = s[c] * dy[c,i,j] + dz[c] / (H * W)
 *
 * dx, dw and db accumulate; ds, de and dz are overwritten.
 */
export function effectiveSqueezeExciteBackward(
  dx: Floats, dw: Floats, db: Floats | null, ds: Floats, de: Floats, dz: Floats, x: Floats, z: Floats, s: Floats, w: Floats, dy: Floats,
  shape: EffectiveSqueezeExciteShape,
): void {
  const { batch, channels, height, width } = shape;
  const pixels = height * width;
  for (let n = 0; n < batch; n++) {
    // Scale, and the hard sigmoid.
    for (let c = 0; c < channels; c++) {
      const gate = n * channels + c;
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += dy[gate * pixels + p] * x[gate * pixels + p];
      ds[gate] = sum;
      de[gate] = s[gate] > 0 && s[gate] < 1 ? ds[gate] / 6 : 0;
    }

    // The layer.
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let o = 0; o < channels; o++) sum += w[o * channels + c] * de[n * channels + o];
      dz[n * channels + c] = sum;
    }

    // Squeeze: both terms.
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        dx[at] += s[n * channels + c] * dy[at] + dz[n * channels + c] / pixels;
      }
    }

    for (let o = 0; o < channels; o++) {
      for (let c = 0; c < channels; c++) dw[o * channels + c] += de[n * channels + o] * z[n * channels + c];
      if (db !== null) db[o] += de[n * channels + o];
    }
  }
}
