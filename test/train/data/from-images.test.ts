/** Data sets of pictures of any sizes, and the random crops that are cut out of them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import type { RgbaImage } from "../../../src/io/images/image.ts";
import { preprocess } from "../../../src/io/images/preprocess.ts";
import { resize } from "../../../src/io/images/resize.ts";
import { Batcher, randomWindow } from "../../../src/train/data/augment.ts";
import { Dataset } from "../../../src/train/data/dataset.ts";
import { relabel } from "../../../src/train/data/relabel.ts";

function noise(height: number, width: number, seed: number, grey: boolean = false): RgbaImage {
  const random = new Random(seed);
  const data = new Uint8Array(4 * height * width);
  for (let i = 0; i < data.length; i += 4) {
    const level = random.below(256);
    data.set([level, grey ? level : random.below(256), grey ? level : random.below(256), 255], i);
  }
  return { data, height, width };
}

const geometry = { size: [6, 6], resize: 7, interpolation: "bilinear", channels: "rgb" } as const;
const levels = { mean: [0, 0, 0], std: [1, 1, 1] };

test("what a network is trained on is what preprocess gives it", () => {
  const pictures = [noise(9, 14, 1), noise(20, 8, 2), noise(6, 6, 3), noise(3, 30, 4)];
  for (
    const wanted of [
      geometry, { ...geometry, interpolation: "bicubic" }, { ...geometry, channels: "gray" }, { ...geometry, channels: "bgr" },
      { ...geometry, size: [5, 8], resize: [6, 9] },
    ] as const
  ) {
    const data = Dataset.fromImages(pictures, [0, 1, 1, 0], ["a", "b"], wanted);
    const channels = wanted.channels === "gray" ? 1 : 3;
    assert.equal(data.shape, [4, channels, ...wanted.size]);
    const [mean, std] = [levels.mean.slice(0, channels), levels.std.slice(0, channels)];
    const { x, labels } = new Batcher(data, { mean, std }).unaugmented([0, 1, 2, 3]);
    assert.equal(x.data, preprocess(pictures, { ...wanted, mean, std }).data);
    assert.equal([...labels], [0, 1, 1, 0]);
  }
});

test("without a size pictures stay as they are, grey where all are; errors name the picture", () => {
  const grey = Dataset.fromImages([noise(4, 5, 1, true), noise(4, 5, 2, true)], [0, 1], ["a", "b"]);
  assert.equal(grey.shape, [2, 1, 4, 5]);
  assert.equal([...grey.images.subarray(0, 20)], Array.from({ length: 20 }, (_, i) => noise(4, 5, 1, true).data[4 * i]));
  assert.equal(Dataset.fromImages([noise(4, 5, 1, true), noise(4, 5, 2)], [0, 1], ["a", "b"]).shape, [2, 3, 4, 5]);
  assert.throws(
    () => Dataset.fromImages([noise(4, 5, 1), noise(5, 4, 2)], [0, 1], ["a", "b"]),
    /Dataset\.fromImages: image 1 is 4x5, the first picture 5x4: all want one size/,
  );
  assert.throws(() => Dataset.fromImages([], [], ["a"]), /at least one picture/);
  assert.throws(() => Dataset.fromImages([noise(4, 5, 1)], [0, 1], ["a", "b"]), /one label a picture, got 2 for 1/);
  assert.throws(() => Dataset.fromImages([noise(4, 5, 1)], [2], ["a", "b"]), /classes from 0 to 1, label 0 is 2/);
  assert.throws(() => Dataset.fromImages([noise(4, 5, 1)], [0.5], ["a", "b"]), /whole numbers, label 0 is 0\.5/);
  assert.throws(
    () => Dataset.fromImages([{ data: new Uint8Array(3), width: 1, height: 1 }], [0], ["a", "b"]),
    /image 0: 1 x 1 RGBA pixels want 4 bytes/,
  );
});

test("the parts that random crops are cut from: inside, as large and as wide as wanted, drawn alike", () => {
  for (const [height, width, least] of [[40, 60, 0.08], [60, 40, 0.5], [7, 9, 1], [1, 1, 0.08], [200, 10, 0.3], [10, 300, 0.9]]) {
    const [random, again] = [new Random(5), new Random(5)];
    for (let i = 0; i < 200; i++) {
      const window = randomWindow(height, width, least, random);
      assert.equal(randomWindow(height, width, least, again), window);
      const { top, left, height: rows, width: columns } = window;
      assert.ok(
        top >= 0 && left >= 0 && rows >= 1 && columns >= 1 && top + rows <= height && left + columns <= width, JSON.stringify(window),
      );
      // Rounding to whole pixels, on either side.
      assert.ok(
        columns / rows <= ((rows + 0.5) * 4) / 3 / rows + 1 / rows && columns / rows >= (((rows - 0.5) * 3) / 4 - 0.5) / rows,
        `${columns}x${rows}`,
      );
      if (width / height <= 4 / 3 && height / width <= 4 / 3) {
        assert.ok((rows + 1) * (columns + 1) >= least * height * width, `${columns}x${rows} of ${width}x${height}`);
      }
    }
  }
  // No such part fits into a strip: its middle.
  assert.equal(randomWindow(10, 300, 0.9, new Random(1)), { top: 0, left: 143, height: 10, width: 13 });
  assert.equal(randomWindow(200, 9, 0.9, new Random(1)), { top: 94, left: 0, height: 12, width: 9 });
});

test("random crops come from the whole pictures, where they were kept", () => {
  const pictures = [noise(30, 50, 1), noise(50, 30, 2), noise(5, 6, 3)];
  const small = { size: [6, 6], resize: 12, interpolation: "bilinear", channels: "rgb" } as const;
  const data = Dataset.fromImages(pictures, [0, 1, 0], ["a", "b"], small, { keep: true });
  assert.equal(data.originals!.map(({ height, width }) => [height, width]), [[12, 20], [20, 12], [5, 6]], "never larger than they were");
  const { x } = new Batcher(data, levels, { resizedCrop: 0.2 }).augmented([0, 1, 2], new Random(9));
  const random = new Random(9);
  for (let n = 0; n < 3; n++) {
    const { data: bytes, height, width } = data.originals![n];
    const window = randomWindow(height, width, 0.2, random);
    for (let c = 0; c < 3; c++) {
      const piece = new Uint8Array(window.height * window.width)
        .map((_, i) => bytes[(c * height + window.top + Math.floor(i / window.width)) * width + window.left + (i % window.width)]);
      const wanted = resize(piece, 1, window.height, window.width, 6, 6, "bilinear");
      assert.equal([...x.data.subarray((n * 3 + c) * 36, (n * 3 + c + 1) * 36)].map((value) => Math.round(255 * value)), [...wanted]);
    }
  }
  assert.is(data.select([2, 0]).originals![0], data.originals![2]);
  assert.equal(data.concat(data).originals!.length, 6);
  assert.is(relabel(data, new Map([["c", ["b"]], ["d", ["a"]]])).originals!.length, 3);
  // Of images that are all there is: parts of those.
  const without = new Batcher(Dataset.fromImages(pictures, [0, 1, 0], ["a", "b"], small), levels, { resizedCrop: 1 })
    .augmented([0], new Random(1));
  assert.equal(without.x.shape, [1, 3, 6, 6]);
  assert.throws(() => new Batcher(data, levels, { resizedCrop: 2 }), /resizedCrop wants a share of the area from 0 to 1, got 2/);
  assert.throws(() => new Batcher(data, levels, { resizedCrop: 0.5, crop: 1 }), /crop or resizedCrop, not both/);
});

test.run();
