/**
 * Compares our PNG decoder with Pillow and libpng on the files that make.py made:
 *
 *     python make.py FOLDER && npx tsx compare.ts FOLDER
 *
 * What both read with the same colours must come out so; what both refuse must be refused. A fault on which they disagree for some kind of
 * image may be refused, but ours must not be a third opinion. Prints what is otherwise, then these faults with who reads them, and closes
 * with `N passed, N failed`.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { FormatError } from "../../../src/errors.ts";
import { decodePngSync } from "../../../src/io/images/png.ts";

interface Case {
  readonly fault: string;
  readonly kind: string;
  readonly bytes: number;
  /** Digests of RGBA, or errors. */
  readonly pillow: string;
  readonly libpng: string;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("compare.ts wants the folder that make.py filled");
const { made, cases } = JSON.parse(readFileSync(join(folder, "answers.json"), "utf8")) as { made: string; cases: readonly Case[] };
const all = new Uint8Array(readFileSync(join(folder, "files.bin")));
const reads = (answer: string): boolean => /^[0-9a-f]{64}$/.test(answer);

const agree = ({ pillow, libpng }: Case): boolean => pillow === libpng || (!reads(pillow) && !reads(libpng));
const disputed = new Set(cases.filter((one) => !agree(one)).map(({ fault }) => fault));

let passed = 0;
let failed = 0;
let at = 0;
const choices = new Map<string, number>();
for (const one of cases) {
  const { fault, kind, bytes, pillow, libpng } = one;
  const got = ours(all.subarray(at, at + bytes));
  at += bytes;
  const refused = got.startsWith("PNG") && (!reads(pillow) || disputed.has(fault));
  if (refused || (reads(got) && (got === pillow || got === libpng))) passed++;
  else {
    failed++;
    console.log(`${fault}, ${kind}: Pillow ${pillow.slice(0, 40)}, libpng ${libpng.slice(0, 40)}, ours ${got.slice(0, 80)}`);
  }
  if (!disputed.has(fault)) continue;
  const readers = [pillow, libpng, got].map((answer, i) => (reads(answer) ? ["Pillow", "libpng", "senet"][i] : "")).filter(Boolean);
  const choice = `${fault}: ${readers.join(", ")}`;
  choices.set(choice, (choices.get(choice) ?? 0) + 1);
}
console.log(`${made}. Read by some only, or read differently:`);
for (const [choice, count] of choices) console.log(`  ${choice} (${count})`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function ours(file: Uint8Array): string {
  try {
    return createHash("sha256").update(Uint8Array.from(decodePngSync(file).data)).digest("hex");
  } catch (error) {
    return error instanceof FormatError ? error.message : `thrown: ${String(error)}`;
  }
}
