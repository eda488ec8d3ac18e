/**
 * Damaged and hostile JPEG files: bits that flip, bytes that change, files cut short, pieces lost and doubled, sizes and lengths of any
 * kind. Each must give a picture of at most as many pixels as are allowed, or be refused by a FormatError, within two seconds and in memory
 * that the allowed pixels bound; what is read strictly must be read alike with `tolerant`, and by vectors.
 *
 *     npx tsx test/io/images/jpeg-fuzz.ts 100000 1        cases, seed
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { FormatError } from "../../../src/errors.ts";
import type { RgbaImage } from "../../../src/io/images/image.ts";
import { decodeJpegByVectors } from "../../../src/io/images/jpeg-vectors.ts";
import { decodeJpeg } from "../../../src/io/images/jpeg/decode.ts";
import { mulberry32 } from "../../fixtures/recipe.ts";
import { allocated } from "../../support/allocations.ts";
import { fileJson } from "../../support/files.ts";
import { fromBase64 } from "./image-files.ts";

const maxPixels = 40000;
/** RGBA, and two bytes for each of four coefficients; of an image that is one pixel wide these are 32 in a row. */
const most = maxPixels * 4 + (maxPixels + 32) * 32 * 4 * 2;
const hostile = [0, 1, 7, 8, 9, 200, 255, 256, 4096, 32767, 32768, 65500, 65501, 65535];
const markers = [
  0x00, 0x01, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc8, 0xc9, 0xcc, 0xd0, 0xd4, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xe0, 0xee,
  0xfe, 0xff,
];

/**
 * Runs `cases` cases.
 * @returns how many were read and how many refused, strictly, and how many of these were read with `tolerant`
 * @throws Error naming case and seed where one ends otherwise
 */
export function fuzz(cases: number, seed: number): { read: number; refused: number; saved: number; slowest: number } {
  const uniform = mulberry32(seed);
  const below = (n: number): number => Math.floor(uniform() * n);
  const sources = fileJson<{ cases: readonly { file: string }[] }>("goldens/images/jpeg.json").cases.map(({ file }) => fromBase64(file))
    .filter((file) => file.length < 20000);
  const tally = { read: 0, refused: 0, saved: 0, slowest: 0 };

  function damaged(source: Uint8Array): Uint8Array {
    let bytes = Array.from(source);
    for (let changes = 1 + below(3); changes > 0 && bytes.length > 4; changes--) {
      const at = below(bytes.length);
      const kind = below(9);
      const pair = (where: number, value: number): void => {
        bytes[where] = value >> 8;
        bytes[where + 1] = value & 255;
      };
      const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] >= 0xc0 && bytes[i + 1] <= 0xc2);
      if (kind === 0) bytes[at] ^= 1 << below(8);
      else if (kind === 1) bytes[at] = below(256);
      else if (kind === 2) bytes = bytes.slice(0, at);
      else if (kind === 3) bytes = [...bytes.slice(0, at), ...bytes.slice(at + 1 + below(40))];
      else if (kind === 4) bytes = [...bytes.slice(0, at), ...bytes.slice(below(at + 1), at), ...bytes.slice(at)];
      else if (kind === 5) pair(at, hostile[below(hostile.length)]);
      else if (kind === 6) pair(at, 0xff00 + markers[below(markers.length)]);
      else if (kind === 7 && frame > 0) pair(frame + 5 + 2 * below(2), hostile[below(hostile.length)]);
      else if (frame > 0) bytes[frame + 11 + 3 * below(4)] = 16 * below(6) + below(6);
    }
    return Uint8Array.from(bytes);
  }

  /** The picture; undefined where it is refused. */
  function decoded(bytes: Uint8Array, tolerant: boolean): RgbaImage | undefined {
    const begin = performance.now();
    try {
      const { result, bytes: memory } = allocated(() => decodeJpeg(bytes, { maxPixels, tolerant }));
      const { data, width, height } = result;
      if (width * height > maxPixels || data.length !== width * height * 4) throw new Error(`a picture of ${width} x ${height}`);
      if (memory > most + 4 * bytes.length + 65536) throw new Error(`${memory} bytes of memory`);
      return result;
    } catch (error) {
      if (error instanceof FormatError && error.message.length < 200) return undefined;
      throw error;
    } finally {
      tally.slowest = Math.max(tally.slowest, performance.now() - begin);
    }
  }

  for (let i = 0; i < cases; i++) {
    const bytes = damaged(sources[below(sources.length)]);
    try {
      const [strict, tolerant] = [decoded(bytes, false), decoded(bytes, true)];
      if (tolerant !== undefined) {
        const { data } = decodeJpegByVectors(bytes, { maxPixels, tolerant: true }, 0);
        if (tolerant.data.some((level, at) => level !== data[at])) throw new Error("another picture by vectors");
      }
      if (strict !== undefined) {
        tally.read++;
        if (tolerant?.data.some((level, at) => level !== strict.data[at]) !== false) throw new Error("another picture with `tolerant`");
      } else tally.refused++;
      if (strict === undefined && tolerant !== undefined) tally.saved++;
    } catch (error) {
      throw new Error(`case ${i} of seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
  return tally;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [cases, seed] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 1)];
  const { read, refused, saved, slowest } = fuzz(cases, seed);
  process.stdout.write(
    `${cases} JPEG files, seed ${seed}: ${read} read, ${refused} refused, ${saved} of these read with tolerant, slowest ` +
    `${slowest.toFixed(0)} ms\n`,
  );
  if (slowest > 2000) process.exitCode = 1;
}
