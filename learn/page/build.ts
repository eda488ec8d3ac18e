/**
 * Builds the page as static files, which any web server can give out, and gives them out itself with --serve:
 *
 *   npx tsx learn/page/build.ts [--out DIR] [--serve [PORT]]
 *
 * The bundler is the one that tsx brings. It joins and shortens senet's own modules; nothing else goes into the page.
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { servePage } from "./serve.ts";
import { pages } from "./ui/lines.ts";

export interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>;
}

interface Require {
  (name: string): unknown;
  resolve(name: string): string;
}

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const pretrained = join(root, "models/pretrained");

/** Of tsx, wherever the package manager has put it: in this project, or, where npx fetched it, beside the loader that runs this file. */
export function bundler(): Esbuild {
  const loaders = process.execArgv.filter((word) => /[\\/]tsx[\\/]/.test(word));
  const places = [() => (createRequire(import.meta.url) as Require).resolve("tsx/package.json"), ...loaders.map((path) => () => path)];
  for (const place of places) {
    try {
      return createRequire(place())("esbuild") as Esbuild;
    } catch {
      // The next one may have it.
    }
  }
  throw new Error("the page is built with the bundler of tsx, which is not installed: npm ci");
}

/** What the page is, with its sizes in bytes as they go over the wire. */
export interface BuiltFile {
  readonly name: string;
  readonly gzip: number;
}

/** Builds into this folder, which is made anew. @returns all files */
export async function buildPage(out: string): Promise<BuiltFile[]> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, "samples"), { recursive: true });
  const shared = { bundle: true, minify: true, format: "esm", target: "es2022", logLevel: "error", legalComments: "none" };
  await bundler().build({ ...shared, entryPoints: [join(here, "ui/app.ts")], outdir: out });
  // What only files of a user's want is a file of its own, which is loaded when one is given.
  await bundler().build({
    ...shared, entryPoints: [join(here, "worker/worker.ts")], outdir: out, splitting: true, chunkNames: "part-[name]-[hash]" });
  // An ordinary script: it waits neither for the style nor for the rest of the page. It names what the worker will ask for first.
  const worker = readFileSync(join(out, "worker.js"), "utf8");
  const parts = [...worker.matchAll(/from"\.\/(part-[^"]+)"/g)].map(([, name]) => name);
  await bundler().build({
    ...shared, format: "iife", entryPoints: [join(here, "ui/begin-now.ts")], outfile: join(out, "begin.js"),
    define: { workerParts: JSON.stringify([...new Set(parts)]) } });
  for (const name of ["index.html", "style.css", "icon.svg"]) copyFileSync(join(here, "static", name), join(out, name));
  copyFileSync(join(pretrained, "fashion-mnist.safetensors"), join(out, "fashion-mnist.safetensors"));
  for (const [page, { folder }] of Object.entries(pages)) {
    copyFileSync(join(root, "kernels/reference", folder, `${page}.ts`), join(out, `${page}.txt`));
  }
  const samples = readdirSync(join(pretrained, "samples")).filter((name) => name.endsWith(".png")).sort();
  for (const name of samples) copyFileSync(join(pretrained, "samples", name), join(out, "samples", name));
  writeFileSync(join(out, "samples.json"), JSON.stringify(samples));
  const files = [...readdirSync(out).filter((name) => name !== "samples"), ...samples.map((name) => `samples/${name}`)];
  return files.map((name) => ({ name, gzip: gzipSync(readFileSync(join(out, name)), { level: 9 }).length }));
}

/** Bytes after gzip: of the page, without the network beside it; and of what a file may ask for later. */
export function pageBytes(files: readonly BuiltFile[]): { readonly page: number; readonly later: number } {
  let [page, later] = [0, 0];
  for (const { name, gzip } of files) {
    if (/^part-users-files-/.test(name)) later += gzip;
    else if (!name.endsWith(".safetensors")) page += gzip;
  }
  return { page, later };
}

/** For people. */
export function sizes(files: readonly BuiltFile[]): string {
  const { page, later } = pageBytes(files);
  const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;
  const asked = "as a user's files ask for it (other networks, ONNX, .tflite, ImageNet's names)";
  return `${kilobytes(page)} after gzip, ${kilobytes(later)} more ${asked}, and the network beside it`;
}

/** What follows an option on the command line. */
function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : (process.argv[at + 1] ?? "");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = option("--out") ?? join(root, "dist/page");
  const files = await buildPage(out).catch((error: Error) => {
    console.log(error.message);
    process.exit(1);
  });
  console.log(`${out}: ${files.length} files, ${sizes(files)}.`);
  const port = option("--serve");
  if (port !== undefined) {
    await servePage(out, Number(port) || 8000).then(
      ({ address }) => console.log(`Look at ${address} (Ctrl+C ends it)`),
      (error: Error) => {
        console.log(error.message);
        process.exit(1);
      });
  } else console.log("Any web server can give it out; npx tsx learn/page/build.ts --serve does.");
}
