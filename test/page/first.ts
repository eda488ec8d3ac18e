/**
 * How long until the page's first answer, step by step: builds it, gives it out, opens it in Chromium so many times, each time in a fresh
 * process without a cache, and prints best and median of every step.
 *
 *   (cd test/page && npm install) && npx tsx test/page/first.ts [RUNS] [FOLDER]
 *
 * With a folder (of `learn/page/build.ts --out FOLDER`, of another commit) both are opened in turns.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { buildPage, sizes } from "../../learn/page/build.ts";
import { servePage } from "../../learn/page/serve.ts";
import type { Served } from "../../learn/page/serve.ts";
import { looks } from "./asking.ts";
import { launch, pathOf } from "./browser.ts";
import { work } from "./counted.ts";

const runs = Number(process.argv[2] ?? 7);
const path = pathOf("chrome");
if (path === undefined) {
  console.log("this machine has no Chromium (apt-get install chromium)");
  process.exit(1);
}
const out = join(work, "page");
console.log(sizes(await buildPage(out)));
const folders = [out, ...process.argv.slice(3)];
const served = await Promise.all(folders.map((folder) => servePage(folder, 0)));
const times = folders.map(() => new Map<string, number[]>());

const chromium = path;

async function once({ address }: Served, steps: Map<string, number[]>): Promise<void> {
  const browser = await launch("chrome", chromium);
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForFunction(`${looks} > 0`, { timeout: 60_000 });
  const marks = (await page.evaluate(
    `performance.getEntriesByType("mark").map(({ name, startTime }) => [name, startTime])`)) as [string, number][];
  for (const [name, time] of marks) steps.set(name, [...(steps.get(name) ?? []), time]);
  await browser.close();
}
for (let run = 0; run < runs; run++) {
  for (let i = 0; i < served.length; i++) await once(served[i], times[i]);
}
for (const each of served) each.close();
rmSync(work, { recursive: true, force: true });
console.log("milliseconds from the request of the page, best and median:");
for (const [i, steps] of times.entries()) {
  console.log(i === 0 ? "this" : folders[i]);
  for (const [name, each] of [...steps].sort(([, a], [, b]) => Math.min(...a) - Math.min(...b))) {
    const sorted = [...each].sort((a, b) => a - b);
    console.log(`  ${name.padEnd(28)} ${sorted[0].toFixed(0).padStart(6)} ${sorted[sorted.length >> 1].toFixed(0).padStart(6)}`);
  }
}
