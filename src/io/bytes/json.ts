/**
 * A strict JSON reader for headers that a stranger wrote. Unlike JSON.parse it refuses a name that stands twice in one object
 * (JSON.parse keeps the last, so two readers could see two different files), gives objects as Maps (so that no name, not even
 * "__proto__", means anything to the language), limits nesting, and says where the text is broken.
 */
import { FormatError, show } from "../../errors.ts";

export type Json = null | boolean | number | string | Json[] | Map<string, Json>;

const DEEPEST = 64;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([["true", true], ["false", false], ["null", null]]);
const WORD = /true|false|null/y;

/**
 * Reads one JSON value that fills all of `text` (but for white space around it).
 * @param what names the text in messages
 * @param again says of a name that stands twice in the outermost object whether both values may count as one; otherwise none may
 * @throws FormatError with what is wrong and at which character
 */
export function parseJson(text: string, what: string, again?: (name: string, first: Json, second: Json) => boolean): Json {
  let at = 0;

  function broken(wanted: string): never {
    const came = at < text.length ? show(text.slice(at, at + 12)) : "its end";
    throw new FormatError(`${what}: not JSON: wants ${wanted} at character ${at}, got ${came}`);
  }

  function skipSpace(): void {
    for (let c = text.charCodeAt(at); c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09; c = text.charCodeAt(at)) at++;
  }

  function take(character: string): boolean {
    skipSpace();
    if (text.charCodeAt(at) !== character.charCodeAt(0)) return false;
    at++;
    return true;
  }

  function string(wanted: string): string {
    if (!take('"')) broken(wanted);
    const start = at;
    let escapes = false;
    for (let c = text.charCodeAt(at); c !== 0x22; c = text.charCodeAt(at)) {
      if (!(c >= 0x20)) broken("a string to go on or to end");
      if (c === 0x5c) escapes = true;
      at += c === 0x5c ? 2 : 1;
    }
    const body = text.slice(start, at++);
    if (!escapes) return body;
    try {
      return JSON.parse(`"${body}"`) as string;
    } catch {
      at = start;
      return broken("a string without wrong escapes");
    }
  }

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    // Not exec: its result array would take most of the time in long lists of numbers.
    return pattern.test(text) ? text.slice(at, (at = pattern.lastIndex)) : undefined;
  }

  function object(depth: number): Map<string, Json> {
    const entries = new Map<string, Json>();
    if (take("}")) return entries;
    do {
      const name = string("a name in quotes");
      const first = entries.get(name);
      const twice = (): never => {
        throw new FormatError(`${what}: the name ${show(name)} stands twice in one object`);
      };
      if (first !== undefined && (again === undefined || depth > 0)) twice();
      if (!take(":")) broken(`":"`);
      const entry = value(depth + 1);
      if (first !== undefined && again?.(name, first, entry) !== true) twice();
      entries.set(name, entry);
    } while (take(","));
    return take("}") ? entries : broken(`"," or "}"`);
  }

  function array(depth: number): Json[] {
    const items: Json[] = [];
    if (take("]")) return items;
    do items.push(value(depth + 1));
    while (take(","));
    return take("]") ? items : broken(`"," or "]"`);
  }

  function value(depth: number): Json {
    if (depth > DEEPEST) throw new FormatError(`${what}: nested more than ${DEEPEST} deep`);
    if (take("{")) return object(depth);
    if (take("[")) return array(depth);
    if (text.charCodeAt(at) === 0x22) return string("a string");
    const number = match(NUMBER);
    if (number !== undefined) return Number(number);
    return WORDS.get(match(WORD) ?? broken("a value"))!;
  }

  const result = value(0);
  skipSpace();
  return at === text.length ? result : broken("nothing more");
}

/** `value` with objects for Maps. A name "__proto__" becomes an ordinary property. */
export function plainJson(value: Json): unknown {
  if (value instanceof Map) return Object.fromEntries(Array.from(value, ([name, item]) => [name, plainJson(item)]));
  return Array.isArray(value) ? value.map(plainJson) : value;
}
