/** A chapter on broken sources: the sources are copied, edited, and the copy's chapter runs. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runFile } from "../support/runtime.ts";
import type { Ended } from "../support/runtime.ts";
import type { Break } from "./mutations.ts";

export const root: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** All that chapters are made of, in a temporary folder. @returns its path */
export function copySources(): string {
  const copy = mkdtempSync(join(tmpdir(), "senet-learn-"));
  for (const folder of ["kernels", "src", "models", "learn"]) cpSync(join(root, folder), join(copy, folder), { recursive: true });
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
  return copy;
}

/**
 * Runs a chapter of the copy with these edits, which are taken back afterwards.
 * @param chapter its path from the root
 * @throws Error where a text that is to be edited stands nowhere
 */
export async function runBroken(copy: string, breaks: readonly Break[], chapter: string, args: readonly string[] = []): Promise<Ended> {
  const kept = new Map<string, string>();
  try {
    for (const { file, find, replace } of breaks) {
      const text = readFileSync(join(copy, file), "utf8");
      if (!text.includes(find)) throw new Error(`${file} has no "${find}"`);
      if (!kept.has(file)) kept.set(file, text);
      writeFileSync(join(copy, file), text.replaceAll(find, replace));
    }
    return await runFile(join(copy, chapter), args, 300);
  } finally {
    for (const [file, text] of kept) writeFileSync(join(copy, file), text);
  }
}

/** Has the chapter ended with a claim that does not hold? A crash, or being ended for taking too long, is no such thing. */
export function noticed({ code, errors }: Ended): boolean {
  return code === 1 && /chapter \d+: this does not hold: /.test(errors);
}
