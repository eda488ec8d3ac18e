/**
 * Channel shuffle: after a grouped convolution, every group of the next one gets channels of every group of this one.
 * Zhang et al., ShuffleNet (arXiv 1707.01083), section 3.1.
 *
 *   x, y [batch, channels, pixels],  channels = groups * size
 *
 *   y[n, s * groups + g, p] = x[n, g * size + s, p]:  the channels as [groups, size], transposed to [size, groups]
 */
import type { Floats, ShuffleShape } from "../../shapes.ts";

export function channelShuffleForward(y: Floats, x: Floats, shape: ShuffleShape): void {
  const { batch, channels, pixels, groups } = shape;
  const size = channels / groups;
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) {
      for (let s = 0; s < size; s++) {
        for (let p = 0; p < pixels; p++) {
          y[(n * channels + s * groups + g) * pixels + p] = x[(n * channels + g * size + s) * pixels + p];
        }
      }
    }
  }
}

/** Forward was y[n, s * groups + g, p] = x[n, g * size + s, p], hence dx[n, g * size + s, p] = dy[n, s * groups + g, p]. */
export function channelShuffleBackward(dx: Floats, dy: Floats, shape: ShuffleShape): void {
  const { batch, channels, pixels, groups } = shape;
  const size = channels / groups;
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) {
      for (let s = 0; s < size; s++) {
        for (let p = 0; p < pixels; p++) {
          dx[(n * channels + g * size + s) * pixels + p] += dy[(n * channels + s * groups + g) * pixels + p];
        }
      }
    }
  }
}
