/** A run of `senet train`: its data, its network and its trainer, made of settings, and what it measures and writes. */
import { basename } from "node:path";
import { Random } from "../../../kernels/random.ts";
import type { Preprocessing } from "../../io/images/preprocess.ts";
import { parsePreprocessing, withOrder } from "../../io/images/preprocessing-json.ts";
import { BatchNorm2d } from "../../nn/layers/batch-norm.ts";
import { isLayer } from "../../nn/module.ts";
import type { Module } from "../../nn/module.ts";
import { summarise } from "../../nn/summary.ts";
import { saveQuantised } from "../../quantise/file.ts";
import type { QuantisedNetwork } from "../../quantise/network.ts";
import { requantise } from "../../quantise/training.ts";
import { prepareModel, restoreCheckpoint, writeCheckpoint } from "../../train/checkpoint.ts";
import type { Checkpoint } from "../../train/checkpoint.ts";
import { pixelStatistics } from "../../train/data/dataset.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import type { EvaluateOptions, Evaluation } from "../../train/evaluate.ts";
import { Trainer } from "../../train/trainer.ts";
import { saveWeights } from "../../weights/weights.ts";
import { UsageError } from "../command.ts";
import type { Arguments } from "../command.ts";
import { threadsFrom } from "../engine.ts";
import { readBytes, writeBytes } from "../files.ts";
import { modelFromArguments } from "../network.ts";
import { measuredOn, worstShown } from "../report/evaluation.ts";
import type { Mistakes } from "../report/mistakes.ts";
import { trainingPage, whyUnmeasured } from "../report/page.ts";
import { checkLearnable, fingerprint, hasPictures, readDataset } from "./data.ts";
import { chooseEngine, measure, measuringEngine } from "./engine.ts";
import { freeze, loadStart, relabelled } from "./fine-tuning.ts";
import { checkInt8, measuredOn as measuredForInt8, resumedInt8, writtenRanges } from "./int8.ts";
import { TrainingLog } from "./log.ts";
import type { Paths } from "./outputs.ts";
import { cacheFrom, usualCache } from "./pictures.ts";
import { readLog } from "./read-log.ts";
import { classWeightsOf, heldOutCount, makeSchedule } from "./settings.ts";
import type { Settings } from "./settings.ts";
import { counted } from "../terminal.ts";

/** Everything of one run. */
export interface Run {
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
  /** What is wrong with the data; empty for nothing. */
  readonly warning: string;
  readonly paths: Paths;
  readonly log: TrainingLog;
  /** What a checkpoint keeps beside the trainer's state. */
  readonly kept: Readonly<Record<string, unknown>>;
  /** What it is trained for, with the weights that it began with. */
  readonly int8: QuantisedNetwork | undefined;
}

function model(args: Arguments, settings: Settings, data: Dataset): Module {
  const options = { classes: data.classes.length, inChannels: data.shape[1], ...settings.modelOptions };
  return modelFromArguments(args, settings.model, settings.seed, options);
}

/**
 * The channels that the network wants pictures in; undefined where nothing says.
 * @throws UsageError for a number that pictures cannot have
 */
export function wantedChannels(
  { channels, modelOptions, model: name }: Pick<Settings, "channels" | "modelOptions" | "model">,
): Preprocessing["channels"] | undefined {
  const { inChannels } = modelOptions;
  if (inChannels === undefined) return channels;
  if (inChannels === 1) return "gray";
  if (inChannels === 3) return channels === "bgr" ? "bgr" : "rgb";
  throw new UsageError(`senet train: pictures have 1 or 3 channels, and ${name} is asked for with ${String(inChannels)}`);
}

/** The training images of a folder, as these settings want them. @param cache bytes of decoded pictures that stay in memory */
export async function readTraining(
  folder: string, settings: Settings, sizeAsked: boolean = false, cache: number = usualCache,
): Promise<Dataset> {
  const { size, resize, interpolation, order, relabel, classes } = settings;
  const pictures = hasPictures(folder, "train");
  if (sizeAsked && !pictures) {
    throw new UsageError("senet train: --size, --resize and resized-crop are for pictures; IDX images stay as large as they are");
  }
  const channels = pictures ? wantedChannels(settings) : undefined;
  const geometry = {
    ...(size === undefined ? {} : { size }), ...(resize === undefined ? {} : { resize }), interpolation, order,
    ...(channels === undefined ? {} : { channels }),
  };
  const asked = pictures ? { geometry, keep: settings.resizedCrop > 0, cache } : {};
  return relabelled(await readDataset(folder, "train", classes, asked), relabel);
}

/** What `senet classify` does with a picture before it asks the network. */
function preprocessingOf(
  data: Dataset, { size, resize, interpolation, order, channels }: Settings, mean: readonly number[], std: readonly number[],
): Preprocessing | undefined {
  const [, count, height, width] = data.shape;
  if (count !== 1 && count !== 3) return undefined;
  const whole = height === width ? height : ([height, width] as const);
  const prepared = size !== undefined && size[0] === height && size[1] === width;
  return {
    size: [height, width], ...(prepared ? (resize === undefined ? {} : { resize }) : { resize: whole }), interpolation, order,
    channels: count === 1 ? "gray" : channels === "bgr" ? "bgr" : "rgb", mean, std,
  };
}

/** Reads the data and builds the trainer, where a checkpoint left it if there is one. Nothing is written yet. */
export async function prepare(args: Arguments, settings: Settings, paths: Paths, checkpoint: Checkpoint | undefined): Promise<Run> {
  checkInt8(settings);
  const folder = args.required("data");
  const data = await readTraining(folder, settings, args.text("size") !== undefined || args.text("resize") !== undefined, cacheFrom(args));
  const kept = { ...settings, data: fingerprint(data) };
  if (checkpoint !== undefined && checkpoint.settings.data !== kept.data) {
    throw new Error(`${paths.checkpoint} is of a run on other images than ${folder} has`);
  }
  const heldOut = heldOutCount(settings, data.size);
  if (heldOut >= data.size) {
    throw new UsageError(`senet train: --validation wants less than the ${counted(data.size, "training image")}, got ${heldOut}`);
  }
  if (heldOut === 0 && settings.validation > 0) {
    throw new UsageError(
      `senet train: --validation ${settings.validation} of ${counted(data.size, "training image")} is none: a larger share, or 0`
    );
  }
  if (settings.join > 0 && (heldOut === 0 || settings.join >= settings.epochs)) {
    throw new UsageError(
      `senet train: --join wants held-out images (--validation) and less than the ${counted(settings.epochs, "epoch")}, ` +
      `got ${settings.join}`
    );
  }
  const parts = heldOut > 0 ? data.split(heldOut, new Random(settings.seed)) : { training: data, validation: undefined };
  const warning = checkLearnable(parts.training, folder);
  const channels = data.shape[1];
  const given = settings.mean?.length === channels && settings.std?.length === channels;
  const { mean, std } = given ? { mean: settings.mean!, std: settings.std! } : pixelStatistics(parts.training);
  const network = model(args, settings, data);
  if (settings.batch > parts.training.size) {
    throw new UsageError(`senet train: --batch wants at most the ${counted(parts.training.size, "training image")}, got ${settings.batch}`);
  }
  if (checkpoint !== undefined) prepareModel(network, checkpoint);
  const anew = settings.from === "" || checkpoint !== undefined ? undefined : loadStart(network, settings.from, args.flag("partial"));
  freeze(network, settings.frozen ?? []);
  if (settings.frozenStatistics) for (const module of network.tree()) if (isLayer(module, BatchNorm2d, "BatchNorm2d")) module.frozen = true;
  const shape = data.shape.slice(1);
  const int8 = !settings.int8 ? undefined : checkpoint === undefined
    ? await measuredForInt8(network, parts.training, { mean, std })
    : resumedInt8(network, checkpoint.settings.ranges, [1, ...shape]);
  const schedule = makeSchedule(settings, Math.floor(parts.training.size / settings.batch));
  const threads = threadsFrom(args);
  const classWeights = classWeightsOf(settings, parts.training);
  if (classWeights !== undefined && classWeights.length !== data.classes.length) {
    throw new UsageError(
      `senet train: classWeights wants ${counted(data.classes.length, "number")}, one a class, got ${classWeights.length}`,
    );
  }
  const { kernels, ...engine } = await chooseEngine(settings, network, [settings.batch, ...shape], threads, classWeights, { int8 });
  const { macs, seMacs, parameters, seParameters } = summarise(network, [1, ...data.shape.slice(1)]);
  const trainer = new Trainer({
    model: network,
    ...engine,
    schedule,
    data: settings.join > 0 ? parts.training.concat(parts.validation!) : parts.training,
    heldOut: { images: settings.join > 0 ? heldOut : 0, until: settings.epochs - settings.join },
    normalisation: { mean, std },
    augmentation: {
      flip: settings.flip, crop: settings.crop, resizedCrop: settings.resizedCrop, erase: settings.erase, mixup: settings.mixup,
    },
    batch: settings.batch,
    smoothing: settings.smoothing,
    seed: settings.seed,
  });
  if (checkpoint !== undefined) restoreCheckpoint(trainer, checkpoint);
  const size = data.shape.slice(1).join("x");
  return {
    settings, trainer, ...parts, normalisation: { mean, std }, preprocessing: preprocessingOf(data, settings, mean, std), threads,
    arithmetic: 6 * (macs + seMacs),
    facts: {
      parameters, se_parameters: seParameters, macs: macs + seMacs, images: parts.training.size, validation: heldOut,
      steps_per_epoch: trainer.stepsPerEpoch, ...(classWeights === undefined ? {} : { class_weights: classWeights }),
    }, kernels,
    beginning: `\nimages of ${size}, mean ${mean.join(", ")}, deviation ${std.join(", ")}` +
      ` (${given ? "given, or the weights' own" : "measured"})` +
      (anew === undefined ? "" : `\nbegins with ${settings.from}; new: ${anew.length === 0 ? "nothing" : anew.join(", ")}`),
    warning, paths, log: new TrainingLog(paths.log), kept, int8,
  };
}

function description(run: Run): { classes: readonly string[]; preprocessing?: Preprocessing } {
  return { classes: run.training.classes, ...(run.preprocessing === undefined ? {} : { preprocessing: run.preprocessing }) };
}

/** Gives the model the weights that are measured and written: averaged ones where an average is kept. */
export function useResult({ trainer, settings }: Run): void {
  if (settings.average > 0) trainer.pull({ average: true });
}

/** On the images that are held out. @returns undefined where none are, or none are any more */
export async function validate(run: Run, watch: Pick<EvaluateOptions, "answers"> = {}): Promise<Evaluation | undefined> {
  const { trainer, validation, normalisation, settings, threads } = run;
  if (validation === undefined || trainer.epoch > settings.epochs - settings.join) return undefined;
  useResult(run);
  const quantised = run.int8 && requantise(trainer.model, run.int8);
  return measure(trainer.model, validation, normalisation, { engine: measuringEngine(settings, threads), quantised, ...watch });
}

export function saveCheckpoint(run: Run, path: string = run.paths.checkpoint): void {
  const settings = { ...run.kept, ...(run.int8 === undefined ? {} : { ranges: writtenRanges(run.int8) }) };
  writeBytes(path, writeCheckpoint(run.trainer, { ...description(run), settings }));
  run.log.flush();
}

/** Writes the weights that the model has. */
export function saveResult(run: Run): void {
  const { model } = run.trainer;
  const { preprocessing, ...rest } = description(run);
  const prepared = preprocessing === undefined ? {} : { preprocessing: withOrder(parsePreprocessing(preprocessing), "pillow-13") };
  const about = { ...rest, ...prepared };
  writeBytes(run.paths.out, run.int8 === undefined
    ? saveWeights(model, { ...description(run), dtype: run.settings.half ? "F16" : "F32" })
    : saveQuantised(requantise(model, run.int8), model.identity && { ...model.identity, ...about }));
}

/** The page beside the weights. @throws Error naming the file where it cannot be written, and the weights, which are */
export async function writeReport(run: Run, held: Evaluation | undefined, mistakes: Mistakes): Promise<void> {
  const { paths, settings, validation } = run;
  const measured = held === undefined || validation === undefined ? whyUnmeasured(settings) : await measuredOn(
    validation, held, mistakes.worst(worstShown), "held-out images",
  );
  try {
    const record = readLog(readBytes(paths.log), paths.log);
    // A run that an older version began has a log that says less.
    const start = { ...run.facts, ...record.start };
    writeBytes(
      paths.report, trainingPage({ record: { ...record, start }, log: basename(paths.log), measured, weights: basename(paths.out) }),
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}; the weights are in ${paths.out}`);
  }
}
