/**
 * The second part of the study: is SE robust to noise, does it help small or cheap networks more, what do reduction and place do?
 *
 *     npx tsx bench/claim/study/main.ts --data DIR [--record FILE]     runs what the record does not have yet, and writes the tables
 *     npx tsx bench/claim/study/main.ts --table                        only writes the tables of docs/claim.md and the picture anew
 *
 * DIR is a folder of Fashion-MNIST's IDX files. Every finished run adds a line to the record, docs/claim/study.jsonl where no other file is
 * named; so the whole can be interrupted at any time, and goes on.
 */
import { join } from "node:path";
import process from "node:process";
import { readDataset } from "../../../src/cli/training/data.ts";
import { writeBytes } from "../../../src/cli/files.ts";
import { encodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import { docs, firstRecord, option, recorded, writeTables } from "../page.ts";
import { run, sameRun } from "../run.ts";
import type { Changes } from "../run.ts";
import { corrupted, corruptions } from "./corruptions.ts";
import { cheap, ordinary, recipe, wanted } from "./plan.ts";
import { robustnessSvg } from "./plot.ts";
import { studyTables } from "./tables.ts";

const standard = join(docs, "claim", "study.jsonl");
const record = option("record") ?? standard;

function range(data: Dataset, begin: number, count: number): Dataset {
  return data.select(Int32Array.from({ length: count }, (_, i) => begin + i));
}

function writePage(): void {
  const records = recorded(standard);
  writeTables("bench/claim/study/main.ts", studyTables(records, recorded(firstRecord)));
  writeBytes(join(docs, "claim", "noise.svg"), encodeUtf8(robustnessSvg(records, [ordinary, cheap])));
}

const folder = option("data");
if (process.argv.includes("--table")) {
  writePage();
  process.exit(0);
}
if (folder === undefined) {
  process.stderr.write("claim: wants --data DIR, a folder with Fashion-MNIST's IDX files, or --table\n");
  process.exit(2);
}
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
  // One that is made again for what was not measured takes the place of the one before.
  const others = recorded(record).filter((other) => !sameRun(other, variant, seed, recipe));
  const lines = [...others, result].map((each) => `${JSON.stringify(each)}\n`);
  writeBytes(record, encodeUtf8(lines.join("")));
  console.log(
    `${i + 1} of ${left.length}: ${variant.name}, seed ${seed}: accuracy ${(100 * result.accuracy).toFixed(2)} %, ${result.seconds} s ` +
    `(${result.cpuSeconds} s of processor time)`,
  );
}
if (record === standard) writePage();
