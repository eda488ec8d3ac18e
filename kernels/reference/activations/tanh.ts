/** Hyperbolic tangent: y = tanh(x), element by element. */
import { tanh } from "../../math.ts";
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function tanhForward(y: Floats, x: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = tanh(x[i]);
}

/** Forward was y = tanh(x), hence dx = dy * (1 - y^2). */
export function tanhBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    const y = tanh(x[i]);
    dx[i] += dy[i] * (1 - y * y);
  }
}
