/** The epochs of a run: steps, what is logged and saved between them, and how it is stopped. */
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Evaluation } from "../../train/evaluate.ts";
import type { StepReport } from "../../train/trainer.ts";
import { Progress, duration, percent, remark, say } from "../terminal.ts";
import { saveCheckpoint, validate } from "./run.ts";
import type { Run } from "./run.ts";

/** How often a step goes into the log. */
const logEvery = 10;

export interface LoopOptions {
  /** Says what it says on standard error. */
  readonly quiet: boolean;
  /** Seconds between checkpoints within an epoch. */
  readonly checkpointEvery: number;
  readonly stopped: () => boolean;
}

/** The time of day, for the log. */
export const now = (): string => new Date().toISOString();

/** Saves the run where the last time was long enough ago. */
class Saver {
  readonly #run: Run;
  readonly #milliseconds: number;
  #last = performance.now();

  constructor(run: Run, seconds: number) {
    this.#run = run;
    this.#milliseconds = 1000 * seconds;
  }

  save(): void {
    saveCheckpoint(this.#run);
    this.#last = performance.now();
  }

  saveInTime(): void {
    if (performance.now() - this.#last < this.#milliseconds) return;
    // It goes over one that may be the last good one.
    this.#run.trainer.checkFinite();
    this.save();
  }
}

/** One epoch, or the rest of one. @returns its last report, or undefined where `stopped` came true. */
async function trainEpoch(run: Run, progress: Progress, saver: Saver, stopped: () => boolean): Promise<StepReport | undefined> {
  const { trainer, settings } = run;
  const total = settings.epochs * trainer.stepsPerEpoch;
  const begin = performance.now();
  const first = trainer.step;
  for (;;) {
    await trainer.load();
    const report = trainer.trainStep();
    if (report.step % logEvery === 0 || report.step === 1) {
      run.log.add({ step: report.step, epoch: report.step / trainer.stepsPerEpoch, loss: report.loss, rate: report.rate });
      run.log.flush();
    }
    const perSecond = ((report.step - first) * 1000) / (performance.now() - begin);
    progress.update(report.step / total, [
      `epoch ${report.epoch + 1}/${settings.epochs}`, `loss ${report.epochLoss.toFixed(4)}`,
      `accuracy ${percent(report.epochAccuracy)}`, `${Math.round(perSecond * settings.batch)} images/s`,
    ]);
    // Lets signals through.
    await nextTurn();
    const ended = report.stepOfEpoch === report.stepsPerEpoch;
    if (!ended && !stopped()) {
      saver.saveInTime();
      continue;
    }
    // Next comes a checkpoint, over one that may be the last good one.
    trainer.checkFinite();
    return ended ? report : undefined;
  }
}

/** All epochs that are left. @returns false where the user stopped the run */
export async function trainAll(run: Run, { quiet, checkpointEvery, stopped }: LoopOptions): Promise<boolean> {
  const { trainer, settings, log } = run;
  const progress = new Progress();
  const saver = new Saver(run, checkpointEvery);
  try {
    while (trainer.epoch < settings.epochs) {
      const begin = performance.now();
      const steps = trainer.step;
      const report = await trainEpoch(run, progress, saver, stopped);
      if (report === undefined) return false;
      const seconds = (performance.now() - begin) / 1000;
      const held: Evaluation | undefined = await validate(run);
      const speed = ((report.step - steps) * settings.batch) / seconds;
      log.add({
        step: report.step, epoch: report.epoch + 1, event: "epoch", time: now(), loss: report.epochLoss, accuracy: report.epochAccuracy,
        seconds, images_per_second: speed,
        tflop: Math.round((report.step * settings.batch * run.arithmetic) / 1e9) / 1e3,
        ...(held === undefined ? {} : { validation_loss: held.loss, validation_accuracy: held.accuracy }),
      });
      saver.save();
      progress.end();
      const measured = held === undefined ? "" : `, validation loss ${held.loss.toFixed(4)}, accuracy ${percent(held.accuracy)}`;
      const line = `epoch ${report.epoch + 1} of ${settings.epochs}: loss ${report.epochLoss.toFixed(4)}, `
        + `accuracy ${percent(report.epochAccuracy)}${measured}, ${duration(seconds)}, ${Math.round(speed)} images/s`;
      (quiet ? remark : say)(line);
      if (stopped() && trainer.epoch < settings.epochs) return false;
    }
    return true;
  } finally {
    progress.end();
  }
}

/**
 * Calls `work` with a test of whether the user wants to stop; a second Ctrl-C ends the process at once.
 * @returns what `work` returns, and the exit code of the signal, as shells have it: 130 or 143; 0 where none came
 */
export async function untilStopped<T>(work: (stopped: () => boolean) => Promise<T>): Promise<{ result: T; code: number }> {
  let code = 0;
  const handler = (number: number) => (): void => {
    if (code !== 0) process.exit(number);
    code = number;
  };
  const [onInterrupt, onTerminate] = [handler(130), handler(143)];
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  try {
    return { result: await work(() => code !== 0), code };
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  }
}
