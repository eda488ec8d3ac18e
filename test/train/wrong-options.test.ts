/** Options that are misspelt, missing or of another kind: an error in our own words, never an option that is silently left out. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { presets } from "../../models/index.ts";
import type { RgbaImage } from "../../src/io/images/image.ts";
import { preprocess } from "../../src/io/images/preprocess.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import { compileTraining, compileTrainingSync } from "../../src/session/training/training-session.ts";
import { Batcher } from "../../src/train/data/augment.ts";
import { Dataset } from "../../src/train/data/dataset.ts";
import { evaluate } from "../../src/train/evaluate.ts";
import { Adam, AdamW } from "../../src/train/optimisers/adam.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { softmax } from "../../src/nn/softmax.ts";
import { constant, cosine, steps } from "../../src/train/optimisers/schedule.ts";
import { Sgd } from "../../src/train/optimisers/sgd.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { openNetwork } from "../../src/weights/open-network.ts";
import { loadWeights, saveWeights } from "../../src/weights/weights.ts";
import { normalisation, quarters, tinyModel } from "./tiny.ts";

const model = tinyModel();
const data = quarters(8, 1);
const input = [4, 1, 12, 12];
const saved = saveWeights(model);
const parameters = model.namedParameters();
const image: RgbaImage = { data: new Uint8Array(16), width: 2, height: 2 };
const training = { input, optimiser: { method: "sgd" } } as const;
const trainer = { model, data, normalisation, optimiser: new Sgd(parameters), schedule: constant({ peak: 0.1 }), batch: 4, seed: 1 };

type Case = readonly [call: (wrong: never) => unknown, wrong: unknown, message: RegExp];

const cases: readonly Case[] = [
  [(wrong) => compileSync(model, wrong), { input, thread: 2 }, /compileSync: unknown option "thread" \(did you mean "threads"\?\)/],
  [(wrong) => compile(model, wrong), { input, threds: 2 }, /unknown option "threds" \(did you mean "threads"\?\)/],
  [(wrong) => compileSync(model, wrong), null, /compileSync: wants an object of options, got null/],
  [
    (wrong) => compileTrainingSync(model, wrong), { ...training, learningrate: 1 },
    /unknown option "learningrate" \(did you mean "learningRate"\?\)/,
  ],
  [
    (wrong) => compileTraining(model, wrong), { input, optimiser: { method: "sgd", weight_decay: 1 } },
    /compileTraining: optimiser: unknown option "weight_decay" \(did you mean "weightDecay"\?\)/,
  ],
  [
    (wrong) => compileTrainingSync(model, wrong), { input, optimiser: { method: "adamw", momentum: 1 } },
    /optimiser: unknown option "momentum"/,
  ],
  [
    (wrong) => compileTrainingSync(model, wrong), { ...training, groups: [{ names: ["fc"], lr: 1 }] },
    /groups: unknown option "lr"; it has names, rate, weightDecay$/,
  ],
  [
    (wrong) => compileTrainingSync(model, wrong), { ...training, frozen: ["layer11"] },
    /"layer11" names no parameter of this model \(did you mean "layer1"\?\)/,
  ],
  [(wrong) => new BatchNorm2d(2, wrong), { eps: 1e-5 }, /BatchNorm2d: unknown option "eps" \(did you mean "epsilon"\?\)/],
  [(wrong) => loadWeights(model, saved, wrong), { strict: false }, /loadWeights: unknown option "strict"; it has partial, part$/],
  [(wrong) => compileTrainingSync(model, wrong), { optimiser: { method: "sgd" } }, /input wants a shape/],
  [(wrong) => new Trainer(wrong), { ...trainer, optimizer: 1 }, /Trainer: unknown option "optimizer" \(did you mean "optimiser"\?\)/],
  [(wrong) => new Trainer(wrong), { ...trainer, model: 1 }, /Trainer: model wants a Module, got 1/],
  [(wrong) => new Trainer(wrong), { ...trainer, data: undefined }, /Trainer: data wants a Dataset, got undefined/],
  [
    (wrong) => new Trainer(wrong), { ...trainer, schedule: 0.1 },
    /Trainer: schedule wants a function, such as constant\(\{ peak: 0\.1 \}\), got 0\.1/,
  ],
  [(wrong) => new Trainer(wrong), { ...trainer, seed: 0.5 }, /Trainer: seed wants a whole number, got 0\.5/],
  [(wrong) => new Trainer(wrong), { ...trainer, normalisation: {} }, /normalisation wants \{ mean, std \}/],
  [
    (wrong) => new Trainer(wrong), { ...trainer, augmentation: { flipp: true } },
    /augmentation: unknown option "flipp" \(did you mean "flip"\?\)/,
  ],
  [(wrong) => new Trainer(wrong), undefined, /Trainer: wants an object of options, got undefined/],
  [(wrong) => new Batcher(wrong, normalisation), [], /Batcher: data wants a Dataset, got \[\]/],
  [(wrong) => evaluate(model, data, normalisation, wrong), { batches: 1 }, /evaluate: unknown option "batches" \(did you mean "batch"\?\)/],
  [(wrong) => evaluate(wrong, data, normalisation), {}, /evaluate: model wants a Module, got Object/],
  [(wrong) => new Sgd(parameters, wrong), { weight_decay: 1 }, /Sgd: unknown option "weight_decay"/],
  [(wrong) => new Adam(parameters, wrong), { beta: [0, 0] }, /Adam: unknown option "beta" \(did you mean "betas"\?\)/],
  [(wrong) => new AdamW(parameters, wrong), { lr: 1 }, /Adam: unknown option "lr"/],
  [(wrong) => new Sgd(wrong), model, /optimiser: parameters wants model\.namedParameters\(\), got Composite|got /],
  [(wrong) => constant(wrong), { peek: 1 }, /constant: unknown option "peek" \(did you mean "peak"\?\)/],
  [(wrong) => cosine(wrong), { peak: 1, step: 10 }, /cosine: unknown option "step" \(did you mean "steps"\?\)/],
  [(wrong) => steps(wrong), { peak: 1 }, /steps: milestones wants a list of steps, got undefined/],
  [
    (wrong) => Dataset.fromImages([image], [0], ["a"], wrong), { sizes: [2, 2] },
    /geometry: unknown option "sizes" \(did you mean "size"\?\)/,
  ],
  [(wrong) => Dataset.fromImages([image], [0], ["a"], wrong), { size: 2 }, /size wants \[height, width\], got 2/],
  [(wrong) => Dataset.fromImages([image], [0], ["a"], wrong), { channels: "grey" }, /channels wants "rgb" or "bgr" or "gray", got "grey"/],
  [(wrong) => Dataset.fromImages(wrong, [0], ["a"]), 3, /images wants a list of pictures, got 3/],
  [(wrong) => Dataset.fromImages([image], wrong, ["a"]), "0", /labels wants a list of numbers, got "0"/],
  [
    (wrong) => preprocess(image, wrong), undefined,
    /preprocessing wants an object, such as presets\.imagenet or what a weights file says, got undefined/,
  ],
  [(wrong) => saveWeights(model, wrong), { dtype: "f16" }, /saveWeights: dtype wants "F32" or "F16", got "f16"/],
  [(wrong) => softmax(wrong), [1, 2], /softmax: logits want a Tensor, got \[1,2\]/],
  [(wrong) => saveWeights(model, wrong), { clases: ["a"] }, /saveWeights: unknown option "clases" \(did you mean "classes"\?\)/],
  [(wrong) => saveWeights(wrong), undefined, /saveWeights: model wants a Module, got undefined/],
  [(wrong) => loadWeights(model, saved, wrong), { partail: true }, /loadWeights: unknown option "partail" \(did you mean "partial"\?\)/],
  [(wrong) => loadWeights(wrong, saved), {}, /loadWeights: model wants a Module, got Object/],
  [(wrong) => openNetwork(saved, wrong), { preset: "imagenet" }, /openNetwork: unknown option "preset"/],
  [(wrong) => preprocess(image, wrong), { ...presets.imagenet, channels: "RGB" }, /channels wants "rgb" or "bgr" or "gray", got "RGB"/],
  [(wrong) => preprocess(image, wrong), { ...presets.imagenet, mean: [0.5] }, /mean wants 3 finite numbers/],
  [(wrong) => preprocess(image, wrong), { ...presets.imagenet, std: [0, 0, 0] }, /std wants numbers above 0/],
  [(wrong) => preprocess(image, wrong), { ...presets.imagenet, range: 256 }, /range wants 1 or 255, got 256/],
];

test("each is an error that says what was wanted", async () => {
  for (const [call, wrong, message] of cases) {
    let error: unknown;
    try {
      await call(wrong as never);
    } catch (thrown) {
      error = thrown;
    }
    assert.instance(error, Error, `${call}: no error for ${JSON.stringify(wrong)}`);
    assert.match((error as Error).message, message);
  }
});

test.run();
