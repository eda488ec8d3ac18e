/**
 * The second part of the study: is SE robust to noise, does it help small or cheap networks more, what do reduction and place do?
 *
 *     npx tsx bench/claim/study/main.ts --data DIR [--record FILE]     runs what the record does not have yet
 *
 * DIR is a folder of Fashion-MNIST's IDX files. Every finished run adds a line to the record, docs/claim/study.jsonl where no other file is
 * named; so the whole can be interrupted at any time, and goes on.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { readDataset } from "../../../src/cli/training/data.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import { run, sameRun } from "../run.ts";
import type { Changes, Result } from "../run.ts";
import { corrupted, corruptions } from "./corruptions.ts";
import { recipe, wanted } from "./plan.ts";

const docs = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "docs");

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** A line that an interruption cut off is no run. */
function recorded(file: string): Result[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as Result);
}

function range(data: Dataset, begin: number, count: number): Dataset {
  return data.select(Int32Array.from({ length: count }, (_, i) => begin + i));
}

const folder = option("data");
if (folder === undefined) {
  process.stderr.write("claim: wants --data DIR, a folder with Fashion-MNIST's IDX files\n");
  process.exit(2);
}
const record = option("record") ?? join(docs, "claim", "study.jsonl");
mkdirSync(dirname(record), { recursive: true });
const done = recorded(record);
const left = wanted().filter(({ variant, seed, robustness }, i, all) =>
  !done.some((result) => sameRun(result, variant, seed, recipe) &&
    (!robustness || corruptions.every(({ name }) => result.changed?.[name] !== undefined))) &&
  all.findIndex((other) => other.variant === variant && other.seed === seed) === i);
console.log(`${done.length} runs are recorded, ${left.length} are left`);
const images = await readDataset(folder, "train");
const held = range(images, images.size - recipe.held, recipe.held);
const data = { training: range(images, 0, recipe.images), held };
const some = range(held, 0, recipe.corrupted);
const changes: Changes = Object.fromEntries(corruptions.map(
  (corruption) => [corruption.name, corruption.strengths.map((strength) => corrupted(some, corruption, strength))]));
for (const [i, { variant, seed, robustness }] of left.entries()) {
  const result = await run(variant, seed, data, () => {}, recipe, robustness ? { none: [some], ...changes } : undefined);
  appendFileSync(record, `${JSON.stringify(result)}\n`);
  console.log(
    `${i + 1} of ${left.length}: ${variant.name}, seed ${seed}: accuracy ${(100 * result.accuracy).toFixed(2)} %, ${result.seconds} s ` +
    `(${result.cpuSeconds} s of processor time)`,
  );
}
