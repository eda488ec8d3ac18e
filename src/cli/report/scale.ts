/** Axes: from values to places between 0 and 1, with ticks at round numbers. */
import { log } from "../../../kernels/math.ts";
import { thousands } from "../terminal.ts";

export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Scale {
  readonly ticks: readonly Tick[];
  /** From 0 at the low end to 1 at the high end. */
  at(value: number): number;
}

export interface ScaleOptions {
  /** About so many ticks. */
  readonly ticks: number;
  /** Ticks at whole numbers only. */
  readonly whole?: boolean;
  /** Shares, labelled in percent. */
  readonly percent?: boolean;
}

/** 10 to the power of a whole number. */
const ten = (exponent: number): number => Number(`1e${exponent}`);

/** Of the first digit that is not 0. */
const exponentOf = (x: number): number => Number(x.toExponential().split("e")[1]);

/** The smallest of 1, 2, 5, 10, 20, 50, ... (and their tenths, ...) that is at least `least`. */
function roundStep(least: number): number {
  const exponent = exponentOf(least);
  return [1, 2, 5, 10].map((digit) => digit * ten(exponent)).find((step) => step >= least * (1 - 1e-9)) ?? ten(exponent + 1);
}

function label(value: number, digits: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1e7 || size < 1e-5) return Number(value.toPrecision(6)).toExponential().replace("e+", "e");
  return digits === 0 ? (value < 0 ? "-" : "") + thousands(size) : value.toFixed(digits);
}

/** From a round number at or below `low` to one at or above `high`; with `whole` from `low` to `high` themselves. */
export function linearScale(low: number, high: number, { ticks: count, whole = false, percent = false }: ScaleOptions): Scale {
  // As good as one value; denormal numbers have no round ones between them.
  if (!(high - low > 1e-300)) {
    [low, high] = Math.abs(low) < 1e-300 || whole ? [low - 1, low + 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
  }
  const unit = percent ? 100 : 1;
  const step = whole ? Math.max(1, roundStep((high - low) / count)) : roundStep(((high - low) * unit) / count) / unit;
  const [first, last] = whole
    ? [Math.ceil(low / step), Math.floor(high / step)]
    : [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  const digits = Math.max(0, -exponentOf(step * unit * (1 + 1e-9)));
  // Through an index, not by adding up: no tick at 0.30000000000000004.
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
    .map((at) => ({ at, label: percent ? `${label(at * unit, digits)} %` : label(at, digits) }));
  const [from, to] = whole ? [low, high] : [first * step, last * step];
  return { ticks, at: (value) => (value - from) / (to - from) };
}

const digitSets: readonly (readonly number[])[] = [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];

/** Equal distances are equal ratios. Both ends want to be above 0. */
export function logScale(low: number, high: number, { ticks: count }: ScaleOptions): Scale {
  const [from, to] = [log(low) - 0.05, log(high) + 0.05];
  const decades = exponentOf(high) - exponentOf(low) + 1;
  // Over many decades, every second, third, ... power of ten.
  const every = Math.ceil(decades / count);
  const candidates = digitSets.map((digits) => Array.from({ length: decades }, (_, i) => exponentOf(low) + i)
    .filter((_, i) => i % every === 0)
    .flatMap(
      (exponent) => digits.map(
        (digit) => ({ at: digit * ten(exponent), label: label(digit * ten(exponent), Math.max(0, -exponent + (digit % 1 === 0 ? 0 : 1))) }),
      ),
    )
    .filter(({ at }) => log(at) >= from && log(at) <= to));
  const ticks = candidates.find((some) => some.length <= count + 2) ?? candidates[candidates.length - 1];
  return { ticks, at: (value) => (log(value) - from) / (to - from) };
}
