/** From times to tables. */
import { table, thousands } from "../../src/cli/terminal.ts";
import type { Entry, Field } from "./field.ts";
import { quiet } from "./machine.ts";

export interface Quartiles {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** What is said of one contender, for people and programs. */
export interface Line {
  readonly contender: string;
  readonly threads: number;
  readonly model: string;
  readonly batch: number;
  readonly runs: number;
  readonly best_ms: number;
  readonly median_ms: number;
  /** Between the quartiles, over the median. */
  readonly spread: number;
  /** Who is divided by this one: senet with as many threads, if it can. */
  readonly against: string;
  readonly best_ratio: number;
  /** Of the ratios in each round, so that a slow moment of the machine is in both. */
  readonly ratio: Quartiles;
  readonly load_ms: number;
  readonly first_ms: number;
  readonly peak_bytes: number;
  readonly download_bytes: number;
  readonly error: number;
  /** Counted rounds, and those of them in which the machine did little else. */
  readonly rounds: number;
  readonly quiet_rounds: number;
  readonly failure?: string;
}

function quartiles(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    return sorted.length === 0 ? NaN : sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
  };
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

const known = (times: readonly (number | undefined)[]): number[] => times.filter((time) => time !== undefined);
export const best = (entry: Entry): number => Math.min(...known(entry.times));
/** Of the paired rounds. */
const ratios = (a: Entry, b: Entry): number[] => known(
  a.times.map((time, i) => (time === undefined || b.times[i] === undefined ? undefined : time / b.times[i])),
);

/** Quartiles of the ratios in each round. */
export const ratiosOf = (a: Entry, b: Entry): Quartiles => quartiles(ratios(a, b));

/** senet's contender that others are measured by: the first that runs, with as many threads if there is one. */
function yardstick(entries: readonly Entry[], one: Entry): Entry {
  const ours = entries.filter(
    ({ contender, failure, job }) => contender.name.startsWith("senet") && failure === undefined && job.model === one.job.model,
  );
  const first = ours.filter(({ contender }) => contender === ours[0].contender);
  return first.find(({ job }) => job.threads === one.job.threads) ?? first[0];
}

/** @param sizes download of each contender in bytes, by its name */
export function lines({ entries, loads }: Field, sizes: ReadonlyMap<string, number>): Line[] {
  return entries.map((entry) => {
    const { contender, job } = entry;
    const senet = yardstick(entries, entry);
    const times = known(entry.times);
    const { low, median, high } = quartiles(times);
    return {
      contender: contender.name, threads: job.threads, model: job.model, batch: job.input[0], runs: times.length,
      best_ms: best(entry), median_ms: median, spread: (high - low) / median,
      against: `${senet.contender.name}, ${senet.job.threads} thread${senet.job.threads === 1 ? "" : "s"}`,
      best_ratio: best(senet) / best(entry), ratio: quartiles(ratios(senet, entry)),
      load_ms: entry.loadMs, first_ms: entry.firstMs, peak_bytes: entry.peakBytes, download_bytes: sizes.get(contender.name) ?? NaN,
      error: entry.error, rounds: loads.length, quiet_rounds: loads.filter((load) => load <= quiet).length,
      ...(entry.failure === undefined ? {} : { failure: entry.failure }),
    };
  });
}

/** How many rounds were quiet, and what that means. */
export function trustIn({ rounds, quiet_rounds: calm }: Line): string {
  const trust = calm === rounds ? "" : calm < rounds / 2 ? " (TOO BUSY, do not trust these)" : " (the machine was busy in the others)";
  return `${calm} of ${rounds} rounds quiet${trust}`;
}

const headings = [
  "contender", "threads", "best ms", "median ms", "spread", "senet/it", "median (quartiles)", "load ms", "first ms", "peak MiB",
  "KB to load", "error", "runs",
];
const shown = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : "-");

/** The lines of one model and batch size. */
export function tableOf(all: readonly Line[]): string {
  const rows = all.filter(({ failure }) => failure === undefined).map((line) => [
    line.contender, String(line.threads), shown(line.best_ms, 1), shown(line.median_ms, 1), `${shown(100 * line.spread, 0)} %`,
    shown(line.best_ratio, 3), `${shown(line.ratio.median, 3)} (${shown(line.ratio.low, 3)}-${shown(line.ratio.high, 3)})`,
    shown(line.load_ms, 0), shown(line.first_ms, 0), shown(line.peak_bytes / 1048576, 0), thousands(line.download_bytes / 1000),
    line.error.toExponential(1), String(line.runs),
  ]);
  const out = all.filter(({ failure }) => failure !== undefined)
    .map((line) => `left out: ${line.contender}, ${line.threads} thread(s): ${line.failure}`);
  return [table(headings, rows, headings.slice(1)), ...out].join("\n");
}

/** Comparisons within one contender: more threads over one, and what SE costs (both networks must be in the race). */
export function remarks({ entries }: Field): string[] {
  const running = entries.filter(({ failure }) => failure === undefined);
  const compare = (title: string, a: Entry, b: Entry | undefined): string[] => {
    if (b === undefined) return [];
    const { low, median, high } = quartiles(ratios(a, b));
    const middle = `${shown(median, 3)} (${shown(low, 3)}-${shown(high, 3)})`;
    return [`${a.contender.name}: ${title}: best ${shown(best(a) / best(b), 3)}, median ${middle}`];
  };
  const same = (a: Entry, model: string, threads: number): Entry | undefined =>
    running.find(
      (b) => a.contender === b.contender && b.job.model === model && b.job.threads === threads && b.job.input[0] === a.job.input[0],
    );
  return running.flatMap((a) => [
    ...(a.job.threads > 1 ? compare(`${a.job.model}, ${a.job.threads} threads over 1`, a, same(a, a.job.model, 1)) : []),
    ...(
      /^se_?/.test(a.job.model)
        ? compare(
          `${a.job.model} over the same without SE, ${a.job.threads} thread(s)`, a,
          same(a, a.job.model.replace(/^se_?/, ""), a.job.threads),
        )
        : []
    ),
  ]);
}
