/** Data sets of PNG files, one folder a class; and what stands between a full disk and the last checkpoint. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readDataset } from "../../../src/cli/training/data.ts";
import { encodePng } from "../../../src/io/images/png.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import { classes, quarters } from "../tiny.ts";

const folder = mkdtempSync(join(tmpdir(), "senet-pictures-"));

/** Writes one part; `tint` is added to blue. */
async function write(name: string, part: string, data: Dataset, tint: number = 0): Promise<string> {
  const [, , height, width] = data.shape;
  const pixels = height * width;
  for (let n = 0; n < data.size; n++) {
    const place = join(folder, name, part, data.classes[data.labels[n]]);
    mkdirSync(place, { recursive: true });
    const rgba = new Uint8Array(pixels * 4);
    for (let p = 0; p < pixels; p++) {
      const level = data.images[n * pixels + p];
      rgba.set([level, level, level + tint, 255], 4 * p);
    }
    writeFileSync(join(place, `${String(n).padStart(3, "0")}.png`), await encodePng({ width, height, data: rgba }));
  }
  return join(folder, name);
}

test("pictures in folders are the data set that they were, by class and name", async () => {
  const data = quarters(24, 5);
  const place = await write("grey", "train", data);
  const read = await readDataset(place, "train", classes);
  assert.equal(read.shape, data.shape);
  assert.equal(read.classes, classes);
  const order = classes.flatMap((_, label) => Array.from({ length: 24 }, (_, n) => n).filter((n) => data.labels[n] === label));
  const wanted = data.select(order);
  assert.equal(read.images, wanted.images);
  assert.equal(read.labels, wanted.labels);
  assert.equal((await readDataset(place, "train")).classes, [...classes].sort(), "without names, the folders in order");
});

test("one picture with colour, and all have three channels", async () => {
  const place = await write("colour", "train", quarters(4, 5));
  await write("colour", "train", quarters(1, 9), 7);
  const read = await readDataset(place, "train", classes);
  assert.equal(read.shape, [4, 3, 12, 12]);
  const first = quarters(1, 9).images;
  assert.equal([...read.images.subarray(0, 288)], [...first, ...first]);
  assert.equal([...read.images.subarray(288, 432)], [...first].map((level) => level + 7));
});

test("what is no data set is refused in one line that names the file", async () => {
  const refused = async (place: string, wanted: RegExp, names?: readonly string[]): Promise<void> => {
    let error: unknown;
    await readDataset(place, "train", names).catch((thrown) => (error = thrown));
    assert.match((error as Error | undefined)?.message ?? "", wanted);
  };
  const place = await write("bad", "train", quarters(4, 5));
  await refused(place, /there is no folder for the class "hat"/, ["hat"]);
  const other = await write("sizes", "train", quarters(4, 5));
  writeFileSync(join(other, "train", classes[3], "zz.png"), await encodePng({ width: 2, height: 3, data: new Uint8Array(24) }));
  await refused(other, /zz\.png is 2x3, the first picture 12x12/, classes);
  const cut = await write("cut", "train", quarters(4, 5));
  const victim = join(cut, "train", classes[0], readdirSync(join(cut, "train", classes[0]))[0]);
  writeFileSync(victim, Uint8Array.from(readFileSync(victim)).slice(0, 60));
  await refused(cut, /\.png: .*PNG/, classes);
  mkdirSync(join(folder, "empty", "train", "a"), { recursive: true });
  await refused(join(folder, "empty"), /there are no pictures in folders of classes/);
  await refused(folder, /nor a folder train of pictures/);
});

const run = process.versions.deno !== undefined ? ["run", "--allow-all", "--quiet"]
  : process.versions.bun !== undefined ? ["run"]
  : process.execArgv;
const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** A shell's limit on the size of files stands for a disk that is full: the write fails in the middle. */
function limited(blocks: number, args: readonly string[]): Promise<{ code: number; errors: string }> {
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath, ...run, entry, ...args], {
      env: { ...process.env, NO_COLOR: "1" }
    },
      (error, _out, errors) => resolve({ code: error === null ? 0 : (error.code ?? -1), errors }));
  });
}

// Other runtimes die of the limit's signal before they can say anything.
if (process.platform !== "win32" && process.versions.deno === undefined && process.versions.bun === undefined) {
  test("where a file cannot be written to its end, one line says so, the old checkpoint stays, and the run resumes", async () => {
    const place = await write("disk", "train", quarters(24, 5));
    const out = join(folder, "disk.safetensors");
    const checkpoint = join(folder, "disk.checkpoint.safetensors");
    const options = ["--data", place, "--out", out, "--threads", "1"];
    const recipe = [
      "train", "se_resnet8", ...options, "--model-options", '{"width":4,"reduction":2}', "--batch", "8", "--epochs", "2", "--seed", "3",
    ];
    const full = await limited(8, recipe);
    assert.is(full.code, 1, full.errors);
    assert.match(full.errors, /^senet: cannot write .*disk\.checkpoint\.safetensors: .*\n$/);
    assert.not.ok(existsSync(checkpoint));
    assert.not.ok(existsSync(out));
    assert.equal(readdirSync(folder).filter((name) => name.endsWith(".part")), []);

    // A folder in the way of the result is found before any work.
    const room = 1 << 20;
    mkdirSync(out, { recursive: true });
    const blocked = await limited(room, recipe);
    assert.is(blocked.code, 1, blocked.errors);
    assert.match(blocked.errors, /^senet: cannot write .*disk\.safetensors: it is a directory\n$/);
    rmSync(out, { force: true, recursive: true });
    assert.not.ok(existsSync(checkpoint));
    const whole = await limited(room, recipe);
    assert.is(whole.code, 0, whole.errors);
    const wanted = Uint8Array.from(readFileSync(out));
    // As a run leaves them that is killed after its last checkpoint.
    renameSync(join(folder, "disk.state.safetensors"), checkpoint);
    rmSync(out, { force: true });
    const before = Uint8Array.from(readFileSync(checkpoint));
    const resumed = await limited(8, ["train", "--resume", ...options]);
    assert.is(resumed.code, 1, resumed.errors);
    assert.match(resumed.errors, /^senet: cannot write .*disk\.safetensors: .*\n$/);
    assert.equal(Uint8Array.from(readFileSync(checkpoint)), before);
    assert.not.ok(existsSync(out));
    const again = await limited(room, ["train", "--resume", ...options]);
    assert.is(again.code, 0, again.errors);
    assert.equal(Uint8Array.from(readFileSync(out)), wanted);
  });
}

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();
