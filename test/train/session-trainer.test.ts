/**
 * The trainer on a training session: it learns, agrees with the eager one, repeats and resumes to the bit, averages, drops, and stops where
 * numbers run away.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { createModel } from "../../models/index.ts";
import { FormatError } from "../../src/errors.ts";
import { compileTraining, compileTrainingSync } from "../../src/session/training/training-session.ts";
import type { TrainingSession } from "../../src/session/training/training-session.ts";
import type { TrainingOptions } from "../../src/session/training/options.ts";
import { compileSync } from "../../src/session/session.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { ReLU } from "../../src/nn/layers/activations.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import type { Module } from "../../src/nn/module.ts";
import { Tensor } from "../../src/tensor.ts";
import { readCheckpoint, restoreCheckpoint, writeCheckpoint } from "../../src/train/checkpoint.ts";
import { evaluate } from "../../src/train/evaluate.ts";
import { constant, cosine } from "../../src/train/optimisers/schedule.ts";
import { DivergedError, Trainer } from "../../src/train/trainer.ts";
import type { TrainerOptions } from "../../src/train/trainer.ts";
import { bits, dropoutModel, normalisation, quarters, tinyModel, tinyTrainer } from "./tiny.ts";
import { ofKind } from "../support/errors.ts";

const options: TrainingOptions = {
  input: [8, 1, 12, 12], threads: 1, numerics: "exact", optimiser: { method: "sgd", momentum: 0.9, weightDecay: 1e-3 },
};

function sessionTrainer(
  given: Partial<TrainerOptions> = {}, changed: Partial<TrainingOptions> = {}, made?: { model: Module; session: TrainingSession },
): Trainer {
  const model = made?.model ?? tinyModel();
  const session = made?.session ?? compileTrainingSync(model, { ...options, ...changed });
  return new Trainer({
    model, session, schedule: cosine({ peak: 0.1, steps: 40, warmup: 4 }), data: quarters(40, 3), normalisation, batch: 8, seed: 11,
    ...given,
  });
}

const losses = (trainer: Trainer, count: number): number[] => Array.from({ length: count }, () => trainer.trainStep().loss);

test("it learns the small task, and takes the eager trainer's way within rounding", async () => {
  const [session, eager] = [sessionTrainer(), tinyTrainer()];
  const [a, b] = [losses(session, 10), losses(eager, 10)];
  a.forEach((loss, i) => assert.ok(Math.abs(loss - b[i]) < 1e-3 * b[i] + 1e-5, `step ${i}: ${loss} and ${b[i]}`));
  const report = session.trainStep();
  assert.is(report.epoch, 2);
  for (let epoch = 0; epoch < 6; epoch++) await session.trainEpoch();
  const batch = 7;
  const inference = compileSync(session.model, { input: [batch, 1, 12, 12], numerics: "exact" });
  const images = quarters(40, 77);
  const viaSession = evaluate(session.model, images, normalisation, { batch, forward: (x) => inference.run(x) });
  const viaModel = evaluate(session.model, images, normalisation, { batch });
  assert.ok(viaSession.accuracy > 0.97, `accuracy on new images ${viaSession.accuracy}`);
  assert.equal(viaSession.confusion.counts, viaModel.confusion.counts);
  assert.ok(Math.abs(viaSession.loss - viaModel.loss) < 1e-5);
});

test("one and two threads give the same bits", async () => {
  for (const make of [tinyModel, dropoutModel]) {
    const results = [];
    for (const threads of [1, 2]) {
      const model = make();
      const session = await compileTraining(model, { ...options, threads });
      const trainer = sessionTrainer({ augmentation: { flip: true, crop: 1 } }, {}, { model, session });
      results.push({ losses: losses(trainer, 12), bits: bits(trainer.model) });
      session.close();
    }
    assert.equal(results[0], results[1]);
  }
});

test("dropout draws what the eager trainer draws, of the same generator", () => {
  const schedule = constant({ peak: 0.03 });
  const [model, eagerModel] = [dropoutModel(), dropoutModel()];
  const [session, eager] = [
    sessionTrainer({ schedule }, {}, { model, session: compileTrainingSync(model, options) }), tinyTrainer({ model: eagerModel, schedule }),
  ];
  const [a, b] = [losses(session, 10), losses(eager, 10)];
  a.forEach((loss, i) => assert.ok(Math.abs(loss - b[i]) < 1e-4 * b[i], `step ${i}: ${loss} and ${b[i]}`));
  assert.equal(session.state.random, eager.state.random);
});

test("dropout of probability 0 draws nothing and costs nothing", () => {
  const [without, of0] = [tinyModel(), createModel("se_resnet8", { classes: 4, inChannels: 1, width: 4, reduction: 2, dropout: 0 }, 1)];
  const [a, b] = [without, of0].map((model) => compileTrainingSync(model, options));
  assert.is(a.plan.replace(/^run_\d+/gm, ""), b.plan.replace(/^run_\d+/gm, ""));
  assert.not.match(b.plan, /dropout/);
  const trainer = sessionTrainer({}, {}, { model: of0, session: b });
  const { dropout } = trainer.state.random;
  losses(trainer, 2);
  assert.equal(trainer.state.random.dropout, dropout);
});

test("a resumed run has the bits of an uninterrupted one: weights, optimiser, averages, what was dropped", () => {
  for (
    const [network, optimiser, numerics = "exact"] of [
      [tinyModel, { method: "sgd", nesterov: true, weightDecay: 1e-3 }], [tinyModel, { method: "adamw", weightDecay: 0.01 }],
      [dropoutModel, { method: "sgd" }], [tinyModel, { method: "sgd" }, "turbo"],
    ] as const
  ) {
    const make = (): Trainer => {
      const model = network();
      const session = compileTrainingSync(model, { ...options, optimiser, numerics, average: 0.9, smoothing: 0.1 });
      return sessionTrainer(
        { augmentation: { flip: true, crop: 1 }, schedule: constant({ peak: 0.01, warmup: 3 }) }, {}, { model, session },
      );
    };
    const whole = make();
    const reports = Array.from({ length: 12 }, () => whole.trainStep());
    whole.pull({ average: true });
    const averaged = bits(whole.model);
    whole.pull();
    assert.not.equal(bits(whole.model), averaged);
    for (const stop of [0, 3, 5, 11]) {
      const first = make();
      losses(first, stop);
      const bytes = writeCheckpoint(first);
      const second = make();
      restoreCheckpoint(second, readCheckpoint(bytes));
      assert.equal(Array.from({ length: 12 - stop }, () => second.trainStep()), reports.slice(stop));
      assert.is(bits(second.model), bits(whole.model), `stopped after ${stop} steps`);
      second.pull({ average: true });
      assert.is(bits(second.model), averaged, `averages, stopped after ${stop} steps`);
    }
  }
});

/** Without normalisation: what halves of a batch give adds up to what the whole gives. */
function evenModel(): Module {
  const model = new Sequential(
    new Conv2d(1, 8, { kernel: 5, stride: 3 }), new ReLU(), new SqueezeExcite(8, { reduction: 2 }), new Conv2d(8, 16, { kernel: 3 }),
    new ReLU(), new Flatten(), new Linear(16, 4));
  model.identity = { model: "even", options: {} };
  return model.initialise(new Random(1));
}

test("batches that accumulate are one update: the way of batches twice as large", () => {
  const schedule = constant({ peak: 0.05 });
  const trained = (batch: number, accumulate: number): { trainer: Trainer; session: TrainingSession } => {
    const model = evenModel();
    const session = compileTrainingSync(model, { ...options, input: [batch, 1, 12, 12], accumulate });
    return { trainer: sessionTrainer({ batch, schedule, data: quarters(48, 3) }, {}, { model, session }), session };
  };
  const [halves, whole] = [trained(4, 2), trained(8, 1)];
  const start = bits(halves.trainer.model);
  const values = ({ trainer }: typeof whole): number[] =>
    [...trainer.model.namedParameters().values()].flatMap(({ value }) => [...value.data]);
  for (let update = 1; update <= 8; update++) {
    const two = losses(halves.trainer, 1);
    if (update === 1) assert.is(bits(halves.trainer.model), start, "half an update is none");
    assert.is(halves.session.updates, update - 1);
    two.push(...losses(halves.trainer, 1));
    const [one] = losses(whole.trainer, 1);
    assert.is(halves.session.updates, update);
    assert.ok(Math.abs((two[0] + two[1]) / 2 - one) < 1e-5 * one, `update ${update}: ${two} and ${one}`);
    const wanted = values(whole);
    values(halves).forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-5, `update ${update}: ${value} and ${wanted[i]}`));
  }
});

test("a run that stops between the batches of an update goes on to the bit", () => {
  const make = (accumulate: number = 3): Trainer =>
    sessionTrainer({}, { accumulate, average: 0.9, optimiser: { method: "adamw", weightDecay: 0.01 } });
  const whole = make();
  const expected = losses(whole, 11);
  for (const stop of [1, 2, 3, 4, 8]) {
    const first = make();
    losses(first, stop);
    const second = make();
    // What was begun before is not part of the run.
    losses(second, 1);
    restoreCheckpoint(second, readCheckpoint(writeCheckpoint(first)));
    assert.equal(losses(second, 11 - stop), expected.slice(stop), `stopped after ${stop} steps`);
    for (const average of [false, true]) {
      for (const trainer of [whole, second]) trainer.pull({ average });
      assert.is(bits(second.model), bits(whole.model), `stopped after ${stop} steps`);
    }
    whole.pull();
  }
  const begun = make();
  losses(begun, 2);
  const state = begun.optimiserState();
  const session = compileTrainingSync(tinyModel(), { ...options, optimiser: { method: "adamw" }, average: 0.9 });
  for (const [name, wrong] of [["waiting", -1], ["waiting", 0.5], ["updates.fc.weight", NaN]] as const) {
    const changed = new Map(state).set(name, new Tensor(Float64Array.of(wrong), [1]));
    assert.throws(() => session.loadOptimiserState(changed), new RegExp(`${name} wants a whole number of at least 0, got ${wrong}`));
  }
  state.delete("gradient.fc.weight");
  assert.throws(() => session.loadOptimiserState(state), /the state has no gradient\.fc\.weight/);
});

test("a session for other batches is refused before anything is trained", () => {
  for (const input of [[4, 1, 12, 12], [8, 1, 16, 16]]) {
    const model = tinyModel();
    const session = compileTrainingSync(model, { ...options, input });
    const error = new RegExp(`batches of this data set have shape \\[8,1,12,12\\], the session takes \\[${input}\\]`);
    assert.throws(() => sessionTrainer({}, {}, { model, session }), error);
  }
});

test("averages: of weights and running statistics, with less of themselves in the first updates", () => {
  // 2/11 and 3/12 are below 0.27, 4/13 is not.
  const average = 0.27;
  const trainer = sessionTrainer({ schedule: constant({ peak: 0.05 }) }, { average });
  const values = (): Map<string, Float64Array> => new Map(
    [...trainer.model.namedState()].map(([name, { value }]) => [name, Float64Array.from(value.data)]),
  );
  const wanted = values();
  for (const decay of [2 / 11, 3 / 12, 0.27, 0.27]) {
    trainer.trainStep();
    trainer.pull();
    for (const [name, now] of values()) now.forEach((value, i) => (wanted.get(name)![i] += (1 - decay) * (value - wanted.get(name)![i])));
    trainer.pull({ average: true });
    for (const [name, found] of values()) {
      found.forEach(
        (value, i) => assert.ok(Math.abs(value - wanted.get(name)![i]) < 1e-6, `${name}[${i}]: ${value}, wanted ${wanted.get(name)![i]}`),
      );
    }
    trainer.pull();
  }
});

test("averaged weights are as good as the latest ones from the first epochs on", async () => {
  const trainer = sessionTrainer({ schedule: constant({ peak: 0.1 }) }, { average: 0.998 });
  // 40 steps, of which 0.998 alone would keep nine tenths of the start.
  for (let epoch = 0; epoch < 8; epoch++) await trainer.trainEpoch();
  const images = quarters(40, 77);
  const [latest, averaged] = [false, true].map((average) => {
    trainer.pull({ average });
    return evaluate(trainer.model, images, normalisation).accuracy;
  });
  assert.ok(latest > 0.9 && averaged > 0.9, `${latest} with the latest weights, ${averaged} with the averaged ones`);
});

test("a checkpoint without averages of statistics is refused", () => {
  const trainer = sessionTrainer({}, { average: 0.9 });
  losses(trainer, 2);
  const checkpoint = readCheckpoint(writeCheckpoint(trainer));
  const older = new Map([...checkpoint.optimiser].filter(([name]) => !/^average\..*running/.test(name)));
  assert.ok(older.size < checkpoint.optimiser.size);
  assert.throws(
    () => restoreCheckpoint(sessionTrainer({}, { average: 0.9 }), { ...checkpoint, optimiser: older }),
    /the state has no average\.bn1\.running_mean/,
  );
});

test("a checkpoint written while the averaged weights are in the model holds the others", () => {
  const trainer = sessionTrainer({}, { average: 0.9 });
  losses(trainer, 4);
  const before = writeCheckpoint(trainer);
  trainer.pull({ average: true });
  assert.equal(writeCheckpoint(trainer), before);
  assert.throws(() => sessionTrainer().pull({ average: true }), /no average/);
  assert.throws(() => tinyTrainer().pull({ average: true }), /keeps no average/);
});

test("checkpoints of another optimiser are refused and change nothing", () => {
  const adam = sessionTrainer({}, { optimiser: { method: "adamw" } });
  losses(adam, 2);
  const checkpoint = readCheckpoint(writeCheckpoint(adam));
  const trainer = sessionTrainer();
  losses(trainer, 2);
  const before = bits(trainer.model);
  assert.throws(() => restoreCheckpoint(trainer, checkpoint), ofKind(RangeError));
  trainer.pull();
  assert.is(bits(trainer.model), before);
});

test("a loss that is not finite stops the run, names the step and leaves the last good weights", () => {
  const trainer = sessionTrainer({ schedule: (step) => (step === 2 ? 1e36 : 0.01) });
  losses(trainer, 2);
  const good = new Map([...trainer.model.namedParameters()].map(([name, p]) => [name, [...p.value.data]]));
  trainer.trainStep();
  let error: unknown;
  try {
    losses(trainer, 3);
  } catch (thrown) {
    error = thrown;
  }
  assert.instance(error, DivergedError);
  assert.is((error as DivergedError).step, 4);
  for (const [name, p] of trainer.model.namedParameters()) assert.equal([...p.value.data], good.get(name), name);
  for (const { value } of trainer.model.namedState().values()) assert.ok(value.data.every(Number.isFinite));
});

test("an update that leaves infinite weights is noticed at the end of the epoch", async () => {
  const trainer = sessionTrainer({ schedule: (step) => (step === 4 ? 3e38 : 0.01) });
  await trainer.trainEpoch();
  const error: unknown = await trainer.trainEpoch().catch((thrown: unknown) => thrown);
  assert.instance(error, DivergedError);
  for (const { value } of trainer.model.namedState().values()) assert.ok(value.data.every(Number.isFinite));
});

test("an aborted signal lets the step end, and training goes on from there", async () => {
  const signal = { aborted: false };
  const trainer = sessionTrainer();
  assert.is((await trainer.trainEpoch((report) => void (signal.aborted = report.step === 2), signal)).step, 2);
  signal.aborted = false;
  assert.is((await trainer.trainEpoch(undefined, signal)).step, 5);
  const other = sessionTrainer();
  losses(other, 5);
  assert.is(bits(trainer.model), bits(other.model));
});

test("gradients of a step that was begun by hand are not those of the run that a checkpoint goes on with", () => {
  const trainer = sessionTrainer();
  losses(trainer, 2);
  const bytes = writeCheckpoint(trainer);
  const expected = losses(trainer, 3);
  const model = tinyModel();
  const session = compileTrainingSync(model, options);
  const other = sessionTrainer({}, {}, { model, session });
  session.backward(Tensor.of(Array.from({ length: 8 * 144 }, (_, i) => i % 7), [8, 1, 12, 12]), new Int32Array(8));
  restoreCheckpoint(other, readCheckpoint(bytes));
  assert.equal(losses(other, 3), expected);
});

test("a damaged checkpoint of AdamW with averages is refused, whichever bit; what is refused has changed nothing", () => {
  const make = (): Trainer => sessionTrainer({}, { optimiser: { method: "adamw" }, average: 0.9 });
  const trainer = make();
  losses(trainer, 3);
  const bytes = writeCheckpoint(trainer, { classes: ["a", "b", "c", "d"], settings: { epochs: 3 } });
  const random = new Random(5);
  for (let i = 0; i < 1000; i++) {
    const damaged = Uint8Array.from(bytes);
    const bit = i % 2 === 0 ? random.below(8 * bytes.length) : random.below(8 * 4000);
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(() => readCheckpoint(damaged), (error: unknown) => error instanceof FormatError, `bit ${bit}`);
  }
  const other = make();
  losses(other, 1);
  const before = writeCheckpoint(other);
  const whole = readCheckpoint(bytes);
  for (const name of [...whole.optimiser.keys(), ...whole.model.keys()]) {
    const without = <T>(map: ReadonlyMap<string, T>): Map<string, T> => new Map([...map].filter(([each]) => each !== name));
    assert.throws(
      () => restoreCheckpoint(other, { ...whole, model: without(whole.model), optimiser: without(whole.optimiser) }), ofKind(RangeError),
    );
    assert.equal(writeCheckpoint(other), before, name);
  }
  restoreCheckpoint(other, whole);
  assert.equal(writeCheckpoint(other, { classes: ["a", "b", "c", "d"], settings: { epochs: 3 } }), bytes);
});

test("what makes no trainer", () => {
  const model = tinyModel();
  const session = compileTrainingSync(model, options);
  assert.throws(() => tinyTrainer({ model, session }), /wants an optimiser, or a session, and not both/);
});

test.run();
