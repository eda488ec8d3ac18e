/**
 * Global average pooling: the mean of each channel's image. This is the squeeze of a Squeeze-and-Excitation block,
 * equation 2 of arXiv 1709.01507.
 *
 *   x [batch, channels, pixels],  y [batch, channels]
 *
 *   y[n,c] = 1 / pixels * sum over p of x[n,c,p]
 */
import type { ChannelShape, Floats } from "../../shapes.ts";

export function globalAveragePoolForward(y: Floats, x: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    let sum = 0;
    for (let p = 0; p < pixels; p++) sum += x[nc * pixels + p];
    y[nc] = sum / pixels;
  }
}

/** Forward was y[n,c] = 1 / pixels * sum of x[n,c,p], hence dx[n,c,p] = dy[n,c] / pixels: every pixel gets the same share. */
export function globalAveragePoolBackward(dx: Floats, dy: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  for (let nc = 0; nc < batch * channels; nc++) {
    for (let p = 0; p < pixels; p++) dx[nc * pixels + p] += dy[nc] / pixels;
  }
}
