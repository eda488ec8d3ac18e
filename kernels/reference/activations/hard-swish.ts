/** SiLU of straight lines and one parabola: y = x * relu6(x + 3) / 6, element by element. MobileNetV3 (arXiv 1905.02244), section 5.2. */
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function hardSwishForward(y: Floats, x: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    const line = x[i] + 3;
    y[i] = (x[i] * (line < 0 ? 0 : line > 6 ? 6 : line)) / 6;
  }
}

/**
 * Forward was y = 0 below -3, x above 3 and (x^2 + 3 x) / 6 between, hence dx = 0, dy and dy * (x / 3 + 1/2). At the kinks
 * themselves the outer pieces hold (today's PyTorch; older ones are of two minds about -3 and 3).
 */
export function hardSwishBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    if (x[i] <= -3) continue;
    dx[i] += x[i] >= 3 ? dy[i] : dy[i] * (x[i] / 3 + 0.5);
  }
}
