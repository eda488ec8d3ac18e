/** Fully connected layers, the same functions as ../reference/layers/linear.ts with the same sums in the same order. */
import * as reference from "../reference/layers/linear.ts";
import type { Scratch } from "../scratch.ts";
import { DEPTH } from "../scratch.ts";
import type { Floats, LinearShape } from "../shapes.ts";
import { product } from "./product.ts";

export { linearBackwardBias } from "../reference/layers/linear.ts";

/** y[n,o] for four o at a time: one image uses each weight once, so packing would cost more than it saves. */
function forwardOne(y: Floats, x: Floats, weight: Floats, bias: Floats | null, n: number, inFeatures: number, outFeatures: number): void {
  const first = n * inFeatures;
  for (let o = 0; o < outFeatures; o += 4) {
    const o1 = Math.min(o + 1, outFeatures - 1);
    const o2 = Math.min(o + 2, outFeatures - 1);
    const o3 = Math.min(o + 3, outFeatures - 1);
    let p0 = (o * inFeatures) | 0;
    let p1 = (o1 * inFeatures) | 0;
    let p2 = (o2 * inFeatures) | 0;
    let p3 = (o3 * inFeatures) | 0;
    let sum0 = bias === null ? 0 : bias[o];
    let sum1 = bias === null ? 0 : bias[o1];
    let sum2 = bias === null ? 0 : bias[o2];
    let sum3 = bias === null ? 0 : bias[o3];
    for (let i = 0; i < inFeatures; i = (i + 1) | 0) {
      const value = x[(first + i) | 0];
      sum0 += weight[p0] * value;
      sum1 += weight[p1] * value;
      sum2 += weight[p2] * value;
      sum3 += weight[p3] * value;
      p0 = (p0 + 1) | 0;
      p1 = (p1 + 1) | 0;
      p2 = (p2 + 1) | 0;
      p3 = (p3 + 1) | 0;
    }
    y[n * outFeatures + o] = sum0;
    y[n * outFeatures + o1] = sum1;
    y[n * outFeatures + o2] = sum2;
    y[n * outFeatures + o3] = sum3;
  }
}

export function linearForward(y: Floats, x: Floats, weight: Floats, bias: Floats | null, shape: LinearShape, _scratch: Scratch): void {
  const { batch, inFeatures, outFeatures } = shape;
  if (batch <= 3 || inFeatures > DEPTH) {
    for (let n = 0; n < batch; n++) forwardOne(y, x, weight, bias, n, inFeatures, outFeatures);
    return;
  }
  const out = { data: y, row: 1, step: outFeatures };
  product(
    out, { data: weight, row: inFeatures, step: 1 }, { data: x, row: inFeatures, step: 1 }, outFeatures, batch, inFeatures, bias, false,
  );
}

export function linearBackwardInput(dx: Floats, dy: Floats, weight: Floats, shape: LinearShape, scratch: Scratch): void {
  const { batch, inFeatures, outFeatures } = shape;
  if (outFeatures > DEPTH) return reference.linearBackwardInput(dx, dy, weight, shape, scratch);
  const out = { data: dx, row: 1, step: inFeatures };
  product(
    out, { data: weight, row: 1, step: inFeatures }, { data: dy, row: outFeatures, step: 1 }, inFeatures, batch, outFeatures, null, true,
  );
}

export function linearBackwardWeight(dweight: Floats, x: Floats, dy: Floats, shape: LinearShape, scratch: Scratch): void {
  const { batch, inFeatures, outFeatures } = shape;
  if (batch > DEPTH) return reference.linearBackwardWeight(dweight, x, dy, shape, scratch);
  const out = { data: dweight, row: inFeatures, step: 1 };
  product(out, { data: dy, row: 1, step: outFeatures }, { data: x, row: 1, step: inFeatures }, outFeatures, inFeatures, batch, null, true);
}
