/** One race: all contenders on one network and batch size, taking turns, a new image in every round. */
import { setTimeout } from "node:timers/promises";
import type { Contender, Job } from "./contender.ts";
import type { Remote } from "./remote.ts";
import { quiet, untilQuiet, watchLoad } from "./machine.ts";

/** Rounds after the first that do not count: engines still compile. */
const warmUp = 3;

/**
 * Who needs longer than this for an image, in ms, takes part in few rounds: the first two, and of the counted ones the first and the last.
 */
const slow = 1000;

/** Rest between runs, in ms: threads that still spin come to a halt, and do not take the next one's processor. */
const rest = 30;

/** Its answers are the right ones. */
const judge = "senet eager";

/** Answers further from the judge's than this, over the largest logit, are wrong: rounding stays a hundred times below. */
const mostError = 1e-3;

/** Of networks of bytes, whose weights and values have 256 steps or fewer. */
const mostErrorOfBytes = 0.2;

/** A contender on one network, and what was measured. */
export interface Entry {
  readonly contender: Contender;
  readonly job: Job;
  loadMs: number;
  firstMs: number;
  /** Of the counted rounds; undefined where it sat out. */
  readonly times: (number | undefined)[];
  /** Largest difference to senet's eager answers, over the largest of those; NaN until compared. */
  error: number;
  peakBytes: number;
  /** Why it is out of the race. */
  failure: string | undefined;
}

export interface Field {
  readonly entries: readonly Entry[];
  /** Processors that were busy with other work, in each counted round. */
  readonly loads: readonly number[];
}

interface Runner {
  readonly entry: Entry;
  readonly remote: Remote;
  /** Least time of a run so far, ms. */
  fastest: number;
}

export function entry(contender: Contender, job: Job): Entry {
  return { contender, job, loadMs: NaN, firstMs: NaN, times: [], error: NaN, peakBytes: NaN, failure: undefined };
}

export interface RaceOptions {
  /** A place for one more contender. */
  open(): Remote | Promise<Remote>;
  /** Counted rounds. */
  readonly runs: number;
  /**
   * Seconds that the race may wait, all together, for other work on the machine to end: it waits before counted rounds, and repeats
   * disturbed ones.
   */
  readonly patience: number;
  /** Is told the share that is done. */
  tick(share: number): void;
}

export async function race(entries: readonly Entry[], options: RaceOptions): Promise<Field> {
  const { runs, tick } = options;
  const runners: Runner[] = [];
  for (const one of entries) runners.push({ entry: one, remote: await options.open(), fastest: Infinity });
  const inRace = (): Runner[] => runners.filter(({ entry }) => entry.failure === undefined);
  const attempt = async (runner: Runner, what: () => Promise<void>): Promise<void> => {
    try {
      await what();
    } catch (error) {
      runner.entry.failure = (error as Error).message;
      runner.remote.end();
    }
  };
  for (const runner of runners) {
    await attempt(
      runner, async () => void (runner.entry.loadMs = (await runner.remote.load(runner.entry.contender.name, runner.entry.job)).ms),
    );
  }
  let patience = options.patience * 1000;
  const loads: number[] = [];
  const first = 1 + warmUp;
  for (let round = 0, images = 0; round < first + runs; images++) {
    const counted = round - first;
    if (counted >= 0) patience -= await untilQuiet(patience);
    const start = performance.now();
    const otherLoad = await watchLoad(() => processorTime(inRace()));
    const outputs = new Map<Entry, Float32Array>();
    for (const runner of inRace()) {
      const { entry } = runner;
      if (counted >= 0) entry.times[counted] = undefined;
      if (round > 1 && runner.fastest > slow * entry.job.input[0] && counted !== 0 && counted !== runs - 1) continue;
      await attempt(runner, async () => {
        const { ms, output } = await runner.remote.run(images);
        outputs.set(entry, output);
        runner.fastest = Math.min(runner.fastest, ms);
        if (round === 0) entry.firstMs = ms;
        if (counted >= 0) entry.times[counted] = ms;
      });
      await setTimeout(rest);
    }
    compare(outputs);
    const lost = runners.find(({ entry }) => entry.contender.name === judge && entry.failure !== undefined);
    if (lost !== undefined) throw new Error(`senet itself fails on ${lost.entry.job.model}: ${lost.entry.failure}`);
    if (counted >= 0) {
      loads[counted] = await otherLoad();
      // A disturbed round is run again, while there is patience.
      patience -= loads[counted] > quiet ? performance.now() - start : 0;
      if (loads[counted] > quiet && patience > 0) continue;
    }
    round++;
    tick(round / (first + runs));
  }
  for (const runner of inRace()) await attempt(runner, async () => void (runner.entry.peakBytes = (await runner.remote.state()).peakBytes));
  runners.forEach(({ remote }) => remote.end());
  return { entries, loads };
}

async function processorTime(runners: readonly Runner[]): Promise<number> {
  let sum = 0;
  for (const { remote } of runners) sum += await remote.state().then((state) => state.processorMs, () => 0);
  return sum;
}

/** Every answer with the judge's for the same network, where that took part in the round. Wrong answers end the race for who gave them. */
function compare(outputs: ReadonlyMap<Entry, Float32Array>): void {
  for (const [entry, output] of outputs) {
    const yardstick = [...outputs].find(([other]) => other.contender.name === judge && other.job.model === entry.job.model);
    if (yardstick === undefined) continue;
    const [, expected] = yardstick;
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - output[i])), 0);
    entry.error = Math.max(Number.isNaN(entry.error) ? 0 : entry.error, difference / largest);
    // Written so that NaN is wrong too.
    if (!(entry.error <= (entry.contender.bytes === true ? mostErrorOfBytes : mostError)) || output.length !== expected.length) {
      entry.failure = `wrong answers: ${output.length} logits of ${expected.length}, off by ${entry.error.toExponential(1)} of the largest`;
    }
  }
}
