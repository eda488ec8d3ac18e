/**
 * Global max pooling: the largest pixel of each channel's image.
 *
 *   x [batch, channels, pixels],  y and argmax [batch, channels]
 *
 *   y[n,c] = max over p of x[n,c,p];  argmax[n,c] is that p, the first of equals. A NaN counts as largest.
 */
import type { ChannelShape, Floats } from "../../shapes.ts";

export function globalMaxPoolForward(y: Floats, argmax: Int32Array, x: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    let best = 0;
    let max = x[nc * pixels];
    for (let p = 1; p < pixels; p++) {
      const value = x[nc * pixels + p];
      if (value > max || value !== value) {
        best = p;
        max = value;
      }
    }
    y[nc] = max;
    argmax[nc] = best;
  }
}

/** Forward was y[n,c] = x[n, c, argmax[n,c]], hence that pixel gets dy[n,c], the others nothing. */
export function globalMaxPoolBackward(dx: Floats, dy: Floats, argmax: Int32Array, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let nc = 0; nc < batch * channels; nc++) dx[nc * pixels + argmax[nc]] += dy[nc];
}
