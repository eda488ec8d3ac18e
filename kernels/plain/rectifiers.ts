/**
 * ReLU, ReLU6 and LeakyReLU, as ../reference/activations/relu.ts and its neighbours have them. The sign of an activation is as good as
 * random, and a branch on it costs 6 to 9 ns an element (Node 20 and 24; Math.max too, which branches inside). So nothing
 * branches here: the possible results are written down side by side, and the comparison is the index of the one to take
 * (1.8 ns on Node 20, 1.4 on Node 24; products with 0 or 1 take 2.5 and need care for infinities).
 */
import type { ElementwiseShape, Floats } from "../shapes.ts";

export interface Rectifiers {
  reluForward(y: Floats, x: Floats, shape: ElementwiseShape): void;
  reluBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void;
  relu6Forward(y: Floats, x: Floats, shape: ElementwiseShape): void;
  relu6Backward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void;
  leakyReluForward(y: Floats, x: Floats, negativeSlope: number, shape: ElementwiseShape): void;
  leakyReluBackward(dx: Floats, x: Floats, dy: Floats, negativeSlope: number, shape: ElementwiseShape): void;
}

function createRectifiers(): Rectifiers {
  // More than 64 bytes, so that V8 keeps the numbers outside its heap, at a constant address.
  const choice = new Float64Array(16);

  function reluForward(y: Floats, x: Floats, { size }: ElementwiseShape): void {
    const results = choice;
    results[1] = 0;
    for (let i = 0; i < size; i = (i + 1) | 0) {
      const value = x[i];
      results[0] = value;
      y[i] = results[+(value < 0)];
    }
  }

  function reluBackward(dx: Floats, x: Floats, dy: Floats, { size }: ElementwiseShape): void {
    const results = choice;
    results[1] = 0;
    for (let i = 0; i < size; i = (i + 1) | 0) {
      results[0] = dy[i];
      dx[i] += results[+(x[i] <= 0)];
    }
  }

  function relu6Forward(y: Floats, x: Floats, { size }: ElementwiseShape): void {
    const results = choice;
    results[1] = 0;
    results[2] = 6;
    for (let i = 0; i < size; i = (i + 1) | 0) {
      const value = x[i];
      results[0] = value;
      y[i] = results[+(value < 0) + 2 * +(value > 6)];
    }
  }

  function relu6Backward(dx: Floats, x: Floats, dy: Floats, { size }: ElementwiseShape): void {
    const results = choice;
    results[0] = 0;
    for (let i = 0; i < size; i = (i + 1) | 0) {
      results[1] = dy[i];
      dx[i] += results[+(x[i] > 0) & +(x[i] < 6)];
    }
  }

  function leakyReluForward(y: Floats, x: Floats, negativeSlope: number, { size }: ElementwiseShape): void {
    const results = choice;
    for (let i = 0; i < size; i = (i + 1) | 0) {
      const value = x[i];
      results[0] = value;
      results[1] = negativeSlope * value;
      y[i] = results[+(value <= 0)];
    }
  }

  function leakyReluBackward(dx: Floats, x: Floats, dy: Floats, negativeSlope: number, { size }: ElementwiseShape): void {
    const results = choice;
    results[0] = negativeSlope;
    results[1] = 1;
    for (let i = 0; i < size; i = (i + 1) | 0) dx[i] += dy[i] * results[+(x[i] > 0)];
  }

  return { reluForward, reluBackward, relu6Forward, relu6Backward, leakyReluForward, leakyReluBackward };
}

const rectifiers = createRectifiers();

export const reluForward: Rectifiers["reluForward"] = rectifiers.reluForward;
export const reluBackward: Rectifiers["reluBackward"] = rectifiers.reluBackward;
export const relu6Forward: Rectifiers["relu6Forward"] = rectifiers.relu6Forward;
export const relu6Backward: Rectifiers["relu6Backward"] = rectifiers.relu6Backward;
export const leakyReluForward: Rectifiers["leakyReluForward"] = rectifiers.leakyReluForward;
export const leakyReluBackward: Rectifiers["leakyReluBackward"] = rectifiers.leakyReluBackward;
