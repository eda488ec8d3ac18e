/**
 * Errors as senet throws them: TypeError for the wrong kind, RangeError for the wrong size, each naming the operation,
 * the argument, what was wanted and what came. `FormatError` is for bytes that are not what they claim to be.
 */

/**
 * A file or byte array that is truncated, corrupt or not of the format that was asked for.
 * @example
 * const wrong = await decodeImage(Uint8Array.of(1, 2, 3)).catch((error: unknown) => error);
 * wrong instanceof FormatError   // => true
 */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** Control characters, line separators, marks that turn the direction of text (and the signs beside them), lone surrogates. */
const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u2069\ud800-\udfff\ufeff]/gu;

function escapeUnit(unit: string): string {
  return `\\u${(0x10000 + unit.charCodeAt(0)).toString(16).slice(1)}`;
}

/** `text` with what acts on a terminal or a reader, and is not seen, spelled out. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeUnit);
}

/** Shows a value in a message: short, on one line (line ends and what else could act on a terminal are spelled out). */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${printable(value.length > 60 ? `${value.slice(0, 57)}...` : value)}"`;
  if (Array.isArray(value)) return `[${printable(value.slice(0, 8).map(String).join(","))}${value.length > 8 ? ",..." : ""}]`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Uint8Array).length})`;
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "object";
  return printable(String(value).slice(0, 60));
}

/** `1 class`, `5 classes`. @param shown the number as it is written */
export function counted(n: number, one: string, many: string = `${one}s`, shown: string = String(n)): string {
  return `${shown} ${n === 1 ? one : many}`;
}

/** Shows a list in a message with each item for what it is: `[1,3,"a",32]`. */
export function showItems(list: readonly unknown[]): string {
  return `[${list.slice(0, 8).map((item) => (Array.isArray(item) ? "[...]" : show(item))).join(",")}${list.length > 8 ? ",..." : ""}]`;
}

/** The entry of `names` nearest to `name` by edit distance, or undefined if none is near. For "did you mean" messages. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const wanted = String(name).slice(0, 99).toLowerCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(wanted, candidate.slice(0, 99).toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/** ` (did you mean "x"?)`, or nothing. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const match = nearest(name, names);
  return match === undefined ? "" : ` (did you mean "${match}"?)`;
}

/**
 * A file that is sound, and asks for what is not done here: `missing` names all of it.
 * @example
 * new UnsupportedError("no such layers: Loop, Scan", ["Loop", "Scan"]).missing   // => ["Loop","Scan"]
 */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
  readonly missing: readonly string[];

  constructor(message: string, missing: readonly string[]) {
    super(message);
    this.missing = missing;
  }
}

/**
 * A name that is misspelt would otherwise be an option that is silently left out.
 * @throws TypeError where `options` is no object; RangeError for a name that is none of `known`, with the nearest one, or where none is
 * near with all
 */
export function checkOptions(operation: string, options: unknown, known: readonly string[]): void {
  if (Object.prototype.toString.call(options) !== "[object Object]") {
    throw new TypeError(`${operation}: wants an object of options, got ${show(options)}`);
  }
  for (const name of Object.keys(options as object)) {
    if (known.includes(name)) continue;
    // "eps" and "ceil" are the beginnings of names, "lr" is another library's word.
    const [begun, other] = known.filter((each) => name.length > 2 && each.startsWith(name));
    const near = begun && !other ? ` (did you mean "${begun}"?)` : didYouMean(name, known) || `; it has ${known.join(", ") || "none"}`;
    throw new RangeError(`${operation}: unknown option ${show(name)}${near}`);
  }
}
