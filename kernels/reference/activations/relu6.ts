/** ReLU cut off at 6: y = min(max(x, 0), 6), element by element. NaN stays NaN. Howard et al., MobileNets (arXiv 1704.04861). */
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function relu6Forward(y: Floats, x: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = x[i] < 0 ? 0 : x[i] > 6 ? 6 : x[i];
}

/** Forward was y = min(max(x, 0), 6), hence dx = dy where 0 < x < 6 and nothing elsewhere, the kinks included. */
export function relu6Backward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    if (x[i] > 0 && x[i] < 6) dx[i] += dy[i];
  }
}
