/**
 * The largest of the channels, pixel by pixel. F_max^s of section 3 of Woo, Park, Lee, Kweon, "CBAM", arXiv 1807.06521 (equation 3).
 *
 *   x [batch, channels, pixels],  y and argmax [batch, pixels]
 *
 *   y[n,p] = max over c of x[n,c,p];  argmax[n,p] is that c, the first of equals. A NaN counts as largest.
 */
import type { ChannelShape, Floats } from "../../shapes.ts";

export function channelMaxForward(y: Floats, argmax: Int32Array, x: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < pixels; p++) {
      let best = 0;
      let max = x[n * channels * pixels + p];
      for (let c = 1; c < channels; c++) {
        const value = x[(n * channels + c) * pixels + p];
        if (value > max || value !== value) {
          best = c;
          max = value;
        }
      }
      y[n * pixels + p] = max;
      argmax[n * pixels + p] = best;
    }
  }
}

/** Forward was y[n,p] = x[n, argmax[n,p], p], hence that channel's pixel gets dy[n,p], the others nothing. */
export function channelMaxBackward(dx: Floats, dy: Floats, argmax: Int32Array, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < pixels; p++) dx[(n * channels + argmax[n * pixels + p]) * pixels + p] += dy[n * pixels + p];
  }
}
