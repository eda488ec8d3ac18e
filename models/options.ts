/**
 * Options of models: read from an untyped object (the command line and weight files give JSON), checked one by one, with
 * defaults filled in. Every error names the model, the option, what was wanted and what came.
 */
import { didYouMean, show } from "../src/errors.ts";

/** Options as they come from outside. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** Checks one value (undefined: not given) and returns it or the default; throws a message that follows "option X ". */
export type Reader<T> = (value: unknown) => T;

export type Readers<T> = { readonly [K in keyof T]: Reader<T[K]> };

class Wanted extends Error {}

/** Any value that `accepts` takes. */
export function optional<T>(fallback: T, wanted: string, accepts: (value: unknown) => boolean): Reader<T> {
  return (value) => {
    if (value === undefined) return fallback;
    if (!accepts(value)) throw new Wanted(`wants ${wanted}, got ${show(value)}`);
    return value as T;
  };
}

export function count<D extends number | undefined>(fallback: D, least: number = 1): Reader<number | D> {
  return optional<number | D>(fallback, `a whole number of at least ${least}`, (v) => Number.isSafeInteger(v) && (v as number) >= least);
}

/** As many whole numbers of at least 1 as the default has. */
export function counts(fallback: readonly number[]): Reader<readonly number[]> {
  const fits = (v: unknown): boolean => Array.isArray(v) && v.length === fallback.length && v.every(
    (n) => Number.isSafeInteger(n) && n >= 1,
  );
  return optional(fallback, `a list of ${fallback.length} whole numbers of at least 1`, fits);
}

export function positive<D extends number | undefined>(fallback: D): Reader<number | D> {
  return optional<number | D>(fallback, "a number above 0", (v) => typeof v === "number" && v > 0 && Number.isFinite(v));
}

export function fraction(fallback: number): Reader<number> {
  return optional(fallback, "a number from 0 to below 1", (v) => typeof v === "number" && v >= 0 && v < 1);
}

export function flag(fallback: boolean): Reader<boolean> {
  return optional(fallback, "true or false", (v) => typeof v === "boolean");
}

export function oneOf<T extends string>(names: readonly T[], fallback: T): Reader<T> {
  return optional(fallback, `one of ${names.join(", ")}`, (v) => names.includes(v as T));
}

/** One of the depths, sizes or widths that a family has. @throws RangeError for another */
export function member<K extends string | number>(name: string, what: string, value: K, known: readonly K[]): K {
  if (known.includes(value)) return value;
  throw new RangeError(`${show(name)}: ${what} wants one of ${known.join(", ")}, got ${show(value)}`);
}

/** @throws TypeError for what are no options; RangeError for an unknown one (with the nearest name) or a value that does not fit. */
export function readOptions<T extends object>(model: string, given: GivenOptions, readers: Readers<T>): T {
  if (typeof model !== "string") throw new TypeError(`model: name wants a text, got ${show(model)}`);
  if (Object.prototype.toString.call(given) !== "[object Object]") {
    throw new TypeError(`${model}: options wants an object, got ${show(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(readers, name)) {
      const names = Object.keys(readers);
      throw new RangeError(`${model}: unknown option ${show(name)}${didYouMean(name, names)}; it has ${names.join(", ")}`);
    }
  }
  const result: Partial<T> = {};
  for (const name of Object.keys(readers) as (keyof T & string)[]) {
    try {
      result[name] = readers[name](given[name]);
    } catch (error) {
      if (error instanceof Wanted) throw new RangeError(`${model}: option "${name}" ${error.message}`);
      throw error;
    }
  }
  return result as T;
}
