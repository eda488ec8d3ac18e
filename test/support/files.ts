/** Files beside the tests, by their path from test/, in every runtime that tests run in. */
import { readFileSync } from "node:fs";

/** The bytes of `path`, for example "goldens/weights.safetensors". A copy: a host may share one buffer between files. */
export function fileBytes(path: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(`../${path}`, import.meta.url)));
}

/** The JSON of `path`; the caller says what it holds. */
export function fileJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), "utf8")) as T;
}

/** Lines of a source file, as house rules count them: examples in blocks are none. */
export function linesOf(source: string): number {
  return source.replaceAll(/^ *\* @example\n(?: *\*(?! @|\/).*\n)*/gm, "").split("\n").length;
}
