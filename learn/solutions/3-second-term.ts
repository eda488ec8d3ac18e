/** Exercise 3: dx = s dy, and through the gate: ds = sum of dy x, de = ds s (1 - s), dz = w de, and every pixel gets dz / pixels. */
import { sigmoid } from "../../kernels/math.ts";

export function selfGateBackward(x: Float64Array, w: Float64Array, dy: Float64Array, channels: number, pixels: number): Float64Array {
  const dx = new Float64Array(channels * pixels);
  for (let c = 0; c < channels; c++) {
    let z = 0;
    let ds = 0;
    for (let i = c * pixels; i < (c + 1) * pixels; i++) {
      z += x[i] / pixels;
      ds += dy[i] * x[i];
    }
    const s = sigmoid(w[c] * z);
    const dz = w[c] * ds * s * (1 - s);
    for (let i = c * pixels; i < (c + 1) * pixels; i++) dx[i] = s * dy[i] + dz / pixels;
  }
  return dx;
}
