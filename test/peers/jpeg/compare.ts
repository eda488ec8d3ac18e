/**
 * Compares our JPEG decoders, plain and by vectors, with Pillow, byte for byte, on the files that make.py made:
 *
 *     python make.py FOLDER && npx tsx compare.ts FOLDER
 *     python make.py FOLDER --damaged 20000 && npx tsx compare.ts FOLDER
 *     python make.py FOLDER --rearranged 20000 && npx tsx compare.ts FOLDER
 *
 * Prints what differs and closes with `N passed, N failed`.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { FormatError } from "../../../src/errors.ts";
import { decodeJpegByVectors } from "../../../src/io/images/jpeg-vectors.ts";
import { decodeJpeg } from "../../../src/io/images/jpeg/decode.ts";

interface Answer {
  readonly size?: readonly number[];
  readonly sha256?: string;
  readonly error?: string;
}
interface Case {
  readonly bytes: number;
  readonly strict: Answer;
  readonly lenient?: Answer;
}

const [folder, keep] = process.argv.slice(2);
if (folder === undefined) throw new Error("compare.ts wants the folder that make.py filled");
const { made, cases } = JSON.parse(readFileSync(join(folder, "answers.json"), "utf8")) as { made: string; cases: readonly Case[] };
const all = new Uint8Array(readFileSync(join(folder, "files.bin")));

let passed = 0;
let failed = 0;
let unread = 0;
let at = 0;
cases.forEach(({ bytes, strict, lenient }, i) => {
  const file = all.subarray(at, at + bytes);
  at += bytes;
  for (const way of [0, 1, 2, 3]) {
    const tolerant = way % 2 > 0;
    const wanted = (tolerant ? lenient : undefined) ?? strict;
    const got = ours(file, tolerant, way > 1);
    // Pillow reads lossless and arithmetic coding; we say that we do not.
    if (/coding is not read/.test(got)) unread++;
    else if (got === wanted.sha256 || (wanted.error !== undefined && got.startsWith("JPEG: "))) passed++;
    else {
      failed++;
      const what = `file ${i}${tolerant ? ", tolerant" : ""}${way > 1 ? ", by vectors" : ""}`;
      if (failed <= 40) console.log(`${what}: wants ${wanted.error ?? wanted.sha256!.slice(0, 8)}, got ${got.slice(0, 90)}`);
      if (keep !== undefined) writeFileSync(join(keep, `${i}.jpg`), file);
    }
  }
});
console.log(`${made}; ${unread} not read by us on purpose`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function ours(file: Uint8Array, tolerant: boolean, vectors: boolean): string {
  try {
    const { data } = vectors ? decodeJpegByVectors(file, { tolerant }, 0) : decodeJpeg(file, { tolerant });
    const rgb = new Uint8Array((data.length / 4) * 3);
    for (let i = 0, o = 0; o < rgb.length; i += 4, o += 3) {
      rgb[o] = data[i];
      rgb[o + 1] = data[i + 1];
      rgb[o + 2] = data[i + 2];
    }
    return createHash("sha256").update(rgb).digest("hex");
  } catch (error) {
    return error instanceof FormatError ? error.message : `thrown: ${String(error)}`;
  }
}
