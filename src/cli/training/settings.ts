/** What decides a training run: read from the command line, a recipe or a checkpoint, checked in one place. */
import { existsSync } from "node:fs";
import { hasModel, modelNames } from "../../../models/index.ts";
import { count, flag, oneOf, optional, positive, readOptions } from "../../../models/options.ts";
import type { Reader, Readers } from "../../../models/options.ts";
import { FormatError, didYouMean, show } from "../../errors.ts";
import type { Geometry } from "../../io/images/preprocess.ts";
import { passOrders } from "../../io/images/resize.ts";
import type { PassOrder } from "../../io/images/resize.ts";
import { parseJson, plainJson } from "../../io/bytes/json.ts";
import { decodeUtf8 } from "../../io/bytes/utf8.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import { constant, cosine, steps } from "../../train/optimisers/schedule.ts";
import type { Schedule } from "../../train/optimisers/schedule.ts";
import { readClassNames } from "../class-names.ts";
import { UsageError } from "../command.ts";
import { kernelNames } from "../engine.ts";
import type { KernelName } from "../engine.ts";
import type { Arguments, OptionHelp } from "../command.ts";
import { numericsNames } from "../../session/backends/numerics.ts";
import type { Numerics } from "../../session/backends/numerics.ts";
import { bundledPath, readBytes } from "../files.ts";
import { adding, numericsOption, options } from "../options.ts";
import { settingsOfWeights } from "./fine-tuning.ts";
import { counted } from "../terminal.ts";

type Sides = readonly [number, number];

export const optimiserNames = ["sgd", "nesterov", "adam", "adamw"] as const;
export const trainingEngines = ["auto", "session", "eager"] as const;
export const scheduleNames = ["cosine", "step", "constant"] as const;

/** A recipe file is a JSON object with some of these. */
export interface Settings {
  readonly model: string;
  readonly modelOptions: Readonly<Record<string, unknown>>;
  readonly epochs: number;
  readonly seed: number;
  readonly batch: number;
  readonly optimiser: (typeof optimiserNames)[number];
  /** Learning rate at its highest; where none is given, 0.1 for sgd and 0.002 for adam. */
  readonly lr: number | undefined;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly smoothing: number;
  /** What each class counts in the loss: "balanced", numbers as "1,0.5,2", or empty for all alike. */
  readonly classWeights: string;
  /** Longest gradient; absent for any. */
  readonly clip: number | undefined;
  /** Share that the average of the weights keeps of itself per update; 0 for no average. */
  readonly average: number;
  /** `auto`: a training session where the host and the model can, else eager. */
  readonly engine: (typeof trainingEngines)[number];
  readonly kernels: KernelName;
  readonly numerics: Numerics;
  readonly schedule: (typeof scheduleNames)[number];
  /** How often the cosine begins anew, and how many times as long as the one before each of its periods is. */
  readonly restarts: number;
  readonly restartFactor: number;
  /** In epochs. */
  readonly warmup: number;
  readonly flip: boolean;
  /** Pixels of padding. */
  readonly crop: number;
  /** Probability of random erasing. */
  readonly erase: number;
  /** Parameter of the beta distribution that mixes images and labels; 0 for none. */
  readonly mixup: number;
  /** The least share of a picture's area that a random crop cuts out; 0 for none. */
  readonly resizedCrop: number;
  /** Images held out of training: how many, or below 1 which share of them. */
  readonly validation: number;
  /** Epochs at the end that train on the held-out images too. */
  readonly join: number;
  /** Half precision in the result. */
  readonly half: boolean;
  /** Trains for a network of bytes, which is the result then. */
  readonly int8: boolean;
  /** Weights to begin with: a file, or "fashion-mnist" for the bundled network. Empty for none. */
  readonly from: string;
  /** Names of parameters that stay as they are. */
  readonly frozen: readonly string[] | undefined;
  /** Batch normalisation uses the running statistics, and leaves them as they are. */
  readonly frozenStatistics: boolean;
  /** Parameters with a rate and decay of their own, as training/fine-tuning.ts reads them. */
  readonly groups: string;
  /** New classes of old ones, likewise. */
  readonly relabel: string;
  readonly classes: readonly string[] | undefined;
  /** Of pictures, [height, width]: what the network sees. Absent: as large as they are. */
  readonly size: Sides | undefined;
  /** Before the middle is cut out: the shorter side, or [height, width]. */
  readonly resize: number | Sides | undefined;
  readonly interpolation: "bilinear" | "bicubic";
  /** Of the passes that resize, as Preprocessing has it. */
  readonly order: PassOrder;
  /** Of pictures; absent: grey where the network has one channel, or where nothing says so and all of them are grey. */
  readonly channels: Geometry["channels"] | undefined;
  /** One a channel, of levels from 0 to 1; measured on the training images where none are given. */
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
}

const numberFrom = (fallback: number, least: number, below: number = Infinity): Reader<number> =>
  optional(fallback, `a number of at least ${least}${below === Infinity ? "" : ` and below ${below}`}`,
    (value) => typeof value === "number" && value >= least && value < below);
const listOf = <T>(kind: string, wanted: string): Reader<readonly T[] | undefined> =>
  optional<readonly T[] | undefined>(
    undefined, wanted, (value) => Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === kind),
  );

const side = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 8192;
const sides = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && value.every(side);

const isClassWeights = (text: string): boolean => text === "" || text === "balanced" || text.split(",").every(
  (part) => /^\s*\d{1,9}(\.\d{1,20})?(e-?\d{1,2})?\s*$/.test(part)
);

/** Numbers for `compileTraining`; undefined where all classes count alike. */
export function classWeightsOf(
  { classWeights }: Pick<Settings, "classWeights">, { labels, classes }: Dataset,
): readonly number[] | undefined {
  if (classWeights === "") return undefined;
  if (classWeights !== "balanced") return classWeights.split(",").map(Number);
  const counts = new Float64Array(classes.length);
  for (const label of labels) counts[label]++;
  // As scikit-learn balances: each class counts together what every other does. One without images has nothing to count.
  return Array.from(counts, (count) => (count === 0 ? 0 : labels.length / (classes.length * count)));
}

const words: Reader<string> = optional("", "a text", (value) => typeof value === "string");

const readers: Readers<Settings> = {
  model: optional("", "the name of a model", (value) => typeof value === "string"),
  modelOptions: optional<Record<string, unknown>>({}, "an object", (value) => Object.prototype.toString.call(value) === "[object Object]"),
  epochs: count(10),
  seed: count(0, 0),
  batch: count(64),
  optimiser: oneOf(optimiserNames, "sgd"),
  lr: positive<number | undefined>(undefined),
  momentum: numberFrom(0.9, 0, 1),
  weightDecay: numberFrom(0, 0),
  smoothing: numberFrom(0, 0, 1),
  classWeights: optional(
    "", "balanced, or numbers of at least 0 as 1,0.5,2", (value) => typeof value === "string" && isClassWeights(value),
  ),
  clip: positive<number | undefined>(undefined),
  average: numberFrom(0, 0, 1),
  engine: oneOf(trainingEngines, "auto"),
  kernels: oneOf(kernelNames, "auto"),
  numerics: oneOf(numericsNames, "exact"),
  schedule: oneOf(scheduleNames, "cosine"),
  restarts: count(0, 0),
  restartFactor: numberFrom(1, 1),
  warmup: numberFrom(0, 0),
  flip: flag(false),
  crop: count(0, 0),
  erase: numberFrom(0, 0, 1),
  mixup: numberFrom(0, 0),
  resizedCrop: optional(0, "a share of the area from 0 to 1", (value) => typeof value === "number" && value >= 0 && value <= 1),
  validation: optional(
    0, "a whole number of at least 0, or a share below 1",
    (value) => typeof value === "number" && value >= 0 && (value < 1 || Number.isSafeInteger(value)),
  ),
  join: count(0, 0),
  half: flag(false),
  int8: flag(false),
  from: words,
  frozen: listOf<string>("string", "a list of names"),
  frozenStatistics: flag(false),
  groups: words,
  relabel: words,
  classes: listOf<string>("string", "a list of names"),
  size: optional<Sides | undefined>(undefined, "[height, width] in pixels, at most 8192", sides),
  resize: optional<number | Sides | undefined>(
    undefined, "pixels, or [height, width], at most 8192", (value) => side(value) || sides(value),
  ),
  interpolation: oneOf(["bilinear", "bicubic"] as const, "bilinear"),
  order: oneOf(passOrders, "pillow-13"),
  channels: optional<Geometry["channels"] | undefined>(
    undefined, "rgb, bgr or gray", (value) => value === "rgb" || value === "bgr" || value === "gray",
  ),
  mean: listOf<number>("number", "a list of numbers"),
  std: listOf<number>("number", "a list of numbers"),
};

export const settingsOptions: Readonly<Record<string, OptionHelp>> = {
  recipe: { value: "NAME", help: "settings from a bundled recipe (fashion-mnist) or a JSON file; options given beside it count more" },
  epochs: { value: "N", help: "passes over the training images (default 10)" },
  seed: { value: "S", help: "decides starting weights, order, augmentation and dropout (default 0)" },
  batch: { value: "N", help: "images a step (default 64)" },
  optimiser: { value: "NAME", help: `${optimiserNames.join(", ")} (default sgd)` },
  lr: adding(options.lr, " (default 0.1 for sgd and nesterov, 0.002 for adam and adamw)"),
  momentum: { value: "M", help: "of sgd and nesterov (default 0.9)" },
  "weight-decay": { value: "D", help: "not for biases and normalisation (default 0)" },
  smoothing: { value: "S", help: "label smoothing (default 0)" },
  "class-weights": {
    value: "LIST",
    help: "what each class counts in the loss: balanced (rare ones more), or a number a class as 1,0.5,2 (default: all alike)",
  },
  clip: { value: "NORM", help: "shortens longer gradients to this (default: none are)" },
  average: {
    value: "SHARE",
    help: "measures and writes an average of the weights that keeps this share of itself per step, such as 0.998, less in " +
      "the first steps (default 0: none)",
  },
  engine: adding(options.engine, "; default session where the host and the model can"),
  kernels: adding(options.kernels, "; here plain is eager, too; default wasm where the host can"),
  numerics: numericsOption(numericsNames, "exact"),
  threads: options.threads,
  schedule: { value: "NAME", help: "cosine, step (a tenth after 50 % and 75 % of the steps) or constant (default cosine)" },
  restarts: { value: "N", help: "times that cosine begins anew at the highest rate (default 0)" },
  "restart-factor": { value: "F", help: "each period between restarts is so many times as long as the one before (default 1)" },
  warmup: { value: "E", help: "epochs, also a part of one, over which the learning rate rises (default 0)" },
  augment: {
    value: "LIST",
    help: "none, or some of flip, crop:PIXELS, resized-crop:SHARE (of the area, at least), erase:PROBABILITY and " +
      "mixup:ALPHA, as flip,crop:2,erase:0.25,mixup:0.2 (default none)",
  },
  size: {
    value: "PIXELS",
    help: "pictures become so large, as 224 or 192x256 (height, width): their middle; default as large as they are, or as --from says",
  },
  resize: { value: "PIXELS", help: "their shorter side before that (default 8/7 of --size)" },
  interpolation: { value: "NAME", help: "of resizing: bilinear (the default) or bicubic" },
  validation: {
    value: "N", help: "training images to hold out and measure after every epoch, a number or a share such as 0.2 (default 0)",
  },
  join: { value: "N", help: "the last N epochs train on the held-out images too, and measure no more (default 0)" },
  from: {
    value: "FILE",
    help: "fine-tuning: weights to begin with, safetensors or .pth (fashion-mnist: the bundled ones); only the last layer " +
      "may differ, for other classes, and begins anew",
  },
  frozen: { value: "NAMES", help: "parameters that stay as they are, and all below them, as conv1,layer1" },
  "frozen-statistics": { help: "batch normalisation uses the statistics that came with the weights, and leaves them as they are" },
  groups: {
    value: "LIST", help: "parameters with a rate of their own (times the learning rate), and decay, as layer1:0.1;layer2:0.3:0.0001",
  },
  relabel: adding(options.relabel, ", as Tops=T-shirt/top,Coat;Shoes=Sandal; other images are left out"),
  classes: adding(options.classes, " (default classes.txt beside the data, else numbers; of pictures their folders)"),
  "model-options": options.modelOptions,
  half: { help: "writes the weights in half precision" },
  int8: {
    help: "with --from: goes on training with the rounding of bytes, and writes a network of bytes (docs/int8.md), measured on training " +
      "images",
  },
};

/** Settings that the command line gives, by their names in `Settings`. @throws UsageError */
function given(args: Arguments): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  if (args.positionals.length > 0) found.model = args.positionals[0];
  if (args.text("model-options") !== undefined) found.modelOptions = args.json("model-options");
  for (const name of [
    "epochs", "seed", "batch", "lr", "momentum", "weight-decay", "smoothing", "warmup", "validation", "join", "clip", "average", "restarts",
    "restart-factor",
  ]) {
    if (args.text(name) !== undefined) found[name.replace(/-[a-z]/g, ([, letter]) => letter.toUpperCase())] = args.number(name, 0);
  }
  for (const name of ["optimiser", "schedule", "engine", "kernels", "interpolation", "numerics", "from", "groups", "relabel"]) {
    if (args.text(name) !== undefined) found[name] = args.text(name);
  }
  const weights = args.text("class-weights");
  if (weights !== undefined) {
    if (weights === "" || !isClassWeights(weights)) {
      throw new UsageError(`senet train: --class-weights wants balanced, or numbers as 1,0.5,2, one a class, got "${weights}"`);
    }
    found.classWeights = weights;
  }
  const size = args.text("size");
  if (size !== undefined) {
    // What is said of a size before (a recipe, --from) is not meant for this one.
    found.size = sidesFrom("size", size);
    found.resize = args.text("resize") === undefined ? usualResize(found.size as Sides) : undefined;
  }
  const resize = args.text("resize");
  if (resize !== undefined) found.resize = resize.includes("x") ? sidesFrom("resize", resize) : sidesFrom("resize", resize)[0];
  if (args.text("frozen") !== undefined) found.frozen = args.list("frozen", []);
  for (const name of ["half", "int8"]) if (args.flag(name)) found[name] = true;
  if (args.flag("frozen-statistics")) found.frozenStatistics = true;
  const classes = args.text("classes");
  if (classes !== undefined) found.classes = readClassNames(classes);
  if (args.text("augment") !== undefined) Object.assign(found, augmentation(args.list("augment", [])));
  return found;
}

/** `224` or `192x256`. @throws UsageError */
function sidesFrom(option: string, text: string): Sides {
  const parts = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(text);
  const [height, width] = parts === null ? [0, 0] : [Number(parts[1]), Number(parts[2] ?? parts[1])];
  if (!side(height) || !side(width)) {
    throw new UsageError(`senet train: --${option} wants pixels as 224, or height and width as 192x256, at most 8192, got "${text}"`);
  }
  return [height, width];
}

/** A network sees 7/8 of the shorter side, as most published ones were evaluated; what is no square is what the whole picture becomes. */
function usualResize([height, width]: Sides): number | Sides {
  return height === width ? Math.floor((height * 8) / 7) : [height, width];
}

function augmentation(parts: readonly string[]): { flip: boolean; crop: number; resizedCrop: number; erase: number; mixup: number } {
  const result = { flip: false, crop: 0, resizedCrop: 0, erase: 0, mixup: 0 };
  for (const part of parts) {
    const crop = /^crop:(\d{1,4})$/.exec(part);
    const erase = /^erase:(0?\.\d{1,9})$/.exec(part);
    const share = /^resized-crop(?::(0?\.\d{1,9}|1))?$/.exec(part);
    const alpha = /^mixup:(\d{0,3}(?:\.\d{1,9})?)$/.exec(part);
    if (part === "flip") result.flip = true;
    else if (crop !== null) result.crop = Number(crop[1]);
    else if (share !== null) result.resizedCrop = Number(share[1] ?? 0.08);
    else if (erase !== null) result.erase = Number(erase[1]);
    else if (alpha !== null && Number(alpha[1]) > 0) result.mixup = Number(alpha[1]);
    else if (part !== "none") {
      throw new UsageError(
        `senet train: --augment wants none, flip, crop:PIXELS, erase:PROBABILITY (below 1) or mixup:ALPHA (above 0), got ` +
          `"${part}"${didYouMean(part, ["none", "flip", "crop:2", "erase:0.25", "mixup:0.2"])}`
      );
    }
  }
  return result;
}

function recipe(name: string): Record<string, unknown> {
  const bundled = bundledPath(`${name}.recipe.json`);
  const path = !existsSync(name) && existsSync(bundled) ? bundled : name;
  const value = plainJson(parseJson(decodeUtf8(readBytes(path), path), path));
  if (Object.prototype.toString.call(value) !== "[object Object]") {
    throw new FormatError(`${path}: a recipe is a JSON object, this is ${show(value)}`);
  }
  return value as Record<string, unknown>;
}

/** Fills in defaults. @throws UsageError for what is unknown or does not fit. */
export function completeSettings(values: Readonly<Record<string, unknown>>): Settings {
  let settings: Settings;
  try {
    settings = readOptions("senet train", values, readers);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (settings.model === "") {
    throw new UsageError("senet train: wants MODEL, such as se_resnet8 (senet summary --list names them all), or --recipe");
  }
  if (!hasModel(settings.model)) {
    throw new UsageError(`unknown model "${settings.model}"${didYouMean(settings.model, modelNames)}; senet summary --list names them all`);
  }
  return { ...settings, lr: settings.lr ?? (settings.optimiser.startsWith("adam") ? 0.002 : 0.1) };
}

/** The settings in the first line of a log, which says more beside them. @throws UsageError */
export function loggedSettings(start: Readonly<Record<string, unknown>>): Settings {
  return completeSettings(Object.fromEntries(Object.entries(start).filter(([key]) => Object.hasOwn(readers, key))));
}

/** The settings of a new run. @throws UsageError */
export function settingsFromArguments(args: Arguments): Settings {
  const name = args.text("recipe");
  const chosen = { ...(name === undefined ? {} : recipe(name)), ...given(args) };
  if (typeof chosen.from !== "string" || chosen.from === "") return completeSettings(chosen);
  const { classes, ...start } = settingsOfWeights(chosen.from, chosen.model);
  const other = chosen.model !== undefined && chosen.model !== start.model;
  return completeSettings({
    ...(other ? {} : start), ...chosen,
    ...(other ? {} : { modelOptions: { ...(start.modelOptions as object), ...(chosen.modelOptions as object | undefined) } }),
    // The names of old classes are wanted to say which new ones they make.
    ...(chosen.classes === undefined && chosen.relabel !== undefined && classes !== undefined ? { classes } : {}),
  });
}

/** JSON in which the order of an object's properties does not count. */
function text(value: unknown): string {
  return JSON.stringify(
    typeof value === "object" && value !== null &&
    !Array.isArray(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value
  );
}

/** How many of so many images are held out. */
export function heldOutCount({ validation }: Pick<Settings, "validation">, images: number): number {
  return validation < 1 ? Math.round(validation * images) : validation;
}

/**
 * The settings of a run that goes on: the checkpoint's, but that `--epochs` may add some.
 * @throws UsageError where an option says something else.
 */
export function resumedSettings(args: Arguments, saved: Readonly<Record<string, unknown>>): Settings {
  const { data: _data, ranges: _ranges, ...begunWith } = saved;
  // Checkpoints that say no order were written when there was one only.
  const begun = completeSettings({ order: "across", ...begunWith });
  const epochs = args.number("epochs", begun.epochs, { least: 1, whole: true });
  const settings = epochs > begun.epochs ? extended(begun, epochs) : begun;
  const name = args.text("recipe");
  const wanted: Record<string, unknown> = { ...(name === undefined ? {} : recipe(name)), ...given(args) };
  for (const [key, value] of Object.entries(wanted)) {
    const before = settings[key as keyof Settings];
    if (text(value) !== text(before) && !(key === "epochs" && value === begun.epochs)) {
      throw new UsageError(
        `senet train: this run was begun with ${key} ${JSON.stringify(before)}, which --resume cannot change to ${JSON.stringify(value)}`
      );
    }
  }
  return settings;
}

/** Held-out images that the run trains on already stay in training. */
function extended(settings: Settings, epochs: number): Settings {
  return { ...settings, epochs, join: settings.join === 0 ? 0 : settings.join + epochs - settings.epochs };
}

export function makeSchedule(settings: Settings, stepsPerEpoch: number): Schedule {
  const total = settings.epochs * stepsPerEpoch;
  const peak = settings.lr ?? 0.1;
  const warmup = Math.round(settings.warmup * stepsPerEpoch);
  if (warmup >= total) {
    throw new UsageError(
      `senet train: --warmup wants less than the ${counted(settings.epochs, "epoch")}, got ${settings.warmup}`,
    );
  }
  const { schedule, restarts, restartFactor } = settings;
  if (restarts > 0 && schedule !== "cosine") throw new UsageError(`senet train: --restarts wants the schedule cosine, got ${schedule}`);
  if (schedule === "constant") return constant({ peak, warmup });
  if (schedule === "cosine") {
    try {
      return cosine({ peak, warmup, steps: total, restarts, factor: restartFactor });
    } catch (error) {
      throw new UsageError(`senet train: ${(error as Error).message}`);
    }
  }
  const milestones = [0.5, 0.75].map((share) => Math.max(1, Math.round(share * total)));
  return steps({ peak, warmup, milestones: milestones.filter((milestone, i) => i === 0 || milestone > milestones[i - 1]) });
}
