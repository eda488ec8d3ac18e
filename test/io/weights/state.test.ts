/** What decides the answer and is no tensor stands in the file, and is read again: batch normalisation's epsilon and momentum. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { loadWeights, readCheckpoint } from "../../../src/weights/any.ts";
import { parseSafetensors, writeSafetensors } from "../../../src/io/weights/safetensors.ts";
import { Random } from "../../../kernels/random.ts";
import { ReLU } from "../../../src/nn/layers/activations.ts";
import { Conv2d } from "../../../src/nn/layers/conv.ts";
import { Sequential } from "../../../src/nn/combinators.ts";
import { BatchNorm2d } from "../../../src/nn/layers/batch-norm.ts";
import type { Module } from "../../../src/nn/module.ts";
import { applySettings, settingsOf } from "../../../src/nn/settings.ts";
import { stateDict, stateShapes } from "../../../src/nn/state-dict.ts";
import { compileSync } from "../../../src/session/session.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { prepareModel, restoreCheckpoint, writeCheckpoint } from "../../../src/train/checkpoint.ts";
import type { Checkpoint } from "../../../src/train/checkpoint.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import { loadWeights as loadOwn } from "../../../src/weights/lean.ts";
import { saveWeights } from "../../../src/weights/weights.ts";
import { manifest } from "../../fixtures/manifests.ts";
import { recipeTensor, recipeWeights } from "../../fixtures/recipe.ts";
import { normalisation, quarters, tinyTrainer } from "../../train/tiny.ts";

const x = recipeTensor("input", [1, 3, 32, 32]);
const timm = writeSafetensors(recipeWeights(manifest("timm/mobilenetv3_small_100")));
const fresh = (): Module => createModel("mobilenet_v3_small", {}, null);
const epsilons = (model: Module): number[] => [
  ...new Set([...model.tree()].filter((each) => each instanceof BatchNorm2d).map((each) => each.epsilon)),
];
const answer = (model: Module): number[] => [...model.forward(x).data];
const setAll = (model: Module, epsilon: number): void => {
  for (const each of model.tree()) if (each instanceof BatchNorm2d) each.epsilon = epsilon;
};
const near = (a: ArrayLike<number>, b: ArrayLike<number>, within: number): boolean => {
  const largest = Math.max(...Array.from(b, Math.abs));
  return Array.from(a).every((value, i) => Math.abs(value - b[i]) <= within * largest);
};

test("foreign weights set epsilon, the saved file says it, and what is read again gives the same bits", () => {
  const model = fresh();
  assert.equal(epsilons(model), [1e-3]);
  loadWeights(model, timm);
  assert.equal(epsilons(model), [1e-5]);
  const again = fresh();
  const file = saveWeights(model);
  assert.match(parseSafetensors(file).metadata["senet.state"], /^\{"epsilon":\{"\*":0\.00001\},"momentum":\{"\*":0\.01\}\}$/);
  loadWeights(again, file);
  assert.equal(epsilons(again), [1e-5]);
  assert.equal(answer(again), answer(model));
  // As the reader of senet convert does it: other precision, the same texts.
  const { tensors, metadata } = parseSafetensors(file);
  const half = fresh();
  loadWeights(half, writeSafetensors(tensors, { metadata, dtype: "F16" }));
  assert.equal(epsilons(half), [1e-5]);
  // The file counts more than the model that it is loaded into.
  const other = createModel("mobilenetv3_small_100", {}, null);
  assert.equal(epsilons(other), [1e-5]);
  setAll(model, 1e-3);
  loadWeights(other, saveWeights(model));
  assert.equal(epsilons(other), [1e-3]);
});

test("what is set by hand is saved, and stays where a file does not say", () => {
  const model = createModel("se_resnet8", { width: 4, reduction: 2 }, 1);
  setAll(model, 2e-4);
  const [first] = [...model.tree()].filter((each) => each instanceof BatchNorm2d);
  first.epsilon = 0.03;
  first.momentum = 0.5;
  const again = createModel("se_resnet8", { width: 4, reduction: 2 }, null);
  loadWeights(again, saveWeights(model));
  assert.equal(answer(again), answer(model));
  assert.equal(settingsOf(again), { epsilon: { "*": 2e-4, bn1: 0.03 }, momentum: { "*": 0.1, bn1: 0.5 } });
  const silent = writeSafetensors(stateDict(model));
  loadWeights(model, silent);
  assert.equal(settingsOf(model).epsilon, { "*": 2e-4, bn1: 0.03 });
  // What another file has set is taken back.
  loadWeights(again, silent);
  assert.equal(epsilons(again), [1e-5]);
  const built = createModel("se_resnet8", { width: 4, reduction: 2 }, null);
  loadWeights(built, silent);
  assert.equal(epsilons(built), [1e-5]);
});

test("native weights after foreign ones: epsilon is the model's own again", () => {
  const model = fresh();
  const native = writeSafetensors(recipeWeights(stateShapes(model)));
  loadWeights(model, native);
  const before = answer(model);
  loadWeights(model, timm);
  loadWeights(model, native);
  assert.equal(epsilons(model), [1e-3]);
  assert.equal(answer(model), before);
  // Twice foreign, then native; and by hand in between.
  loadWeights(model, timm);
  loadWeights(model, timm);
  loadWeights(model, native);
  assert.equal(epsilons(model), [1e-3]);
  loadWeights(model, timm);
  setAll(model, 7e-4);
  loadWeights(model, native);
  assert.equal(epsilons(model), [7e-4]);
});

test("a session that was compiled before takes epsilon over in refresh, folded or not, on every kernel family", () => {
  for (const kernels of ["wasm", "plain"] as const) {
    const model = fresh();
    loadWeights(model, writeSafetensors(recipeWeights(stateShapes(model))));
    const session = compileSync(model, { input: x.shape, kernels });
    const before = session.run(x).data.slice();
    loadWeights(model, timm);
    session.refresh();
    assert.ok(near(session.run(x).data, answer(model), 1e-4), kernels);
    assert.not(near(before, answer(model), 1e-2), "epsilon matters here");
  }
  // Normalisation before the convolution, with the activation in it, that nothing folds.
  for (const kernels of ["wasm", "plain"] as const) {
    const dense = new Sequential(new BatchNorm2d(3), new ReLU(), new Conv2d(3, 5, { kernel: 3 }), new BatchNorm2d(5), new ReLU())
      .initialise(new Random(3));
    const session = compileSync(dense, { input: x.shape, kernels });
    session.run(x);
    setAll(dense, 0.3);
    session.refresh();
    assert.ok(near(session.run(x).data, answer(dense), 1e-4), `before the convolution, ${kernels}`);
  }
});

test("settings of a file are checked before anything changes", () => {
  const model = createModel("se_resnet8", { width: 4, reduction: 2 }, 1);
  const before = [answer(model), settingsOf(model)];
  const spoilt = (state: string): Uint8Array => writeSafetensors(
    stateDict(createModel("se_resnet8", { width: 4, reduction: 2 }, 9)), { metadata: { "senet.state": state } },
  );
  for (const [state, message] of [
    ["{", /senet\.state: not JSON/], ['{"epsilon":1}', /senet\.state wants an object of objects of numbers/],
    ['{"epsilon":{"*":"x"}}', /object of objects of numbers/],
    ['{"epsilon":{"*":-1}}', /epsilon/], ['{"momentum":{"*":0.2},"epsilon":{"bn1":2}}', /epsilon/],
    ['{"epsilon":{"conv1":0.1}}', /no "conv1" with a setting "epsilon"/],
  ] as const) assert.throws(() => loadWeights(model, spoilt(state)), message);
  assert.equal([answer(model), settingsOf(model)], before);
  assert.throws(() => applySettings(model, { slope: { bn1: 1 } }), /no "bn1" with a setting "slope"/);
});

test("a run goes on with the epsilon that its weights had; sessions are compiled for it", () => {
  const first = tinyTrainer();
  setAll(first.model, 0.02);
  first.trainStep();
  const bytes = writeCheckpoint(first);
  const checkpoint = readCheckpoint(bytes) as Checkpoint;
  const second = tinyTrainer();
  restoreCheckpoint(second, checkpoint);
  assert.equal(settingsOf(second.model), settingsOf(first.model));
  assert.is(second.trainStep().loss, first.trainStep().loss);

  const model = createModel("se_resnet8", { classes: 4, inChannels: 1, width: 4, reduction: 2 }, 1);
  const options = { input: [8, 1, 12, 12], optimiser: { method: "sgd" as const, momentum: 0.9 }, threads: 1 };
  const trainer = (): Trainer => new Trainer({
    model, session: compileTrainingSync(model, options), schedule: () => 0.1, data: quarters(40, 3), normalisation, batch: 8, seed: 11,
  });
  const late = trainer();
  late.trainStep();
  const saved = readCheckpoint(writeCheckpoint(late)) as Checkpoint;
  setAll(model, 0.02);
  const state = stateDict(model);
  assert.throws(
    () => restoreCheckpoint(trainer(), { ...saved, modelSettings: { epsilon: { "*": 1e-5 } } }),
    /compiled for 0\.02 and 0\.1: compile another one/,
  );
  assert.equal(epsilons(model), [0.02]);
  for (const [name, { data }] of stateDict(model)) assert.equal(data, state.get(name)!.data, name);
  prepareModel(model, saved);
  assert.equal(epsilons(model), [1e-5]);
  restoreCheckpoint(trainer(), saved);
});

test("what a training session's refresh refuses changes nothing", () => {
  const model = createModel("se_resnet8", { classes: 4, inChannels: 1, width: 4, reduction: 2 }, 1);
  const session = compileTrainingSync(model, { input: [4, 1, 12, 12], optimiser: { method: "sgd" }, threads: 1 });
  session.trainStep(Tensor.zeros([4, 1, 12, 12]), Int32Array.of(0, 1, 2, 3));
  setAll(model, 0.5);
  assert.throws(
    () => session.refresh(), /batch normalisation has epsilon 0\.5 and momentum 0\.1 now, the session was compiled for 0\.00001 and 0\.1/,
  );
  setAll(model, 1e-5);
  session.refresh();
});

test("the lean reader takes what saveWeights wrote, epsilon too, and nothing else", () => {
  const model = createModel("se_resnet8", { width: 4, reduction: 2 }, 1);
  setAll(model, 0.02);
  const again = createModel("se_resnet8", { width: 4, reduction: 2 }, null);
  loadOwn(again, saveWeights(model));
  assert.equal([answer(again), epsilons(again)], [answer(model), [0.02]]);
  assert.throws(
    () => loadOwn(again, writeSafetensors([["module.conv1.weight", Tensor.zeros([1])]])),
    /do not fit the model: \d+ missing: conv1\.weight/,
  );
  assert.throws(() => loadOwn(again, Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0)), /^FormatError|safetensors/);
  assert.equal(answer(again), answer(model));
});

test.run();
