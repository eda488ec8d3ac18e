/** The pages of docs/hosts in a browser: isolated by a service worker, with a worker of their own, from the disk. */
import { readFileSync, renameSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "../../page/browser.ts";

/** What the page says in the end. @throws Error where it says nothing in half a minute */
export async function said(page: Page, address: string): Promise<string> {
  await page.goto(address);
  // The page may be loaded anew meanwhile.
  await page.waitForFunction(`document.querySelector("output")?.textContent !== ""`, { timeout: 30_000 });
  return String(await page.evaluate(`document.querySelector("output").textContent`));
}

export interface PageRecipe {
  readonly name: string;
  readonly browsers: readonly ("chrome" | "firefox")[];
  readonly wanted: RegExp;
  run(page: Page, folder: string): Promise<string>;
}

const policy = { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };
const strict = { ...policy, "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

const types: Readonly<Record<string, string>> = { html: "text/html; charset=utf-8", js: "text/javascript" };

/** The site without any header but these. */
async function served(
  folder: string, headers: Readonly<Record<string, string>>, ask: (address: string) => Promise<string>,
): Promise<string> {
  const server = createServer((request, answer) => {
    const name = /^\/([\w.-]+)$/.exec(request.url ?? "")?.[1] ?? "none";
    try {
      const bytes = readFileSync(join(folder, "site", name));
      answer.writeHead(200, { "content-type": types[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain", ...headers });
      answer.end(bytes);
    } catch {
      answer.writeHead(404, {});
      answer.end("not found");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  try {
    return await ask(`http://localhost:${server.address().port}/`);
  } finally {
    server.close();
  }
}

export const pages: readonly PageRecipe[] = [
  {
    name: "without headers: one thread",
    browsers: ["chrome"],
    wanted: /^wasm: simd.*, 1 thread \(memory cannot be shared here\)$/,
    run: (page, folder) => served(folder, {}, (address) => said(page, `${address}index.html`)),
  },
  {
    name: "Where headers cannot be set (GitHub Pages)",
    browsers: ["chrome", "firefox"],
    wanted: /^wasm: simd.*, 2 threads$/,
    run: (page, folder) => served(folder, {}, async (address) => {
      await page.goto(`${address}isolated.html`);
      await page.waitForFunction("crossOriginIsolated", { timeout: 30_000 });
      return said(page, `${address}isolated.html`);
    }),
  },
  {
    name: "A worker of one's own",
    browsers: ["chrome", "firefox"],
    wanted: /^10,10,10 of wasm: simd.*, 1 thread/,
    run: (page, folder) => served(folder, policy, (address) => said(page, `${address}worker.html`)),
  },
  {
    name: "Threads from a file of one's own",
    browsers: ["chrome", "firefox"],
    wanted: /^wasm: simd.*, 2 threads$/,
    run: (page, folder) => served(folder, strict, (address) => said(page, `${address}threads.html`)),
  },
  {
    name: "the same page without the file: one thread, and why",
    browsers: ["chrome", "firefox"],
    wanted: /1 thread \(a worker failed, .*\(is pool-worker\.js there, a script, and allowed by worker-src\?\)\)$/,
    async run(page, folder) {
      const site = join(folder, "site");
      renameSync(join(site, "pool-worker.js"), join(site, "away.js"));
      try {
        return await served(folder, strict, (address) => said(page, `${address}threads.html`));
      } finally {
        renameSync(join(site, "away.js"), join(site, "pool-worker.js"));
      }
    },
  },
  {
    name: "Pages from a disk, as Electron opens them",
    browsers: ["chrome"],
    wanted: /^[A-Z][\w/ -]+, wasm$/,
    run: (page, folder) => said(page, pathToFileURL(join(folder, "file-page/index.html")).href),
  },
];
