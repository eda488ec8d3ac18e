/** Mixup: what a batch becomes, the loss of mixed labels, and that both engines train on it alike and resume to the bit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as plain from "../../../kernels/plain/index.ts";
import * as reference from "../../../kernels/reference/index.ts";
import { Random } from "../../../kernels/random.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { Batcher } from "../../../src/train/data/augment.ts";
import type { Batch } from "../../../src/train/data/batch.ts";
import { readCheckpoint, restoreCheckpoint, writeCheckpoint } from "../../../src/train/checkpoint.ts";
import { Dataset } from "../../../src/train/data/dataset.ts";
import { crossEntropy, predictions } from "../../../src/train/loss.ts";
import { constant } from "../../../src/train/optimisers/schedule.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import { bits, classes, normalisation, quarters, tinyModel, tinyTrainer } from "../tiny.ts";

const levels = { mean: [0], std: [1 / 255] };

/** Image i is white at pixel i alone, and its label is i % 4: so a mixed batch tells what it is made of. */
function signed(count: number): Dataset {
  const images = new Uint8Array(count * count);
  for (let i = 0; i < count; i++) images[i * count + i] = 255;
  return new Dataset(images, [count, 1, 1, count], Int32Array.from({ length: count }, (_, i) => i % 4), classes);
}

/** Who is in each image of the batch, with what share. */
function contents({ x }: Batch): Map<number, number>[] {
  const [count, , , width] = x.shape;
  return Array.from({ length: count }, (_, i) => {
    const row = [...x.data.subarray(i * width, (i + 1) * width)].map((level, at) => [at, level / 255] as const);
    return new Map(row.filter(([, share]) => share > 0));
  });
}

test("every image is mixed with one of the batch, all by one share, each of them being the other once; labels go with their images", () => {
  const size = 24;
  const batcher = new Batcher(signed(size), levels, { mixup: 1 });
  const random = new Random(4);
  const shares: number[] = [];
  let cycles = 0;
  for (let round = 0; round < 40; round++) {
    const indices = random.shuffle(Int32Array.from({ length: size }, (_, i) => i));
    const batch = batcher.augmented(indices, random);
    const found = contents(batch);
    const alone = found.findIndex((parts) => parts.size === 2);
    const share = found[alone].get(indices[alone])!;
    shares.push(share);
    const partners = found.map((parts, i) => {
      assert.ok(parts.has(indices[i]) && parts.size <= 2, "itself, and one other at most");
      const [partner = indices[i]] = [...parts.keys()].filter((at) => at !== indices[i]);
      const own = partner === indices[i] ? 1 : share;
      if (partner === indices[i]) cycles++;
      assert.ok(Math.abs(parts.get(indices[i])! - own) < 1e-6);
      if (own < 1) assert.ok(Math.abs(parts.get(partner)! - (1 - share)) < 1e-6);
      const wanted = new Float32Array(4);
      wanted[indices[i] % 4] += share;
      wanted[partner % 4] += 1 - share;
      batch.shares!.subarray(4 * i, 4 * i + 4)
        .forEach((value, k) => assert.ok(Math.abs(value - wanted[k]) < 1e-6, `${value}, wanted ${wanted[k]}`));
      assert.is(batch.labels[i], (share >= 0.5 ? indices[i] : partner) % 4, "the label of the larger share");
      return partner;
    });
    assert.equal([...partners].sort((a, b) => a - b), Array.from({ length: size }, (_, i) => i), "a permutation");
  }
  // Beta(1, 1) is uniform.
  assert.ok(shares.some((share) => share < 0.3) && shares.some((share) => share > 0.7));
  assert.ok(cycles < 100, "most have another partner than themselves");
});

test("mixing draws after all else, so that what is flipped and cropped stays as it was", () => {
  const data = quarters(8, 3);
  const all = Int32Array.from({ length: 8 }, (_, i) => i);
  const [mixed, before] = [{ mixup: 1e9 }, {}].map(
    (more) => new Batcher(data, normalisation, { flip: true, crop: 2, erase: 0.5, ...more }).augmented(all, new Random(5)),
  );
  // Beta of so large a parameter is a half: the sum over the batch is that of the images.
  const sum = ({ x }: Batch): number => x.data.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum(mixed) - sum(before)) < 1e-2);
  assert.not.equal(mixed.x.data, before.x.data);
  assert.is(before.shares, undefined);
  const none = new Batcher(data, normalisation, { flip: true, crop: 2, erase: 0.5, mixup: 0 }).augmented(all, new Random(5));
  assert.equal(none, before);
  const whole = new Batcher(data, normalisation, { mixup: 0.2 });
  assert.is(whole.unaugmented(all).shares, undefined, "plain batches are never mixed");
});

test("what cannot be mixed is refused", () => {
  for (const mixup of [-0.1, NaN, Infinity]) {
    assert.throws(() => new Batcher(quarters(4, 1), normalisation, { mixup }), /mixup wants a finite number of at least 0, got/);
  }
  const perPixel = new Dataset(new Uint8Array(8), [2, 1, 2, 2], new Int32Array(8), ["a"]);
  assert.throws(() => new Batcher(perPixel, levels, { mixup: 0.2 }), /wants one label an image/);
});

test("the loss of shares is that of both labels by their shares, with their smoothing; shares of one class give the label's bits", () => {
  const random = new Random(2);
  const logits = new Tensor(Float64Array.from({ length: 12 }, () => 2 * random.normal()), [3, 4]);
  const [first, second, share] = [Int32Array.of(0, 2, 3), Int32Array.of(1, 2, 0), 0.7];
  const shares = new Float64Array(12);
  first.forEach((label, i) => (shares[4 * i + label] += share));
  second.forEach((label, i) => (shares[4 * i + label] += 1 - share));
  for (const smoothing of [0, 0.1]) {
    const soft = crossEntropy(reference, logits, shares, smoothing);
    const [a, b] = [first, second].map((labels) => crossEntropy(reference, logits, labels, smoothing));
    assert.ok(Math.abs(soft.value - (share * a.value + (1 - share) * b.value)) < 1e-12);
    soft.gradient().data.forEach(
      (slope, i) => assert.ok(Math.abs(slope - (share * a.gradient().data[i] + (1 - share) * b.gradient().data[i])) < 1e-12),
    );
  }
  const single = Float32Array.from(shares, (_, i) => (first[Math.floor(i / 4)] === i % 4 ? 1 : 0));
  const [hard, soft] = [first, single].map((labels) => crossEntropy(plain, logits.toFloat32(), labels));
  assert.is(soft.value, hard.value);
  assert.equal(soft.gradient(), hard.gradient());
});

test("shares that are none are refused, by both losses", () => {
  const session = compileTrainingSync(tinyModel(), { input: [2, 1, 12, 12], optimiser: { method: "sgd" }, threads: 1 });
  const x = Tensor.zeros([2, 1, 12, 12]);
  const logits = Tensor.zeros([2, 4]);
  for (
    const loss of [
      (shares: Float32Array) => session.backward(x, shares), (shares: Float32Array) => crossEntropy(plain, logits, shares).value,
    ]
  ) {
    assert.throws(() => loss(new Float32Array(7)), /labels wants 2 x 4 shares of classes, got 7/);
    assert.throws(() => loss(Float32Array.of(1, 0, 0, 0, 0.5, 0.4, 0, 0)), /add up to 1, those of label 1 do not/);
    assert.throws(() => loss(Float32Array.of(1.5, -0.5, 0, 0, 1, 0, 0, 0)), /at least 0 and to add up to 1, those of label 0 do not/);
    assert.throws(() => loss(Float32Array.of(1, NaN, 0, 0, 1, 0, 0, 0)), /those of label 0 do not/);
    loss(Float32Array.of(0.3, 0.7, 0, 0, 0.25, 0.25, 0.25, 0.25));
  }
  session.close();
});

const mixing = { augmentation: { flip: true, crop: 1, mixup: 0.4 }, schedule: constant({ peak: 0.03 }) };

function trainers(smoothing: number): Trainer[] {
  const model = tinyModel();
  const session = compileTrainingSync(
    model,
    { input: [8, 1, 12, 12], threads: 1, numerics: "exact", smoothing, optimiser: { method: "sgd", momentum: 0.9, weightDecay: 1e-3 } },
  );
  return [
    new Trainer({ model, session, data: quarters(40, 3), normalisation, batch: 8, seed: 11, ...mixing }),
    tinyTrainer({ smoothing, ...mixing }),
  ];
}

test("a session and the eager engine train on mixed images alike", () => {
  for (const smoothing of [0, 0.1]) {
    const [session, eager] = trainers(smoothing);
    for (let step = 0; step < 10; step++) {
      const [a, b] = [session.trainStep(), eager.trainStep()];
      assert.ok(Math.abs(a.loss - b.loss) < 1e-3 * b.loss, `step ${step}: ${a.loss} and ${b.loss}`);
      assert.is(a.epochAccuracy, b.epochAccuracy);
    }
    assert.equal(session.state.random, eager.state.random);
  }
});

test("accuracy counts the label with the larger share", () => {
  const trainer = tinyTrainer({ ...mixing, augmentation: { mixup: 1 }, schedule: constant({ peak: 0 }) });
  const { model } = trainer;
  const forward = model.forward.bind(model);
  let came: Int32Array = new Int32Array(0);
  model.forward = (x) => {
    const y = forward(x);
    came = predictions(y);
    return y;
  };
  // The same batches once more, from the same generators.
  const batcher = new Batcher(quarters(40, 3), normalisation, { mixup: 1 });
  const seeds = new Random(11);
  const [order, augmentation] = [0, 1].map(() => new Random(seeds.uint32()));
  const indices = order.shuffle(Int32Array.from({ length: 40 }, (_, i) => i));
  let right = 0;
  for (let step = 0; step < 5; step++) {
    const { epochAccuracy } = trainer.trainStep();
    const { labels } = batcher.augmented(indices.subarray(8 * step, 8 * step + 8), augmentation);
    right += labels.filter((label, i) => label === came[i]).length;
    assert.is(epochAccuracy, right / (8 * (step + 1)));
  }
});

test("a resumed run mixes as an uninterrupted one", () => {
  for (const which of [0, 1]) {
    const whole = trainers(0.1)[which];
    const reports = Array.from({ length: 9 }, () => whole.trainStep());
    for (const stop of [3, 5]) {
      const [first, second] = [0, 1].map(() => trainers(0.1)[which]);
      for (let step = 0; step < stop; step++) first.trainStep();
      restoreCheckpoint(second, readCheckpoint(writeCheckpoint(first)));
      assert.equal(Array.from({ length: 9 - stop }, () => second.trainStep()), reports.slice(stop));
      assert.is(bits(second.model), bits(whole.model));
    }
  }
});

test.run();
