/**
 * Pictures that are decoded when their turn comes: the same images, order, sums and bits as where all of them lie in memory, and never
 * more of them there than the caller allows.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { fingerprint, readDataset } from "../../../src/cli/training/data.ts";
import { crc32, crc32After } from "../../../src/io/bytes/checksum.ts";
import { encodePng } from "../../../src/io/images/png.ts";
import { Dataset, pixelStatistics } from "../../../src/train/data/dataset.ts";
import { relabel } from "../../../src/train/data/relabel.ts";
import { senet, temporaryFolder } from "../../cli/call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const photos = fileURLToPath(new URL("../../fixtures/photos", import.meta.url).href);
const said: string[] = [];
const read = (cache: number): Promise<Dataset> => readDataset(photos, "train", undefined, {
  geometry: { size: [20, 24], resize: 24, interpolation: "bilinear", channels: "rgb" }, keep: true, cache,
  remark: (line) => said.push(line),
});
const everything = (data: Dataset): number[] => Array.from({ length: data.size }, (_, i) => i);

test("checksums of parts give that of the whole", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * i * 31) >> 3);
  for (const cut of [0, 1, 7, 512, 999, 1000]) {
    const [a, b] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    assert.is(crc32After(b.length)(crc32(a), crc32(b)), crc32(bytes), `${cut}`);
  }
});

test("images, whole pictures, statistics and fingerprints are those of pictures in memory", async () => {
  const [all, none] = [await read(1e9), await read(0)];
  const inMemory = new Dataset(all.images, all.shape, all.labels, all.classes);
  assert.throws(() => none.images, /is not decoded now/);
  assert.equal([fingerprint(none), fingerprint(all)], [fingerprint(inMemory), fingerprint(inMemory)]);
  assert.equal(pixelStatistics(none), pixelStatistics(inMemory));
  await none.load([41, 3]);
  assert.equal([none.image(3), none.image(41)], [inMemory.image(3), inMemory.image(41)]);
  assert.throws(() => none.image(4), /is not decoded now/);
  await none.load([5], true);
  assert.equal(none.original(5), all.original(5));
  assert.throws(() => none.image(3), /is not decoded now/, "what was loaded before is gone");

  // Parts of it, as runs make them.
  const groups = new Map([["round", ["ball", "cone"]], ["square", ["box"]]]);
  const [a, b] = [none, inMemory].map((data) => relabel(data, groups).split(9, new Random(5)));
  for (const part of ["training", "validation"] as const) {
    assert.equal(fingerprint(a[part]), fingerprint(b[part]));
    assert.equal(pixelStatistics(a[part]), pixelStatistics(b[part]));
  }
  const [joined, wanted] = [a, b].map(({ training, validation }) => training.concat(validation));
  await joined.load(everything(joined));
  assert.equal([joined.images, joined.labels, joined.classes], [wanted.images, wanted.labels, wanted.classes]);
  assert.equal(said, []);
});

test("training, its report and its measure have the same bits with no picture, some and all in memory", async () => {
  const files = new Map<string, Uint8Array>();
  for (const cache of ["0", "20000", "1000000000"]) {
    const out = at(`c${cache}.safetensors`);
    const recipe = [
      "train", "--from", "fashion-mnist", "--data", photos, "--batch", "4", "--validation", "6", "--augment", "flip,resized-crop:0.5",
      "--epochs", "2", "--seed", "4", "--threads", "1", "--cache", cache, "--out", out,
    ];
    const { code, errors } = await senet(...recipe);
    assert.is(code, 0, errors);
    files.set(cache, readFileSync(out));
  }
  const [first, ...others] = files.values();
  for (const other of others) assert.equal(other, first);
  const measured: object[] = [];
  for (const cache of ["0", "1000000000"]) {
    const { output, errors } = await senet("eval", "--data", photos, "--weights", at("c0.safetensors"), "--cache", cache, "--json");
    measured.push({ ...JSON.parse(output) as object, seconds: 0, errors });
  }
  assert.equal(measured[0], measured[1]);
});

test("a file that changes while a run goes on is named", async () => {
  const place = at("changing");
  mkdirSync(join(place, "a"), { recursive: true });
  mkdirSync(join(place, "b"), { recursive: true });
  copyFileSync(join(photos, "ball/00.png"), join(place, "a/0.png"));
  copyFileSync(join(photos, "box/03.jpg"), join(place, "b/0.jpg"));
  const data = await readDataset(place, "train", undefined, { geometry: { size: [8, 8] }, cache: 0, remark: () => undefined });
  writeFileSync(join(place, "b/0.jpg"), await encodePng({ data: new Uint8Array(4 * 64).fill(7), height: 8, width: 8 }));
  await data.load([0]);
  let message = "";
  await data.load([0, 1]).catch((error: Error) => (message = error.message));
  assert.match(message, /0\.jpg has changed since the start/);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
