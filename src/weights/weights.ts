/** Weight files and models: bytes in, bytes out. What the names mean is io/weights/fit.ts, the format io/weights/safetensors.ts. */
import { check, isTensor, record, text, texts } from "../checks.ts";
import { checkModule } from "../nn/check.ts";
import { FormatError, checkOptions, show } from "../errors.ts";
import { bytesOf } from "../io/bytes/bytes-of.ts";
import { fitNames } from "../io/weights/fit.ts";
import { foreignFile } from "../io/weights/foreign.ts";
import { describeModel, describeState, readModelDescription, readState } from "../io/weights/metadata.ts";
import type { ModelDescription } from "../io/weights/metadata.ts";
import type { AnyTensor } from "../io/weights/names.ts";
import { undoing } from "../io/weights/pruned.ts";
import type { Preprocessing } from "../io/images/preprocess.ts";
import { parsePreprocessing, withOrder } from "../io/images/preprocessing-json.ts";
import { readSafetensors, writeSafetensors } from "../io/weights/safetensors.ts";
import type { SafetensorsFile } from "../io/weights/safetensors.ts";
import { isRead, numbersOf } from "../io/weights/stored.ts";
import type { WeightsFile } from "../io/weights/stored.ts";
import { checkClassNames, headOf } from "../nn/class-count.ts";
import { BatchNorm2d } from "../nn/layers/batch-norm.ts";
import { isLayer } from "../nn/module.ts";
import type { Module } from "../nn/module.ts";
import { applySettings, settingsOf } from "../nn/settings.ts";
import { compareState, describeReport, fitsWhole, loadStateDict, stateDict, stateShapes } from "../nn/state-dict.ts";
import type { LoadReport } from "../nn/state-dict.ts";
import type { Tensor } from "../tensor.ts";

/**
 * How `loadWeights` takes a file.
 * @example
 * const options: LoadOptions = { partial: "head" };                       // another number of classes
 * const file = saveWeights(createModel("se_resnet8", { classes: 3 }, 1));
 * loadWeights(createModel("se_resnet8", { classes: 5 }, 1), file, options).misshapen.length   // => 2
 */
export interface LoadOptions {
  /**
   * "head": only the last layer may differ, as for another number of classes; it keeps its values. true: load what fits, and report the
   * rest.
   */
  readonly partial?: boolean | "head";
  /** The dictionary of the file to take, such as "model_ema", where it holds several sets of weights. */
  readonly part?: string;
}

/**
 * What `loadWeights` did.
 * @example
 * const model = createModel("se_resnet8", {}, 1);
 * const report: WeightsReport = loadWeights(model, saveWeights(model));
 * report.unexpected   // => []
 */
export interface WeightsReport extends LoadReport {
  /** How names were read and what was left out, a short text each. */
  readonly notes: readonly string[];
}

/**
 * A file's tensors, read or not, and what it says of itself.
 * @example
 * const file: AnyWeightsFile = parseSafetensors(saveWeights(new Conv2d(1, 2, { kernel: 1 })));
 * loadWeights(new Conv2d(1, 2, { kernel: 1 }), file).notes   // => []
 */
export type AnyWeightsFile = WeightsFile | SafetensorsFile;

/**
 * Loads weights with the names of timm, torchvision, Cadene or this package into a model, under whatever wrappers and trainers put around
 * the names; of a stopped training run those that it would have written at its end.
 * @example
 * const model = new Conv2d(1, 2, { kernel: 1 });
 * loadWeights(model, saveWeights(model)).notes   // => []
 * @param file safetensors as bytes; or what a reader gave, as `readCheckpoint` for files of PyTorch
 * @throws FormatError for bytes of another format, naming it; RangeError that names what does not fit. Then the model is unchanged.
 */
export function loadWeights(model: Module, file: Uint8Array | ArrayBuffer | AnyWeightsFile, options: LoadOptions = {}): WeightsReport {
  checkOptions("loadWeights", options, ["partial", "part"] as const satisfies readonly (keyof LoadOptions)[]);
  checkModule("loadWeights", model);
  const { partial = false, part } = options;
  if (typeof partial !== "boolean" && partial !== "head") {
    throw new TypeError(`loadWeights: partial wants true, false or "head", got ${show(partial)}`);
  }
  if (part !== undefined) check("loadWeights", "part", part, text);
  const opened = isRead(file) ? file : open(file);
  if (Object.hasOwn(opened.metadata, "senet.int8")) {
    throw new FormatError("weights: the file is a quantised network; readQuantised(model, file) reads it");
  }
  if (partial !== true) checkSibling(model, readModelDescription(opened.metadata)?.model);
  const { tensors, notes: ofRun } = part === undefined ? ofTraining(opened) : { tensors: opened.tensors, notes: [] };
  const fit = fitNames(tensors, stateShapes(model), model.layouts(), part);
  const { fitting, ...compared } = compareState(model, fit.tensors);
  const report = { ...compared, notes: [...ofRun, ...fit.notes] };
  if (partial !== true && !fitsWhole(report)) {
    const head = partial === "head" ? headOf(model) : undefined;
    const rest = head === undefined ? report : withoutHead(report, head);
    if (!fitsWhole(rest)) throw new RangeError(whyNot(rest, head, opened, fit.notes));
  }
  const values = new Map<string, Tensor>();
  for (const name of fitting) {
    const tensor = fit.tensors.get(name)!;
    values.set(name, isTensor(tensor) ? tensor : numbersOf(name, tensor, true));
  }
  if (values.size === 0) throw new RangeError("weights do not fit the model: no tensor has a name and shape that it wants");
  setState(model, readState(opened.metadata), fit.epsilon, partial === true);
  loadStateDict(model, values, { partial: true });
  return report;
}

/**
 * Networks named alike but for `tf_` have tensors of the same names and shapes, or nearly, and pad otherwise.
 * @throws RangeError where a file says that it is of one, and the model is the other
 */
function checkSibling(model: Module, of: string | undefined): void {
  const given = model.identity?.model;
  const bare = (name: string): string => name.replace(/^[a-z]+\//, "");
  if (of === undefined || given === undefined || bare(of) === bare(given)) return;
  const [from, to] = [bare(of), bare(given)].map((name) => name.replace(/^tf_/, ""));
  if (from !== to) return;
  const how = (name: string): string => (bare(name).startsWith("tf_") ? "pads as TensorFlow does" : "pads all sides alike");
  throw new RangeError(`weights: the file is of ${of}, which ${how(of)}; ${given} ${how(given)}: createModel("${of}") fits`);
}

function open(bytes: Uint8Array | ArrayBuffer): WeightsFile {
  const file = bytesOf(bytes, "loadWeights");
  // Of safetensors byte 7 is the highest one of a length.
  if ((file[0] === 0x50 && file[1] === 0x4b) || (file[0] === 0x80 && file[7] !== 0)) {
    throw new FormatError(
      "weights: the file is a checkpoint of PyTorch, or another archive: loadWeights(model, readCheckpoint(bytes)) reads it"
    );
  }
  const foreign = file[7] === 0 && file[8] === 0x7b ? undefined : foreignFile(file);
  if (foreign !== undefined) throw new FormatError(`weights: the file is ${foreign}`);
  return readSafetensors(file);
}

/** Of a checkpoint of our own training the weights that the run measures: averaged ones where it keeps an average. */
function ofTraining({ tensors, metadata }: AnyWeightsFile): { tensors: ReadonlyMap<string, AnyTensor>; notes: string[] } {
  if (!Object.hasOwn(metadata, "senet.training")) return { tensors, notes: [] };
  const result = new Map<string, AnyTensor>();
  let averages = 0;
  for (const [name, tensor] of tensors) {
    if (!name.startsWith("model.")) continue;
    const average = tensors.get(`optimiser.average.${name.slice(6)}`);
    if (average !== undefined) averages++;
    result.set(name.slice(6), average ?? tensor);
  }
  return { tensors: result, notes: [`of a training run that has not ended${averages > 0 ? ": its averaged weights are taken" : ""}`] };
}

/** What is left of a report when everything of the last layer is in order. */
function withoutHead(report: LoadReport, head: string): LoadReport {
  const other = (name: string): boolean => !name.startsWith(`${head}.`);
  const missing = report.missing.filter(other);
  // A head of another name: one layer, in place of ours.
  const layers = new Set(report.unexpected.map((name) => name.slice(0, Math.max(0, name.lastIndexOf(".")))));
  const replaced = layers.size === 1 && report.missing.length > missing.length && report.unexpected.every(
    (name) => /\.(weight|bias)$/.test(name)
  );
  return { missing, misshapen: report.misshapen.filter(other), unexpected: replaced ? [] : report.unexpected.filter(other) };
}

function whyNot(report: LoadReport, head: string | undefined, { metadata, ...file }: AnyWeightsFile, notes: readonly string[]): string {
  const unreadable = "unreadable" in file ? [...file.unreadable].slice(0, 3).map(([name, what]) => `; ${show(name)} is ${what}`) : [];
  const only = head === undefined ? "" : `, and only ${head} may differ`;
  const said = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
  const undo = report.missing.length === 0 ? undefined : undoing(new Set(file.tensors.keys()));
  const rest = unreadable.join("") + said + (undo === undefined ? "" : `; ${undo}`);
  return `weights do not fit the model${only}: ${describeReport(report)}${rest}`;
}

/** Epsilons that foreign weights have set, and what they were before. */
const changed = new WeakMap<BatchNorm2d, { readonly before: number; readonly set: number }>();

/**
 * Sets what the file, or its layout, says of numbers that are no tensors. Where neither says anything, what weights before have set is
 * taken back; what the caller has set stays.
 */
function setState(model: Module, state: ReturnType<typeof readState>, epsilon: number | undefined, partial: boolean): void {
  const norms = [...model.tree()].filter((module) => isLayer(module, BatchNorm2d, "BatchNorm2d"));
  const before = norms.map((norm) => {
    const last = changed.get(norm);
    return last?.set === norm.epsilon ? last.before : norm.epsilon;
  });
  if (state !== undefined) applySettings(model, partial ? known(model, state) : state);
  norms.forEach((norm, i) => {
    if (state?.epsilon === undefined) norm.epsilon = epsilon ?? before[i];
    if (norm.epsilon === before[i]) changed.delete(norm);
    else changed.set(norm, { before: before[i], set: norm.epsilon });
  });
}

/** Without modules that the model has not. */
function known(model: Module, state: NonNullable<ReturnType<typeof readState>>): typeof state {
  const modules = model.namedModules();
  return Object.fromEntries(Object.entries(state).map(([name, values]) =>
    [
      name, Object.fromEntries(Object.entries(values).filter(
        ([path]) => path === "*" || modules.get(path)?.settings()[name] !== undefined
      )),
    ]));
}

/**
 * What `saveWeights` may be told.
 * @example
 * const options: SaveOptions = { dtype: "F16" };
 * saveWeights(new Conv2d(1, 64, { kernel: 7 }), options).length < 7000   // => true
 */
export interface SaveOptions {
  /** How values are stored; F16 halves the file. Default F32. */
  readonly dtype?: "F32" | "F16";
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

/**
 * A safetensors file of the model's state that says which model it is, with which options, classes and preprocessing, and batch
 * normalisation's epsilon and momentum.
 * @throws RangeError for more or fewer names than the network has classes, an unknown option or dtype; TypeError for what is no Module
 * @example
 * const file = saveWeights(createModel("se_resnet8", { classes: 3 }, 1), { dtype: "F16", classes: ["cat", "dog", "ship"] });
 * weightsDescription(readWeights(file))?.classes   // => ["cat","dog","ship"]
 */
export function saveWeights(model: Module, options: SaveOptions = {}): Uint8Array {
  checkOptions("saveWeights", options, ["dtype", "classes", "preprocessing"] as const satisfies readonly (keyof SaveOptions)[]);
  checkModule("saveWeights", model);
  const { dtype = "F32", classes, preprocessing } = options;
  if (dtype !== "F32" && dtype !== "F16") throw new RangeError(`saveWeights: dtype wants "F32" or "F16", got ${show(dtype)}`);
  if (classes !== undefined) check("saveWeights", "classes", classes, texts);
  if (classes !== undefined) checkClassNames("saveWeights: classes", classes, model);
  const description = model.identity === undefined ? {} : describeModel({
    ...model.identity,
    ...(classes === undefined ? {} : { classes }),
    ...(preprocessing === undefined ? {} : { preprocessing: withOrder(parsePreprocessing(preprocessing), "pillow-13") }),
  });
  return writeSafetensors(stateDict(model), { dtype, metadata: { ...description, ...describeState(settingsOf(model)) } });
}

/**
 * What a weights file says of itself, or undefined where it says nothing (files of other programs). A preprocessing that resizes and says
 * no `order` is of a senet until 0.1: "across" was meant (`openNetwork` fills it in). @throws FormatError
 * @example
 * const file = readWeights(saveWeights(createModel("se_resnet8", { classes: 3 }, 1)));
 * weightsDescription(file)?.model   // => se_resnet8
 */
export function weightsDescription(file: { readonly metadata: Readonly<Record<string, string>> }): ModelDescription | undefined {
  if (!record.is(Object(file).metadata)) {
    throw new TypeError(`weightsDescription: file wants what readWeights or parseSafetensors gives, got ${show(file)}`);
  }
  return readModelDescription(file.metadata);
}
