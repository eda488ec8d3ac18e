/**
 * PReLU: a slope for each channel's negative values, which is learned. He et al. (arXiv 1502.01852).
 *
 *   x, y [batch, channels, pixels],  slope [channels]
 *
 *   y[n,c,p] = x[n,c,p] where that is above 0, slope[c] * x[n,c,p] elsewhere
 */
import type { ChannelShape, Floats } from "../../shapes.ts";

export function preluForward(y: Floats, x: Floats, slope: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    const below = slope[nc % channels];
    for (let at = nc * pixels; at < (nc + 1) * pixels; at++) y[at] = x[at] > 0 ? x[at] : below * x[at];
  }
}

/** Forward was y = x or slope x, hence dx = dy or slope dy, and dslope[c] = sum of x dy over the channel's values that are not above 0. */
export function preluBackward(dx: Floats, dslope: Floats, x: Floats, dy: Floats, slope: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      const from = (n * channels + c) * pixels;
      for (let at = from; at < from + pixels; at++) {
        dx[at] += x[at] > 0 ? dy[at] : slope[c] * dy[at];
        if (!(x[at] > 0)) sum += x[at] * dy[at];
      }
    }
    dslope[c] += sum;
  }
}
