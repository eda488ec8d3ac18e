/**
 * Rounding in training ("fake quantisation"; Jacob et al., Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference, arXiv 1712.05877, section 3): the forward pass computes what the network of bytes will, so that the
 * weights learn to live with it. x counts steps of the result (a sum times its multiplier, with gate and residual: epilogue.ts), and of
 * each number, in this order,
 *
 *   t = x + offset[c]
 *   t = t * clamp(t + 3, 0, 6) * factor[c] + zero      where hard swish follows: x is a real number then
 *   q = t cut to least ... most, rounded to a whole number, halves to even
 *   y = q - zero                                       so that the 0 around an image stands for 0
 *
 * limits = [least, most, zero]. Single precision is rounded after each operation, as epilogue.ts does, so q is its byte, to the bit; double
 * precision is not, and where shape.rounds is false nothing becomes whole: that function is what the backward pass is the derivative of.
 */
import type { Floats, RoundingShape } from "../../shapes.ts";
import { MAGIC, round } from "./numbers.ts";

const exact = (x: number): number => x;

/** y, x: [batch, channels, pixels]. @param factor null where there is no hard swish */
export function fakeQuantiseForward(
  y: Floats, x: Floats, offset: Floats, limits: Floats, factor: Floats | null, { batch, channels, pixels, rounds }: RoundingShape,
): void {
  const f = y.BYTES_PER_ELEMENT === 4 ? round : exact;
  const [least, most, zero] = limits;
  for (let plane = 0, i = 0; plane < batch * channels; plane++) {
    const c = plane % channels;
    for (const end = i + pixels; i < end; i++) {
      let t = f(x[i] + offset[c]);
      if (factor !== null) {
        const above = f(t + 3) > 0 ? f(t + 3) : 0;
        t = f(f(f(t * (above < 6 ? above : 6)) * factor[c]) + zero);
      }
      const above = t > least ? t : least;
      const within = above < most ? above : most;
      y[i] = (rounds ? round(within + MAGIC) - MAGIC : within) - zero;
    }
  }
}

/**
 * Forward was y = round(cut(t)) - zero. Rounding has no derivative of use, so it counts as the identity ("straight-through estimator";
 * Bengio et al., arXiv 1308.3432, section 4), and cutting as what it is, hence
 *
 *   dt = dy where least <= t <= most, else 0
 *   dx = dt                                           or dt * factor[c] * (2 t + 3 between -3 and 3, 6 above, 0 below) before hard swish
 *   doffset[c] = sum(dx)
 */
export function fakeQuantiseBackward(
  dx: Floats, doffset: Floats | null, x: Floats, offset: Floats, limits: Floats, factor: Floats | null, dy: Floats, shape: RoundingShape,
): void {
  const f = dx.BYTES_PER_ELEMENT === 4 ? round : exact;
  const [least, most, zero] = limits;
  const sums = new Float64Array(shape.channels);
  for (let plane = 0, i = 0; plane < shape.batch * shape.channels; plane++) {
    const c = plane % shape.channels;
    for (const end = i + shape.pixels; i < end; i++) {
      let t = f(x[i] + offset[c]);
      let slope = 1;
      if (factor !== null) {
        slope = f(f(t + 3 > 0 ? (t < 3 ? f(f(t + t) + 3) : 6) : 0) * factor[c]);
        const above = f(t + 3) > 0 ? f(t + 3) : 0;
        t = f(f(f(t * (above < 6 ? above : 6)) * factor[c]) + zero);
      }
      const dt = t >= least && t <= most ? f(dy[i] * slope) : 0;
      dx[i] += dt;
      sums[c] += dt;
    }
  }
  if (doffset !== null) for (let c = 0; c < shape.channels; c++) doffset[c] += sums[c];
}
