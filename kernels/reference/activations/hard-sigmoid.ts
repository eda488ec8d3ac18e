/**
 * A sigmoid of three straight lines: y = clip(slope * x + offset, 0, 1), element by element. NaN stays NaN.
 *
 * PyTorch, timm and MobileNetV3 (arXiv 1905.02244) have slope 1/6 and offset 1/2, Keras and ONNX by default 1/5 and 1/2.
 */
import type { ElementwiseShape, Floats } from "../../shapes.ts";

export function hardSigmoidForward(y: Floats, x: Floats, slope: number, offset: number, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    const line = slope * x[i] + offset;
    y[i] = line < 0 ? 0 : line > 1 ? 1 : line;
  }
}

/** Forward was y = clip(slope * x + offset, 0, 1), hence dx = slope * dy where the line is strictly between 0 and 1. */
export function hardSigmoidBackward(dx: Floats, x: Floats, dy: Floats, slope: number, offset: number, shape: ElementwiseShape): void {
  for (let i = 0; i < shape.size; i++) {
    const line = slope * x[i] + offset;
    if (line > 0 && line < 1) dx[i] += slope * dy[i];
  }
}
