/** Loading a state dict into a module tree: everything is checked before anything is written. */
import { sameShape, showShape } from "../tensor.ts";
import type { Shape, Tensor } from "../tensor.ts";
import type { Module } from "./module.ts";

export interface LoadReport {
  /** In the model, not in the file. */
  readonly missing: readonly string[];
  /** In the file, not in the model. */
  readonly unexpected: readonly string[];
  /** In both, with different shapes. */
  readonly misshapen: readonly string[];
}

/** Copies of all parameters and statistics by name. */
export function stateDict(model: Module): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  for (const [name, entry] of model.namedState()) state.set(name, entry.value.clone());
  return state;
}

/** Names and shapes that a model wants, without its values. */
export function stateShapes(model: Module): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const [name, entry] of model.namedState()) shapes.set(name, entry.value.shape);
  return shapes;
}

/**
 * Copies `tensors` into the model's parameters and statistics by name.
 * @param partial load what fits (for another number of classes, say) and report the rest, instead of refusing it.
 * @throws RangeError that names every missing, unexpected and misshapen tensor; then nothing was changed.
 */
export function loadStateDict(model: Module, tensors: ReadonlyMap<string, Tensor>, options: { readonly partial?: boolean } = {}): LoadReport {
  const wanted = model.namedState();
  const missing = [...wanted.keys()].filter((name) => !tensors.has(name));
  const unexpected = [...tensors.keys()].filter((name) => !wanted.has(name));
  const misshapen: string[] = [];
  const writes: [Tensor, Tensor][] = [];
  for (const [name, entry] of wanted) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    if (sameShape(tensor.shape, entry.value.shape)) writes.push([entry.value, tensor]);
    else misshapen.push(`${name} ${showShape(tensor.shape)}, wanted ${showShape(entry.value.shape)}`);
  }
  if (options.partial !== true && missing.length + unexpected.length + misshapen.length > 0) {
    throw new RangeError(`weights do not fit the model: ${describeReport({ missing, unexpected, misshapen })}`);
  }
  if (writes.length === 0) throw new RangeError("weights do not fit the model: no tensor has a name and shape that it wants");
  for (const [to, from] of writes) to.data.set(from.data);
  return { missing, unexpected, misshapen };
}

/** `2 missing: a, b; 1 misshapen: ...`. */
export function describeReport(report: LoadReport): string {
  return (["missing", "unexpected", "misshapen"] as const)
    .filter((kind) => report[kind].length > 0)
    .map((kind) => `${report[kind].length} ${kind}: ${report[kind].join(", ")}`)
    .join("; ");
}
