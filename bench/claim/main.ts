/**
 * The paper's claim, at a size that a small machine trains in minutes: does a network learn more with SE?
 *
 *     npx tsx bench/claim/main.ts --data DIR [--only TEXT]      runs what docs/claim.jsonl does not have yet, and writes the tables
 *     npx tsx bench/claim/main.ts --table                       only writes the tables of docs/claim.md anew
 *
 * DIR is a folder of Fashion-MNIST's IDX files. Every finished run adds a line to docs/claim.jsonl; so the whole can be interrupted at any
 * time, and goes on. To run everything again, remove that file.
 */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { readDataset } from "../../src/cli/training/data.ts";
import type { Dataset } from "../../src/train/data/dataset.ts";
import { experiments, recipe, seeds } from "./experiments.ts";
import type { Variant } from "./experiments.ts";
import { firstRecord, option, recorded, writeTables } from "./page.ts";
import { run, sameRun } from "./run.ts";
import { tables } from "./table.ts";

const writePage = (): void => writeTables("bench/claim/main.ts", tables(recorded(firstRecord)));

function parts(data: Dataset): { training: Dataset; held: Dataset } {
  const cut = data.size - recipe.held;
  const range = (begin: number, end: number): Int32Array => Int32Array.from({ length: end - begin }, (_, i) => begin + i);
  return { training: data.select(range(0, cut)), held: data.select(range(cut, data.size)) };
}

/** Every variant once, all of them with the first seed before any with the second: an unfinished record is of use too. */
function wanted(only: string): { variant: Variant; title: string; seed: number }[] {
  const all = seeds.flatMap((seed) => experiments.flatMap(({ title, variants }) => variants.map((variant) => ({ variant, title, seed }))));
  return all.filter(
    ({ title, variant, seed }, i) => title.includes(only) && all.findIndex(
      (other) => other.variant === variant && other.seed === seed,
    ) === i,
  );
}

const folder = option("data");
if (folder === undefined && !process.argv.includes("--table")) {
  process.stderr.write("claim: wants --data DIR, a folder with Fashion-MNIST's IDX files, or --table\n");
  process.exit(2);
}
if (folder !== undefined) {
  const done = recorded(firstRecord);
  const left = wanted(option("only") ?? "").filter(({ variant, seed }) => !done.some((result) => sameRun(result, variant, seed)));
  const data = parts(await readDataset(folder, "train"));
  for (const [i, { variant, title, seed }] of left.entries()) {
    const result = await run(
      variant, seed, data,
      (epoch, loss) => console.log(`${title}, ${variant.name}, seed ${seed}: epoch ${epoch} of ${recipe.epochs}, loss ${loss.toFixed(4)}`),
    );
    appendFileSync(firstRecord, `${JSON.stringify(result)}\n`);
    console.log(
      `${i + 1} of ${left.length}: accuracy ${(100 * result.accuracy).toFixed(2)} %, ${result.seconds} s (${result.cpuSeconds} s of ` +
      `processor time)`,
    );
    writePage();
  }
}
writePage();
console.log(`the tables stand in docs/claim.md`);
