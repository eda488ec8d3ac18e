/**
 * Lists of class names in files: one name a line, or JSON, as other programs write them. A list is whole, or it is refused: a name lost
 * shifts all that follow.
 */
import { FormatError, show } from "../errors.ts";
import { parseJson, plainJson } from "../io/bytes/json.ts";
import { decodeUtf8 } from "../io/bytes/utf8.ts";
import { readBytes } from "./files.ts";

/** A text, or the last of a list of texts: Keras's list for ImageNet gives each class its WordNet number and its name. */
function nameOf(value: unknown): string | undefined {
  const name: unknown = Array.isArray(value) ? value.at(-1) : value;
  return typeof name === "string" && name.trim() !== "" ? name.trim() : undefined;
}

function fromJson(value: unknown, path: string): string[] {
  const isList = Array.isArray(value);
  if (!isList && Object.prototype.toString.call(value) !== "[object Object]") {
    throw new FormatError(`${path}: class names want a JSON list of texts, this is ${show(value)}`);
  }
  const entries = Object.entries(value as Record<string, unknown>);
  // An object with numbers for keys, as {"0": "tench"}, has them in their order.
  return entries.map(([key, entry], i) => {
    if (!isList && key !== String(i)) {
      throw new FormatError(
        `${path}: class names in a JSON object want the keys "0", "1", ..., got ${show(key)} where ${show(String(i))} is due`,
      );
    }
    const name = nameOf(entry);
    if (name === undefined) throw new FormatError(`${path}: class names want texts, class ${i} is ${show(entry)}`);
    return name;
  });
}

function fromLines(text: string, path: string): string[] {
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  const gap = lines.indexOf("");
  if (gap >= 0) throw new FormatError(`${path}: class names want one a line, line ${gap + 1} is empty`);
  return lines;
}

/** @throws FormatError in one line for what is no list, has a gap, or names no class */
export function readClassNames(path: string): string[] {
  const text = decodeUtf8(readBytes(path), path).replace(/^\ufeff/, "");
  const isJson = /^\s*[[{]/.test(text);
  const names = isJson ? fromJson(plainJson(parseJson(text, path)), path) : fromLines(text, path);
  if (names.length === 0) throw new FormatError(`${path} names no class`);
  return names;
}
