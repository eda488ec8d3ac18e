/** Learning rates by step. A schedule is a function of the step alone, so a checkpoint needs no more than the step. */
import { cos } from "../../../kernels/math.ts";
import { checkOptions, counted, show } from "../../errors.ts";
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
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${what} wants a whole number of at least ${least}, got ${show(value)}`);
  }
  return value;
}

function afterWarmup(options: ScheduleOptions, rest: Schedule): Schedule {
  const peak = checkRate("schedule: peak", options.peak);
  const warmup = checkSteps("schedule: warmup", options.warmup === undefined ? 0 : options.warmup, 0);
  return (step) => (step < warmup ? (peak * (step + 1)) / warmup : rest(step));
}

/**
 * `peak` all the time.
 * @example
 * constant({ peak: 0.1, warmup: 10 })(100)   // => 0.1
 */
export function constant(options: ScheduleOptions): Schedule {
  checkOptions("constant", options, ["peak", "warmup"]);
  return afterWarmup(options, () => options.peak);
}

export interface CosineOptions extends ScheduleOptions {
  /** Of the whole run. */
  readonly steps: number;
  /** The lowest learning rate. Default 0. */
  readonly floor?: number;
  /** How often it begins anew. Default 0. */
  readonly restarts?: number;
  /** How many times as long as the period before each period is, the paper's T_mult: at least 1, the default. */
  readonly factor?: number;
}

/**
 * Half a cosine from `peak` after the warm-up down to `floor` at `steps`, or several of them one after the other: warm restarts (Loshchilov
 * and Hutter, arXiv 1608.03983, equation 5). Periods are whole steps, and together as long as the run after its warm-up.
 * @throws RangeError where an option makes no sense, or a period would be shorter than a step
 * @example
 * const rate = cosine({ peak: 0.1, steps: 100 });
 * [rate(0), rate(50).toFixed(3), rate(100)]   // => [0.1,"0.050",0]
 */
export function cosine(options: CosineOptions): Schedule {
  checkOptions(
    "cosine", options, ["peak", "warmup", "steps", "floor", "restarts", "factor"] as const satisfies readonly (keyof CosineOptions)[],
  );
  const { peak, steps, warmup = 0, floor = 0, restarts = 0, factor = 1 } = options;
  checkSteps("cosine: warmup", warmup, 0);
  checkSteps("cosine: steps", steps, warmup + 1);
  checkRate("cosine: floor", floor);
  checkSteps("cosine: restarts", restarts, 0);
  checkRate("cosine: factor", factor, 1);
  const begins = periods(warmup, steps, restarts, factor);
  return afterWarmup(options, (step) => {
    if (step >= steps) return floor;
    let period = 0;
    while (step >= begins[period + 1]) period++;
    const [begin, end] = [begins[period], begins[period + 1]];
    return floor + ((peak - floor) * (1 + cos((Math.PI * (step - begin)) / (end - begin)))) / 2;
  });
}

/** The first steps of the periods, and the step after the last one. */
function periods(begin: number, end: number, restarts: number, factor: number): number[] {
  // A period is one step at least, which also keeps this list short.
  if (restarts >= end - begin) {
    throw new RangeError(
      `cosine: ${counted(restarts, "restart")} want more than ${counted(restarts, "step")} after the warm-up, there are ${end - begin}`,
    );
  }
  const lengths = [1];
  for (let i = 1; i <= restarts; i++) lengths.push(lengths[i - 1] * factor);
  const sums = [0];
  for (const length of lengths) sums.push(sums[sums.length - 1] + length);
  const begins = sums.map((sum) => begin + Math.round(((end - begin) * sum) / sums[sums.length - 1]));
  if (begins.some((first, i) => i > 0 && !(first > begins[i - 1]))) {
    throw new RangeError(
      `cosine: with ${counted(restarts, "restart")} and factor ${factor} the first period of ${end - begin} steps would have less than one`
    );
  }
  return begins;
}

/**
 * `peak`, multiplied by `factor` at every one of `milestones` (steps, rising). Default factor 0.1.
 * @throws RangeError where an option is unknown or makes no sense; TypeError for milestones that are no list
 * @example
 * const rate = steps({ peak: 0.5, milestones: [30, 60], factor: 0.5 });
 * [rate(0), rate(30), rate(60)]   // => [0.5,0.25,0.125]
 */
export function steps(options: ScheduleOptions & { readonly milestones: readonly number[]; readonly factor?: number }): Schedule {
  checkOptions("steps", options, ["peak", "warmup", "milestones", "factor"]);
  const { peak, milestones, factor = 0.1 } = options;
  if (!Array.isArray(milestones)) throw new TypeError(`steps: milestones wants a list of steps, got ${show(milestones)}`);
  checkRate("steps: factor", factor);
  milestones.forEach((milestone, i) => checkSteps(`steps: milestone ${i}`, milestone, i === 0 ? 0 : milestones[i - 1] + 1));
  return afterWarmup(options, (step) => {
    let rate = peak;
    for (const milestone of milestones) if (step >= milestone) rate *= factor;
    return rate;
  });
}
