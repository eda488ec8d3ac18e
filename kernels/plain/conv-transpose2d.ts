/**
 * Transposed convolution, the same functions as ../reference/layers/conv-transpose2d.ts. It is the adjoint of a convolution, the
 * mirrored one; hence its forward pass is that one's backward pass by the input, and the other way round.
 */
import * as reference from "../reference/layers/conv-transpose2d.ts";
import type { Scratch } from "../scratch.ts";
import { divideWeights, mirrored } from "../scratch.ts";
import type { Conv2dShape, Floats } from "../shapes.ts";
import { adjointPhases, forwardWindows } from "./convolution-windows.ts";
import { addWeightGradient } from "./weight-gradient.ts";
import { fitsWindows, sumWindows } from "./windows.ts";

export { convTranspose2dBackwardBias } from "../reference/layers/conv-transpose2d.ts";

export function convTranspose2dForward(
  y: Floats, x: Floats, weight: Floats, bias: Floats | null, shape: Conv2dShape, scratch: Scratch,
): void {
  const phases = adjointPhases(mirrored(shape));
  if (!phases.every(fitsWindows)) return reference.convTranspose2dForward(y, x, weight, bias, shape, scratch);
  for (const phase of phases) sumWindows(y, x, weight, bias, false, phase);
}

export function convTranspose2dBackwardInput(dx: Floats, dy: Floats, weight: Floats, shape: Conv2dShape, scratch: Scratch): void {
  const windows = forwardWindows(mirrored(shape));
  if (fitsWindows(windows)) sumWindows(dx, dy, weight, null, true, windows);
  else reference.convTranspose2dBackwardInput(dx, dy, weight, shape, scratch);
}

export function convTranspose2dBackwardWeight(dweight: Floats, x: Floats, dy: Floats, shape: Conv2dShape, scratch: Scratch): void {
  const mirror = mirrored(shape);
  if (divideWeights(mirror).fits) addWeightGradient(dweight, dy, x, mirror, scratch);
  else reference.convTranspose2dBackwardWeight(dweight, x, dy, shape, scratch);
}
