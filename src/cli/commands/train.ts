/** senet train: trains a model on a folder of IDX files. Repeatable by its seed, resumable to the bit. */
import { existsSync, rmSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Random } from "../../../kernels/random.ts";
import type { Preprocessing } from "../../io/images/preprocess.ts";
import { BatchNorm2d } from "../../nn/layers/batch-norm.ts";
import type { Module } from "../../nn/module.ts";
import { summarise } from "../../nn/summary.ts";
import { readCheckpoint, restoreCheckpoint, writeCheckpoint } from "../../train/checkpoint.ts";
import type { Checkpoint } from "../../train/checkpoint.ts";
import { pixelStatistics } from "../../train/data/dataset.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import type { EvaluateOptions, Evaluation } from "../../train/evaluate.ts";
import { DivergedError, Trainer } from "../../train/trainer.ts";
import type { StepReport } from "../../train/trainer.ts";
import { version } from "../../version.ts";
import { saveWeights } from "../../weights.ts";
import { StoppedError, UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { threadsFrom } from "../engine.ts";
import { readBytes, writeBytes } from "../files.ts";
import { modelFromArguments } from "../network.ts";
import { measuredOn, worstShown } from "../report/evaluation.ts";
import { Mistakes } from "../report/mistakes.ts";
import { trainingPage, whyUnmeasured } from "../report/page.ts";
import { Progress, duration, percent, print, printJson, remark, thousands } from "../terminal.ts";
import { fingerprint, readDataset } from "../training/data.ts";
import { chooseEngine, measure, measuringEngine } from "../training/engine.ts";
import { freeze, loadStart, relabelled } from "../training/fine-tuning.ts";
import { TrainingLog } from "../training/log.ts";
import { readLog } from "../training/read-log.ts";
import { makeSchedule, resumedSettings, settingsFromArguments, settingsHelp } from "../training/settings.ts";
import type { Settings } from "../training/settings.ts";

/** How often a step goes into the log. */
const logEvery = 10;

/** Everything of one run. */
interface Run {
  readonly settings: Settings;
  readonly trainer: Trainer;
  readonly training: Dataset;
  readonly validation: Dataset | undefined;
  readonly preprocessing: Preprocessing | undefined;
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly threads: number | undefined;
  /** Operations of training on one image: three forward passes (forward, both gradients), two for a multiply-accumulate. */
  readonly arithmetic: number;
  /** What the log says of the network and the data, beside the settings. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Which kernels train, in words. */
  readonly kernels: string;
  /** What it begins with, in words; empty for nothing. */
  readonly beginning: string;
  readonly paths: Paths;
  readonly log: TrainingLog;
  /** What a checkpoint keeps beside the trainer's state. */
  readonly kept: Readonly<Record<string, unknown>>;
}

interface Paths {
  readonly out: string;
  readonly checkpoint: string;
  readonly log: string;
  readonly report: string;
}

function pathsOf(out: string): Paths {
  const stem = out.replace(/\.safetensors$/, "");
  return { out, checkpoint: `${stem}.checkpoint.safetensors`, log: `${stem}.log.jsonl`, report: `${stem}.report.html` };
}

function model(args: Arguments, settings: Settings, data: Dataset): Module {
  const options = { classes: data.classes.length, inChannels: data.shape[1], ...settings.modelOptions };
  return modelFromArguments(args, settings.model, settings.seed, options);
}

/** What `senet classify` does with a picture before it asks the network. */
function preprocessingOf(data: Dataset, mean: readonly number[], std: readonly number[]): Preprocessing | undefined {
  const [, channels, height, width] = data.shape;
  if (channels !== 1 && channels !== 3) return undefined;
  return { size: [height, width], resize: height === width ? height : [height, width], interpolation: "bilinear", channels: channels === 1 ? "gray" : "rgb", mean, std };
}

/** Reads the data and builds the trainer, where a checkpoint left it if there is one. Nothing is written yet. */
async function prepare(args: Arguments, settings: Settings, paths: Paths, checkpoint: Checkpoint | undefined): Promise<Run> {
  const data = relabelled(await readDataset(args.required("data"), "train", settings.classes), settings.relabel);
  if (data.classes.length < 2) throw new Error(`${args.required("data")} has one class only, "${data.classes[0]}": there is nothing to learn`);
  const kept = { ...settings, data: fingerprint(data) };
  if (checkpoint !== undefined && checkpoint.settings.data !== kept.data) throw new Error(`${paths.checkpoint} is of a run on other images than ${args.required("data")} has`);
  if (settings.validation >= data.size) throw new UsageError(`senet train: --validation wants less than the ${data.size} training images, got ${settings.validation}`);
  if (settings.join > 0 && (settings.validation === 0 || settings.join >= settings.epochs)) {
    throw new UsageError(`senet train: --join wants held-out images (--validation) and less than the ${settings.epochs} epochs, got ${settings.join}`);
  }
  const parts = settings.validation > 0 ? data.split(settings.validation, new Random(settings.seed)) : { training: data, validation: undefined };
  const { mean, std } = settings.mean !== undefined && settings.std !== undefined ? { mean: settings.mean, std: settings.std } : pixelStatistics(parts.training);
  const network = model(args, settings, data);
  if (settings.batch > parts.training.size) throw new UsageError(`senet train: --batch wants at most the ${parts.training.size} training images, got ${settings.batch}`);
  const anew = settings.from === "" || checkpoint !== undefined ? undefined : loadStart(network, settings.from);
  freeze(network, settings.frozen ?? []);
  if (settings.frozenStatistics) for (const module of network.tree()) if (module instanceof BatchNorm2d) module.frozen = true;
  const schedule = makeSchedule(settings, Math.floor(parts.training.size / settings.batch));
  const threads = threadsFrom(args);
  const { kernels, ...engine } = await chooseEngine(settings, network, [settings.batch, ...data.shape.slice(1)], threads);
  const { macs, seMacs, parameters, seParameters } = summarise(network, [1, ...data.shape.slice(1)]);
  const trainer = new Trainer({
    model: network,
    ...engine,
    schedule,
    data: settings.join > 0 ? parts.training.concat(parts.validation!) : parts.training,
    heldOut: { images: settings.join > 0 ? settings.validation : 0, until: settings.epochs - settings.join },
    normalisation: { mean, std },
    augmentation: { flip: settings.flip, crop: settings.crop, erase: settings.erase, mixup: settings.mixup },
    batch: settings.batch,
    smoothing: settings.smoothing,
    seed: settings.seed,
  });
  if (checkpoint !== undefined) restoreCheckpoint(trainer, checkpoint);
  return {
    settings, trainer, ...parts, normalisation: { mean, std }, preprocessing: preprocessingOf(data, mean, std), threads, arithmetic: 6 * (macs + seMacs),
    facts: { parameters, se_parameters: seParameters, macs: macs + seMacs, images: parts.training.size, steps_per_epoch: trainer.stepsPerEpoch }, kernels,
    beginning: anew === undefined ? "" : `\nbegins with ${settings.from}; new: ${anew.length === 0 ? "nothing" : anew.join(", ")}`,
    paths, log: new TrainingLog(paths.log), kept,
  };
}

/** Names of classes that no image has: a wrong label makes some, where classes are called after the largest one. */
function emptyClasses({ labels, classes }: Dataset): string[] {
  const seen = new Set(labels);
  return classes.filter((_, label) => !seen.has(label));
}

function description(run: Run): { classes: readonly string[]; preprocessing?: Preprocessing } {
  return { classes: run.training.classes, ...(run.preprocessing === undefined ? {} : { preprocessing: run.preprocessing }) };
}

/** Gives the model the weights that are measured and written: averaged ones where an average is kept. */
function useResult({ trainer, settings }: Run): void {
  if (settings.average > 0) trainer.pull({ average: true });
}

/** On the images that are held out. @returns undefined where none are, or none are any more */
async function validate(run: Run, watch: Pick<EvaluateOptions, "answers"> = {}): Promise<Evaluation | undefined> {
  const { trainer, validation, normalisation, settings, threads } = run;
  if (validation === undefined || trainer.epoch > settings.epochs - settings.join) return undefined;
  useResult(run);
  return measure(trainer.model, validation, normalisation, { engine: measuringEngine(settings, threads), ...watch });
}

function saveCheckpoint(run: Run): void {
  writeBytes(run.paths.checkpoint, writeCheckpoint(run.trainer, { ...description(run), settings: run.kept }));
  run.log.flush();
}

/** Writes the weights that the model has. */
function saveResult(run: Run): void {
  writeBytes(run.paths.out, saveWeights(run.trainer.model, { ...description(run), dtype: run.settings.half ? "F16" : "F32" }));
}

/** The page beside the weights. @throws Error naming the file where it cannot be written, and the weights, which are */
async function writeReport(run: Run, held: Evaluation | undefined, mistakes: Mistakes): Promise<void> {
  const { paths, settings, validation } = run;
  const measured = held === undefined || validation === undefined ? whyUnmeasured(settings) : await measuredOn(validation, held, mistakes.worst(worstShown), "held-out images");
  try {
    const record = readLog(readBytes(paths.log), paths.log);
    // A run that an older version began has a log that says less.
    const start = { ...run.facts, ...record.start };
    writeBytes(paths.report, trainingPage({ record: { ...record, start }, log: basename(paths.log), measured, weights: basename(paths.out) }));
  } catch (error) {
    throw new Error(`${(error as Error).message}; the weights are in ${paths.out}`);
  }
}

const now = (): string => new Date().toISOString();

/** One epoch, or the rest of one. @returns its last report, or undefined where `stopped` came true. */
async function trainEpoch(run: Run, progress: Progress, stopped: () => boolean): Promise<StepReport | undefined> {
  const { trainer, settings } = run;
  const total = settings.epochs * trainer.stepsPerEpoch;
  const begin = performance.now();
  const first = trainer.step;
  for (;;) {
    const report = trainer.trainStep();
    if (report.step % logEvery === 0 || report.step === 1) {
      run.log.add({ step: report.step, epoch: report.step / trainer.stepsPerEpoch, loss: report.loss, rate: report.rate });
      run.log.flush();
    }
    const perSecond = ((report.step - first) * 1000) / (performance.now() - begin);
    progress.update(report.step / total,
      `epoch ${report.epoch + 1}/${settings.epochs}  loss ${report.epochLoss.toFixed(4)}  accuracy ${percent(report.epochAccuracy)}  ` +
      `${Math.round(perSecond * settings.batch)} images/s  ${duration((total - report.step) / perSecond)} left`);
    // Lets signals through.
    await nextTurn();
    const ended = report.stepOfEpoch === report.stepsPerEpoch;
    if (!ended && !stopped()) continue;
    // Next comes a checkpoint, over one that may be the last good one.
    trainer.checkFinite();
    return ended ? report : undefined;
  }
}

/** All epochs that are left. @returns false where the user stopped the run */
async function trainAll(run: Run, quiet: boolean, stopped: () => boolean): Promise<boolean> {
  const { trainer, settings, log } = run;
  const progress = new Progress();
  try {
    while (trainer.epoch < settings.epochs) {
      const begin = performance.now();
      const steps = trainer.step;
      const report = await trainEpoch(run, progress, stopped);
      if (report === undefined) return false;
      const seconds = (performance.now() - begin) / 1000;
      const held: Evaluation | undefined = await validate(run);
      const speed = ((report.step - steps) * settings.batch) / seconds;
      log.add({
        step: report.step, epoch: report.epoch + 1, event: "epoch", time: now(), loss: report.epochLoss, accuracy: report.epochAccuracy, seconds, images_per_second: speed,
        tflop: Math.round((report.step * settings.batch * run.arithmetic) / 1e9) / 1e3,
        ...(held === undefined ? {} : { validation_loss: held.loss, validation_accuracy: held.accuracy }),
      });
      saveCheckpoint(run);
      progress.end();
      const measured = held === undefined ? "" : `, validation loss ${held.loss.toFixed(4)}, accuracy ${percent(held.accuracy)}`;
      const line = `epoch ${report.epoch + 1} of ${settings.epochs}: loss ${report.epochLoss.toFixed(4)}, accuracy ${percent(report.epochAccuracy)}${measured}, ${duration(seconds)}, ${Math.round(speed)} images/s`;
      (quiet ? remark : print)(line);
      if (stopped() && trainer.epoch < settings.epochs) return false;
    }
    return true;
  } finally {
    progress.end();
  }
}

/** The checkpoint to go on from, where `--resume` asks for one. */
function readResumed(args: Arguments, paths: Paths): Checkpoint | undefined {
  if (!args.flag("resume")) {
    if (existsSync(paths.checkpoint)) throw new UsageError(`senet train: ${paths.checkpoint} is of a run that did not finish: --resume goes on with it, or remove the file`);
    return undefined;
  }
  if (!existsSync(paths.checkpoint)) throw new Error(`nothing to resume: there is no ${paths.checkpoint}`);
  try {
    return readCheckpoint(readBytes(paths.checkpoint));
  } catch (error) {
    throw new Error(`${paths.checkpoint}: ${(error as Error).message}`);
  }
}

/**
 * Calls `work` with a test of whether the user wants to stop; a second Ctrl-C ends the process at once.
 * @returns what `work` returns, and the exit code of the signal, as shells have it: 130 or 143; 0 where none came
 */
async function untilStopped<T>(work: (stopped: () => boolean) => Promise<T>): Promise<{ result: T; code: number }> {
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

export const train: Command = {
  name: "train",
  usage: "MODEL --data DIR --out W.safetensors [--epochs N] [--seed S] [options]",
  help: "trains a model on labelled images; the same seed gives the same weights on every engine\n" +
    "DIR holds train-images-idx3-ubyte and train-labels-idx1-ubyte, gzipped or not, or pictures as train/CLASS/NAME.png.\n" +
    "The test images are not touched.",
  options: {
    data: { value: "DIR", help: "folder with the IDX files, or with pictures" },
    out: { value: "FILE", help: "weights to write; a checkpoint, a log (JSON lines) and a report (HTML) stand beside it" },
    ...settingsHelp,
    resume: { help: "goes on where the checkpoint beside --out ends, with its settings" },
    "no-report": { help: "writes no report; senet report makes one of the log, also while the run is under way" },
    json: { help: "for programs: the result as one object" },
  },
  positionals: { least: 0, most: 1 },
  async run(args) {
    const paths = pathsOf(args.required("out"));
    const checkpoint = readResumed(args, paths);
    const settings = checkpoint === undefined ? settingsFromArguments(args) : resumedSettings(args, checkpoint.settings);
    const run = await prepare(args, settings, paths, checkpoint);
    const { trainer, training, validation } = run;
    const json = args.flag("json");
    (json ? remark : print)(
      `${settings.model}, ${thousands(trainer.model.parameterCount())} parameters, ${thousands(training.size)} images` +
      `${validation === undefined ? "" : `, ${thousands(validation.size)} held out`}, ${trainer.stepsPerEpoch} steps an epoch` +
      `${checkpoint === undefined ? "" : `, going on after step ${trainer.step}`}\n${run.kernels}${run.beginning}`);
    const empty = emptyClasses(training);
    if (empty.length > 0) remark(`${empty.length} of ${training.classes.length} classes have no training image, such as "${empty[0]}"`);
    run.log.begin(trainer.step);
    const engine = { runs_on: run.kernels, time: now(), senet: version };
    run.log.add(trainer.step === 0 ? { event: "start", step: 0, ...run.kept, ...run.normalisation, ...run.facts, ...engine } : { event: "resume", step: trainer.step, ...engine });
    const begin = performance.now();
    let finished: { result: boolean; code: number };
    try {
      finished = await untilStopped((stopped) => trainAll(run, json, stopped));
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      run.log.add({ event: "diverged", step: error.step, message: error.message });
      run.log.flush();
      // What the model has now. Averages, if any, have seen the weights that failed.
      saveResult(run);
      throw new Error(`${error.message}; the last good weights are in ${paths.out}`);
    }
    if (!finished.result) {
      saveCheckpoint(run);
      throw new StoppedError(`stopped after step ${trainer.step}; the same command with --resume goes on`, finished.code);
    }
    useResult(run);
    saveResult(run);
    rmSync(paths.checkpoint, { force: true });
    const seconds = (performance.now() - begin) / 1000;
    const mistakes = new Mistakes();
    const held = await validate(run, { answers: mistakes.add });
    if (!json) print(`weights written to ${paths.out}, log to ${paths.log}, ${duration(seconds)}`);
    const reported = !args.flag("no-report");
    if (reported) await writeReport(run, held, mistakes);
    if (reported && !json) print(`report written to ${paths.report}`);
    if (json) {
      printJson({
        model: settings.model, weights: paths.out, steps: trainer.step, seconds, ...(held === undefined ? {} : { validation_loss: held.loss, validation_accuracy: held.accuracy }),
        ...(reported ? { report: paths.report } : {}),
      });
    }
  },
};
