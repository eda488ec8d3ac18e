/**
 * MediaPipe's selfie segmentation of learn/selfie, with the weights of the npm package: mask and gates beside what LiteRT computed, and the
 * chapter on it, which must notice when what it teaches is broken. `(cd test/peers && npm install)`, then `npx tsx test/peers/selfie.ts`.
 * Closes with `N passed, N failed`.
 */
import { readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { openSelfie, prepared } from "../../learn/selfie/open.ts";
import { person } from "../../learn/selfie/pictures.ts";
import { readTflite } from "../../learn/selfie/tflite.ts";
import { copySources, noticed, runBroken } from "../learn/broken.ts";
import { breaks } from "../learn/mutations.ts";
import { fileJson } from "../support/files.ts";
import { runFile } from "../support/runtime.ts";

/** Of the first eight gates of each block, the mean of all of them; means of the mask's 16x16 squares. */
interface Recorded {
  readonly gates: Readonly<Record<string, readonly number[]>>;
  readonly gateMeans: Readonly<Record<string, number>>;
  readonly mask: {
    readonly mean: number; readonly share_above_half: number; readonly means_of_16x16_blocks: readonly (readonly number[])[];
  };
}

const tolerance = 1e-4;
const path = fileURLToPath(
  new URL("./node_modules/@mediapipe/selfie_segmentation/selfie_segmentation.tflite", import.meta.url),
);
const recorded = fileJson("fixtures/trained/selfie.json") as Recorded;
const file = readTflite(new Uint8Array(readFileSync(path)));
let [passed, failed] = [0, 0];

function expect(what: string, off: number, most: number = tolerance): void {
  const good = off <= most;
  if (good) passed++;
  else failed++;
  console.log(`${good ? "ok  " : "FAIL"} ${what}: ${off.toExponential(1)} off, ${most} allowed`);
}

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const numerics of ["exact", "fast"] as const) {
  const network = openSelfie(file, undefined, numerics);
  const { mask, gates } = network.look(prepared(person(1)));
  const names = Object.keys(recorded.gates);
  expect(`${numerics}: ten gates, missing ones`, Math.abs(gates.length - 10) + Math.abs(names.length - 10), 0);
  names.forEach((name, b) => {
    const each = recorded.gates[name].map((gate, c) => Math.abs(gate - gates[b][c]));
    expect(`${numerics}: gates of block ${b}`, Math.max(...each, Math.abs(mean(gates[b]) - recorded.gateMeans[name])));
  });
  expect(`${numerics}: the mask's mean`, Math.abs(mean(mask) - recorded.mask.mean));
  const above = mask.reduce((count, value) => count + (value > 0.5 ? 1 : 0), 0) / mask.length;
  expect(`${numerics}: the share of pixels above one half`, Math.abs(above - recorded.mask.share_above_half));
  // What was recorded has four digits.
  const squares = recorded.mask.means_of_16x16_blocks.flatMap((row, r) => row.map((value, c) => {
    const square = Float32Array.from({ length: 256 }, (_, i) => mask[(16 * r + (i >> 4)) * 256 + 16 * c + (i & 15)]);
    return Math.abs(mean(square) - value);
  }));
  expect(`${numerics}: means of the mask's squares`, Math.max(...squares));
  console.log(`     ${network.kernels}`);
  network.close();
}
const chapter = await runFile(fileURLToPath(new URL("../../learn/selfie/chapter.ts", import.meta.url)), [path], 120);
expect("the chapter's claims that do not hold", chapter.code === 0 ? 0 : 1, 0);
console.log(chapter.code === 0 ? chapter.output.slice(chapter.output.indexOf("What a mistake costs")) : chapter.errors);

const copy = copySources();
const ended = await runBroken(copy, breaks["16-selfie"], "learn/selfie/chapter.ts", [path]);
rmSync(copy, { recursive: true, force: true });
expect("mutations of what the chapter teaches that it does not notice", noticed(ended) ? 0 : 1, 0);

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
