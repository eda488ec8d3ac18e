/** From the bytes of a weights file to a network that answers: the model, the names of its classes, and how images are prepared for it. */
import { createModel } from "../../models/index.ts";
import { checkFields, record, text, texts } from "../checks.ts";
import type { ArgumentKind } from "../checks.ts";
import { FormatError, show } from "../errors.ts";
import { assumedPreprocessing, guessModel, limited, otherNetwork, preparationOf, withOtherClasses } from "./network-of-file.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import { bytesOf } from "../io/bytes/bytes-of.ts";
import { parsePreprocessing } from "../io/images/preprocessing-json.ts";
import { readWeights } from "../io/weights/read.ts";
import { checkClassNames } from "../nn/class-count.ts";
import type { Module } from "../nn/module.ts";
import { loadWeights, weightsDescription } from "./weights.ts";

/**
 * A network with its weights, and what is needed to use it.
 * @example
 * const file = saveWeights(createModel("se_resnet8", { classes: 3 }, 1));
 * const opened: OpenedNetwork = openNetwork(file, { preprocessing: presets["imagenet"] });
 * opened.described   // => false
 */
export interface OpenedNetwork {
  readonly model: Module;
  /** A name for each output, in order; undefined where the file names none (ImageNet's are in "senet/models/imagenet-classes"). */
  readonly classes: readonly string[] | undefined;
  readonly preprocessing: Preprocessing;
  /** Did the file say how its images are prepared? Else it is what published weights of this network were evaluated with. */
  readonly described: boolean;
}

/**
 * What the file does not say, or says otherwise.
 * @example
 * const file = saveWeights(createModel("se_resnet8", { classes: 3 }, 1));
 * const options: OpenOptions = { classes: ["cat", "dog", "ship"], preprocessing: presets["imagenet"] };
 * openNetwork(file, options).classes?.[1]   // => dog
 */
export interface OpenOptions {
  /** One of `modelNames`. */
  readonly model?: string;
  /** Added to those that the file has for its model. */
  readonly modelOptions?: Readonly<Record<string, unknown>>;
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
  /** The dictionary of the file to take, such as "model_ema", where it holds several sets of weights. */
  readonly part?: string;
}

/**
 * Opens what `saveWeights` or `senet train` wrote; or published weights (safetensors or PyTorch's), whose network is told from its
 * tensors where `model` does not say it.
 * @throws TypeError for what is no bytes; FormatError for no sound file; RangeError where the model is unknown or does not fit, or the
 * names are more or fewer than its classes
 * @example
 * const classes = ["cat", "dog", "ship"];
 * const file = saveWeights(createModel("se_resnet8", { classes: 3 }, 1), { classes, preprocessing: presets["imagenet"] });
 * const opened = openNetwork(file);
 * [opened.classes, opened.model.identity?.model]   // => [["cat","dog","ship"],"se_resnet8"]
 */
export function openNetwork(bytes: Uint8Array | ArrayBuffer, options: OpenOptions = {}): OpenedNetwork {
  const known: Record<keyof OpenOptions, ArgumentKind | null> = {
    model: text, modelOptions: record, classes: texts, preprocessing: null, part: text,
  };
  checkFields("openNetwork", options, known);
  const file = readWeights(bytesOf(bytes, "openNetwork"));
  const { part } = options;
  const description = weightsDescription(file);
  const name = options.model ?? description?.model ?? guessModel(file, part);
  if (name === undefined) {
    throw new FormatError(
      "openNetwork: the file does not say which network it is of, and its tensors do not tell; the option model names it",
    );
  }
  const own = name === description?.model ? description.options : {};
  const asked = { ...own, ...options.modelOptions };
  const build = (more: object = {}): Module => createModel(name, { ...asked, ...more }, null);
  let model = Object.keys(own).length === 0 ? build() : limited(file, build, options.modelOptions !== undefined);
  if (!Object.hasOwn(asked, "classes")) model = withOtherClasses(file, model, part, build);
  try {
    loadWeights(model, file, part === undefined ? {} : { part });
  } catch (error) {
    const other = otherNetwork(file, name, part);
    if (!(error instanceof RangeError) || other === undefined) throw error;
    throw new RangeError(`${error.message}; the file has weights of ${other}, and ${name} was asked for`);
  }
  const classes = options.classes ?? description?.classes;
  if (classes !== undefined) {
    checkClassNames(options.classes === undefined ? "openNetwork: the file" : "openNetwork: classes", classes, model);
  }
  if (options.preprocessing !== undefined && typeof options.preprocessing !== "object") {
    throw new TypeError(`openNetwork: preprocessing wants an object, such as presets.imagenet, got ${show(options.preprocessing)}`);
  }
  const given = options.preprocessing === undefined ? undefined : parsePreprocessing(options.preprocessing);
  return {
    model, classes, preprocessing: given ?? preparationOf(description) ?? assumedPreprocessing(name, model),
    described: description?.preprocessing !== undefined,
  };
}
