/** Rectified linear unit: y = max(x, 0), element by element. NaN stays NaN. Nair and Hinton (ICML 2010). */
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function reluForward(y: Floats, x: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

/** Forward was y = max(x, 0), hence dx = dy where x > 0 (or NaN) and nothing elsewhere, the kink at 0 included. */
export function reluBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    if (!(x[i] <= 0)) dx[i] += dy[i];
  }
}
