/** Learning rates by step. A schedule is a function of the step alone, so a checkpoint needs no more than the step. */
import { cos } from "../../kernels/math.ts";
import { checkRate } from "./optimiser.ts";

/** The learning rate of a step, counted from 0. */
export type Schedule = (step: number) => number;

export interface ScheduleOptions {
  /** The highest learning rate. */
  readonly peak: number;
  /** Steps over which the rate rises in a straight line to `peak`; the last of them has it. Default 0. */
  readonly warmup?: number;
}

function checkSteps(what: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${what} wants a whole number of at least ${least}, got ${value}`);
  return value;
}

function afterWarmup(options: ScheduleOptions, rest: Schedule): Schedule {
  const peak = checkRate("schedule: peak", options.peak);
  const warmup = checkSteps("schedule: warmup", options.warmup ?? 0, 0);
  return (step) => (step < warmup ? (peak * (step + 1)) / warmup : rest(step));
}

/** `peak` all the time. */
export function constant(options: ScheduleOptions): Schedule {
  return afterWarmup(options, () => options.peak);
}

/**
 * Half a cosine from `peak` after the warm-up down to `floor` at `steps` (Loshchilov and Hutter, arXiv 1608.03983,
 * equation 5, without restarts).
 */
export function cosine(options: ScheduleOptions & { readonly steps: number; readonly floor?: number }): Schedule {
  const { peak, steps, warmup = 0, floor = 0 } = options;
  checkSteps("cosine: steps", steps, warmup + 1);
  checkRate("cosine: floor", floor);
  return afterWarmup(options, (step) =>
    step >= steps ? floor : floor + ((peak - floor) * (1 + cos((Math.PI * (step - warmup)) / (steps - warmup)))) / 2);
}

/** `peak`, multiplied by `factor` at every one of `milestones` (steps, rising). Default factor 0.1. */
export function steps(options: ScheduleOptions & { readonly milestones: readonly number[]; readonly factor?: number }): Schedule {
  const { peak, milestones, factor = 0.1 } = options;
  checkRate("steps: factor", factor);
  milestones.forEach((milestone, i) => checkSteps(`steps: milestone ${i}`, milestone, i === 0 ? 0 : milestones[i - 1] + 1));
  return afterWarmup(options, (step) => {
    let rate = peak;
    for (const milestone of milestones) if (step >= milestone) rate *= factor;
    return rate;
  });
}
