/**
 * The numbers of a model that decide its answers and are no tensors, as saved weights carry them: batch normalisation's epsilon and
 * momentum.
 */
import { show } from "../errors.ts";
import type { Module } from "./module.ts";

/** By setting, then by the module's path; under "*" the value of all modules that are not named. */
export type ModelSettings = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The settings of all named modules of a model. */
export function settingsOf(model: Module): ModelSettings {
  const found = new Map<string, [path: string, value: number][]>();
  for (const [path, module] of model.namedModules()) {
    for (const [name, value] of Object.entries(module.settings())) {
      const values = found.get(name) ?? [];
      found.set(name, values);
      values.push([path, value]);
    }
  }
  return Object.fromEntries(Array.from(found, ([name, values]) => {
    const counts = new Map<number, number>();
    for (const [, value] of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    const [[usual]] = [...counts].sort(([, a], [, b]) => b - a);
    return [name, { "*": usual, ...Object.fromEntries(values.filter(([, value]) => value !== usual)) }];
  }));
}

/**
 * Gives a model's modules these settings.
 * @throws RangeError for a module or setting that the model has not, or a value out of range; then nothing has changed
 */
export function applySettings(model: Module, settings: ModelSettings): void {
  const modules = model.namedModules();
  const changes: (() => void)[] = [];
  const undo: (() => void)[] = [];
  for (const [name, values] of Object.entries(settings)) {
    for (const path of Object.keys(values)) {
      if (path !== "*" && modules.get(path)?.settings()[name] === undefined) {
        throw new RangeError(`weights: the model has no ${show(path)} with a setting ${show(name)}`);
      }
    }
    for (const [path, module] of modules) {
      const before = module.settings()[name];
      const value = Object.hasOwn(values, path) ? values[path] : values["*"];
      if (before === undefined || value === undefined || before === value) continue;
      changes.push(() => module.setting(name, value));
      undo.push(() => module.setting(name, before));
    }
  }
  let done = 0;
  try {
    for (; done < changes.length; done++) changes[done]();
  } catch (error) {
    while (done-- > 0) undo[done]();
    throw error;
  }
}
