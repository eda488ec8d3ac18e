/** Sum of two tensors of one shape, element by element: where a residual branch joins the identity. y = a + b. */
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function addForward(y: Floats, a: Floats, b: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = a[i] + b[i];
}

/** Forward was y = a + b, hence da = dy; called a second time with db, for db = dy. */
export function addBackward(da: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) da[i] += dy[i];
}
