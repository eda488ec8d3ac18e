/**
 * Checkpoints of any torch that can be installed, in both of its forms: read to the bit, or refused with advice.
 *
 *     python test/peers/torch/checkpoints.py FOLDER && npx tsx test/peers/torch/checkpoints.ts FOLDER
 *
 * Closes with `N passed, N failed`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { FormatError } from "../../../src/errors.ts";
import { readWeights } from "../../../src/io/weights/read.ts";
import { isNumeric, numbersOf } from "../../../src/io/weights/stored.ts";

interface Wanted {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Answers {
  readonly made: string;
  /** Tensors by file and name; null for what holds no weights. */
  readonly files: Readonly<Record<string, Readonly<Record<string, Wanted>> | null>>;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("checkpoints: wants the folder that checkpoints.py wrote");
const { made, files } = JSON.parse(readFileSync(join(folder, "answers.json"), "utf8")) as Answers;
let passed = 0;
let failed = 0;
function expect(what: string, good: boolean, detail: string): void {
  if (good) passed++;
  else failed++;
  console.log(`${good ? "ok  " : "FAIL"} ${what}${detail === "" ? "" : `: ${detail}`}`);
}

console.log(made);
for (const [file, wanted] of Object.entries(files)) {
  const bytes = new Uint8Array(readFileSync(join(folder, file)));
  try {
    const { tensors } = readWeights(bytes);
    if (wanted === null) {
      expect(file, false, "is read, and wants to be refused");
      continue;
    }
    const wrong = Object.entries(wanted).flatMap(([name, { shape, data }]) => {
      const stored = tensors.get(name);
      if (stored === undefined) return [`${name} is missing`];
      if (!isNumeric(stored.dtype)) return [`${name} is of ${stored.dtype}`];
      const found = numbersOf(name, stored);
      const same = found.shape.join() === shape.join() && data.every((x, i) => Object.is(x, found.data[i]));
      return same ? [] : [`${name} differs`];
    });
    expect(`${file}, ${Object.keys(wanted).length} tensors`, wrong.length === 0, wrong.join("; "));
  } catch (error) {
    expect(file, wanted === null && error instanceof FormatError, (error as Error).message);
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
