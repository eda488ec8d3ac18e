/** docs/claim.md and the records that its tables are made of. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { encodeUtf8 } from "../../src/io/bytes/utf8.ts";
import { writeBytes } from "../../src/cli/files.ts";
import type { Result } from "./run.ts";

export const docs: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "docs");
export const firstRecord: string = join(docs, "claim.jsonl");

export function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** A line that an interruption cut off is no run. */
export function recorded(file: string): Result[] {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    return [];
  }
  return readFileSync(file, "utf8").split("\n").filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as Result);
}

/** Puts `tables` between the lines of docs/claim.md that say that they are written by `script`. */
export function writeTables(script: string, tables: string): void {
  const page = join(docs, "claim.md");
  const [from, to] = [`<!-- tables: written by ${script} -->`, "<!-- end of tables -->"];
  const text = readFileSync(page, "utf8");
  const begin = text.indexOf(from);
  const end = text.indexOf(to, begin);
  if (begin < 0 || end < begin) throw new Error(`docs/claim.md wants the lines "${from}" and "${to}"`);
  writeBytes(page, encodeUtf8(`${text.slice(0, begin + from.length)}\n\n${tables}\n${text.slice(end)}`));
}
