/** What several commands share: the MODEL argument, its options, weights and kernels. */
import * as plain from "../../kernels/plain/index.ts";
import * as reference from "../../kernels/reference/index.ts";
import { createModel, hasModel, presets } from "../../models/index.ts";
import { FormatError, didYouMean, printable } from "../errors.ts";
import { parseJson, plainJson } from "../io/bytes/json.ts";
import { decodeUtf8 } from "../io/bytes/utf8.ts";
import { isQuantised } from "../quantise/file.ts";
import type { QuantisedNetwork } from "../quantise/network.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import { some } from "../io/weights/fit.ts";
import type { WeightsFile } from "../io/weights/stored.ts";
import { parsePreprocessing } from "../io/images/preprocessing-json.ts";
import { checkClassNames, classCount } from "../nn/class-count.ts";
import { assumedPreprocessing, guessModel, otherNetwork, preparationOf, withOtherClasses } from "../weights/network-of-file.ts";
import type { Module } from "../nn/module.ts";
import { OversizeError } from "../nn/parameter.ts";
import type { Shape } from "../tensor.ts";
import { weightsDescription } from "../weights/weights.ts";
import { readClassNames } from "./class-names.ts";
import { UsageError } from "./command.ts";
import type { Arguments } from "./command.ts";
import { bundledPath, readBytes } from "./files.ts";
import { note } from "./terminal.ts";
import { limitOf, loadInto, quantisedOf, readWeightsFile } from "./weights-file.ts";

/** @throws UsageError for an unknown model or option. */
export function modelFromArguments(args: Arguments, name: string, seed: number | null, options?: Record<string, unknown>): Module {
  try {
    return createModel(name, options ?? args.json("model-options"), seed);
  } catch (error) {
    if (!(error instanceof RangeError) || error instanceof OversizeError) throw error;
    throw new UsageError(`${error.message}${hasModel(name) ? "" : "; senet summary --list names them all"}`);
  }
}

/** Puts the kernels that `--kernels` names into a model that computes eagerly. */
export function chooseEagerKernels(args: Arguments, model: Module): Module {
  const name = args.choice("kernels", ["plain", "reference"], "plain");
  return model.use(name === "plain" ? plain : reference);
}

/** `--input 1,3,224,224`. @throws UsageError for anything but four whole numbers of at least 1. */
export function inputShape(args: Arguments, fallback: Shape): Shape {
  const given = args.text("input");
  if (given === undefined) return fallback;
  const shape = given.split(/[,x]/).map(Number);
  if (shape.length !== 4 || !shape.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw new UsageError(
      `senet ${args.command.name}: --input wants four whole numbers as 1,3,224,224 (batch, channels, height, width), got "${given}"`
    );
  }
  return shape;
}

/** A model with weights, and what is needed to use it. */
export interface Network {
  readonly model: Module;
  /** For people: "se_resnet8 of fashion-mnist.safetensors". */
  readonly title: string;
  readonly classes: readonly string[] | undefined;
  readonly preprocessing: Preprocessing;
  /** Did the file say how its images were prepared? */
  readonly described: boolean;
  /** What computes, of a quantised file: then the model has no weights. */
  readonly quantised?: QuantisedNetwork | undefined;
}

/** The model and weights that the arguments name: the file's own description first, then its tensors' names, then --model. */
export function loadNetwork(
  args: Arguments, modelName: string | undefined = args.text("model"), weights: string | undefined = args.text("weights"),
): Network {
  if (weights === undefined && modelName !== undefined) {
    throw new UsageError(`senet ${args.command.name}: --weights FILE is wanted with a model (only the bundled network comes with weights)`);
  }
  const path = weights ?? bundledPath("fashion-mnist.safetensors");
  const file = readWeightsFile(path);
  const description = weightsDescription(file);
  const preset = presetOf(args);
  const guess = modelName === undefined && description === undefined ? guessModel(file, args.text("part")) : undefined;
  // Weights of two networks may have the same names and shapes: then the preset says which.
  const name = modelName ?? description?.model ?? (
    guess !== undefined && preset?.model !== undefined && sameButPadding(guess, preset.model) ? preset.model : guess
  );
  if (name === undefined) checkPart(file, args.text("part"), path);
  if (name === undefined) throw new UsageError(`${path} does not say which model it belongs to: --model M is wanted`);
  if (preset?.model !== undefined) checkPreset(preset.name, preset.model, name);
  if (guess !== undefined && name === guess) {
    const sibling = [`tf_${name}`, name.replace(/^tf_/, "")].find((other) => other !== name && hasModel(other));
    note(
      `${path}: by its names it has weights of ${name}${sibling === undefined ? "" : ` (or of ${sibling}, whose names are the same)`}; ` +
        `--model says otherwise`
    );
  }
  // The file's options hold for the file's model; options on the command line add to them.
  const own = name === description?.model ? description.options : {};
  const part = args.text("part");
  const options = { ...own, ...args.json("model-options") };
  const build = (more: object = {}): Module => modelFromArguments(args, name, null, { ...options, ...more });
  let model = Object.keys(own).length === 0 ? build() : limitOf(file, path, build, args.text("model-options") !== undefined);
  if (!Object.hasOwn(options, "classes")) model = withOtherClasses(file, model, part, build);
  let quantised: QuantisedNetwork | undefined;
  try {
    if (isQuantised(file)) quantised = quantisedOf(model, file, path);
    else loadInto(model, file, path, part === undefined ? {} : { part });
  } catch (error) {
    const { message } = error as Error;
    const other = otherNetwork(file, name, part);
    if (guess !== undefined) throw new Error(`${message}; by its names it was taken for ${name}, --model says otherwise`);
    throw other === undefined ? error : new Error(`${message}; the file has weights of ${other}, and ${name} was asked for`);
  }
  const preprocessing = preset?.preprocessing ?? preparationOf(description);
  // A conversion writes what is known, but for networks of bytes, which are measured on pictures that were prepared so.
  if (preprocessing === undefined && (args.command.name !== "convert" || args.flag("int8"))) {
    note(
      `${path} does not say how its pictures are prepared: ${inWords(assumedPreprocessing(name, model))} are assumed; --preset NAME chooses`
    );
  }
  return {
    model,
    title: `${name} of ${path.split(/[\\/]/).at(-1)}`,
    classes: classNames(args, model, description?.classes, path),
    preprocessing: preprocessing ?? assumedPreprocessing(name, model),
    described: description?.preprocessing !== undefined, quantised,
  };
}

/** @throws UsageError where `--part` names nothing of the file: then it is no wonder that no network was found */
function checkPart({ tensors }: WeightsFile, part: string | undefined, path: string): void {
  const names = [...tensors.keys()];
  if (part === undefined || names.some((name) => name.startsWith(`${part}.`))) return;
  const parts = [...new Set(names.filter((name) => name.includes(".")).map((name) => name.slice(0, name.indexOf("."))))];
  throw new UsageError(`${path} has no part "${printable(part)}"${didYouMean(part, parts)}; it has ${some(parts)}`);
}

/** A list of names that needs no file. */
const imagenet = "imagenet";

function inWords({ size, resize, mean: means, std }: Preprocessing): string {
  const of = typeof resize === "number" && resize !== size[0] ? ` of ${resize}` : "";
  return `${size.join(" x ")} pixels${of}, mean ${means.join(", ")} and deviation ${std.join(", ")}`;
}

/** @throws UsageError for a preset of weights that want another graph than the network has; one of other weights is remarked on. */
function checkPreset(preset: string, of: string, name: string): void {
  const network = name.replace(/^(timm|torchvision)\//, "");
  if (of.startsWith("tf_") !== network.startsWith("tf_")) {
    throw new UsageError(`preset "${preset}" is of weights of ${of}, which pads otherwise than ${name}: --model ${of} is wanted with it`);
  }
  if (of !== network) note(`preset "${preset}" is of weights of ${of}; the network is ${name}`);
}

/** Are they the same network, but for TensorFlow's padding? Their weights have the same names and shapes. */
function sameButPadding(a: string, b: string): boolean {
  return a !== b && a.replace(/^tf_/, "") === b.replace(/^tf_/, "");
}

/**
 * Those of `--classes`, else the file's own.
 * @throws RangeError where there are more or fewer than the network has classes: each would get another's name
 */
function classNames(args: Arguments, model: Module, own: readonly string[] | undefined, weights: string): readonly string[] | undefined {
  const path = args.text("classes");
  const names = path === undefined || path === imagenet ? own : readClassNames(path);
  if (path === imagenet) return names;
  if (names !== undefined) checkClassNames(path ?? `${weights}, whose names --classes FILE could replace,`, names, model);
  return names;
}

/**
 * Names for the answers. Published weights of 1,000 classes that name none are ImageNet's, as good as always; then it is said that they are
 * taken for such.
 */
export async function namesOf(args: Arguments, { classes, model, described, title }: Network): Promise<readonly string[] | undefined> {
  const asked = args.text("classes") === imagenet;
  if (!asked && (classes !== undefined || described || classCount(model) !== 1000)) return classes;
  const { imagenetClasses } = await import("../../models/imagenet-classes.ts");
  checkClassNames("ImageNet", imagenetClasses, model);
  if (!asked) note(`${title} names no classes: the names are ImageNet's (--classes FILE gives others)`);
  return imagenetClasses;
}

/** What `--preset` names. @throws UsageError for a name that is none */
export function chosenPreset(args: Arguments): Preprocessing | undefined {
  return presetOf(args)?.preprocessing;
}

/** A file with what saved weights say of it: `{ "size": [224, 224], "channels": "rgb", ... }`. @throws FormatError naming the file */
function preprocessingOf(path: string): Preprocessing {
  const text = decodeUtf8(readBytes(path), path);
  try {
    return parsePreprocessing(plainJson(parseJson(text, path)));
  } catch (error) {
    const { message } = error as Error;
    throw new FormatError(message.startsWith(path) ? message : `${path}: ${message}`);
  }
}

interface Preset {
  readonly name: string;
  /** The network whose weights it is of; undefined for those of many. */
  readonly model: string | undefined;
  readonly preprocessing: Preprocessing;
}

function presetOf(args: Arguments): Preset | undefined {
  const name = args.text("preset");
  if (name === undefined) return undefined;
  if (/\.json$/i.test(name)) return { name, model: undefined, preprocessing: preprocessingOf(name) };
  if (!Object.hasOwn(presets, name)) {
    const known = Object.keys(presets);
    throw new UsageError(
      `unknown preset "${name}"${didYouMean(name, known)}; there are ${known.length}, such as ${known.slice(0, 6).join(", ")}; ` +
        "or a file, NAME.json"
    );
  }
  const model = name.split(/[.@]/, 1)[0];
  return { name, model: hasModel(model) || model.startsWith("tf_") ? model : undefined, preprocessing: presets[name] };
}
