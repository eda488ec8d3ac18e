/**
 * Dropout, inverted as everywhere today: mask holds 0 for what is dropped and 1 / (1 - probability) for what stays, so
 * that the mean stays too and inference does nothing. Srivastava et al. (JMLR 15, 2014), section 10.
 *
 *   y = mask * x, element by element; the caller draws the mask
 */
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function dropoutForward(y: Floats, x: Floats, mask: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = mask[i] * x[i];
}

/** Forward was y = mask * x, hence dx = mask * dy. */
export function dropoutBackward(dx: Floats, dy: Floats, mask: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) dx[i] += mask[i] * dy[i];
}
