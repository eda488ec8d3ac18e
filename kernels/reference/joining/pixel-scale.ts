/**
 * Pixel-wise scaling: every pixel of every channel times its pixel's gate, one for all channels. Roy, Navab, Wachinger, "Concurrent
 * Spatial and Channel Squeeze & Excitation", arXiv 1803.02579, section 2.2 (sSE); the spatial half of arXiv 1807.06521, equation 2.
 *
 *   x, y [batch, channels, pixels],  gate [batch, pixels]
 *
 *   y[n,c,p] = gate[n,p] * x[n,c,p]
 */
import type { ChannelShape, Floats } from "../../shapes.ts";

export function pixelScaleForward(y: Floats, x: Floats, gate: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const image = (n * channels + c) * pixels;
      for (let p = 0; p < pixels; p++) y[image + p] = gate[n * pixels + p] * x[image + p];
    }
  }
}

/**
 * Forward was y[n,c,p] = gate[n,p] * x[n,c,p], hence dx[n,c,p] = gate[n,p] * dy[n,c,p] and, since one gate serves a pixel of all
 * channels, dgate[n,p] = sum over c of x[n,c,p] * dy[n,c,p].
 */
export function pixelScaleBackward(dx: Floats, dgate: Floats, x: Floats, gate: Floats, dy: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < pixels; p++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) {
        const at = (n * channels + c) * pixels + p;
        dx[at] += gate[n * pixels + p] * dy[at];
        sum += x[at] * dy[at];
      }
      dgate[n * pixels + p] += sum;
    }
  }
}
