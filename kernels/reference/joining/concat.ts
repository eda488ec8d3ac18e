/**
 * Concatenation along the channels.
 *
 *   inputs[k] [batch, channels[k], pixels],  y [batch, outChannels, pixels] with outChannels = sum of channels[k]
 *
 *   y[n, first(k) + c, p] = inputs[k][n,c,p],  first(k) = channels[0] + ... + channels[k - 1]
 */
import type { ConcatShape, Floats } from "../../shapes.ts";

export function concatForward(y: Floats, inputs: readonly Floats[], shape: ConcatShape): void {
  const { batch, channels, outChannels, pixels } = shape;
  let first = 0;
  for (let k = 0; k < channels.length; k++) {
    const x = inputs[k];
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels[k]; c++) {
        for (let p = 0; p < pixels; p++) y[(n * outChannels + first + c) * pixels + p] = x[(n * channels[k] + c) * pixels + p];
      }
    }
    first += channels[k];
  }
}

/** Forward was y[n, first(k) + c, p] = inputs[k][n,c,p], hence dinputs[k][n,c,p] = dy[n, first(k) + c, p]. */
export function concatBackward(dinputs: readonly Floats[], dy: Floats, shape: ConcatShape): void {
  const { batch, channels, outChannels, pixels } = shape;
  let first = 0;
  for (let k = 0; k < channels.length; k++) {
    const dx = dinputs[k];
    for (let n = 0; n < batch; n++) {
      for (let c = 0; c < channels[k]; c++) {
        for (let p = 0; p < pixels; p++) dx[(n * channels[k] + c) * pixels + p] += dy[(n * outChannels + first + c) * pixels + p];
      }
    }
    first += channels[k];
  }
}
