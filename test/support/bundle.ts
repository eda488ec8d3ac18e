/** How many bytes a program takes to load: minified and gzipped, by the bundler that tsx brings. Hosts that run without tsx have none. */
import process from "node:process";
import { gzipSync } from "node:zlib";

interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<{
    readonly outputFiles: readonly { readonly contents: Uint8Array; readonly text: string }[]
  }>;
}

const name = "esbuild";
const esbuild = "bun" in process.versions || "deno" in process.versions
  ? undefined
  : await (import(name) as Promise<Esbuild>).catch(() => undefined);

/** Is there a bundler? */
export const bundles: boolean = esbuild !== undefined;

/** @param contents TypeScript, with imports from the root of the repository: `export { compileSync } from "./src/session/lean.ts";` */
export async function bundle(contents: string): Promise<{ readonly bytes: number; readonly text: string }> {
  const { outputFiles: [{ contents: file, text }] } = await esbuild!.build({
    stdin: { contents, resolveDir: process.cwd(), loader: "ts" }, write: false,
    bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022", logLevel: "error",
  });
  return { bytes: gzipSync(file, { level: 9 }).length, text };
}
