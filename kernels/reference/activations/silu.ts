/** SiLU, also called swish: y = x * sigmoid(x), element by element. Elfwing, Uchibe and Doya (arXiv 1702.03118). */
import { sigmoid } from "../../math.ts";
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function siluForward(y: Floats, x: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = x[i] * sigmoid(x[i]);
}

/** Forward was y = x * s with s = sigmoid(x) and s' = s * (1 - s), hence dx = dy * (s + x * s * (1 - s)). */
export function siluBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    const s = sigmoid(x[i]);
    dx[i] += dy[i] * (s + x[i] * s * (1 - s));
  }
}
