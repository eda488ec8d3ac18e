/**
 * Spatial squeeze and excitation on one page: Roy, Navab and Wachinger (arXiv 1803.02579), section 2.2. The block turned by a quarter: it
 * squeezes the channels and gates the pixels. Their concurrent block (scSE) adds its answer to SE's: y = SE(x) + sSE(x).
 *
 *   x, y [batch, channels, pixels]      e, s [batch, pixels]      w [channels]      b [1], or null
 *
 *   squeeze and excitation    e[p] = b + sum over c of w[c] * x[c,p],  s = sigmoid(e)
 *   scale                     y[c,p] = s[p] * x[c,p]
 *
 * Networks are composed of the separate kernels; a test holds that they give the same as this page.
 */
import { sigmoid } from "../../math.ts";
import type { Floats } from "../../shapes.ts";

export interface SpatialSqueezeExciteShape {
  readonly batch: number;
  readonly channels: number;
  readonly pixels: number;
}

/** Leaves y, and every value on the way to it: e and the gates s. */
export function spatialSqueezeExciteForward(
  y: Floats, e: Floats, s: Floats, x: Floats, w: Floats, b: Floats | null, shape: SpatialSqueezeExciteShape,
): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    // One number and one gate a pixel.
    for (let p = 0; p < pixels; p++) {
      let sum = b === null ? 0 : b[0];
      for (let c = 0; c < channels; c++) sum += w[c] * x[(n * channels + c) * pixels + p];
      e[n * pixels + p] = sum;
      s[n * pixels + p] = sigmoid(e[n * pixels + p]);
    }

    // Scale.
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        y[at] = s[n * pixels + p] * x[at];
      }
    }
  }
}

/**
 * Forward was y[c,p] = s[p] * x[c,p] with s = sigmoid(e), e[p] = b + sum over c of w[c] * x[c,p], hence, back to front,
 *
 *   scale      ds[p] = sum over c of dy[c,p] * x[c,p]
 *   sigmoid    de[p] = ds[p] * s[p] * (1 - s[p])
 *   squeeze    dw[c] = sum over p of de[p] * x[c,p],  db = sum over p of de[p]
 *              dx[c,p] = s[p] * dy[c,p] + w[c] * de[p]
 *
 * dx, dw and db accumulate; ds and de are overwritten.
 */
export function spatialSqueezeExciteBackward(
  dx: Floats, dw: Floats, db: Floats | null, ds: Floats, de: Floats, x: Floats, s: Floats, w: Floats, dy: Floats,
  shape: SpatialSqueezeExciteShape,
): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    // Scale, and the sigmoid.
    for (let p = 0; p < pixels; p++) {
      const gate = n * pixels + p;
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += dy[(n * channels + c) * pixels + p] * x[(n * channels + c) * pixels + p];
      ds[gate] = sum;
      de[gate] = ds[gate] * s[gate] * (1 - s[gate]);
      if (db !== null) db[0] += de[gate];
    }

    // Both terms: as what is scaled, and as what the gate was made of.
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const at = (n * channels + c) * pixels + p;
        dx[at] += s[n * pixels + p] * dy[at] + w[c] * de[n * pixels + p];
        dw[c] += de[n * pixels + p] * x[at];
      }
    }
  }
}
