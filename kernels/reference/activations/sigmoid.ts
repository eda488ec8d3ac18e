/** Logistic sigmoid: y = 1 / (1 + exp(-x)), element by element. */
import { sigmoid } from "../../math.ts";
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function sigmoidForward(y: Floats, x: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = sigmoid(x[i]);
}

/** Forward was y = sigmoid(x), hence dx = dy * y * (1 - y). */
export function sigmoidBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    const y = sigmoid(x[i]);
    dx[i] += dy[i] * y * (1 - y);
  }
}
