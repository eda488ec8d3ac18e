/** Bundling, by esbuild of this folder: the contenders' process, and what a page would load. */
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Contender } from "./contender.ts";

interface Result {
  readonly outputFiles: readonly { readonly contents: Uint8Array }[];
}
interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<Result>;
}

const here = dirname(fileURLToPath(import.meta.url));
export const packages: string = join(here, "node_modules");
const prefix = ".bench-";

async function esbuild(): Promise<Esbuild> {
  const name = "esbuild";
  const module = (await import(name)) as Esbuild | { readonly default: Esbuild };
  return "default" in module ? module.default : module;
}

/**
 * A folder for bundles and model files: within node_modules, so that bundles find the packages and git does not see them. Those of
 * runs that were killed are removed.
 */
export function workFolder(): string {
  if (!existsSync(packages)) throw new Error("the other runtimes are not installed: (cd bench/peers && npm install)");
  for (const { name } of readdirSync(packages, { withFileTypes: true })) {
    if (name.startsWith(prefix) && !lives(Number(name.slice(prefix.length)))) {
      rmSync(join(packages, name), { recursive: true, force: true });
    }
  }
  const folder = join(packages, `${prefix}${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

function lives(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

/** node/child.ts and all that it imports, one file a runner, so that a process loads its own contender only. */
export async function bundleChild(folder: string): Promise<string> {
  const { build } = await esbuild();
  await build({
    entryPoints: [join(here, "node", "child.ts")], outdir: folder, outExtension: { ".js": ".mjs" },
    bundle: true, splitting: true, format: "esm", platform: "node", target: "es2022", logLevel: "error",
  });
  return join(folder, "child.mjs");
}

/** What browser/convert.ts made of networks, for the next race too. */
export const convertedFolder: string = join(packages, ".converted");

export function isInstalled(name: string): boolean {
  return existsSync(join(packages, name));
}

/** Names and versions of packages. */
export function versionsOf(names: readonly string[]): string {
  const about = (name: string): { version: string } => JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
  return names.filter(isInstalled).map((name) => `${name} ${about(name).version}`).join(", ");
}

const forPages = { bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022", logLevel: "error" };

/** What pages of the race load: page.js, and packages that come in many files. */
export async function bundlePage(folder: string): Promise<void> {
  const { build } = await esbuild();
  await build({ ...forPages, entryPoints: [join(here, "browser/page.ts")], outdir: folder, splitting: true });
  const entryPoints: Record<string, string> = {
    "tfjs-core": "@tensorflow/tfjs-core", "tfjs-backend-wasm": "@tensorflow/tfjs-backend-wasm",
  };
  if (isInstalled("@litertjs/core")) entryPoints.litert = "@litertjs/core";
  await build({ ...forPages, entryPoints, absWorkingDir: here, outdir: folder, splitting: true });
}

/** A module with all it imports; addresses stay imports. */
export async function bundleText(module: string, out: string): Promise<void> {
  const { build } = await esbuild();
  await build({ ...forPages, stdin: { contents: module, resolveDir: here, loader: "ts" }, outfile: out, external: ["/packages/*"] });
}

function filesIn(path: string): string[] {
  if (/\.\w+$/.test(path) && !path.endsWith("v6")) return [path];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    if (/\.(map|d\.ts)$/.test(entry.name)) return [];
    return entry.isDirectory() ? filesIn(join(path, entry.name)) : [join(path, entry.name)];
  });
}

/** Bytes after gzip of a module's text with all it imports, minified. */
export async function bundleSize(module: string): Promise<number> {
  const { build } = await esbuild();
  const { outputFiles } = await build({
    stdin: { contents: module, resolveDir: here, loader: "ts" }, write: false,
    ...forPages,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/** Bytes after gzip of what a user must load to run a network, weights apart: JavaScript minified. */
export async function downloadSize({ download }: Contender): Promise<number> {
  let bytes = download.module === undefined ? 0 : await bundleSize(download.module);
  for (const name of download.files ?? []) {
    const path = join(packages, name.replace("PLATFORM", process.platform).replace("ARCH", process.arch));
    for (const file of filesIn(realpathSync(path))) bytes += gzipSync(readFileSync(file), { level: 9 }).length;
  }
  return bytes;
}
