/**
 * Checks of what callers give, in one place: what an argument may be is said once, with the words for it. TypeError for the wrong kind,
 * RangeError for the right kind out of range; both name the operation, the argument, what was wanted and what came. Lean sessions do
 * without (session/lean.ts).
 */
import { checkOptions, show } from "./errors.ts";
import { showShape } from "./tensor.ts";
import type { Shape, Tensor } from "./tensor.ts";

/** What an argument may be. */
export interface ArgumentKind {
  /** After "wants ": `true or false`. */
  readonly wanted: string;
  /** Is it of this kind at all? */
  readonly is: (value: unknown) => boolean;
  /** If so: does it lie in range? All do where nothing is said. */
  readonly fits?: (value: never) => boolean;
}

/** @throws TypeError or RangeError, as `OPERATION: NAME wants WANTED, got VALUE` */
export function check(operation: string, name: string, value: unknown, kind: ArgumentKind): void {
  if (kind.is(value) && (kind.fits === undefined || kind.fits(value as never))) return;
  const text = `${operation}: ${name} wants ${kind.wanted}, got ${show(value)}`;
  throw kind.is(value) ? new RangeError(text) : new TypeError(text);
}

/**
 * Checks an object of options, its names and all of its values that are not undefined.
 * @param kinds of all that it may have; null for what is checked elsewhere
 */
export function checkFields(operation: string, options: unknown, kinds: Readonly<Record<string, ArgumentKind | null>>): void {
  checkOptions(operation, options, Object.keys(kinds));
  for (const [name, kind] of Object.entries(kinds)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && kind !== null) check(operation, name, value, kind);
  }
}

const isNumber = (value: unknown): boolean => typeof value === "number";
/** "Map", "Float32Array", ...: also of other realms. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export const flag: ArgumentKind = { wanted: "true or false", is: (value) => typeof value === "boolean" };
export const text: ArgumentKind = { wanted: "a text", is: (value) => typeof value === "string" };
export const finite: ArgumentKind = { wanted: "a finite number", is: isNumber, fits: (value: number) => Number.isFinite(value) };
export const aboveZero: ArgumentKind = { wanted: "a number above 0", is: isNumber, fits: (value: number) => value > 0 && value < Infinity };
export const atLeastZero: ArgumentKind = {
  wanted: "a number of at least 0", is: isNumber, fits: (value: number) => value >= 0 && value < Infinity,
};
export const callback: ArgumentKind = { wanted: "a function", is: (value) => typeof value === "function" };
export const record: ArgumentKind = { wanted: "an object", is: (value) => tagOf(value) === "Object" };
export const textRecord: ArgumentKind = {
  wanted: "an object of texts", is: (value) => record.is(value) && Object.values(value as object).every((item) => typeof item === "string"),
};
export const texts: ArgumentKind = {
  wanted: "a list of texts", is: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
};

export const kernelFamily: ArgumentKind = {
  wanted: "the kernels of senet/kernels/plain or senet/kernels/reference", is: (value) => has(value, "conv2dForward", "reluBackward"),
};
export const generator: ArgumentKind = { wanted: "a Random, such as new Random(1)", is: (value) => has(value, "normal", "shuffle") };

/**
 * Has `value` methods of these names? What an object is is told by what it has, not by instanceof: one of another copy of this package, or
 * of another realm, is one too.
 */
export function has(value: unknown, ...methods: readonly string[]): boolean {
  return methods.every((name) => typeof (Object(value) as Readonly<Record<string, unknown>>)[name] === "function");
}

export function whole(least: number = 1, most: number = Infinity): ArgumentKind {
  const wanted = `a whole number of at least ${least}${most === Infinity ? "" : ` and at most ${most}`}`;
  return { wanted, is: isNumber, fits: (value: number) => Number.isSafeInteger(value) && value >= least && value <= most };
}

/** @param limit itself is out of range where `open` */
export function between(least: number, limit: number, open: boolean = false): ArgumentKind {
  const wanted = `a number from ${least} to ${open ? "below " : ""}${limit}`;
  return { wanted, is: isNumber, fits: (value: number) => value >= least && (open ? value < limit : value <= limit) };
}

export function oneOf(...names: readonly string[]): ArgumentKind {
  return {
    wanted: names.length === 1 ? show(names[0]) : `one of ${names.map(show).join(", ")}`, is: (value) => typeof value === "string",
    fits: (value: string) => names.includes(value),
  };
}

/** A list of numbers, or a typed array of them. */
export function isNumbers(value: unknown): value is ArrayLike<number> {
  if (Array.isArray(value)) return value.every(isNumber);
  return ArrayBuffer.isView(value) && /^(Uint|Int|Float)\d+(Clamped)?Array$/.test(tagOf(value));
}

export const numbers: ArgumentKind = { wanted: "a list of numbers", is: isNumbers };

/** A shape: whole numbers. Empty only where `scalar`. */
export const sizes: ArgumentKind = {
  wanted: "a shape such as [1,3,224,224], of whole numbers", is: (value) => Array.isArray(value) && value.every(isNumber),
  fits: (value: Shape) => value.every((size) => Number.isSafeInteger(size) && size >= 0),
};

/**
 * Is `value` a tensor?
 */
export function isTensor(value: unknown): value is Tensor {
  if (typeof value !== "object" || value === null) return false;
  const { data, shape } = value as { readonly data?: unknown; readonly shape?: unknown };
  return Array.isArray(shape) && has(value, "like") && /^Float(32|64)Array$/.test(tagOf(data));
}

/** Tensors by name, as `stateDict` gives them. */
export const tensorMap: ArgumentKind = {
  wanted: "a Map of tensors by name",
  is: (value) => tagOf(value) === "Map" && [...(value as Map<unknown, unknown>).values()].every(isTensor),
};

/** @throws TypeError for what is no tensor */
export function checkTensor(operation: string, name: string, value: unknown): asserts value is Tensor {
  if (isTensor(value)) return;
  const made = Array.isArray(value) || ArrayBuffer.isView(value) ? "; new Tensor(data, shape) makes one" : "";
  throw new TypeError(`${operation}: ${name} wants a Tensor, got ${show(value)}${made}`);
}

/** @throws TypeError for what is no list of numbers; RangeError for sizes that are none, or not `rank` of them */
export function checkShape(operation: string, name: string, value: unknown, rank?: number): asserts value is Shape {
  check(operation, name, value, sizes);
  if (rank !== undefined && (value as Shape).length !== rank) {
    throw new RangeError(`${operation}: ${name} wants ${rank} sizes, got ${showShape(value as Shape)}`);
  }
}
