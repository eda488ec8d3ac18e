/** Loading a state dict into a module tree: everything is checked before anything is written. */
import { checkModule } from "./check.ts";
import { printable } from "../errors.ts";
import { sameShape, showShape } from "../tensor.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { check, checkFields, flag, tensorMap } from "../checks.ts";
import type { Module } from "./module.ts";

export interface LoadReport {
  /** In the model, not in the file. */
  readonly missing: readonly string[];
  /** In the file, not in the model. */
  readonly unexpected: readonly string[];
  /** In both, with different shapes. */
  readonly misshapen: readonly string[];
}

/**
 * Copies of all parameters and statistics by name.
 * @example
 * stateDict(new Linear(4, 2))   // => ["weight","bias"]
 */
export function stateDict(model: Module): Map<string, Tensor> {
  checkModule("stateDict", model);
  const state = new Map<string, Tensor>();
  for (const [name, entry] of model.namedState()) state.set(name, entry.value.clone());
  return state;
}

/**
 * Names and shapes that a model wants, without its values.
 * @example
 * [...stateShapes(new Linear(4, 2))]   // => [["weight",[2,4]],["bias",[2]]]
 */
export function stateShapes(model: Module): Map<string, Shape> {
  checkModule("stateShapes", model);
  const shapes = new Map<string, Shape>();
  for (const [name, entry] of model.namedState()) shapes.set(name, entry.value.shape);
  return shapes;
}

/** What of `shapes` fits the model: the report, and the names that do. */
export function compareState(model: Module, shapes: ReadonlyMap<string, { readonly shape: Shape }>): LoadReport & {
  readonly fitting: readonly string[]
} {
  const wanted = model.namedState();
  const missing = [...wanted.keys()].filter((name) => !shapes.has(name));
  const unexpected = [...shapes.keys()].filter((name) => !wanted.has(name));
  const misshapen: string[] = [];
  const fitting: string[] = [];
  for (const [name, { value }] of wanted) {
    const tensor = shapes.get(name);
    if (tensor === undefined) continue;
    if (sameShape(tensor.shape, value.shape)) fitting.push(name);
    else misshapen.push(`${name} ${showShape(tensor.shape)}, wanted ${showShape(value.shape)}`);
  }
  return { missing, unexpected, misshapen, fitting };
}

/** Is everything in its place? */
export function fitsWhole({ missing, unexpected, misshapen }: LoadReport): boolean {
  return missing.length + unexpected.length + misshapen.length === 0;
}

/** @throws RangeError that names missing, unexpected and misshapen tensors, where `loadStateDict` would */
export function checkStateDict(model: Module, tensors: ReadonlyMap<string, Tensor>): void {
  const report = compareState(model, tensors);
  if (!fitsWhole(report)) throw new RangeError(`weights do not fit the model: ${describeReport(report)}`);
}

/**
 * Copies `tensors` into the model's parameters and statistics by name.
 * @param partial load what fits (for another number of classes, say) and report the rest, instead of refusing it.
 * @throws RangeError that names missing, unexpected and misshapen tensors; then nothing was changed.
 * @example
 * const [from, to] = [new Linear(4, 2).initialise(new Random(1)), new Linear(4, 2)];
 * loadStateDict(to, stateDict(from));
 * to.weight.value.data[0] === from.weight.value.data[0]   // => true
 */
export function loadStateDict(
  model: Module, tensors: ReadonlyMap<string, Tensor>, options: { readonly partial?: boolean } = {},
): LoadReport {
  checkModule("loadStateDict", model);
  check("loadStateDict", "tensors", tensors, tensorMap);
  checkFields("loadStateDict: options", options, { partial: flag });
  if (options.partial !== true) checkStateDict(model, tensors);
  const { fitting, ...report } = compareState(model, tensors);
  if (fitting.length === 0) throw new RangeError("weights do not fit the model: no tensor has a name and shape that it wants");
  const wanted = model.namedState();
  for (const name of fitting) wanted.get(name)!.value.data.set(tensors.get(name)!.data);
  return report;
}

/** How many names a message holds. */
const mostNamed = 12;

/** `2 missing: a, b; 1 misshapen: ...`; of many or long names the first, so that it stays short. */
export function describeReport(report: LoadReport): string {
  const listed = (names: readonly string[]): string =>
    names.slice(0, mostNamed).map((name) => printable(name.length > 120 ? `${name.slice(0, 117)}...` : name)).join(", ") +
    (names.length > mostNamed ? ` and ${names.length - mostNamed} more` : "");
  return (["missing", "unexpected", "misshapen"] as const)
    .filter((kind) => report[kind].length > 0)
    .map((kind) => `${report[kind].length} ${kind}: ${listed(report[kind])}`)
    .join("; ");
}
