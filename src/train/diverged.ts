/** What is no longer a number, and what a run says of it. */
import type { Floats } from "../tensor.ts";

/** A product with 0 is 0, but of what is not finite. One sum is quicker than a test of each. */
export function isFinite(values: Floats): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  return sum === 0;
}

/**
 * The loss became NaN or infinite. The model has the weights with which it was last finite.
 * @example
 * const error = new DivergedError(12, "the loss is NaN", 10);
 * error.step   // => 12
 */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
  /** The step that failed, counted from 1. */
  readonly step: number;

  constructor(step: number, what: string, stepsPerEpoch: number) {
    super(
      `training diverged: ${what} in step ${step} (epoch ${Math.floor((step - 1) / stepsPerEpoch) + 1}); a lower learning rate or a ` +
        `longer warm-up may help`
    );
    this.step = step;
  }
}
