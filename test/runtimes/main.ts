/**
 * One program in all hosts that this machine has, beside the answers of expected.json: same pictures, same bits, same losses, same errors.
 *
 *   npx tsx test/runtimes/main.ts [--quick] [--only NAME]... [--write] [--expect]
 *
 * --quick leaves out hosts that take long to build or install. --write writes results.json and the tables of README.md and docs/hosts.md,
 * with the versions that were tried; what was not there keeps its row. --expect writes expected.json from the first host of each family
 * (a change of bits is a change of a promise). Wants (cd test/runtimes && npm install), for browsers (cd test/page && npm install).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { buildPrograms, here } from "./build.ts";
import type { Programs } from "./build.ts";
import { Missing } from "./host.ts";
import type { Host } from "./host.ts";
import { hosts } from "./hosts/index.ts";
import type { Report } from "./smoke/program.ts";
import { readResults, writeTables } from "./table.ts";
import type { Result } from "./table.ts";

const args = process.argv.slice(2);
const names = args.flatMap((word, i) => (word === "--only" ? [args[i + 1]] : []));
const chosen = hosts.filter(({ name, quick }) =>
  (names.length === 0 || names.some((each) => name.toLowerCase().includes(each.toLowerCase()))) && (quick || !args.includes("--quick")));

const expectedPath = join(here, "expected.json");
const expected = (args.includes("--expect") ? {} : JSON.parse(readFileSync(expectedPath, "utf8"))) as Record<string, string>;

/** Only hosts of one kind answer these. */
const belongsTo = (name: string): "wasm" | "plain" | "all" =>
  (name.startsWith("wasm") ? "wasm" : /^(plain|without wasm)/.test(name) ? "plain" : "all");

/** What is not as it should be. */
function wrongIn({ kernels, answers }: Report, wanted: RegExp): string[] {
  const family = kernels.startsWith("wasm") ? "wasm" : "plain";
  const wrong = wanted.test(kernels) ? [] : [`kernels: ${kernels}; wanted ${String(wanted)}`];
  for (const [name, came] of Object.entries(answers)) {
    if (args.includes("--expect")) expected[name] ??= came;
    if (expected[name] !== came) wrong.push(`${name}: ${came}; wanted ${expected[name]}`);
  }
  for (const name of Object.keys(expected)) {
    if (!(name in answers) && ["all", family].includes(belongsTo(name))) wrong.push(`${name}: no answer`);
  }
  return wrong;
}

const results: Result[] = [];
const missing: string[] = [];
let passed = 0;
let failed = 0;

async function tryHost(host: Host, programs: Programs): Promise<void> {
  const found = await host.find(programs).catch((error: unknown) => {
    if (error instanceof Missing) missing.push(`not here: ${host.name}: ${error.message}`);
    else {
      failed++;
      console.log(`FAIL ${host.name}: ${(error as Error).message}`);
    }
  });
  if (found === undefined) return;
  for (const { name, kernels, run } of found.places) {
    const title = `${host.name} ${found.version}${name === "" ? "" : `, ${name}`}`;
    const began = Date.now();
    try {
      const report = await run();
      const wrong = wrongIn(report, kernels);
      if (wrong.length > 0) throw new Error(wrong.join("\n"));
      passed++;
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      console.log(`ok   ${title}: ${report.given ?? report.kernels}; a picture ${report.picture.toFixed(1)} ms; ${seconds} s in all`);
      results.push({ host: host.name, version: found.version, place: name, kernels: report.given ?? report.kernels, quick: host.quick });
    } catch (error) {
      failed++;
      console.log(`FAIL ${title}\n${(error as Error).message}`);
    }
  }
  await found.close?.();
}

const folder = mkdtempSync(join(tmpdir(), "senet-hosts-"));
try {
  const programs = await buildPrograms(folder);
  const queue = [...chosen];
  const lane = async (): Promise<void> => {
    for (let host = queue.shift(); host !== undefined; host = queue.shift()) await tryHost(host, programs);
  };
  await (args.includes("--expect") ? lane() : Promise.all([lane(), lane()]));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const line of missing) console.log(line);
if (args.includes("--expect")) writeFileSync(expectedPath, `${JSON.stringify(expected, null, 2)}\n`);
if (args.includes("--write") && failed === 0) writeTables(hosts.map(({ name }) => name), [...readResults(), ...results]);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
