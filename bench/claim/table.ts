/** From the record to tables in Markdown. */
import { experiments, seeds } from "./experiments.ts";
import type { Experiment, Variant } from "./experiments.ts";
import { sameRun } from "./run.ts";
import type { Result } from "./run.ts";

export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation of a sample: divided by count - 1. */
  readonly spread: number;
}

export function statistics(values: readonly number[]): Statistics {
  const count = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  return {
    count, mean, spread: count < 2 ? Number.NaN : Math.sqrt(values.reduce((sum, v) => sum + (v - mean) * (v - mean), 0) / (count - 1)),
  };
}

/** A difference of two means counts where it is larger than twice its standard error. */
export function verdict(a: Statistics, b: Statistics): string {
  const difference = b.mean - a.mean;
  const error = Math.sqrt((a.spread * a.spread) / a.count + (b.spread * b.spread) / b.count);
  if (Number.isNaN(error)) return "too few runs";
  const points = `${difference < 0 ? "−" : "+"}${(100 * Math.abs(difference)).toFixed(2)} ± ${(100 * error).toFixed(2)}`;
  return Math.abs(difference) > 2 * error ? `${points}, ${difference > 0 ? "better" : "worse"}` : `${points}, inside the spread`;
}

function resultsOf(variant: Variant, results: readonly Result[]): readonly Result[] {
  return results.filter((result) => seeds.some((seed) => sameRun(result, variant, seed)));
}

function rows({ variants }: Experiment, results: readonly Result[]): string[] {
  const first = statistics(resultsOf(variants[0], results).map(({ accuracy }) => accuracy));
  return variants.map((variant, i) => {
    const own = resultsOf(variant, results);
    if (own.length === 0) return `| ${variant.name} | | | | | not run yet | |`;
    const accuracy = statistics(own.map((result) => result.accuracy));
    const [{ parameters, macs }] = own;
    return `| ${[
      variant.name, parameters.toLocaleString("en"), `${(macs / 1e6).toFixed(2)} M`,
      `${statistics(own.map(({ cpuSeconds }) => cpuSeconds)).mean.toFixed(0)} s`,
      own.map((result) => (100 * result.accuracy).toFixed(2)).join(", "),
      `${(100 * accuracy.mean).toFixed(2)} ± ${(100 * accuracy.spread).toFixed(2)}`,
      i === 0 ? "" : verdict(first, accuracy),
    ].join(" | ")} |`;
  });
}

/** All experiments; what has not been run says so. */
export function tables(results: readonly Result[]): string {
  const head = "| variant | parameters | multiply-accumulates | training, processor time | accuracy of each seed, % | "
    + "mean ± standard deviation | against the first, points ± standard error |\n|---|---|---|---|---|---|---|";
  return experiments.map((experiment) => `### ${experiment.title}\n\n${head}\n${rows(experiment, results).join("\n")}\n`).join("\n");
}
