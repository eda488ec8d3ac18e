/** IDX files under the names that unpackers, torchvision, Kaggle and EMNIST give them; labels that count from 1. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { deflate } from "../../../src/io/bytes/inflate.ts";
import { readDataset } from "../../../src/cli/training/data.ts";
import { senet, temporaryFolder } from "../../cli/call.ts";
import { quarters } from "../tiny.ts";
import { idx } from "./idx-files.ts";

const folder = temporaryFolder();

async function write(place: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, place, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, name.endsWith(".gz") ? await deflate(bytes, "gzip", "test") : bytes);
}

async function pair(place: string, images: string, labels: string, count: number, first: number = 0): Promise<void> {
  const data = quarters(count, 1);
  await write(place, images, idx([count, 12, 12], data.images));
  await write(place, labels, idx([count], Uint8Array.from(data.labels, (label) => label + first)));
}

test("under every name they are found", async () => {
  const named: [string, [string, string], [string, string]][] = [
    ["seven-zip", ["train-images.idx3-ubyte", "train-labels.idx1-ubyte"], ["t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"]],
    [
      "torchvision", ["MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte"],
      ["MNIST/raw/t10k-images-idx3-ubyte", "MNIST/raw/t10k-labels-idx1-ubyte"],
    ],
    [
      "raw-only", ["raw/train-images-idx3-ubyte.gz", "raw/train-labels-idx1-ubyte.gz"],
      ["raw/t10k-images-idx3-ubyte.gz", "raw/t10k-labels-idx1-ubyte.gz"],
    ],
    [
      "kaggle", ["train-images-idx3-ubyte/train-images-idx3-ubyte", "train-labels-idx1-ubyte/train-labels-idx1-ubyte"],
      ["t10k-images-idx3-ubyte/t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte/t10k-labels-idx1-ubyte"],
    ],
    [
      "emnist", ["gzip/emnist-digits-train-images-idx3-ubyte.gz", "gzip/emnist-digits-train-labels-idx1-ubyte.gz"],
      ["gzip/emnist-digits-test-images-idx3-ubyte.gz", "gzip/emnist-digits-test-labels-idx1-ubyte.gz"],
    ],
  ];
  for (const [place, train, test10k] of named) {
    await pair(place, ...train, 8);
    await pair(place, ...test10k, 4);
    assert.is((await readDataset(join(folder, place), "train")).size, 8, place);
    assert.is((await readDataset(join(folder, place), "test")).size, 4, place);
  }
});

test("several sets in one folder: which, is to be said", async () => {
  for (const [set, count] of [["letters", 8], ["digits", 12]] as const) {
    await pair("several", `emnist-${set}-train-images-idx3-ubyte`, `emnist-${set}-train-labels-idx1-ubyte`, count);
  }
  const place = join(folder, "several");
  const error: unknown = await readDataset(place, "train").catch((thrown: unknown) => thrown);
  assert.is(
    (error as Error).message,
    `${place} holds several data sets: name one, as --data ${join(place, "emnist-digits")} or --data ${join(place, "emnist-letters")}`,
  );
  assert.is((await readDataset(join(place, "emnist-letters"), "train")).size, 8);
  assert.is((await readDataset(join(place, "emnist-digits"), "train")).size, 12);
});

test("a set is named beside the folder of its archive, too, and a name that is none gets the nearest", async () => {
  for (const room of ["gzip", "EMNIST/raw"]) {
    for (const [set, count] of [["letters", 8], ["digits", 12]] as const) {
      await pair("rooms", `${room}/emnist-${set}-train-images-idx3-ubyte`, `${room}/emnist-${set}-train-labels-idx1-ubyte`, count);
    }
    assert.is((await readDataset(join(folder, "rooms/emnist-letters"), "train")).size, 8, room);
    assert.is((await readDataset(join(folder, "rooms/emnist-digits"), "train")).size, 12, room);
    const error: unknown = await readDataset(join(folder, "rooms/emnist-leters"), "train").catch((thrown: unknown) => thrown);
    assert.match((error as Error).message, /emnist-leters: no such folder \(did you mean "emnist-letters"\?\)$/);
    rmSync(join(folder, "rooms"), { recursive: true, force: true });
  }
});

test("labels from 1: an error where names are too few, else it is said", async () => {
  await pair("one", "train-images-idx3-ubyte", "train-labels-idx1-ubyte", 16, 1);
  const train = (...more: string[]) => senet("train", "se_resnet8", "--data", join(
    folder, "one",
  ), "--model-options", '{"width":4,"reduction":2}', "--batch", "4", "--epochs", "1",
    "--threads", "1", "--no-report", "--out", join(folder, "one.safetensors"), ...more);
  writeFileSync(join(folder, "names"), "a\nb\nc\nd\n");
  const named = await train("--classes", join(folder, "names"));
  assert.is(named.code, 1);
  assert.match(named.errors, /label 3 is 4, but there are only 4 classes: they count from 1, and want to count from 0/);
  const numbered = await train();
  assert.is(numbered.code, 0, numbered.errors);
  assert.match(
    numbered.errors, /^1 of 5 classes has no training image, such as "0"; do the labels count from 1\? They want to count from 0$/m,
  );
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
