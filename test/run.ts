/**
 * Runs every test/**\/*.test.ts in a process of its own, on the runtime that runs this file, and closes with
 * `N passed, N failed`. Arguments narrow the choice: `npx tsx test/run.ts kernels png` runs files whose paths contain one; what comes after
 * `--but` is left out.
 */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { command } from "./support/runtime.ts";

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly output: string;
}

const root = dirname(fileURLToPath(import.meta.url));

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return testFiles(path);
      return entry.name.endsWith(".test.ts") ? [path] : [];
    })
    .sort();
}

function runFile(file: string): Promise<Outcome> {
  const start = performance.now();
  return new Promise((resolve) => {
    const options = { maxBuffer: 1 << 26, env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" } };
    execFile(process.execPath, command(file), options, (error, stdout, stderr) => {
      const plain = stdout.replace(/\x1b\[[0-9;]*m/g, "");
      const total = sum(plain, /^ *Total: +(\d+)/gm);
      const passed = sum(plain, /^ *Passed: +(\d+)/gm);
      // A file that dies, or runs nothing, has failed even if nothing says so.
      const failed = total - passed + (error !== null && total === passed ? 1 : 0) + (error === null && total === 0 ? 1 : 0);
      resolve({ passed, failed, seconds: (performance.now() - start) / 1000, output: plain + stderr });
    });
  });
}

function sum(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((n, match) => n + Number(match[1]), 0);
}

const args = process.argv.slice(2);
const but = args.includes("--but") ? args.slice(args.indexOf("--but") + 1) : [];
const wanted = args.slice(0, args.length - (args.includes("--but") ? but.length + 1 : 0));
const files = testFiles(root).map((file) => [file, relative(root, file)] as const)
  .filter(([, path]) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .filter(([, path]) => !but.some((part) => path.includes(part)))
  .map(([file]) => file);
const queue = [...files];
let passed = 0;
let failed = 0;

async function worker(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const outcome = await runFile(file);
    passed += outcome.passed;
    failed += outcome.failed;
    const verdict = outcome.failed === 0 ? "ok  " : "FAIL";
    console.log(
      `${verdict} ${relative(root, file).padEnd(44)} ${String(outcome.passed).padStart(4)} passed ` +
      `${outcome.seconds.toFixed(1).padStart(6)} s`,
    );
    if (outcome.failed > 0) console.log(outcome.output);
  }
}

await Promise.all([worker(), worker()]);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
