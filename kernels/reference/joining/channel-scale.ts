/**
 * Channel-wise scaling: every channel's image times its gate. F_scale, equation 4 of arXiv 1709.01507.
 *
 *   x, y [batch, channels, pixels],  gate [batch, channels]
 *
 *   y[n,c,p] = gate[n,c] * x[n,c,p]
 */
import type { ChannelShape, Floats } from "../../shapes.ts";

export function channelScaleForward(y: Floats, x: Floats, gate: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let p = 0; p < pixels; p++) y[nc * pixels + p] = gate[nc] * x[nc * pixels + p];
  }
}

/**
 * Forward was y[n,c,p] = gate[n,c] * x[n,c,p], hence dx[n,c,p] = gate[n,c] * dy[n,c,p] and, since one gate serves a whole
 * image, dgate[n,c] = sum over p of x[n,c,p] * dy[n,c,p].
 */
export function channelScaleBackward(dx: Floats, dgate: Floats, x: Floats, gate: Floats, dy: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    let sum = 0;
    for (let p = 0; p < pixels; p++) {
      const at = nc * pixels + p;
      dx[at] += gate[nc] * dy[at];
      sum += x[at] * dy[at];
    }
    dgate[nc] += sum;
  }
}
