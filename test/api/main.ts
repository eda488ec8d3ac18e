/**
 * docs/api beside what the package exports now; with --write, written anew. It is a part of `npm run check`: declarations are emitted by
 * the same run of tsc that checks that nothing of a host leaks in. And the examples of public names are compiled.
 *
 *   npx tsx test/api/main.ts [--write]
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { entries as documentedEntries, program, root } from "./examples.ts";
import { report } from "./report.ts";
import type { Entry } from "./report.ts";

const folder = join(root, "docs/api");

/** @throws Error with what tsc says */
function tsc(...options: readonly string[]): Promise<void> {
  const args = [join(root, "node_modules/typescript/bin/tsc"), ...options];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { maxBuffer: 1 << 26 }, (error, output, errors) => {
      if (error === null) resolve();
      else reject(new Error(`${output}${errors}`));
    });
  });
}

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
};
const entries = Object.entries(exports).flatMap(([name, target]): Entry[] => (typeof target === "string" ? [] : [
  { name: name.replace(/^\./, "senet"), path: target.types.replace(/^\.\/dist\/|\.d\.ts$/g, "") }]));

/** The first lines that differ. */
function difference(before: string, now: string): string {
  const [old, young] = [before.split("\n"), now.split("\n")];
  const at = young.findIndex((line, i) => line !== old[i]);
  const from = at < 0 ? young.length : at;
  const shown = (mark: string, lines: readonly string[]): string =>
    lines.slice(from, from + 4).map((line) => `  ${mark} ${line}\n`).join("");
  return `${shown("-", old)}${shown("+", young)}`;
}

const work = mkdtempSync(join(tmpdir(), "senet-api-"));
try {
  const examples = join(work, "examples");
  mkdirSync(examples, { recursive: true });
  const all = documentedEntries();
  for (const [i, entry] of all.entries()) writeFileSync(join(examples, `${i}.mts`), program(entry, all[0]));
  writeFileSync(join(examples, "tsconfig.json"), JSON.stringify({
    extends: join(root, "tsconfig.json"),
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, rewriteRelativeImportExtensions: false },
    include: ["*.mts", ...["src", "test"].map((each) => join(root, each, "host.d.ts"))],
  }));
  await Promise.all([
    tsc("-p", join(root, "tsconfig.pure.json"), "--noEmit", "false", "--emitDeclarationOnly", "--removeComments", "--outDir", work),
    tsc("-p", examples),
  ]);
  const pages = report(entries, (path) => readFileSync(join(work, `${path}.d.ts`), "utf8"));
  const there = readdirSync(folder, { withFileTypes: true }).map(({ name }) => name).filter((name) => name.endsWith(".txt"));
  if (process.argv.includes("--write")) {
    mkdirSync(folder, { recursive: true });
    for (const name of there) rmSync(join(folder, name), { recursive: true, force: true });
    for (const [name, text] of pages) writeFileSync(join(folder, name), text);
  } else {
    for (const name of new Set([...there, ...pages.keys()])) {
      const before = there.includes(name) ? readFileSync(join(folder, name), "utf8") : "";
      const now = pages.get(name) ?? "";
      if (before === now) continue;
      console.log(`docs/api/${name} is not what the package exports now:\n${difference(before, now)}`);
      process.exitCode = 1;
    }
    if (process.exitCode === 1) console.log("If that is meant: npx tsx test/api/main.ts --write, and a line in CHANGELOG.md");
  }
} catch (error) {
  console.log((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
