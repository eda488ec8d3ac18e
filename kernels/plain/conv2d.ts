/**
 * Convolution, the same functions as ../reference/layers/conv2d.ts, with the same sums in the same order: results are equal bit for
 * bit as long as weights and gradients are finite. (Padding is multiplied like any pixel that is 0, and 0 * Infinity is NaN.)
 */
import * as reference from "../reference/layers/conv2d.ts";
import type { Scratch } from "../scratch.ts";
import { divideWeights } from "../scratch.ts";
import type { Conv2dShape, Floats } from "../shapes.ts";
import { adjointPhases, forwardWindows } from "./convolution-windows.ts";
import { addDirectGradient, fitsDirect, sumDirect } from "./direct.ts";
import { addWeightGradient } from "./weight-gradient.ts";
import { fitsWindows, sumWindows } from "./windows.ts";

export { conv2dBackwardBias } from "../reference/layers/conv2d.ts";

/** One input channel a group, and too few output channels of it for tiles to pay. */
function isDepthwise(s: Conv2dShape): boolean {
  return s.groups === s.inChannels && s.outChannels <= 2 * s.groups;
}

export function conv2dForward(y: Floats, x: Floats, weight: Floats, bias: Floats | null, shape: Conv2dShape, scratch: Scratch): void {
  const windows = forwardWindows(shape);
  if (isDepthwise(shape) && fitsDirect(windows)) sumDirect(y, x, weight, bias, false, windows);
  else if (fitsWindows(windows)) sumWindows(y, x, weight, bias, false, windows);
  else reference.conv2dForward(y, x, weight, bias, shape, scratch);
}

export function conv2dBackwardInput(dx: Floats, dy: Floats, weight: Floats, shape: Conv2dShape, scratch: Scratch): void {
  const phases = adjointPhases(shape);
  const sum = isDepthwise(shape) && phases.every(fitsDirect) ? sumDirect : phases.every(fitsWindows) ? sumWindows : null;
  if (sum === null) return reference.conv2dBackwardInput(dx, dy, weight, shape, scratch);
  for (const phase of phases) sum(dx, dy, weight, null, true, phase);
}

export function conv2dBackwardWeight(dweight: Floats, x: Floats, dy: Floats, shape: Conv2dShape, scratch: Scratch): void {
  const windows = forwardWindows(shape);
  if (isDepthwise(shape) && fitsDirect(windows)) addDirectGradient(dweight, x, dy, windows);
  else if (divideWeights(shape).fits) addWeightGradient(dweight, x, dy, shape, scratch);
  else reference.conv2dBackwardWeight(dweight, x, dy, shape, scratch);
}
