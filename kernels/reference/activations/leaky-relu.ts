/** Leaky ReLU: y = x where x > 0, negativeSlope * x elsewhere. Maas, Hannun and Ng (ICML workshop, 2013). */
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function leakyReluForward(y: Floats, x: Floats, negativeSlope: number, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = x[i] > 0 ? x[i] : negativeSlope * x[i];
}

/** Forward was y = x where x > 0 and negativeSlope * x elsewhere, hence dx = dy there and negativeSlope * dy elsewhere. */
export function leakyReluBackward(dx: Floats, x: Floats, dy: Floats, negativeSlope: number, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) dx[i] += x[i] > 0 ? dy[i] : negativeSlope * dy[i];
}
