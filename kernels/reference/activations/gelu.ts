/**
 * GELU: y = x * P(x), P(x) being the share of the normal distribution below x, element by element; and its approximation by tanh. Hendrycks
 * and Gimpel
 * (arXiv 1606.08415).
 */
import { erf } from "../../erf.ts";
import { exp, sigmoid } from "../../math.ts";
import type { ElementwiseShape, Floats } from "../../shapes.ts";

/** 1 / sqrt(2 pi). */
const DENSITY = 0.3989422804014327;
/** 2 sqrt(2 / pi). */
const FACTOR = 1.5957691216057308;
const CUBIC = 0.044715;

export function geluForward(y: Floats, x: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = 0.5 * x[i] * (1 + erf(x[i] * Math.SQRT1_2));
}

/** Forward was y = x P(x), hence dx = dy * (P(x) + x p(x)), p being the density exp(-x^2 / 2) / sqrt(2 pi). */
export function geluBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    const below = 0.5 * (1 + erf(x[i] * Math.SQRT1_2));
    dx[i] += dy[i] * (below + x[i] * DENSITY * exp(-0.5 * x[i] * x[i]));
  }
}

/** y = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), which is x sigmoid of twice that. */
export function geluTanhForward(y: Floats, x: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) y[i] = x[i] * sigmoid(FACTOR * (x[i] + CUBIC * x[i] * x[i] * x[i]));
}

/** Forward was y = x s(u), s' = s (1 - s), hence dx = dy * (s + x s (1 - s) u'). */
export function geluTanhBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    const square = x[i] * x[i];
    const s = sigmoid(FACTOR * (x[i] + CUBIC * x[i] * square));
    dx[i] += dy[i] * (s + x[i] * s * (1 - s) * FACTOR * (1 + 3 * CUBIC * square));
  }
}
