/**
 * senet's JPEG decoders, `decodeJpeg` (plain) and `decodeImage` (with WebAssembly's vectors), beside jpeg-js (npm, plain JavaScript) and
 * Pillow (libjpeg-turbo), on photographs of 4 megapixels.
 *
 *     (cd bench/jpeg && npm install) && npx tsx bench/jpeg/main.ts --python PYTHON [--rounds N] [FILE.jpg ...]
 *
 * PYTHON is one that has Pillow and numpy; it makes the photographs where no files are named. All take turns, N rounds of three decodes
 * each (5 unless told); the best of all is printed.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { decodeImageSync } from "../../src/io/images/decode.ts";
import { decodeJpeg } from "../../src/io/images/jpeg/decode.ts";
import { machine } from "../peers/machine.ts";

interface JpegJs {
  decode(bytes: Uint8Array, options: { readonly useTArray: boolean; readonly maxMemoryUsageInMB: number }): { readonly data: Uint8Array };
}

const perRound = 3;
const name = "jpeg-js";
const script = join(dirname(fileURLToPath(import.meta.url)), "pillow.py");

function usage(message: string): never {
  process.stderr.write(`bench/jpeg: ${message}\n`);
  process.exit(2);
}

function best(work: () => unknown): number {
  let least = Infinity;
  for (let i = 0; i < perRound; i++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

const words = process.argv.slice(2);
const option = (flag: string, fallback: string): string => {
  const at = words.indexOf(flag);
  return at < 0 ? fallback : (words.splice(at, 2)[1] ?? usage(`${flag} wants a value`));
};
const python = option("--python", "python3");
const rounds = Number(option("--rounds", "5"));
if (!(Number.isSafeInteger(rounds) && rounds > 0)) usage("--rounds wants a whole number of at least 1");
const loaded = await (import(name) as Promise<{ default: JpegJs }>).catch(() => usage("wants (cd bench/jpeg && npm install) first"));
const jpegJs = loaded.default;
const folder = mkdtempSync(join(tmpdir(), "senet-jpeg-"));
try {
  if (words.length === 0) {
    execFileSync(python, [script, "make", folder]);
    words.push(...["420", "444", "progressive", "grey"].map((kind) => join(folder, `${kind}.jpg`)));
  }
  console.log(`${machine()}; Node ${process.versions.node}`);
  console.log("| file | bytes | decodeImage, ms | decodeJpeg, ms | jpeg-js, ms | Pillow, ms | over jpeg-js | over Pillow |");
  console.log("|---|---|---|---|---|---|---|---|");
  for (const file of words) {
    const bytes = new Uint8Array(readFileSync(file));
    const ways: (() => number)[] = [
      () => best(() => decodeImageSync(bytes)),
      () => best(() => decodeJpeg(bytes)),
      () => best(() => jpegJs.decode(bytes, { useTArray: true, maxMemoryUsageInMB: 2048 })),
      () => Number(String.fromCharCode(...execFileSync(python, [script, "time", file, String(4 * perRound)]))),
    ];
    const times = ways.map(() => Infinity);
    for (let round = 0; round < rounds; round++) ways.forEach((way, i) => (times[i] = Math.min(times[i], way())));
    const [vectors, plain, theirs, native] = times;
    const over = (time: number, digits: number): string => [vectors, plain].map((ours) => (ours / time).toFixed(digits)).join("; ");
    console.log(`| ${[
      basename(file), bytes.length.toLocaleString("en"), ...times.map((time) => time.toFixed(1)), over(theirs, 2), over(native, 1),
    ].join(" | ")} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
