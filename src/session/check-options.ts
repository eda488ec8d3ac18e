/** What `compile` is told, checked before anything is done. Lean sessions do without. */
import { tiles } from "../../kernels/wasm/probe/tiles.ts";
import { check, oneOf } from "../checks.ts";
import { checkOptions, didYouMean, show, showItems } from "../errors.ts";
import type { Network } from "../graph/network.ts";
import type { CompileOptions } from "./compile.ts";

const known = [
  "input", "observe", "override", "kernels", "numerics", "threads", "pace", "tile", "module", "weights",
] as const satisfies readonly (keyof CompileOptions)[];

/** @throws TypeError unless it is true or false, or not said */
export function checkFlag(operation: string, name: string, given: unknown): void {
  if (given !== undefined && typeof given !== "boolean") {
    throw new TypeError(`${operation}: ${name} wants true or false, got ${show(given)}`);
  }
}

/** @throws TypeError unless it is a list of texts, or not said */
export function checkNames(operation: string, name: string, given: unknown): void {
  if (given === undefined || (Array.isArray(given) && given.every((each) => typeof each === "string"))) return;
  throw new TypeError(`${operation}: ${name} wants a list of names, got ${show(given)}`);
}

/** @throws TypeError, RangeError for an option that is none, or of the wrong kind */
export function checkCompileOptions(operation: string, options: unknown): void {
  checkOptions(operation, options, known);
  const { observe, override, pace, tile } = options as Record<string, unknown>;
  checkNames("compile", "observe", observe);
  checkNames("compile", "override", override);
  checkFlag("compile", "pace", pace);
  if (tile !== undefined) check("compile", "tile", tile, oneOf(...tiles.names));
}

/** @throws RangeError for a name that is no input, or sizes that are no numbers; TypeError where one that must be said is not */
export function checkInputOption({ inputs }: Network, input: CompileOptions["input"]): void {
  if (typeof input !== "object" || input === null) return;
  const shapes: unknown[] = Array.isArray(input) ? [input] : Object.values(input);
  for (const shape of shapes) {
    if (!Array.isArray(shape) || shape.every((n) => Number.isSafeInteger(n) && n >= 1)) continue;
    const wrong = shape.every((n) => typeof n === "number") ? RangeError : TypeError;
    throw new wrong(`compile: input wants whole numbers of at least 1, got ${showItems(shape)}`);
  }
  if (Array.isArray(input)) return;
  const names = inputs.map(({ name }) => name);
  const unknown = Object.keys(input).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`compile: input names ${show(unknown)}, which is no input of this network${didYouMean(unknown, names)}`);
  }
  for (const { name, shape } of inputs) {
    const given: unknown = (input as Readonly<Record<string, unknown>>)[name];
    if (given === undefined ? shape !== undefined : Array.isArray(given)) continue;
    throw new TypeError(`compile: input wants a shape for ${show(name)}, such as [1,3,224,224], got ${show(given)}`);
  }
}
