/**
 * Weights of classes in both losses, the eager one and that of training sessions, against PyTorch's CrossEntropyLoss(weight,
 * label_smoothing).
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../kernels/reference/index.ts";
import { decodeUtf8 } from "../../src/io/bytes/utf8.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { compileTrainingSync } from "../../src/session/training/training-session.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";
import { Dataset } from "../../src/train/data/dataset.ts";
import { crossEntropy } from "../../src/train/loss.ts";
import { constant } from "../../src/train/optimisers/schedule.ts";
import { Sgd } from "../../src/train/optimisers/sgd.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { senet, temporaryFolder } from "../cli/call.ts";
import { writePart } from "./data/idx-files.ts";
import { classes, normalisation, quarters, tinyModel } from "./tiny.ts";

interface Case {
  readonly shape: Shape;
  readonly logits: readonly number[];
  readonly mixed: boolean;
  readonly labels: readonly number[];
  readonly smoothing: number;
  readonly weights: readonly number[];
  readonly loss: number;
  readonly gradient: readonly number[];
}

const golden = JSON.parse(readFileSync(new URL("../goldens/layers/torch_class_weights.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[]
};

function close(got: ArrayLike<number>, wanted: ArrayLike<number>, within: number, what: string): void {
  assert.is(got.length, wanted.length);
  const largest = Math.max(...Array.from(wanted, Math.abs));
  for (let i = 0; i < wanted.length; i++) {
    assert.ok(Math.abs(got[i] - wanted[i]) <= within * largest, `${what}: ${got[i]} at ${i}, wanted ${wanted[i]}`);
  }
}

test("the eager loss and its gradient, in double precision", () => {
  for (const { shape, logits, mixed, labels, smoothing, weights, loss, gradient } of golden.cases) {
    const found = crossEntropy(
      reference, new Tensor(Float64Array.from(logits), shape), mixed ? Float64Array.from(labels) : Int32Array.from(labels), smoothing,
      weights,
    );
    close([found.value], [loss], 1e-13, "loss");
    close(found.gradient().data, gradient, 1e-12, "gradient");
  }
});

test("a training session: the loss, and what comes to the layer before it", () => {
  for (const { shape, logits, mixed, labels, smoothing, weights, loss, gradient } of golden.cases) {
    const [batch, count, ...pixels] = shape;
    const layer = new Conv2d(count, count, { kernel: 1 });
    // Logits are the input, so the gradient of the weights is that of the logits times the logits.
    for (let k = 0; k < count; k++) layer.weight.value.data[k * count + k] = 1;
    const model = pixels.length === 0 ? new Sequential(layer, new Flatten()) : new Sequential(layer);
    const input = pixels.length === 0 ? [batch, count, 1, 1] : shape;
    const session = compileTrainingSync(
      model, { input, optimiser: { method: "sgd" }, numerics: "exact", smoothing, classWeights: weights },
    );
    const found = session.backward(
      new Tensor(Float32Array.from(logits), input), mixed ? Float32Array.from(labels) : Int32Array.from(labels),
    );
    close([found], [loss], 1e-6, "loss");
    const size = gradient.length / batch / count;
    const wanted = Array.from({ length: count * count }, (_, at) => {
      let sum = 0;
      for (let n = 0; n < batch; n++) {
        for (let p = 0; p < size; p++) {
          sum += gradient[(n * count + Math.floor(at / count)) * size + p] * logits[(n * count + (at % count)) * size + p];
        }
      }
      return sum;
    });
    const [name] = model.namedParameters().keys();
    close(session.gradient(name).data, wanted, 2e-6, "gradient of the weights");
    session.close();
  }
});

test("weights that are none, and labels that count nothing", () => {
  const logits = Tensor.of([1, 2, 3, 4], [2, 2]);
  const labels = Int32Array.of(0, 1);
  const wrong: [unknown, RegExp][] = [
    [[1], /classWeights wants 2 numbers, one a class, got 1/], [[1, -1], /finite numbers of at least 0, that of class 1 is -1/],
    [[NaN, 1], /that of class 0 is NaN/],
    [[0, 0], /a number above 0 for some class/], ["ab", /classWeights wants a list of numbers/],
  ];
  for (const [weights, message] of wrong) assert.throws(() => crossEntropy(reference, logits, labels, 0, weights as number[]), message);
  assert.is(crossEntropy(reference, logits, Int32Array.of(0, 0), 0, [0, 1]).value, 0);
  assert.ok(crossEntropy(reference, logits, Int32Array.of(0, 0), 0, [0, 1]).gradient().data.every((value) => value === 0));
  const model = tinyModel();
  assert.throws(
    () => compileTrainingSync(model, { input: [4, 1, 12, 12], optimiser: { method: "sgd" }, classWeights: [1, 1, 1] }),
    /compile: classWeights wants 4 numbers, one a class, got 3/,
  );
  const options = { model, data: quarters(8, 1), normalisation, schedule: constant({ peak: 0.1 }), batch: 4, seed: 1 };
  assert.throws(
    () => new Trainer({ ...options, optimiser: new Sgd(model.namedParameters()), classWeights: [1] }),
    /Trainer: classWeights wants 4 numbers/,
  );
});

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

test("senet train --class-weights: balanced, or a number a class; a rare class is learnt", async () => {
  const whole = quarters(200, 3);
  const rare = whole.select(Array.from({ length: 200 }, (_, i) => i).filter((i) => i % 4 !== 2 || i < 10));
  const data = at("data");
  mkdirSync(data, { recursive: true });
  writePart(data, "train", new Dataset(rare.images, rare.shape, rare.labels, classes));
  const train = (name: string, ...more: string[]) => senet(
    "train", "se_resnet8", "--data", data, "--model-options", '{"width":4,"reduction":2}', "--batch", "8", "--epochs", "1", "--seed", "1",
    "--threads", "1", "--no-report", "--out", at(name), ...more);
  const balanced = await train("balanced.safetensors", "--class-weights", "balanced");
  assert.is(balanced.code, 0, balanced.errors);
  const [start] = decodeUtf8(readFileSync(at("balanced.log.jsonl")), "log").split("\n");
  // 152 images: 50, 50, 2 and 50.
  assert.equal((JSON.parse(start) as { class_weights: number[] }).class_weights, [50, 50, 2, 50].map((count) => 152 / (4 * count)));
  const named = await train("named.safetensors", "--class-weights", [50, 50, 2, 50].map((count) => 152 / (4 * count)).join());
  assert.is(named.code, 0, named.errors);
  assert.equal(readFileSync(at("named.safetensors")), readFileSync(at("balanced.safetensors")));
  const alike = await train("alike.safetensors");
  assert.is(alike.code, 0, alike.errors);
  assert.not.equal(readFileSync(at("alike.safetensors")), readFileSync(at("balanced.safetensors")));
  const eager = await train("eager.safetensors", "--class-weights", "balanced", "--engine", "eager");
  assert.is(eager.code, 0, eager.errors);
  for (
    const [wrong, message] of [
      ["1,2", /classWeights wants 4 numbers/], ["1,2,x,4", /--class-weights wants balanced, or numbers as 1,0\.5,2/],
      ["-1,1,1,1", /--class-weights wants/],
    ] as const
  ) {
    const { code, errors } = await train("none.safetensors", "--class-weights", wrong);
    assert.is(code, 2, errors);
    assert.match(errors, message);
  }
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
