/**
 * Fully connected layer.
 *
 *   x      [batch, inFeatures]
 *   weight [outFeatures, inFeatures]
 *   bias   [outFeatures] or null
 *   y      [batch, outFeatures]
 *
 *   y[n,o] = bias[o] + sum over i of weight[o,i] * x[n,i]
 */
import type { Scratch } from "../../scratch.ts";
import type { Floats, LinearShape } from "../../shapes.ts";

export function linearForward(y: Floats, x: Floats, weight: Floats, bias: Floats | null, shape: LinearShape, _scratch?: Scratch): void {
  const { batch, inFeatures, outFeatures } = shape;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outFeatures; o++) {
      let sum = bias === null ? 0 : bias[o];
      for (let i = 0; i < inFeatures; i++) sum += weight[o * inFeatures + i] * x[n * inFeatures + i];
      y[n * outFeatures + o] = sum;
    }
  }
}

/** Forward was y[n,o] = ... + weight[o,i] * x[n,i], hence dx[n,i] = sum over o of weight[o,i] * dy[n,o]. */
export function linearBackwardInput(dx: Floats, dy: Floats, weight: Floats, shape: LinearShape, _scratch?: Scratch): void {
  const { batch, inFeatures, outFeatures } = shape;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < inFeatures; i++) {
      let sum = 0;
      for (let o = 0; o < outFeatures; o++) sum += weight[o * inFeatures + i] * dy[n * outFeatures + o];
      dx[n * inFeatures + i] += sum;
    }
  }
}

/** Forward was y[n,o] = ... + weight[o,i] * x[n,i], hence dweight[o,i] = sum over n of dy[n,o] * x[n,i]. */
export function linearBackwardWeight(dweight: Floats, x: Floats, dy: Floats, shape: LinearShape, _scratch?: Scratch): void {
  const { batch, inFeatures, outFeatures } = shape;
  for (let o = 0; o < outFeatures; o++) {
    for (let i = 0; i < inFeatures; i++) {
      let sum = 0;
      for (let n = 0; n < batch; n++) sum += dy[n * outFeatures + o] * x[n * inFeatures + i];
      dweight[o * inFeatures + i] += sum;
    }
  }
}

/** Forward was y[n,o] = bias[o] + ..., hence dbias[o] = sum over n of dy[n,o]. */
export function linearBackwardBias(dbias: Floats, dy: Floats, shape: LinearShape): void {
  const { batch, outFeatures } = shape;
  for (let o = 0; o < outFeatures; o++) {
    let sum = 0;
    for (let n = 0; n < batch; n++) sum += dy[n * outFeatures + o];
    dbias[o] += sum;
  }
}
