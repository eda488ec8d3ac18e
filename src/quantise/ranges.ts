/**
 * Which real numbers the 128 steps of a tensor reach: by its ends; by percentiles, so that a few far values do not widen the steps of all
 * others; by the least squared error of the histogram; or, of these three, the one with the least error ("best").
 */
import type { Quantisation } from "../../kernels/quantised.ts";
import type { Statistics } from "./statistics.ts";

export const methodNames = ["best", "ends", "percentile", "squares"] as const;
export type RangeMethod = (typeof methodNames)[number];

/** From a real number to another; 0 is between them. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Share of the values that may lie beyond each end. */
const TAIL = 1e-4;

/** What the bytes of a range mean. The zero point is whole, so the ends move by at most half a step. */
export function quantisationOf({ low, high }: Range): Quantisation {
  const scale = Math.fround((high - low) / 127);
  // Nothing but zeros, or what float32 cannot tell from them.
  if (!(scale > 1e-30)) return { scale: Float32Array.of(1), zero: low < 0 ? 127 : 0 };
  return { scale: Float32Array.of(scale), zero: Math.min(127, Math.max(0, Math.round(-low / scale))) };
}

/** Mean squared error of the values of a histogram. */
export function squaredError({ counts, low, high }: Statistics, range: Range): number {
  const { scale: [scale], zero } = quantisationOf(range);
  const width = (high - low) / counts.length;
  let [sum, all] = [0, 0];
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    const value = low + (i + 0.5) * width;
    const q = Math.min(127, Math.max(0, Math.round(value / scale) + zero));
    const error = value - scale * (q - zero);
    // Within a bin the error is spread evenly where they are as wide as steps or wider.
    sum += counts[i] * error * error;
    all += counts[i];
  }
  return all === 0 ? 0 : sum / all;
}

function byPercentile({ counts, low, high }: Statistics): Range {
  const width = (high - low) / counts.length;
  const allowed = TAIL * counts.reduce((sum, count) => sum + count, 0);
  let [first, last] = [0, counts.length - 1];
  for (let beyond = counts[first]; beyond <= allowed && first < last; first++) beyond += counts[first + 1];
  for (let beyond = counts[last]; beyond <= allowed && last > first; last--) beyond += counts[last - 1];
  return { low: Math.min(0, low + first * width), high: Math.max(0, low + (last + 1) * width) };
}

/** Both ends are drawn in together, then each by itself. */
function bySquares(statistics: Statistics): Range {
  const { low, high } = statistics;
  let best: Range = { low, high };
  let least = squaredError(statistics, best);
  const consider = (range: Range): void => {
    const error = squaredError(statistics, range);
    if (error >= least) return;
    [best, least] = [range, error];
  };
  for (let share = 0.98; share > 0.1; share *= 0.97) consider({ low: low * share, high: high * share });
  for (const share of [1.2, 1.1, 1.05, 0.95, 0.9, 0.8]) {
    const from = best;
    consider({ low: from.low, high: Math.min(high, from.high * share) });
    consider({ low: Math.max(low, from.low * share), high: from.high });
  }
  return best;
}

/** The range of a value that these statistics were made of. */
export function rangeOf(statistics: Statistics, method: RangeMethod): Range {
  const { low, high } = statistics;
  if (method === "ends") return { low, high };
  if (method === "percentile") return byPercentile(statistics);
  const squares = bySquares(statistics);
  if (method === "squares") return squares;
  const ranges = [{ low, high }, byPercentile(statistics), squares];
  const errors = ranges.map((range) => squaredError(statistics, range));
  return ranges[errors.indexOf(Math.min(...errors))];
}

/** The smallest scale of a channel, as a share of the largest: images that calibration has not seen may have more. */
const LEAST_SHARE = 1 / 32;

/**
 * A scale for each channel, so that all of them use all steps ("equalisation across layers": where what reads a tensor works channel by
 * channel, its scales move into the weights before and behind it for nothing). The zero point, which they share, is the one with the
 * smallest steps on the whole.
 */
export function perChannelQuantisation({ least, most, low, high }: Statistics): Quantisation {
  const floor = quantisationOf({ low, high }).scale[0] * LEAST_SHARE;
  const scalesFor = (zero: number): Float32Array => Float32Array.from(least, (lowest, c) => {
    const below = lowest < 0 ? (zero === 0 ? Infinity : -lowest / zero) : 0;
    const above = most[c] > 0 ? (zero === 127 ? Infinity : most[c] / (127 - zero)) : 0;
    return Math.max(below, above, floor);
  });
  let best: Quantisation | undefined;
  let smallest = Infinity;
  for (let zero = 0; zero <= 127; zero++) {
    const scale = scalesFor(zero);
    // The sum of squares is that of the errors.
    const sum = scale.reduce((before, each) => before + each * each, 0);
    if (sum < smallest) [best, smallest] = [{ scale, zero }, sum];
  }
  return best!;
}
