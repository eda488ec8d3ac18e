/** Node, as a contender sees it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInThisContext } from "node:vm";
import type { Host } from "../contender.ts";

/** Bundled or not, this file lies in bench/peers/node_modules/.bench-ID, or in bench/peers/node. */
function packages(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return /node_modules/.test(here) ? dirname(here) : join(dirname(here), "node_modules");
}

export const nodeHost: Host = {
  name: "node",
  read: (file) => Promise.resolve(new Uint8Array(readFileSync(file))),
  address: (ofPackage) => join(packages(), ofPackage),
  /** The scripts are classic ones: they look for `require` and `__dirname` in Node, are run by `importScripts`, and fetch their files. */
  likePage(ofPackage) {
    const folder = join(packages(), ofPackage);
    const fetchFile = (file: unknown): Promise<unknown> => {
      const bytes = new Uint8Array(readFileSync(String(file).replace(/^file:\/\//, "")));
      return Promise.resolve({ ok: true, arrayBuffer: () => Promise.resolve(bytes.buffer) });
    };
    Object.assign(globalThis, {
      self: globalThis, require: createRequire(join(folder, "script.js")), __dirname: folder, fetch: fetchFile,
      importScripts: (file: string) => void runInThisContext(readFileSync(file, "utf8")),
    });
  },
};
