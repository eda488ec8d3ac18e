/**
 * Damaged and hostile weights files. Each must be read or refused by a FormatError, within two seconds and the memory that is allowed.
 *
 *     npx tsx test/io/weights/fuzz.ts 100000 1        cases, seed
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { FormatError } from "../../../src/errors.ts";
import { readWeights } from "../../../src/io/weights/read.ts";
import { isNumeric, numbersOf } from "../../../src/io/weights/stored.ts";
import { sizeOf } from "../../../src/tensor.ts";
import { mulberry32 } from "../../fixtures/recipe.ts";
import { bytesFromBase64 } from "../../support/base64.ts";
import { fileJson } from "../../support/files.ts";
import { readZip } from "../../../src/io/weights/pytorch/zip.ts";
import { checkpoint, joined, pickle, zip } from "./pickles.ts";

const memory = 1_000_000;
const hostile = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** Opcodes that are read, and some that are not. */
const opcodes = [..."(01N}])atedsuqhrjRbQcXUTCBKMJGliopS"].map((letter) => letter.charCodeAt(0))
  .concat([0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x8f, 0x90, 0x92, 0x93, 0x94, 0x95]);
const names = [
  "collections\nOrderedDict\n", "torch._utils\n_rebuild_tensor_v2\n", "torch\nFloatStorage\n", "os\nsystem\n",
  "torch._tensor\n_rebuild_from_type_v2\n",
];

/**
 * Runs `cases` cases.
 * @returns how many were read and how many refused
 * @throws Error naming case and seed where one ends otherwise
 */
export function fuzz(cases: number, seed: number): { read: number; refused: number; slowest: number } {
  const uniform = mulberry32(seed);
  const below = (n: number): number => Math.floor(uniform() * n);
  const sources = Object.values(fileJson<{ files: Record<string, { base64: string }> }>("goldens/checkpoints/torch_213.json").files)
    .map(({ base64 }) => bytesFromBase64(base64));
  const tally = { read: 0, refused: 0, slowest: 0 };

  /** The parts of archives that are sound, to be damaged before their checksums are made. */
  const archives = sources.flatMap((bytes) => {
    try {
      return [[...readZip(bytes, () => {})].map(([name, read]) => ({ name, bytes: read() }))];
    } catch {
      return [];
    }
  });
  const damaged = (source: Uint8Array): Uint8Array => {
    let bytes = Uint8Array.from(source);
    for (let changes = 1 + below(3); changes > 0; changes--) {
      const at = below(bytes.length);
      const kind = below(7);
      const view = new DataView(bytes.buffer);
      if (kind === 0) bytes[at] ^= 1 << below(8);
      else if (kind === 1) bytes[at] = below(256);
      else if (kind === 2) bytes = bytes.slice(0, at);
      else if (kind === 3 && at + 4 <= bytes.length) view.setUint32(at, hostile[below(hostile.length)], true);
      else if (kind === 4) bytes = joined(bytes.subarray(0, at), bytes.subarray(below(at + 1), at), bytes.subarray(at));
      else if (kind === 5) bytes = joined(bytes.subarray(0, at), bytes.subarray(at + below(16)));
      else bytes[at] = opcodes[below(opcodes.length)];
      if (bytes.length === 0) break;
    }
    return bytes;
  };
  const inside = (): Uint8Array => {
    const entries = archives[below(archives.length)];
    return zip(entries.map(({ name, bytes }) => ({ name, bytes: name.endsWith("data.pkl") ? damaged(bytes) : bytes })));
  };
  /** A pickle of opcodes at random, in an archive with right checksums, so that nothing stands before the reader of pickles. */
  const random = (): Uint8Array => {
    const parts = Array.from({ length: 1 + below(60) }, () => {
      const code = opcodes[below(opcodes.length)];
      return code === 0x63 ? ["c", names[below(names.length)]]
        : code === 0x55 ? ["U", 1, below(128)]
        : code === 0x4b ? ["K", below(256)]
        : code;
    });
    return checkpoint(pickle(parts), { 0: new Uint8Array(16), 1: new Uint8Array(below(64)) });
  };

  for (let i = 0; i < cases; i++) {
    const kind = below(3);
    const bytes = kind === 0 ? random() : kind === 1 ? damaged(sources[below(sources.length)]) : inside();
    const begin = performance.now();
    try {
      const { tensors } = readWeights(bytes, { memory });
      for (const [name, stored] of tensors) {
        const { length } = stored.bytes();
        if (length > memory + bytes.length) throw new Error(`${length} bytes of a file of ${bytes.length}`);
        if (isNumeric(stored.dtype) && numbersOf(name, stored).size !== sizeOf(stored.shape)) throw new Error("numbers are missing");
      }
      tally.read++;
    } catch (error) {
      if (!(error instanceof FormatError) || error.message.length > 600) {
        throw new Error(`case ${i} of seed ${seed}: ${String(error)}`, { cause: error });
      }
      tally.refused++;
    }
    tally.slowest = Math.max(tally.slowest, performance.now() - begin);
  }
  return tally;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [cases, seed] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 1)];
  const { read, refused, slowest } = fuzz(cases, seed);
  process.stdout.write(`${cases} weights files, seed ${seed}: ${read} read, ${refused} refused, slowest ${slowest.toFixed(0)} ms\n`);
  if (slowest > 2000) process.exitCode = 1;
}
