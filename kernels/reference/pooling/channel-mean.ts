/**
 * The mean over the channels, pixel by pixel. F_avg^s of section 3 of Woo, Park, Lee, Kweon, "CBAM", arXiv 1807.06521 (equation 3).
 *
 *   x [batch, channels, pixels],  y [batch, pixels]
 *
 *   y[n,p] = sum over c of x[n,c,p] / channels
 */
import type { ChannelShape, Floats } from "../../shapes.ts";

export function channelMeanForward(y: Floats, x: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < pixels; p++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += x[(n * channels + c) * pixels + p];
      y[n * pixels + p] = sum / channels;
    }
  }
}

/** Forward was a mean over the channels, hence each channel's pixel gets dy[n,p] / channels. */
export function channelMeanBackward(dx: Floats, dy: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) dx[(n * channels + c) * pixels + p] += dy[n * pixels + p] / channels;
    }
  }
}
