/**
 * What makes a weights file describe itself: the model's name and options, its classes and how images are prepared for it, as the
 * texts of a safetensors file's `__metadata__`. Other readers ignore them; other writers' texts stand beside them.
 *
 *   senet.format          "1"
 *   senet.model           a name that models/ knows, such as "seresnet50"
 *   senet.options         JSON object, such as {"classes":10}
 *   senet.classes         JSON list of texts (may be missing)
 *   senet.preprocessing   JSON object, see preprocess.ts (may be missing)
 *   senet.state           JSON object, numbers that are no tensors: {"epsilon":{"*":0.001,"bn1":1e-5}}, by setting, then by module (may be
 *                         missing; stands also in files that name no model)
 */
import { FormatError, show } from "../../errors.ts";
import { parseJson, plainJson } from "../bytes/json.ts";
import type { Preprocessing } from "../images/preprocess.ts";
import { parsePreprocessing } from "../images/preprocessing-json.ts";

export interface ModelDescription {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** A name for each output, in order. */
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

const FORMAT = "1";

/**
 * `description` as metadata. Equal descriptions give equal texts, whatever the order of their properties.
 * @throws TypeError where something is of the wrong kind or is no JSON (a function, NaN); FormatError for a wrong preprocessing
 */
export function describeModel(description: ModelDescription): Record<string, string> {
  const { model, options, classes, preprocessing } = description;
  if (typeof model !== "string" || model === "") throw new TypeError(`describeModel: model wants a name, got ${show(model)}`);
  if (!isPlainObject(options)) throw new TypeError(`describeModel: options wants an object, got ${show(options)}`);
  if (classes !== undefined && !isTexts(classes)) throw new TypeError(`describeModel: classes wants a list of texts, got ${show(classes)}`);
  return {
    "senet.format": FORMAT,
    "senet.model": model,
    "senet.options": orderedJson(options, "options"),
    ...(classes === undefined ? {} : { "senet.classes": JSON.stringify(classes) }),
    ...(preprocessing === undefined ? {} : { "senet.preprocessing": orderedJson(parsePreprocessing(preprocessing), "preprocessing") }),
  };
}

/**
 * The description in a file's metadata, or undefined where it has none (weights that senet did not write). Whether the model
 * and its options exist is for models/ to say.
 * @throws FormatError with one line that names the key
 */
export function readModelDescription(metadata: Readonly<Record<string, string>>): ModelDescription | undefined {
  const text = (key: string): string | undefined => (Object.hasOwn(metadata, key) ? metadata[key] : undefined);
  const json = (key: string): unknown => {
    const value = text(key);
    return value === undefined ? undefined : plainJson(parseJson(value, `weights metadata: ${key}`));
  };
  const format = text("senet.format");
  if (format === undefined) return undefined;
  if (format !== FORMAT) {
    throw new FormatError(`weights metadata: senet.format ${show(format)} is unknown, this version of senet reads ${show(FORMAT)}`);
  }
  const model = text("senet.model");
  if (model === undefined || model === "") throw new FormatError("weights metadata: senet.model is missing");
  const options = json("senet.options") ?? {};
  if (!isPlainObject(options)) throw new FormatError(`weights metadata: senet.options wants an object, got ${show(options)}`);
  const classes = json("senet.classes");
  if (classes !== undefined && !isTexts(classes)) {
    throw new FormatError(`weights metadata: senet.classes wants a list of texts, got ${show(classes)}`);
  }
  const preprocessing = json("senet.preprocessing");
  return {
    model,
    options,
    ...(classes === undefined ? {} : { classes }),
    ...(preprocessing === undefined ? {} : { preprocessing: readPreprocessing(preprocessing) }),
  };
}

/** Numbers of a model that are no tensors, as nn/settings.ts has them, as metadata. */
export function describeState(state: Readonly<Record<string, Readonly<Record<string, number>>>>): Record<string, string> {
  return Object.keys(state).length === 0 ? {} : { "senet.state": orderedJson(state, "state") };
}

/** What `describeState` wrote, or undefined. @throws FormatError */
export function readState(metadata: Readonly<Record<string, string>>): Record<string, Record<string, number>> | undefined {
  if (!Object.hasOwn(metadata, "senet.state")) return undefined;
  const value = plainJson(parseJson(metadata["senet.state"], "weights metadata: senet.state"));
  const numbers = (of: unknown): boolean => isPlainObject(of) && Object.values(of).every(Number.isFinite);
  if (!isPlainObject(value) || !Object.values(value).every(numbers)) {
    throw new FormatError(`weights metadata: senet.state wants an object of objects of numbers, got ${show(metadata["senet.state"])}`);
  }
  return value as Record<string, Record<string, number>>;
}

function readPreprocessing(value: unknown): Preprocessing {
  try {
    return parsePreprocessing(value);
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`weights metadata: ${error.message}`) : error;
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === "[object Object]";
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
}

/** JSON with properties in alphabetical order; undefined ones are left out. */
export function orderedJson(value: unknown, what: string, operation: string = "describeModel"): string {
  if (Array.isArray(value)) return `[${value.map((item, i) => orderedJson(item, `${what}[${i}]`, operation)).join(",")}]`;
  if (isPlainObject(value)) {
    const parts = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${orderedJson(value[key], `${what}.${key}`, operation)}`);
    return `{${parts.join(",")}}`;
  }
  if (value === null || typeof value === "boolean" || typeof value === "string" || Number.isFinite(value)) return JSON.stringify(value);
  throw new TypeError(`${operation}: ${what} wants what JSON can hold, got ${show(value)}`);
}
