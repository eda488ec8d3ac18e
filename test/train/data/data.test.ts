/** Data sets, their errors, and augmentation on numbers that can be read. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { fromSamples } from "../../../src/io/images/image.ts";
import { preprocess } from "../../../src/io/images/preprocess.ts";
import { Batcher } from "../../../src/train/data/augment.ts";
import { Dataset, datasetFromIdx, pixelStatistics } from "../../../src/train/data/dataset.ts";
import { Confusion } from "../../../src/train/metrics.ts";
import { quarters } from "../tiny.ts";
import { ofKind } from "../../support/errors.ts";

const images = (count: number, height: number, width: number) => ({
  shape: [count, height, width], data: Uint8Array.from({ length: count * height * width }, (_, i) => i % 256),
});
const labels = (...values: number[]) => ({ shape: [values.length], data: Uint8Array.from(values) });

test("a data set of IDX arrays", () => {
  const data = datasetFromIdx(images(3, 2, 2), labels(1, 0, 2));
  assert.equal(data.shape, [3, 1, 2, 2]);
  assert.equal([...data.labels], [1, 0, 2]);
  assert.equal(data.classes, ["0", "1", "2"]);
  const colours = datasetFromIdx({ shape: [1, 3, 2, 2], data: new Uint8Array(12) }, labels(0), ["only"]);
  assert.equal(colours.shape, [1, 3, 2, 2]);
});

test("arrays that do not belong together are refused", () => {
  assert.throws(() => datasetFromIdx(images(3, 2, 2), labels(0, 1)), /3 images, but 2 labels/);
  assert.throws(() => datasetFromIdx(labels(1), labels(1)), /images want \[N,height,width\]/);
  assert.throws(() => datasetFromIdx(images(1, 2, 2), images(1, 1, 1)), /labels want one dimension/);
  assert.throws(() => datasetFromIdx(images(2, 2, 2), labels(0, 2), ["a", "b"]), /label 1 is 2, but there are only 2 classes/);
  assert.throws(() => datasetFromIdx(images(0, 2, 2), labels()), /no images/);
  assert.throws(() => new Dataset(new Uint8Array(7), [2, 1, 2, 2], Int32Array.of(0, 0), ["a"]), /wants 8 bytes, images has 7/);
  assert.throws(() => new Dataset(new Uint8Array(4), [1, 1, 2, 2], Int32Array.of(-1), ["a"]), /label 0 is -1/);
  assert.throws(() => new Dataset(new Uint8Array(4), [1, 1, 2, 2], [0] as unknown as Int32Array, ["a"]), ofKind(TypeError));
  assert.throws(() => new Dataset(new Float32Array(4) as unknown as Uint8Array, [1, 1, 2, 2], Int32Array.of(0), ["a"]), ofKind(TypeError));
  assert.throws(() => new Dataset(new Uint8Array(0), [0, 1, 2, 2], new Int32Array(0), ["a"]), /at least one image/);
});

test("a split parts every image once, by the seed", () => {
  const data = quarters(20, 1);
  const { training, validation } = data.split(6, new Random(5));
  assert.is(training.size, 14);
  assert.is(validation.size, 6);
  const key = (set: Dataset, i: number): string => set.images.subarray(i * 144, i * 144 + 144).join();
  const all = [training, validation].flatMap((set) => Array.from({ length: set.size }, (_, i) => key(set, i)));
  assert.equal(all.sort(), Array.from({ length: 20 }, (_, i) => key(data, i)).sort());
  assert.equal(data.split(6, new Random(5)).validation.images, validation.images);
  assert.not.equal(data.split(6, new Random(6)).validation.images, validation.images);
  for (const count of [0, 20, 2.5]) {
    assert.throws(() => data.split(count, new Random(5)), /validation split of 20 images wants from 1 to 19/);
  }
  assert.throws(() => data.select([20]), /indices from 0 to 19, got 20/);
});

test("statistics of the pixels", () => {
  const data = new Dataset(Uint8Array.of(0, 255, 255, 255, 51, 51, 51, 51), [1, 2, 2, 2], Int32Array.of(0), ["a"]);
  const { mean, std } = pixelStatistics(data);
  assert.equal(mean, [0.75, 0.2]);
  assert.equal(std, [0.433, 0.0001]);
});

/** Levels come back as whole numbers, so that a batch reads like an image. */
const levels = { mean: [0], std: [1 / 255] };
const read = (batcher: Batcher, random?: Random): number[] =>
  [...(random === undefined ? batcher.unaugmented([0]) : batcher.augmented([0], random)).x.data].map(Math.round);
const nine = new Dataset(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [1, 1, 3, 3], Int32Array.of(0), ["a"]);

test("a flip mirrors left to right, for half of the images", () => {
  const batcher = new Batcher(nine, levels, { flip: true });
  const seen = new Map<string, number>();
  const random = new Random(2);
  for (let i = 0; i < 400; i++) {
    const came = read(batcher, random).join();
    seen.set(came, (seen.get(came) ?? 0) + 1);
  }
  assert.equal([...seen.keys()].sort(), ["1,2,3,4,5,6,7,8,9", "3,2,1,6,5,4,9,8,7"]);
  for (const count of seen.values()) assert.ok(count > 150 && count < 250, `${count} of 400`);
  assert.equal(read(batcher), [1, 2, 3, 4, 5, 6, 7, 8, 9], "plain batches are never flipped");
});

test("random erasing puts one rectangle of the mean into as many images as it says, and leaves the draws of the others as they are", () => {
  const size = 400;
  const white = new Dataset(new Uint8Array(size * 2 * 144).fill(255), [size, 2, 12, 12], new Int32Array(size), ["a"]);
  const norm = { mean: [0.5, 0.25], std: [1, 1] };
  const all = Int32Array.from({ length: size }, (_, i) => i);
  const { x } = new Batcher(white, norm, { erase: 0.5 }).augmented(all, new Random(3));
  let erased = 0;
  for (let n = 0; n < size; n++) {
    const image = x.data.subarray(n * 288, n * 288 + 288);
    const gone = Array.from({ length: 144 }, (_, p) => p).filter((p) => image[p] === 0);
    for (let p = 0; p < 144; p++) {
      assert.is(image[144 + p] === 0, image[p] === 0, "the same pixels of all channels");
      if (image[p] !== 0) assert.equal([image[p], image[144 + p]], [0.5, 0.75]);
    }
    if (gone.length === 0) continue;
    erased++;
    const [rows, columns] = [gone.map((p) => Math.floor(p / 12)), gone.map((p) => p % 12)];
    const [height, width] = [rows, columns].map((list) => Math.max(...list) - Math.min(...list) + 1);
    assert.is(gone.length, height * width, "a whole rectangle");
    assert.ok(gone.length >= 1 && gone.length <= 0.5 * 144, `${gone.length} pixels`);
  }
  // Binomial: 200 on average, standard deviation 10.
  assert.ok(erased > 150 && erased < 250, `${erased} of ${size} images`);
  assert.equal(
    new Batcher(white, norm, { erase: 0 }).augmented(all, new Random(3)).x.data, new Batcher(white, norm).unaugmented(all).x.data,
  );
  assert.throws(() => new Batcher(white, norm, { erase: 1.5 }), /erase wants a probability from 0 to 1, got 1\.5/);
});

test("a padded crop moves the image by up to the padding, and black comes in", () => {
  const wanted: string[] = [];
  for (let top = -1; top <= 1; top++) {
    for (let left = -1; left <= 1; left++) {
      const window: number[] = [];
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 3; x++) {
          const inside = y + top >= 0 && y + top < 3 && x + left >= 0 && x + left < 3;
          window.push(inside ? (y + top) * 3 + x + left + 1 : 0);
        }
      }
      wanted.push(window.join());
    }
  }
  assert.ok(wanted.includes("0,0,0,0,1,2,0,4,5"));
  const batcher = new Batcher(nine, levels, { crop: 1 });
  const random = new Random(3);
  const seen = new Set<string>();
  for (let i = 0; i < 300; i++) seen.add(read(batcher, random).join());
  assert.equal([...seen].sort(), wanted.sort());
});

test("all channels of an image move alike", () => {
  const two = new Dataset(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), [1, 2, 2, 2], Int32Array.of(0), ["a"]);
  const batcher = new Batcher(two, { mean: [0, 0], std: [1 / 255, 1 / 255] }, { flip: true, crop: 1 });
  const random = new Random(4);
  for (let i = 0; i < 50; i++) {
    const [first, second] = [0, 4].map((at) => read(batcher, random).slice(at, at + 4));
    assert.is(first.length, second.length);
    const both = read(batcher, random);
    both.slice(0, 4).forEach((level, j) => assert.is(both[j + 4], level === 0 ? 0 : level + 4));
  }
});

test("batches have the numbers of io/preprocess.ts", () => {
  const data = quarters(3, 9);
  const normalisation = { mean: [0.286], std: [0.353] };
  const { x, labels: came } = new Batcher(data, normalisation).unaugmented([2, 0]);
  assert.equal([...came], [2, 0]);
  const pictures = [2, 0].map((i) => fromSamples(data.images.slice(i * 144, i * 144 + 144), 12, 12, 1));
  const wanted = preprocess(pictures, { size: [12, 12], interpolation: "bilinear", channels: "gray", ...normalisation });
  assert.equal(x.data, wanted.data);
});

test("a batcher refuses what does not fit the images", () => {
  assert.throws(() => new Batcher(nine, { mean: [0, 0], std: [1, 1] }), /want 1 number/);
  assert.throws(() => new Batcher(nine, { mean: [0], std: [0] }), /above 0/);
  assert.throws(() => new Batcher(nine, levels, { crop: -1 }), /crop/);
});

test("confusion: rows are labels", () => {
  const confusion = new Confusion(3);
  confusion.add(Int32Array.of(0, 0, 1, 1, 1), Int32Array.of(0, 2, 1, 1, 0));
  assert.equal([...confusion.counts], [1, 0, 1, 1, 2, 0, 0, 0, 0]);
  assert.is(confusion.accuracy, 0.6);
  assert.equal(confusion.perClass(), [{ count: 2, accuracy: 0.5 }, { count: 3, accuracy: 2 / 3 }, { count: 0, accuracy: NaN }]);
  assert.throws(() => confusion.add(Int32Array.of(3), Int32Array.of(0)), /classes from 0 to 2/);
  assert.throws(() => confusion.add(Int32Array.of(1), Int32Array.of(0, 1)), /1 label, but 2 predictions/);
});

test.run();
