/** What several commands share: the MODEL argument, its options, weights and kernels. */
import * as plain from "../../kernels/plain/index.ts";
import * as reference from "../../kernels/reference/index.ts";
import { checkpointModel, createModel, hasModel, presets, usualPreprocessing } from "../../models/index.ts";
import { didYouMean } from "../errors.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import { parseSafetensors } from "../io/weights/safetensors.ts";
import { checkClassNames, classCount } from "../nn/class-count.ts";
import type { Module } from "../nn/module.ts";
import type { Shape } from "../tensor.ts";
import { loadWeights, weightsDescription } from "../weights.ts";
import { readClassNames } from "./class-names.ts";
import { UsageError } from "./command.ts";
import type { Arguments, OptionHelp } from "./command.ts";
import { bundledPath, readBytes } from "./files.ts";
import { remark } from "./terminal.ts";

export const modelOptionsHelp: OptionHelp = { value: "JSON", help: `the model's options, such as '{"classes":10,"reduction":8}'` };
export const eagerKernelsHelp: OptionHelp = { value: "NAME", help: "plain (TypeScript, the default) or reference (the textbook); it computes eagerly" };

/** @throws UsageError for an unknown model or option. */
export function modelFromArguments(args: Arguments, name: string, seed: number | null, options?: Record<string, unknown>): Module {
  try {
    return createModel(name, options ?? args.json("model-options"), seed);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
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
    throw new UsageError(`senet ${args.command.name}: --input wants four whole numbers as 1,3,224,224 (batch, channels, height, width), got "${given}"`);
  }
  return shape;
}

/** The options that `loadNetwork` reads; `classes` and `preset` belong to commands that see pictures. */
export const networkOptions: Readonly<Record<string, OptionHelp>> = {
  model: { value: "M", help: "the model's name, where the weights do not say it" },
  weights: { value: "FILE", help: "safetensors; the bundled Fashion-MNIST network where nothing is given" },
};

/** A model with weights, and what is needed to use it. */
export interface Network {
  readonly model: Module;
  /** For people: "se_resnet8 of fashion-mnist.safetensors". */
  readonly title: string;
  readonly classes: readonly string[] | undefined;
  readonly preprocessing: Preprocessing;
  /** Did the file say how its images were prepared? */
  readonly described: boolean;
}

/** The model and weights that the arguments name: the file's own description first, then its tensors' names, then --model. */
export function loadNetwork(args: Arguments, modelName: string | undefined = args.text("model"), weights: string | undefined = args.text("weights")): Network {
  if (weights === undefined && modelName !== undefined) throw new UsageError(`senet ${args.command.name}: --weights FILE is wanted with a model (only the bundled network comes with weights)`);
  const path = weights ?? bundledPath("fashion-mnist.safetensors");
  const file = parseSafetensors(readBytes(path), { share: true });
  const description = weightsDescription(file);
  const guessed = checkpointModel(new Map([...file.tensors].map(([name, tensor]) => [name, tensor.shape])));
  const name = modelName ?? description?.model ?? guessed;
  if (name === undefined) throw new UsageError(`${path} does not say which model it belongs to: --model M is wanted`);
  // The file's options hold for the file's model; options on the command line add to them.
  const own = name === description?.model ? description.options : {};
  const model = modelFromArguments(args, name, null, { ...own, ...args.json("model-options") });
  loadWeights(model, file);
  return {
    model,
    title: `${name} of ${path.split(/[\\/]/).at(-1)}`,
    classes: classNames(args, model, description?.classes, path),
    preprocessing: chosenPreset(args) ?? description?.preprocessing ?? usualPreprocessing(name),
    described: description?.preprocessing !== undefined,
  };
}

/** A list of names that needs no file. */
const imagenet = "imagenet";

/** Those of `--classes`, else the file's own. @throws RangeError where there are more or fewer than the network has classes: each would get another's name */
function classNames(args: Arguments, model: Module, own: readonly string[] | undefined, weights: string): readonly string[] | undefined {
  const path = args.text("classes");
  const names = path === undefined || path === imagenet ? own : readClassNames(path);
  if (path === imagenet) return names;
  if (names !== undefined) checkClassNames(path ?? `${weights}, whose names --classes FILE could replace,`, names, model);
  return names;
}

/**
 * Names for the answers. Published weights of 1,000 classes that name none are ImageNet's, as good as always; then it is said that they are taken for such.
 */
export async function namesOf(args: Arguments, { classes, model, described, title }: Network): Promise<readonly string[] | undefined> {
  const asked = args.text("classes") === imagenet;
  if (!asked && (classes !== undefined || described || classCount(model) !== 1000)) return classes;
  const { imagenetClasses } = await import("../../models/imagenet-classes.ts");
  checkClassNames("ImageNet", imagenetClasses, model);
  if (!asked) remark(`${title} names no classes: the names are ImageNet's (--classes FILE gives others)`);
  return imagenetClasses;
}

/** What `--preset` names. @throws UsageError for a name that is none */
export function chosenPreset(args: Arguments): Preprocessing | undefined {
  const name = args.text("preset");
  if (name === undefined) return undefined;
  if (!Object.hasOwn(presets, name)) throw new UsageError(`unknown preset "${name}"${didYouMean(name, Object.keys(presets))}; presets: ${Object.keys(presets).join(", ")}`);
  return presets[name];
}
