/**
 * The recipes of docs/hosts/*.md as they stand there: servers are started and asked for a page with threads in Chromium, pages are opened,
 * programs are built and run.
 *
 *   npx tsx test/runtimes/guide/main.ts [--quick] [--only NAME]...
 *
 * Wants dist (npm run build), (cd test/runtimes && npm install), (cd test/page && npm install), browsers; and servers as far as this
 * machine has them (apt-get install nginx-light caddy apache2-bin). --quick leaves out wrangler, which wants its path in WRANGLER.
 */
import { rmSync } from "node:fs";
import process from "node:process";
import { launch, pathOf as browserPath } from "../../page/browser.ts";
import type { Browser } from "../../page/browser.ts";
import { Missing } from "../host.ts";
import { pages, said } from "./pages.ts";
import { programs } from "./programs.ts";
import { freePort, makeProject, runCommands } from "./project.ts";
import { servers } from "./servers.ts";

const args = process.argv.slice(2);
const names = args.flatMap((word, i) => (word === "--only" ? [args[i + 1].toLowerCase()] : []));
const chosen = (name: string): boolean => names.length === 0 || names.some((each) => name.toLowerCase().includes(each));
let [passed, failed] = [0, 0];

async function expect(name: string, wanted: RegExp, ask: () => Promise<string>): Promise<void> {
  if (!chosen(name)) return;
  const began = Date.now();
  try {
    const answer = await ask();
    if (!wanted.test(answer)) throw new Error(`it says "${answer}"; wanted ${String(wanted)}`);
    passed++;
    console.log(`ok   ${name}: ${answer}; ${((Date.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    if (error instanceof Missing) console.log(`not here: ${name}: ${error.message}`);
    else {
      failed++;
      console.log(`FAIL ${name}\n${(error as Error).message}`);
    }
  }
}

const folder = makeProject();
const browsers = new Map<string, Browser>();
try {
  for (const heading of [
    "Threads in a page", "A worker of one's own", "Threads from a file of one's own", "Pages from a disk, as Electron opens them",
  ]) {
    await runCommands(folder, heading);
  }
  for (const kind of ["chrome", "firefox"] as const) {
    const path = browserPath(kind);
    if (path === undefined) console.log(`not here: ${kind}`);
    else browsers.set(kind, await launch(kind, path));
  }
  const inBrowsers = async (): Promise<void> => {
    const chromium = browsers.get("chrome");
    for (const { name, quick, start } of chromium === undefined ? [] : servers) {
      if (!quick && args.includes("--quick")) continue;
      await expect(name, /^wasm: simd.*, 2 threads$/, async () => {
        const server = await start(folder, await freePort());
        try {
          return await said(await chromium!.newPage(), server.address);
        } finally {
          await server.stop();
        }
      });
    }
    for (const { name, wanted, run, browsers: wantedBrowsers } of pages) {
      for (const kind of wantedBrowsers) {
        const browser = browsers.get(kind);
        if (browser !== undefined) await expect(`${name}, ${kind}`, wanted, async () => run(await browser.newPage(), folder));
      }
    }
  };
  const alone = async (): Promise<void> => {
    for (const recipe of programs) await expect(recipe.name, recipe.wanted, () => recipe.run(folder));
  };
  await Promise.all([inBrowsers(), alone()]);
} finally {
  await Promise.all([...browsers.values()].map((browser) => browser.close()));
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
