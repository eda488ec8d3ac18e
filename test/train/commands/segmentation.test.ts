/** One label a pixel: scenes, data sets, loss, training, intersection over union, the picture, and `senet segment` on a tiny data set. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as plain from "../../../kernels/plain/index.ts";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import { segmentationPicture } from "../../../src/cli/training/segmentation-picture.ts";
import { decodePng } from "../../../src/io/images/png.ts";
import { Tensor } from "../../../src/tensor.ts";
import { AdamW } from "../../../src/train/optimisers/adam.ts";
import { Batcher } from "../../../src/train/data/augment.ts";
import { Dataset } from "../../../src/train/data/dataset.ts";
import { evaluate } from "../../../src/train/evaluate.ts";
import { crossEntropy, predictions } from "../../../src/train/loss.ts";
import { Confusion } from "../../../src/train/metrics.ts";
import { constant } from "../../../src/train/optimisers/schedule.ts";
import { scenes, shrink } from "../../../src/train/data/scenes.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import { loadWeights } from "../../../src/weights/weights.ts";
import { senet, temporaryFolder } from "../../cli/call.ts";
import { classes, normalisation, quarters } from "../tiny.ts";

/** Two shapes of 8x8 on black: a block and a frame, at levels that tell which picture they are. */
function shapes(count: number): Dataset {
  const images = new Uint8Array(count * 64);
  for (let n = 0; n < count; n++) {
    for (let p = 0; p < 64; p++) {
      const [y, x] = [p >> 3, p & 7];
      const inside = y > 0 && y < 7 && x > 0 && x < 7;
      const hole = y > 2 && y < 5 && x > 2 && x < 5;
      images[n * 64 + p] = inside && (n % 2 === 0 || !hole) ? 100 + n : 0;
    }
  }
  return new Dataset(images, [count, 1, 8, 8], Int32Array.from({ length: count }, (_, n) => n % 2), ["block", "frame"]);
}

test("a scene's labels are the classes of the pictures that show there", () => {
  const made = scenes(shapes(100), 40, new Random(5), { size: 24, pieces: 0, most: 3 });
  assert.equal(made.shape, [40, 1, 24, 24]);
  assert.equal(made.classes, ["background", "block", "frame"]);
  assert.is(made.labelsPerImage, 576);
  let labelled = 0;
  for (let i = 0; i < made.images.length; i++) {
    // The level tells the picture, so the label can be known from it.
    const level = made.images[i];
    assert.is(made.labels[i], level === 0 ? 0 : 1 + (level % 2));
    if (level > 0) labelled++;
  }
  assert.ok(labelled > 40 * 32 && labelled < 40 * 3 * 36, String(labelled));
});

test("clutter is background, under the pictures, and made of pieces of pictures", () => {
  const bare = scenes(shapes(20), 10, new Random(1), { size: 16, pieces: 60, most: 1, threshold: 256 });
  assert.ok(bare.labels.every((label) => label === 0));
  assert.ok(bare.images.filter((level) => level > 0).length > 10 * 128, "most of a scene is covered");
  assert.ok(bare.images.every((level) => level === 0 || (level >= 100 && level < 120)));
  const cluttered = scenes(shapes(20), 10, new Random(1), { size: 16, pieces: 60, most: 1 });
  assert.ok(cluttered.labels.some((label) => label === 1) && cluttered.labels.some((label) => label === 2));
});

test("equal seeds give equal scenes", () => {
  const [a, b, c] = [3, 3, 4].map((seed) => scenes(shapes(9), 5, new Random(seed), { size: 20 }));
  assert.equal([a.images, a.labels], [b.images, b.labels]);
  assert.not.equal(a.images, c.images);
});

test("scenes that cannot be are refused", () => {
  assert.throws(() => scenes(shapes(3), 1, new Random(0), { size: 7 }), /^scenes: size wants a whole number of at least 8, got 7$/);
  assert.throws(() => scenes(shapes(3), 0, new Random(0)), /count wants a whole number of at least 1, got 0/);
  assert.throws(() => scenes(shapes(3), 1, new Random(0), { most: 0.5 }), /most wants/);
  const colour = new Dataset(new Uint8Array(12), [1, 3, 2, 2], Int32Array.of(0), ["a"]);
  assert.throws(() => scenes(colour, 1, new Random(0)), /one channel with one label each/);
});

test("pictures shrink to the means of their squares", () => {
  const data = new Dataset(Uint8Array.of(0, 2, 10, 10, 4, 4, 10, 11), [1, 1, 2, 4], Int32Array.of(0), ["a"]);
  const smaller = shrink(data, 2);
  assert.equal([smaller.shape, [...smaller.images], smaller.labels], [[1, 1, 1, 2], [3, 10], data.labels]);
  assert.equal(shrink(data, 1).images, data.images);
  const two = shrink(shapes(4), 4);
  assert.equal(two.shape, [4, 1, 2, 2]);
  // Of a frame, 9 pixels of each corner's 16 without the hole's one.
  assert.equal([...two.images.subarray(4, 8)], [1, 1, 1, 1].map(() => Math.round((8 * 101) / 16)));
  assert.throws(() => shrink(data, 3), /shrink: factor wants a whole number that divides 2x4, got 3/);
});

const small = scenes(shapes(30), 24, new Random(2), { size: 16, pieces: 6 });

test("a data set with one label a pixel selects, splits and batches them with their images", () => {
  const part = small.select([5, 2]);
  assert.equal([...part.labels], [...small.labels.subarray(5 * 256, 6 * 256), ...small.labels.subarray(2 * 256, 3 * 256)]);
  const { training, validation } = small.split(4, new Random(0));
  assert.equal([training.labels.length, validation.labels.length], [20 * 256, 4 * 256]);
  const { x, labels } = new Batcher(small, normalisation).unaugmented([7]);
  assert.equal(x.shape, [1, 1, 16, 16]);
  assert.equal(labels, small.labels.slice(7 * 256, 8 * 256));
  assert.throws(() => new Batcher(small, normalisation, { flip: true }), /augmentation moves images, not labels/);
  assert.throws(() => new Dataset(new Uint8Array(8), [2, 1, 2, 2], new Int32Array(7), ["a"]), /labels wants 2, one each, got 7/);
});

test("the loss of pixels: the mean over all of them, and its gradient", () => {
  // Two pixels of one image, two classes: logits [class][pixel].
  const logits = new Tensor(Float64Array.of(1, 0, 0, 2), [1, 2, 1, 2]);
  const loss = crossEntropy(plain, logits, Int32Array.of(0, 1));
  const p = [1 / (1 + Math.exp(-1)), 1 / (1 + Math.exp(-2))];
  assert.ok(Math.abs(loss.value + (Math.log(p[0]) + Math.log(p[1])) / 2) < 1e-12);
  const gradient = loss.gradient().data;
  [(p[0] - 1) / 2, (1 - p[1]) / 2, (1 - p[0]) / 2, (p[1] - 1) / 2].forEach((value, i) => assert.ok(Math.abs(gradient[i] - value) < 1e-12));
  assert.equal([...predictions(logits)], [0, 1]);
  assert.equal([...predictions(new Tensor(Float32Array.of(1, 5, 1, 4), [1, 2, 1, 2]))], [0, 0]);
});

test("intersection over union", () => {
  const confusion = new Confusion(4);
  //            labels  0  0  0  1  1  2     predictions
  confusion.add(Int32Array.of(0, 0, 0, 1, 1, 2), Int32Array.of(0, 0, 1, 1, 1, 0));
  assert.equal(confusion.intersectionOverUnion(), [2 / 4, 2 / 3, 0, NaN]);
  assert.is(confusion.meanIntersectionOverUnion, (2 / 4 + 2 / 3) / 3);
});

test("SE-U-Net learns to tell blocks, frames and clutter", async () => {
  const model = createModel("se_unet", { classes: 3, inChannels: 1, width: 4, depth: 2 });
  const training = scenes(shapes(60), 48, new Random(8), { size: 16, pieces: 6, most: 1 });
  const held = scenes(shapes(60), 16, new Random(9), { size: 16, pieces: 6, most: 1 });
  const trainer = new Trainer({
    model, data: training, normalisation, batch: 8, seed: 1, optimiser: new AdamW(model.namedParameters(), {}),
    schedule: constant({ peak: 0.01 }),
  });
  const before = evaluate(model, held, normalisation).confusion.meanIntersectionOverUnion;
  const first = await trainer.trainEpoch();
  let last = first;
  for (let epoch = 1; epoch < 12; epoch++) last = await trainer.trainEpoch();
  assert.ok(last.epochLoss < first.epochLoss / 3, `${first.epochLoss} to ${last.epochLoss}`);
  assert.ok(last.epochAccuracy > 0.9 && last.epochAccuracy <= 1, String(last.epochAccuracy));
  const { accuracy, confusion } = evaluate(model, held, normalisation);
  assert.ok(accuracy > 0.85, String(accuracy));
  assert.ok(confusion.meanIntersectionOverUnion > before + 0.3, `${before} to ${confusion.meanIntersectionOverUnion}`);
});

test("a model whose output is not one class a pixel is refused", () => {
  const options = (model: ReturnType<typeof createModel>, data: Dataset) => ({
    model, data, normalisation, batch: 2, seed: 1, optimiser: new AdamW(model.namedParameters(), {}), schedule: constant({ peak: 0.01 }),
  });
  const classifier = createModel("resnet8", { classes: 3, inChannels: 1, width: 2 });
  assert.throws(
    () => new Trainer(options(classifier, small)), /the data set has 3 classes for each of 16x16 pixels, the model puts out \[2,3\]/,
  );
  const segmenter = createModel("unet", { classes: 4, inChannels: 1, width: 2, depth: 2 });
  assert.throws(() => new Trainer(options(segmenter, quarters(4, 1))), /the data set has 4 classes, the model puts out \[2,4,12,12\]/);
});

test("the picture: scenes, labels, predictions", () => {
  const data = new Dataset(Uint8Array.of(10, 20, 30, 40), [2, 1, 1, 2], Int32Array.of(0, 1, 1, 0), ["background", "a"]);
  const { data: pixels, width, height } = segmentationPicture(data, [Int32Array.of(0, 0, 1, 1)], 1, 1);
  assert.equal([width, height], [7, 7]);
  const at = (x: number, y: number): number[] => [...pixels.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)];
  assert.equal([at(1, 1), at(2, 1), at(4, 1), at(5, 1)], [10, 20, 30, 40].map((level) => [level, level, level]));
  assert.equal([at(1, 3), at(2, 3), at(4, 3), at(5, 3)].map((c) => c[0]), [24, 230, 230, 24]);
  assert.equal([at(1, 5), at(2, 5), at(4, 5), at(5, 5)].map((c) => c[0]), [24, 24, 230, 230]);
  assert.equal(at(3, 1), [255, 255, 255]);
});

function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint16(2, 0x0800 + shape.length);
  shape.forEach((n, i) => header.setUint32(4 + 4 * i, n));
  return Uint8Array.from([...new Uint8Array(header.buffer), ...data]);
}

const folder = temporaryFolder();
const pictures = join(folder, "data");
mkdirSync(pictures, { recursive: true });
for (const prefix of ["train", "t10k"]) {
  const data = quarters(12, 3);
  writeFileSync(join(pictures, `${prefix}-images-idx3-ubyte`), idx([data.size, 12, 12], data.images));
  writeFileSync(join(pictures, `${prefix}-labels-idx1-ubyte`), idx([data.size], Uint8Array.from(data.labels)));
}
writeFileSync(join(pictures, "classes.txt"), `${classes.join("\n")}\n`);
const sizes = ["--data", pictures, "--shrink", "1", "--size", "16", "--scenes", "8", "--test-scenes", "3", "--epochs", "1", "--batch", "4"];

test("senet segment: both networks, a table, a picture", async () => {
  const picture = join(folder, "picture.png");
  const { code, output, errors } = await senet("segment", ...sizes, "--model-options", '{"width":2}', "--picture", picture);
  assert.equal([code, errors], [0, ""]);
  assert.match(output, /^unet: [\d,]+ parameters, 8 scenes, 1 epoch of 2 steps; wasm: .*\n/);
  assert.match(output, /\nse_unet: [\d,]+ parameters/);
  assert.match(output, /\nbackground +[\d.]* +[\d.]*\n/);
  assert.match(output, /\nmean +[\d.]+ +[\d.]+\n/);
  const image = await decodePng(Uint8Array.from(readFileSync(picture)));
  assert.equal([image.width, image.height], [3 * 36 + 4, 4 * 36 + 4]);
});

test("senet segment --json --out: figures, and weights that load", async () => {
  const out = join(folder, "w.safetensors");
  const { code, output } = await senet(
    "segment", "se_unet", ...sizes, "--model-options", '{"width":2,"attention":"scse"}', "--out", out, "--json",
  );
  assert.is(code, 0);
  const [result] = JSON.parse(output) as { model: string; mean_iou: number; classes: { class: string }[] }[];
  assert.is(result.model, "se_unet");
  assert.ok(result.mean_iou >= 0 && result.mean_iou <= 1);
  assert.equal(result.classes.map((c) => c.class), ["background", ...classes]);
  const model = createModel("se_unet", { classes: 5, inChannels: 1, width: 2, depth: 3, attention: "scse" }, null);
  loadWeights(model, Uint8Array.from(readFileSync(out)));
  assert.ok(model.parameters().some((p) => p.value.data.some((value) => value !== 0)));
});

test("senet segment trains in a session, eagerly where that is asked for, and learns the same", async () => {
  const results: number[] = [];
  for (const [more, kernels] of [
    [["--threads", "1"], /; wasm: simd, .*1 thread/], [["--threads", "2"], /; wasm: simd, .*2 threads/],
    [["--engine", "eager"], /; eager, plain/],
  ] as const) {
    const { code, output, errors } = await senet("segment", "unet", ...sizes, "--model-options", '{"width":2}', ...more, "--json");
    assert.is(code, 0, errors);
    assert.match(errors, kernels);
    results.push((JSON.parse(output) as { loss: number }[])[0].loss);
  }
  assert.is(results[0], results[1]);
  assert.ok(Math.abs(results[2] - results[0]) < 1e-3, results.join(", "));
  const refused = await senet("segment", ...sizes, "--engine", "session", "--kernels", "plain");
  assert.equal([refused.code, refused.errors], [
    2, "senet segment: a training session has wasm kernels only; plain ones want --engine eager\n",
  ]);
});

test("senet segment: wrong usage", async () => {
  const wrong = async (...args: string[]): Promise<[number, string]> => {
    const { code, errors } = await senet("segment", ...args);
    return [code, errors];
  };
  assert.equal(await wrong(), [2, "senet segment: wants --data DIR\n"]);
  assert.equal(
    await wrong(...sizes, "--out", join(folder, "x")), [2, "senet segment: --out holds the weights of one MODEL, got unet and se_unet\n"],
  );
  assert.equal(await wrong("--data", pictures, "--size", "5"), [2, "senet segment: --size wants at least the pictures' 6x6, got 5\n"]);
  assert.equal(
    await wrong("--data", pictures, "--shrink", "5"), [2, "senet segment: --shrink wants a divisor of the pictures' 12x12, got 5\n"],
  );
  assert.equal(
    await wrong("unett", ...sizes), [2, 'senet: unknown model "unett" (did you mean "unet"?); senet summary --list names them all\n'],
  );
  assert.equal(await wrong(...sizes, "--batch", "9"), [2, "senet segment: --batch wants at most the 8 scenes, got 9\n"]);
  const [code, errors] = await wrong("--data", pictures, "--size", "20", "--scenes", "8", "--batch", "4");
  assert.is(code, 1);
  assert.match(errors, /^senet: unet: input wants images of a height and width divisible by 8, got 20x20\n$/);
});

test.run();
