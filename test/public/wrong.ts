/** Values of wrong kinds, and which of them an argument of some kind may take all the same. */
import { Tensor } from "../../src/tensor.ts";

/** What nobody should give. Made anew for each use: a function may keep or change what it gets. */
export const wrongValues: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  NaN: () => NaN,
  Infinity: () => Infinity,
  "-1": () => -1,
  "1.5": () => 1.5,
  "2^53": () => 2 ** 53,
  true: () => true,
  "empty text": () => "",
  text: () => "nonsense",
  object: () => ({}),
  list: () => [],
  "list of texts": () => ["a", "b"],
  function: () => () => undefined,
  symbol: () => Symbol("s"),
  bigint: () => 3n,
  Int8Array: () => new Int8Array(3),
  Float64Array: () => new Float64Array(3),
  date: () => new Date(0),
  tensor: () => Tensor.zeros([2, 1, 2]),
};

/** The names of the wrong values that are right for an argument, or are judged by more than their kind. */
export type Kind = readonly (keyof typeof wrongValues)[];

const numbers = ["-1", "1.5", "2^53"];
const objects = ["object", "list", "list of texts", "function", "Int8Array", "Float64Array", "date", "tensor"];

type KindName =
  | "strict"
  | "large"
  | "number"
  | "positive"
  | "anyNumber"
  | "flag"
  | "text"
  | "texts"
  | "list"
  | "object"
  | "record"
  | "function"
  | "tensor"
  | "floats"
  | "numbers"
  | "any"
  | "anyObject";

export const kinds: Readonly<Record<KindName, Kind>> = {
  /** Nothing of the list: a whole number, one of some names, bytes, a module, ... */
  strict: [],
  /** Whole numbers that may be huge. */
  large: ["2^53"],
  number: numbers,
  positive: ["1.5", "2^53"],
  anyNumber: [...numbers, "NaN", "Infinity"],
  flag: ["true"],
  text: ["empty text", "text"],
  texts: ["list of texts"],
  list: ["list"],
  object: ["object"],
  record: ["object", "date", "list", "Int8Array", "Float64Array"],
  function: ["function"],
  tensor: ["tensor"],
  floats: ["Float64Array"],
  numbers: ["Float64Array", "Int8Array", "list"],
  any: Object.keys(wrongValues),
  anyObject: objects,
};

/** The same, and absent. */
export function maybe(kind: Kind): Kind {
  return [...kind, "undefined"];
}

/** An argument: its name in messages, what is right, and which wrong values are not wrong for it. */
export interface Argument {
  readonly name: string | RegExp;
  readonly good: () => unknown;
  readonly kind: Kind;
  /** Of an object of options: its parts. One more is tried that nobody knows. */
  readonly parts?: Readonly<Record<string, Part>> | undefined;
  /** What lean sessions have no bytes to look at, and the engine says. */
  readonly spared?: readonly string[];
  /** Are unknown names left to others? */
  readonly open?: boolean;
}

export interface Part {
  readonly good?: () => unknown;
  readonly kind: Kind;
}

export function argument(name: string | RegExp, kind: Kind, good: () => unknown): Argument {
  return { name, kind, good };
}

/** An object of options. @param needed parts that must be there, with right values */
export function options(
  parts: Readonly<Record<string, Kind>>,
  needed: Readonly<Record<string, unknown>> = {},
  name: string | RegExp = /option/,
): Argument {
  const absent = Object.keys(needed).length === 0;
  return {
    name,
    kind: absent ? maybe(kinds.object) : kinds.object,
    good: () => ({ ...needed }),
    parts: Object.fromEntries(Object.entries(parts).map(([key, kind]) => [key, { kind: key in needed ? kind : maybe(kind) }])),
  };
}

/** What engines say where a program has not looked: V8, JavaScriptCore, SpiderMonkey. */
const words = new RegExp(
  [
    "Cannot (read|set|convert|mix|destructure|access|assign|create|delete|redefine)",
    "is not (a function|iterable|a constructor|an object|defined)",
    "(null|undefined) is not (an? |iterable|defined)",
    "is (null|undefined)$",
    "Invalid (array|typed array|string|count|time|array buffer) ",
    "Reflect\\.",
    "Object\\.\\w+ called",
    "Class extends",
    "must be (a|an|of type) ",
    "object null is",
    "object is not",
    "cannot be converted",
    "out of bounds",
    "out of range",
    "Maximum call stack",
    "can't (convert|access)",
    "Incorrect arguments",
    "Array buffer allocation",
    "called on",
    "Reduce of empty",
  ].join("|"),
);

/** Is this an error of ours that says what it is about? Undefined if so, else what is wrong with it. */
export function faultOf(error: unknown, names: readonly (string | RegExp)[]): string | undefined {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const { message } = error;
  if (words.test(message)) return `the engine's own words: ${message}`;
  if (message.length > 1000) return `a message of ${message.length} characters`;
  if (!/^[\w.$ ,>\-()[\]"/x:']+: |wants?\b|unknown/.test(message)) return `no word of what is wanted: ${message}`;
  const named = names.some((name) => (typeof name === "string" ? message.toLowerCase().includes(name.toLowerCase()) : name.test(message)));
  return named ? undefined : `does not name ${names.join(" or ")}: ${message}`;
}
