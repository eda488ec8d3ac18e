/** The program of test/runtimes/smoke as files: a module, a script for bare shells, and the same in the language of 2009 for Hermes. */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>;
}

interface TypeScript {
  transpileModule(
    source: string, options: { readonly compilerOptions: Readonly<Record<string, unknown>> },
  ): { readonly outputText: string };
}

export const here: string = dirname(fileURLToPath(import.meta.url));
export const root: string = join(here, "../..");

/** @throws Error where test/runtimes is not installed */
export function installed<T>(name: string): T {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch {
    throw new Error("test/runtimes is not installed: (cd test/runtimes && npm install)");
  }
}

export interface Programs {
  /** Where they lie. */
  readonly folder: string;
  /** An ES module: exports `smoke`, `moduleOfNetwork`. */
  readonly module: string;
  /** A script: leaves `senetSmoke` with the same names behind. */
  readonly script: string;
}

export async function buildPrograms(folder: string): Promise<Programs> {
  const shared = {
    bundle: true, minify: true, keepNames: true, target: "es2020", platform: "neutral", logLevel: "error",
    // In a script there is no import.meta, and nobody asks for the bundled network's address.
    logOverride: { "empty-import-meta": "silent" },
    entryPoints: [join(here, "smoke/program.ts")], loader: { ".safetensors": "base64", ".png": "base64", ".jpg": "base64" },
  };
  const programs = { folder, module: join(folder, "smoke.mjs"), script: join(folder, "smoke.js") };
  const { build } = installed<Esbuild>("esbuild");
  const first = { ...shared, format: "esm", outfile: programs.module };
  await build({ ...first, define: { QUANTISED: '""' } });
  const { quantisedFile } = (await import(pathToFileURL(programs.module).href)) as { quantisedFile(): string };
  const define = { QUANTISED: JSON.stringify(quantisedFile()) };
  await build({ ...first, define });
  await build({ ...shared, define, format: "iife", globalName: "senetSmoke", outfile: programs.script });
  return programs;
}

/** Without classes, generators, private names and block scopes. */
export function lowered({ folder, script }: Programs): string {
  const compilerOptions = { target: "ES5", downlevelIteration: true, module: "None", lib: ["ES2022"], removeComments: true };
  const { outputText } = installed<TypeScript>("typescript").transpileModule(readFileSync(script, "utf8"), { compilerOptions });
  const path = join(folder, "smoke-es5.js");
  writeFileSync(path, outputText);
  return path;
}
