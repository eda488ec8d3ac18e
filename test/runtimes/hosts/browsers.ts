/**
 * Browsers without a window on the screen: the page's own thread, a module worker and a service worker, isolated and not, and under the
 * content security policies of docs/hosts.md. What each policy costs is what `kernels` says.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, pathOf as browserPath } from "../../page/browser.ts";
import type { BrowserName, Page } from "../../page/browser.ts";
import { Missing, simd, withThreads } from "../host.ts";
import type { Found, Host, Place } from "../host.ts";
import type { Programs } from "../build.ts";
import type { Report } from "../smoke/program.ts";
import { policies, serve } from "./server.ts";

const alone = (why: string): RegExp => new RegExp(`^wasm: simd.*, 1 thread \\(.*${why}`);
const plain = /^plain: WebAssembly does not compile here: /;

/** The page, and what it finds beside it. */
const files: Readonly<Record<string, string>> = {
  "window.html": `<!doctype html><title>smoke</title><script type="module" src="window.js"></script>`,
  "window.js": `import { smoke } from "./smoke.mjs";
globalThis.answer = smoke();`,
  "worker.html": `<!doctype html><title>smoke</title><script type="module" src="page.js"></script>`,
  "page.js": `globalThis.answer = new Promise((resolve, reject) => {
  const worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error("the worker failed: " + event.message));
});`,
  "worker.js": `import { smoke } from "./smoke.mjs";
smoke().then((report) => postMessage(report), (error) => setTimeout(() => { throw error; }));`,
  "service.html": `<!doctype html><title>smoke</title><script type="module" src="register.js"></script>`,
  "register.js": `globalThis.answer = (async () => {
  const answered = new Promise((resolve, reject) => {
    navigator.serviceWorker.onmessage = ({ data }) => (data.error === undefined ? resolve(data) : reject(new Error(data.error)));
  });
  await navigator.serviceWorker.register("service.js");
  (await navigator.serviceWorker.ready).active.postMessage("go");
  return answered;
})();`,
  // Firefox 128 and 140 take no modules there: a script is what all browsers take.
  "service.js": `importScripts("smoke.js");
onmessage = (event) => event.waitUntil(senetSmoke.smoke().then(
  (report) => event.source.postMessage(report), (error) => event.source.postMessage({ error: error + error.stack })));`,
};

interface Way {
  readonly name: string;
  readonly path: string;
  readonly kernels: RegExp;
}

const ways = (browser: BrowserName): readonly Way[] => [
  { name: "window, isolated", path: "isolated/window.html", kernels: withThreads },
  { name: "window", path: "bare/window.html", kernels: alone("memory cannot be shared here") },
  { name: "module worker, isolated", path: "isolated/worker.html", kernels: withThreads },
  { name: "module worker", path: "bare/worker.html", kernels: alone("memory cannot be shared here") },
  { name: "service worker", path: "bare/service.html", kernels: simd },
  ...policies.map(({ name, costs }, i) => ({
    name: `window, isolated, ${name}`, path: `policy${i}/window.html`,
    kernels: costs === "nothing" ? withThreads : costs === "threads" ? /^wasm: simd.*, 1 thread/ : plain,
  })),
].filter(({ path }) => browser !== "firefox" || path !== "");

async function answerOf(page: Page, address: string): Promise<Report> {
  await page.goto(address);
  // The promise is made by the page's own script: what drives the browser would be let through by no policy.
  const text = (await page.evaluate(`(async () => {
    for (let i = 0; i < 600 && globalThis.answer === undefined; i++) await new Promise((done) => setTimeout(done, 100));
    return JSON.stringify(await globalThis.answer);
  })()`)) as string;
  return JSON.parse(text) as Report;
}

function browser(name: string, kind: BrowserName, how: string): Host {
  return {
    name,
    quick: true,
    async find({ folder }: Programs): Promise<Found> {
      const path = browserPath(kind);
      if (path === undefined) throw new Missing(how);
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
      const [served, driven] = await Promise.all([serve(folder), launch(kind, path)]);
      const place = ({ name: way, path: at, kernels }: Way): Place => ({
        name: way, kernels, run: async () => answerOf(await driven.newPage(), served.address + at),
      });
      return {
        version: (await driven.version()).replace(/^.*\//, ""),
        places: ways(kind).map(place),
        async close() {
          await driven.close();
          served.close();
        },
      };
    },
  };
}

export const browsers: readonly Host[] = [
  browser("Chromium", "chrome", "apt-get install chromium"), browser("Firefox", "firefox", "apt-get install firefox-esr"),
];
