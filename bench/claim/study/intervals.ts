/** Confidence intervals of differences between runs that share their seed: the same images in the same order, the same flips and crops. */

/** Student's t with 1, 2, 3, ... degrees of freedom: 97.5 % lie below. */
const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179];

export interface Interval {
  /** Pairs. */
  readonly count: number;
  readonly mean: number;
  /** The interval reaches so far from the mean, on both sides; NaN with less than two pairs. */
  readonly half: number;
}

/** The mean of differences, and where it lies with a confidence of 95 %, if differences are normally distributed. */
export function interval(differences: readonly number[]): Interval {
  const count = differences.length;
  const mean = differences.reduce((a, b) => a + b, 0) / count;
  const squares = differences.reduce((sum, d) => sum + (d - mean) * (d - mean), 0);
  const quantile = quantiles[Math.min(count - 1, quantiles.length) - 1] ?? NaN;
  return { count, mean, half: quantile * Math.sqrt(squares / (count - 1) / count) };
}

/** Values by seed. */
export type BySeed = ReadonlyMap<number, number>;

/** b - a of the seeds that both have. */
export function paired(a: BySeed, b: BySeed): Interval {
  return interval([...a.keys()].filter((seed) => b.has(seed)).map((seed) => b.get(seed)! - a.get(seed)!));
}

/** In points, with a word where zero lies outside. */
export function points({ count, mean, half }: Interval): string {
  if (count === 0) return "not run yet";
  const difference = `${mean < 0 ? "−" : "+"}${(100 * Math.abs(mean)).toFixed(2)}`;
  if (count === 1) return `${difference} (one seed)`;
  return `${difference} ± ${(100 * half).toFixed(2)}${Math.abs(mean) > half ? (mean > 0 ? ", better" : ", worse") : ""}`;
}
