/** Training on a small task: it learns, repeats itself to the bit, resumes to the bit, and stops where numbers run away. */
import { test } from "uvu";
import { FormatError } from "../../src/errors.ts";
import * as assert from "uvu/assert";
import * as plain from "../../kernels/plain/index.ts";
import * as reference from "../../kernels/reference/index.ts";
import { createModel } from "../../models/index.ts";
import { parseSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import { stateDict } from "../../src/nn/state-dict.ts";
import { Tensor } from "../../src/tensor.ts";
import { AdamW } from "../../src/train/optimisers/adam.ts";
import { readCheckpoint, restoreCheckpoint, writeCheckpoint } from "../../src/train/checkpoint.ts";
import { Dataset } from "../../src/train/data/dataset.ts";
import { evaluate } from "../../src/train/evaluate.ts";
import { crossEntropy } from "../../src/train/loss.ts";
import { constant } from "../../src/train/optimisers/schedule.ts";
import { DivergedError } from "../../src/train/trainer.ts";
import type { StepReport, Trainer } from "../../src/train/trainer.ts";
import { bits, classes, normalisation, quarters, dropoutModel, tinyModel, tinyTrainer } from "./tiny.ts";
import { ofKind } from "../support/errors.ts";

const losses = (trainer: Trainer, count: number): number[] => Array.from({ length: count }, () => trainer.trainStep().loss);

test("a small network learns a small task by heart", async () => {
  const trainer = tinyTrainer();
  let report: StepReport | undefined;
  for (let epoch = 0; epoch < 8; epoch++) report = await trainer.trainEpoch();
  assert.is((report as StepReport).epoch, 7);
  assert.ok((report as StepReport).epochAccuracy > 0.97, `training accuracy ${(report as StepReport).epochAccuracy}`);
  const { accuracy, loss, confusion } = evaluate(trainer.model, quarters(40, 77), normalisation);
  assert.ok(accuracy > 0.97, `accuracy on new images ${accuracy}`);
  assert.ok(loss < 0.3, `loss on new images ${loss}`);
  assert.is(confusion.total, 40);
  assert.ok(trainer.model.training, "evaluation leaves the mode as it was");
});

test("evaluation does not depend on the batch, nor change anything", () => {
  const model = tinyModel();
  const before = bits(model);
  const results = [1, 7, 100].map((batch) => evaluate(model, quarters(20, 5), normalisation, { batch }));
  for (const { loss, confusion } of results) {
    assert.ok(Math.abs(loss - results[0].loss) < 1e-6);
    assert.equal(confusion.counts, results[0].confusion.counts);
  }
  assert.is(bits(model), before);
  assert.not.ok(model.training);
});

test("ten steps: the same seed gives the same bits, another seed others", () => {
  const [a, b, c] = [11, 11, 12].map((seed) => {
    const trainer = tinyTrainer({ seed, augmentation: { flip: true, crop: 2 } });
    return { losses: losses(trainer, 10), bits: bits(trainer.model) };
  });
  assert.equal(a, b);
  assert.not.equal(a.losses, c.losses);
});

test("ten steps: plain and reference kernels take the same way within rounding", () => {
  for (const make of [tinyModel, dropoutModel]) {
    const [a, b] = [plain, reference].map(
      (kernels) => losses(tinyTrainer({ model: make().use(kernels), schedule: constant({ peak: 0.03 }) }), 10),
    );
    a.forEach((loss, i) => assert.ok(Math.abs(loss - b[i]) < 1e-3 * b[i] + 1e-5, `step ${i}: ${loss} and ${b[i]}`));
    assert.ok(a[9] < a[0], `from ${a[0]} to ${a[9]}`);
  }
});

test("a resumed run has the bits of an uninterrupted one, in the middle of an epoch and between epochs", () => {
  const make = (): Trainer => {
    const model = dropoutModel();
    return tinyTrainer({
      model, optimiser: new AdamW(model.namedParameters(), { weightDecay: 0.01 }), schedule: constant({ peak: 0.003, warmup: 3 }),
      augmentation: { flip: true, crop: 1 }, smoothing: 0.1,
    });
  };
  const whole = make();
  const reports = Array.from({ length: 14 }, () => whole.trainStep());
  for (const stop of [3, 5, 10, 12]) {
    const first = make();
    losses(first, stop);
    const bytes = writeCheckpoint(first, { classes, settings: { epochs: 4 } });
    const checkpoint = readCheckpoint(bytes);
    assert.equal(checkpoint.settings, { epochs: 4 });
    assert.is(checkpoint.description?.model, "dropout");
    assert.equal(checkpoint.description?.classes, classes);
    const second = make();
    restoreCheckpoint(second, checkpoint);
    assert.equal(Array.from({ length: 14 - stop }, () => second.trainStep()), reports.slice(stop));
    assert.is(bits(second.model), bits(whole.model), `stopped after ${stop} steps`);
  }
});

test("checkpoints of another run, or none, are refused", () => {
  const trainer = tinyTrainer();
  losses(trainer, 2);
  const bytes = writeCheckpoint(trainer);
  assert.throws(() => restoreCheckpoint(tinyTrainer({ seed: 12 }), readCheckpoint(bytes)), /seed 11, this one has 12/);
  assert.throws(() => restoreCheckpoint(tinyTrainer({ data: quarters(41, 3) }), readCheckpoint(bytes)), /images 40, this one has 41/);
  assert.throws(() => restoreCheckpoint(tinyTrainer({ model: dropoutModel() }), readCheckpoint(bytes)), ofKind(RangeError));
  assert.throws(() => readCheckpoint(bytes.slice(0, 2000)), /safetensors/);
  assert.throws(() => readCheckpoint(writeSafetensors(stateDict(trainer.model))), /holds no training state, only weights/);
  const { tensors, metadata } = parseSafetensors(bytes);
  const spoilt = (training: string): Uint8Array => writeSafetensors(tensors, { metadata: { ...metadata, "senet.training": training } });
  assert.throws(() => readCheckpoint(spoilt("{")), /senet\.training wants a JSON object/);
  assert.throws(() => readCheckpoint(spoilt('{"step":1}')), /wants a number seed, got undefined/);
  const half = metadata["senet.training"].replace(/"dropout":\[\d+/, '"dropout":["x"');
  assert.throws(() => readCheckpoint(spoilt(half)), /four words random\.dropout/);
});

test("a damaged checkpoint is refused, whichever bit; one that is refused has changed nothing", () => {
  const trainer = tinyTrainer();
  losses(trainer, 2);
  const bytes = writeCheckpoint(trainer);
  readCheckpoint(bytes);
  const header = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  for (let i = 0; i < bytes.length; i += i < 8 + header ? 1 : 61) {
    const damaged = Uint8Array.from(bytes);
    damaged[i] ^= 1 << (i % 8);
    assert.throws(() => readCheckpoint(damaged), (e: unknown) => e instanceof FormatError, `byte ${i}`);
  }
  // Without a checksum, as an older version wrote them: values that no run leaves.
  const { tensors, metadata } = parseSafetensors(bytes);
  const changed = (spoil: (all: Map<string, Tensor>) => void, more: object = {}): Uint8Array => {
    const all = new Map(Array.from(tensors, ([each, tensor]) => [each, tensor.clone()]));
    spoil(all);
    const training = JSON.stringify({ ...(JSON.parse(metadata["senet.training"]) as object), ...more });
    return writeSafetensors(all, { metadata: { ...metadata, "senet.training": training } });
  };
  readCheckpoint(changed(() => {}));
  for (const [bad, message] of [
    [changed((all) => all.get("model.bn1.running_var")!.data.fill(-1)), /"model\.bn1\.running_var" holds -1: it is damaged/],
    [changed((all) => all.get("optimiser.momentum.fc.weight")!.data.fill(NaN)), /momentum\.fc\.weight" holds NaN/],
    [changed(() => {}, { step: 1e9 + 0.5 }), /whole number step of at least 0, got 1000000000\.5/],
    [changed(() => {}, { correct: -1 }), /number correct of at least 0, got -1/],
    [changed(() => {}, { random: {} }), /four words random\.order/],
    [
      changed(() => {}, { random: { order: [1, 2, 3, -4], augmentation: [1, 2, 3, 4], dropout: [1, 2, 3, 4] } }),
      /four words random\.order/,
    ],
    [changed(() => {}, { random: { order: [0, 0, 0, 0], augmentation: [1, 2, 3, 4], dropout: [1, 2, 3, 4] } }), /four words random\.order/],
  ] as const) assert.throws(() => readCheckpoint(bad), (e: unknown) => e instanceof FormatError &&
    message.test(e.message), String(message));

  // Everything is checked first: seed, weights, optimiser; then it is written.
  const other = tinyTrainer({ seed: 11 });
  losses(other, 3);
  const before = writeCheckpoint(other);
  const { model, optimiser, ...rest } = readCheckpoint(bytes);
  const less = <T>(map: ReadonlyMap<string, T>, without: string): Map<string, T> => new Map([...map].filter(([each]) => each !== without));
  for (const refused of [
    { ...rest, model, optimiser, state: { ...rest.state, seed: 12 } }, { ...rest, optimiser, model: less(model, "fc.bias") },
    { ...rest, model, optimiser: less(optimiser, "momentum.fc.bias") },
    { ...rest, model, optimiser, modelSettings: { epsilon: { "*": 7 } } },
    ...["order", "augmentation", "dropout"].map((name) =>
      ({ ...rest, model, optimiser, state: { ...rest.state, random: { ...rest.state.random, [name]: [0, 0, 0, 0] } } })),
    { ...rest, model, optimiser: new Map([...optimiser].map(([name, tensor]) =>
      [name, name.startsWith("updates.") ? new Tensor(Float64Array.of(-3), [1]) : tensor])) },
  ]) {
    assert.throws(() => restoreCheckpoint(other, refused), ofKind(RangeError));
    assert.equal(writeCheckpoint(other), before);
  }
});

test("dropout draws from the trainer's generator", () => {
  const run = (seed: number): number[] => losses(tinyTrainer({ model: dropoutModel(), seed, data: quarters(8, 3) }), 2);
  assert.equal(run(4), run(4));
  // One batch holds all images, in another order only: dropout alone can tell the first losses apart by this much.
  assert.ok(Math.abs(run(4)[0] - run(5)[0]) > 1e-4);
});

test("an epoch stops where progress says so, and reports its means", async () => {
  const trainer = tinyTrainer();
  const seen: StepReport[] = [];
  const report = await trainer.trainEpoch((r) => {
    seen.push(r);
    return r.step < 3;
  });
  assert.equal(seen.map((r) => r.step), [1, 2, 3]);
  assert.is(report.stepOfEpoch, 3);
  assert.is(report.stepsPerEpoch, 5);
  assert.ok(Math.abs(report.epochLoss - (seen[0].loss + seen[1].loss + seen[2].loss) / 3) < 1e-12);
  assert.is((await trainer.trainEpoch()).stepOfEpoch, 5);
  assert.is(trainer.epoch, 1);
});

test("a loss that is not finite stops the run, names the step and leaves the last good weights", () => {
  const model = tinyModel();
  const trainer = tinyTrainer({ model, schedule: (step) => (step === 2 ? 1e36 : 0.01) });
  losses(trainer, 2);
  // What the third step began with, but for the running statistics, which its forward pass had still made from good numbers.
  const good = new Map([...model.namedParameters()].map(([name, p]) => [name, [...p.value.data]]));
  trainer.trainStep();
  let error: unknown;
  try {
    losses(trainer, 3);
  } catch (thrown) {
    error = thrown;
  }
  assert.instance(error, DivergedError);
  assert.is((error as DivergedError).step, 4);
  assert.match((error as DivergedError).message, /training diverged: the loss is (NaN|Infinity) in step 4 \(epoch 1\)/);
  for (const [name, p] of model.namedParameters()) assert.equal([...p.value.data], good.get(name), name);
  for (const { value } of model.namedState().values()) assert.ok(value.data.every(Number.isFinite));
  assert.throws(() => trainer.trainStep(), /has diverged/);
  assert.throws(() => trainer.pull(), /has diverged; the model has its last good weights/);
  assert.throws(() => writeCheckpoint(trainer), /has diverged/);
});

test("running statistics that overflow end the run, though the loss is finite; the model has what was good before", () => {
  const model = tinyModel();
  const before = [...model.namedState()].map(([name, { value }]) => [name, [...value.data]]);
  // Inputs of 1e24 have a variance of 1e46, which single precision has not; normalised, they are as all others.
  const trainer = tinyTrainer({ model, normalisation: { mean: [0], std: [1e-24] } });
  assert.throws(() => trainer.trainStep(), /training diverged: bn1\.running_var is no longer finite in step 1 \(epoch 1\)/);
  assert.equal([...model.namedState()].map(([name, { value }]) => [name, [...value.data]]), before);
});

test("a schedule that gives no learning rate is an error, and changes nothing", () => {
  for (const wrong of [NaN, Infinity, -1]) {
    const schedule = (step: number): number => (step === 2 ? wrong : 0.01);
    const [trainer, whole] = [tinyTrainer({ schedule }), tinyTrainer({ schedule: () => 0.01 })];
    losses(trainer, 2);
    losses(whole, 2);
    for (let i = 0; i < 2; i++) {
      assert.throws(
        () => trainer.trainStep(), new RegExp(`Trainer: the schedule gives ${wrong} for step 2, a learning rate wants a finite number`),
      );
    }
    const values = (of: Trainer): unknown => [...of.model.namedState().values()].map(({ value }) => [...value.data]);
    assert.equal(values(trainer), values(whole));
    assert.equal(trainer.state, whole.state);
  }
});

test("between two steps of an epoch timers run, an abort from outside is heard, and a second call is refused", async () => {
  const trainer = tinyTrainer();
  const signal = { aborted: false };
  const seen: number[] = [];
  setTimeout(() => void (signal.aborted = true), 0);
  const slow = (): void => {
    seen.push(trainer.step);
    // Longer than the timer waits.
    for (const begin = performance.now(); performance.now() - begin < 5;);
  };
  const epoch = trainer.trainEpoch(slow, signal);
  const refused: unknown = await trainer.trainEpoch().catch((error: unknown) => error);
  assert.match((refused as Error).message, /Trainer: an epoch is under way; await it first/);
  const { step } = await epoch;
  assert.ok(step < trainer.stepsPerEpoch, `ended after step ${step} of ${trainer.stepsPerEpoch}`);
  assert.is((await trainer.trainEpoch()).stepOfEpoch, trainer.stepsPerEpoch);
  const whole = tinyTrainer();
  for (let i = 0; i < whole.stepsPerEpoch; i++) whole.trainStep();
  assert.equal(
    [...trainer.model.namedState().values()].map(({ value }) => value.data),
    [...whole.model.namedState().values()].map(({ value }) => value.data),
  );
});

test("an update that leaves infinite weights is noticed at the end of the epoch", async () => {
  const trainer = tinyTrainer({ schedule: (step) => (step === 4 ? 1e300 : 0.01) });
  const error: unknown = await trainer.trainEpoch().catch((thrown: unknown) => thrown);
  assert.instance(error, DivergedError);
  assert.match((error as DivergedError).message, /training diverged: .* is no longer finite after the update in step 5/);
  for (const { value } of trainer.model.namedState().values()) assert.ok(value.data.every(Number.isFinite));
});

test("held-out images join at the end: none before, each of them in the first epoch of theirs, and a resumed run has the same bits",
  async () => {
  // Every image has a level of its own, so that a batch tells which images it holds.
  const size = 43;
  const images = new Uint8Array(size * 144);
  for (let i = 0; i < size; i++) images.fill(5 * i, i * 144, (i + 1) * 144);
  const data = new Dataset(images, [size, 1, 12, 12], Int32Array.from({ length: size }, (_, i) => i % 4), classes);
  const levels = { mean: [0], std: [1] };
  const make = (seen: number[][] = []): Trainer => {
    const model = tinyModel();
    const forward = model.forward.bind(model);
    model.forward = (x) => {
      seen.push(Array.from({ length: 8 }, (_, i) => Math.round((x.data[i * 144] * 255) / 5)));
      return forward(x);
    };
    return tinyTrainer({ model, data, normalisation: levels, heldOut: { images: 10, until: 2 } });
  };
  const seen: number[][] = [];
  const whole = make(seen);
  assert.is(whole.stepsPerEpoch, 4);
  for (let epoch = 0; epoch < 3; epoch++) await whole.trainEpoch();
  const epochs = [0, 1, 2].map((epoch) => seen.slice(4 * epoch, 4 * epoch + 4).flat().sort((a, b) => a - b));
  for (const epoch of epochs) assert.is(new Set(epoch).size, 32, "no image twice in an epoch");
  assert.ok(Math.max(...epochs[0], ...epochs[1]) < 33, "no held-out image before its time");
  assert.equal(epochs[2].slice(-10), Array.from({ length: 10 }, (_, i) => 33 + i), "every held-out image in the third epoch");
  for (const stop of [6, 8, 10]) {
    const first = make();
    losses(first, stop);
    const second = make();
    restoreCheckpoint(second, readCheckpoint(writeCheckpoint(first)));
    losses(second, 12 - stop);
    assert.is(bits(second.model), bits(whole.model), `stopped after ${stop} steps`);
  }
});

test("a trainer refuses what does not fit", () => {
  for (const heldOut of [{ images: 40, until: 1 }, { images: -1, until: 1 }, { images: 5, until: 0.5 }]) {
    assert.throws(() => tinyTrainer({ heldOut }), /heldOut wants less than the 40 images/);
  }
  assert.throws(() => tinyTrainer({ batch: 36, heldOut: { images: 5, until: 1 } }), /batch wants a whole number from 1 to the 35 images/);
  assert.throws(() => tinyTrainer({ batch: 41 }), /batch wants a whole number from 1 to the 40 images/);
  assert.throws(() => tinyTrainer({ batch: 0 }), /batch/);
  const model = createModel("se_resnet8", { classes: 5, inChannels: 1, width: 4, reduction: 2 });
  assert.throws(() => tinyTrainer({ model }), /4 classes, the model puts out \[8,5\]/);
});

test("cross-entropy: literal values, and errors that name the label", () => {
  const logits = Tensor.of([0, 0, 0, 0, Math.log(3), 0, 0, 0], [2, 4]);
  const loss = crossEntropy(plain, logits, Int32Array.of(2, 0));
  assert.ok(Math.abs(loss.value - (Math.log(4) + Math.log(2)) / 2) < 1e-6);
  const gradient = [...loss.gradient().data];
  const wanted = [0.125, 0.125, -0.375, 0.125, -0.25, 1 / 12, 1 / 12, 1 / 12];
  gradient.forEach((g, i) => assert.ok(Math.abs(g - wanted[i]) < 1e-6));
  assert.throws(() => crossEntropy(plain, logits, Int32Array.of(0, 4)), /classes from 0 to 3, label 1 is 4/);
  assert.throws(() => crossEntropy(plain, logits, Int32Array.of(0)), /labels wants 2, one each, got 1/);
  assert.throws(() => crossEntropy(plain, logits, [0, 1] as unknown as Int32Array), ofKind(TypeError));
});

test.run();
