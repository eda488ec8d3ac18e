/** Gradients by central differences in float64, and their comparison with those of a backward pass. */
import type { Kernels } from "../../../kernels/contract.ts";
import type { Floats } from "../../../kernels/shapes.ts";
import type { Case, Make, Values } from "../case.ts";
import type { Run } from "../harness.ts";
import { draw, run } from "../harness.ts";

/** The bound that errors must stay below. */
export const TOLERANCE = 1e-6;

const STEP = 1e-3;

/**
 * d(sum of y * dy) / dx for every element of every input of `by`, from the forward pass alone:
 * (8 (L(x + h) - L(x - h)) - (L(x + 2h) - L(x - 2h))) / 12 h, whose error falls with h^4; where y is linear in the input,
 * (L(x + 1) - L(x - 1)) / 2, which is exact but for rounding. Differences are taken of each y before they are summed, so that
 * what does not hang on this x cancels to nothing.
 */
export function numericGradients<K = Kernels>(item: Case<K>, kernels: K): Values {
  const { inputs, dyFor } = draw(item, Float64Array);
  const make: Make = (size) => new Float64Array(size);
  const dy = dyFor(item.forward(kernels, inputs, make).y.length);
  const isLinear = new Set(item.linear?.flat());
  const gradients: Record<string, Floats> = {};
  for (const name of item.by) {
    const x = inputs[name];
    const gradient = (gradients[name] = new Float64Array(x.length));
    for (let i = 0; i < x.length; i++) {
      const keep = x[i];
      const slope = (h: number): number => {
        x[i] = keep + h;
        const above = item.forward(kernels, inputs, make).y;
        x[i] = keep - h;
        const below = item.forward(kernels, inputs, make).y;
        x[i] = keep;
        let sum = 0;
        for (let j = 0; j < dy.length; j++) sum += dy[j] * (above[j] - below[j]);
        return sum / (2 * h);
      };
      gradient[i] = isLinear.has(name) ? slope(1) : (4 * slope(STEP) - slope(2 * STEP)) / 3;
    }
  }
  return gradients;
}

/** The largest of |a - b| / max(|a|, |b|, 1e-3 * max|gradient|); NaN if there is one. */
export function gradientError(actual: Floats, expected: Floats): number {
  let floor = 0;
  for (const value of expected) floor = Math.max(floor, 1e-3 * Math.abs(value));
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(actual[i] - expected[i]);
    if (distance === 0) continue;
    // Math.max hands NaN on, so that it counts as an error and not as none.
    most = Math.max(most, distance / Math.max(Math.abs(actual[i]), Math.abs(expected[i]), floor));
  }
  return most;
}

/** What of a backward pass disagrees with the numeric gradients; empty if all is well. */
export function compareGradients<K>(item: Case<K>, actual: Run, numeric: Values): string[] {
  const complaints = [...actual.faults];
  for (const name of item.by) {
    const error = gradientError(actual.gradients[name], numeric[name]);
    if (!(error < TOLERANCE)) complaints.push(`the gradient by ${name} is off by ${error.toExponential(1)}`);
  }
  return complaints;
}

/** Finite differences of `kernels` against their own backward pass, which starts from prefilled gradients. */
export function checkGradients<K = Kernels>(item: Case<K>, kernels: K): string[] {
  return compareGradients(item, run(item, kernels, Float64Array, true), numericGradients(item, kernels));
}
