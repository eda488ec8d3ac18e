/** senet train: trains a model on a folder of images. Repeatable by its seed, resumable to the bit. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { createModel } from "../../../models/index.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import type { Checkpoint } from "../../train/checkpoint.ts";
import { DivergedError } from "../../train/trainer.ts";
import { version } from "../../version.ts";
import { StoppedError, UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { readBytes } from "../files.ts";
import { Mistakes } from "../report/mistakes.ts";
import { json, options } from "../options.ts";
import { counted, duration, printJson, remark, say, thousands } from "../terminal.ts";
import { now, trainAll, untilStopped } from "../training/loop.ts";
import { checkLock, checkOutputs, pathsOf, takeLock } from "../training/outputs.ts";
import type { Paths } from "../training/outputs.ts";
import { prepare, saveCheckpoint, saveResult, useResult, validate, writeReport } from "../training/run.ts";
import type { Run } from "../training/run.ts";
import { resumedSettings, settingsFromArguments, settingsOptions } from "../training/settings.ts";
import type { Settings } from "../training/settings.ts";
import { limitOf } from "../weights-file.ts";

/** What to go on from. */
interface Resumed {
  readonly checkpoint: Checkpoint;
  readonly settings: Settings;
}

const anew = ({ out }: Paths): string => `--from ${out} with another --out begins a new run with its weights`;

/** The checkpoint, where `--resume` asks for one: of a run that was stopped, else of one that has finished. */
function readResumed(args: Arguments, paths: Paths): Resumed | undefined {
  if (!args.flag("resume")) return undefined;
  const path = [paths.checkpoint, paths.state].find((candidate) => existsSync(candidate));
  if (path === undefined) {
    const finished = existsSync(paths.out) ? `; ${paths.out} is of a run that has finished and left no state: ${anew(paths)}` : "";
    throw new Error(`nothing to resume: there is no ${paths.checkpoint}${finished}`);
  }
  let checkpoint: Checkpoint;
  try {
    checkpoint = readCheckpoint(readBytes(path));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
  const settings = resumedSettings(args, checkpoint.settings);
  limitOf({ tensors: checkpoint.model }, path, () => createModel(settings.model, settings.modelOptions, null));
  if (path === paths.state && settings.epochs === checkpoint.settings.epochs) {
    const { epochs } = settings;
    throw new Error(
      `nothing to resume: ${paths.out} is of a run that has finished its ${counted(epochs, "epoch")}: ` +
      `--epochs N, more than those, extends it; ` +
        anew(paths),
    );
  }
  return { checkpoint, settings };
}

/** Seconds: `5` and `5m` are minutes, `90s` seconds, `1h` an hour. @throws UsageError */
function checkpointEvery(args: Arguments): number {
  const given = args.text("checkpoint-every", "5");
  const [, number, unit] = /^(\d{1,6}(?:\.\d{1,6})?)\s*([smh]?)$/.exec(given.trim()) ?? [];
  if (number === undefined) {
    throw new UsageError(`senet train: --checkpoint-every wants minutes as 5 or 0.5, or a time as 90s, 5m or 1h, got "${given}"`);
  }
  return Number(number) * (unit === "s" ? 1 : unit === "h" ? 3600 : 60);
}

/** Says what is about to be done. */
function announce(run: Run, said: (line: string) => void): void {
  const { settings, trainer, training, validation } = run;
  said(
    `${settings.model}, ${thousands(trainer.model.parameterCount())} parameters, ${counted(training.size, "image")}` +
    `${validation === undefined ? "" : `, ${thousands(validation.size)} held out`}, ${counted(trainer.stepsPerEpoch, "step")} an epoch` +
    `${trainer.step === 0 ? "" : `, going on after step ${trainer.step}`}\n${run.kernels}${run.beginning}`);
  if (run.warning !== "") remark(run.warning);
}

/** Trains to the end. @throws StoppedError where the user stops it, Error where it diverges; both leave what there is */
async function trainToEnd(run: Run, quiet: boolean, seconds: number): Promise<void> {
  const { trainer, paths, log } = run;
  let finished: { result: boolean; code: number };
  try {
    finished = await untilStopped((stopped) => trainAll(run, { quiet, checkpointEvery: seconds, stopped }));
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    log.add({ event: "diverged", step: error.step, message: error.message });
    log.flush();
    // What the model has now. Averages, if any, have seen the weights that failed.
    saveResult(run);
    throw new Error(`${error.message}; the last good weights are in ${paths.out}`);
  }
  if (finished.result) return;
  saveCheckpoint(run);
  throw new StoppedError(`stopped after step ${trainer.step}; the same command with --resume goes on`, finished.code);
}

export const train: Command = {
  name: "train",
  usage: "MODEL --data DIR --out W.safetensors [--epochs N] [--seed S] [options]",
  help: "trains a model on labelled images; the same seed gives the same weights on every engine\n" +
    "DIR holds the IDX files of MNIST and its kin, gzipped or not, or pictures as train/CLASS/NAME or CLASS/NAME " +
    "(PNG, JPEG, PPM; --validation parts some off). " +
    "The test images are not touched.",
  options: {
    data: options.data,
    out: {
      value: "FILE",
      help: "weights to write; a checkpoint, a log (JSON lines), a report (HTML) and, at the end, the state for --resume stand beside it",
    },
    ...settingsOptions,
    partial: { help: "with --from: begins with whatever fits of these weights, not only where the last layer alone differs" },
    resume: { help: "goes on where the checkpoint beside --out ends, with its settings; with more --epochs, a finished run too" },
    overwrite: { help: "begins anew where --out is of a run before, which is lost" },
    "checkpoint-every": { value: "TIME", help: "within an epoch too: minutes, or as 90s or 1h (default 5)" },
    cache: options.cache,
    "no-state": { help: "keeps no state at the end: the run cannot be extended then" },
    "no-report": { help: "writes no report; senet report makes one of the log, also while the run is under way" },
    json: json("the result as one object"),
  },
  positionals: { least: 0, most: 1 },
  async run(args) {
    const paths = pathsOf(args.required("out"));
    const every = checkpointEvery(args);
    args.only("way to go about a run that is there", ["resume", "overwrite"].map((name) => (args.flag(name) ? `--${name}` : undefined)));
    checkOutputs(paths, { resume: args.flag("resume"), overwrite: args.flag("overwrite") });
    checkLock(paths);
    const resumed = readResumed(args, paths);
    const run = await prepare(args, resumed?.settings ?? settingsFromArguments(args), paths, resumed?.checkpoint);
    const release = takeLock(paths);
    try {
      await finish(run, args, every);
    } finally {
      release();
    }
  },
};

/** Trains, and writes what comes of it. */
async function finish(run: Run, args: Arguments, every: number): Promise<void> {
  const { trainer, paths, settings, log } = run;
  const json = args.flag("json");
  announce(run, json ? remark : say);
  if (!args.flag("resume")) for (const path of [paths.checkpoint, paths.state]) rmSync(path, { force: true });
  log.begin(trainer.step);
  const engine = { runs_on: run.kernels, time: now(), senet: version };
  log.add(trainer.step === 0
    ? { event: "start", step: 0, ...run.kept, ...run.normalisation, ...run.facts, ...engine }
    : { event: "resume", step: trainer.step, epochs: settings.epochs, join: settings.join, ...engine });
  const begin = performance.now();
  await trainToEnd(run, json, every);
  useResult(run);
  saveResult(run);
  if (args.flag("no-state") || !existsSync(paths.checkpoint)) {
    for (const path of [paths.checkpoint, paths.state]) rmSync(path, { force: true });
  }
  else renameSync(paths.checkpoint, paths.state);
  const seconds = (performance.now() - begin) / 1000;
  const mistakes = new Mistakes();
  const held = await validate(run, { answers: mistakes.add });
  if (!json) say(`weights written to ${paths.out}, log to ${paths.log}, ${duration(seconds)}`);
  const reported = !args.flag("no-report");
  if (reported) await writeReport(run, held, mistakes);
  if (reported && !json) say(`report written to ${paths.report}`);
  if (json) {
    printJson({
      model: settings.model, weights: paths.out, steps: trainer.step, seconds, ...(held === undefined ? {} : {
        validation_loss: held.loss, validation_accuracy: held.accuracy,
      }),
      ...(reported ? { report: paths.report } : {}),
    });
  }
}
