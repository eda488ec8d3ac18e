/**
 * L2 normalisation: vectors of length 1.
 *
 *   x, y [batch, channels, 1]
 *
 *   y[n,c] = x[n,c] / length[n],  length[n] = max(sqrt(sum over c of x[n,c]^2), 1e-12): PyTorch's F.normalize
 */
import type { ChannelShape, Floats } from "../../shapes.ts";

const LEAST = 1e-12;

function lengthOf(x: Floats, from: number, end: number): number {
  let sum = 0;
  for (let at = from; at < end; at++) sum += x[at] * x[at];
  return Math.sqrt(sum);
}

export function l2NormaliseForward(y: Floats, x: Floats, shape: ChannelShape): void {
  const { batch, channels } = shape;
  for (let n = 0; n < batch; n++) {
    const [from, end] = [n * channels, (n + 1) * channels];
    const length = Math.max(lengthOf(x, from, end), LEAST);
    for (let at = from; at < end; at++) y[at] = x[at] / length;
  }
}

/**
 * Forward was y = x / length, and length moves by the sum of y dx: hence dx = (dy - y * sum of y dy) / length. Below the least length that
 * does not move, and dx = dy / length.
 */
export function l2NormaliseBackward(dx: Floats, x: Floats, dy: Floats, shape: ChannelShape): void {
  const { batch, channels } = shape;
  for (let n = 0; n < batch; n++) {
    const [from, end] = [n * channels, (n + 1) * channels];
    const length = lengthOf(x, from, end);
    let along = 0;
    if (length > LEAST) for (let at = from; at < end; at++) along += (x[at] / length) * dy[at];
    const divisor = Math.max(length, LEAST);
    for (let at = from; at < end; at++) dx[at] += (dy[at] - (x[at] / divisor) * along) / divisor;
  }
}
