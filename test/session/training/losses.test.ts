/**
 * Losses of extreme logits and clipping beside PyTorch's (test/goldens/layers/torch_losses.py); what a step that is refused leaves behind.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as plain from "../../../kernels/plain/index.ts";
import * as reference from "../../../kernels/reference/index.ts";
import { BatchNorm2d } from "../../../src/nn/layers/batch-norm.ts";
import { Sequential } from "../../../src/nn/combinators.ts";
import { Linear } from "../../../src/nn/layers/linear.ts";
import { GlobalAveragePool } from "../../../src/nn/layers/pooling.ts";
import { Flatten } from "../../../src/nn/layers/reshape.ts";
import type { Module } from "../../../src/nn/module.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import type { TrainingSession } from "../../../src/session/training/training-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { crossEntropy } from "../../../src/train/loss.ts";
import { fileJson } from "../../support/files.ts";
import { refusing } from "./refusing.ts";
import { saying } from "../../support/errors.ts";

interface Golden {
  readonly cases: readonly {
    readonly name: string; readonly classes: number; readonly smoothing: number; readonly kind: "labels" | "shares";
    readonly logits: readonly (
      number | null
    )[]; readonly targets: readonly number[]; readonly loss: number; readonly gradient: readonly number[];
  }[];
  readonly clipped: readonly { readonly batches: number; readonly largest: number; readonly clipped: readonly number[] }[];
}

const { cases, clipped } = fileJson<Golden>("goldens/layers/torch_losses.json");

/** Logits are the input; where `learns`, through an identity whose bias learns. */
function identity(classes: number, learns: boolean): Module {
  const linear = new Linear(classes, classes);
  linear.weight.value.data.forEach((_, i) => (linear.weight.value.data[i] = i % (classes + 1) === 0 ? 1 : 0));
  return new Sequential(new Flatten(), ...(learns ? [linear] : [])).train();
}

const near = (actual: number, wanted: number, tolerance: number): boolean => Math.abs(actual - wanted) <= tolerance * Math.max(
  Math.abs(wanted), 1e-30,
);

for (const { name, classes, smoothing, kind, logits, targets, loss, gradient } of cases) {
  const data = Float32Array.from(logits, (value) => value ?? -Infinity);
  const rows = data.length / classes;
  const labels = kind === "labels" ? Int32Array.from(targets) : Float32Array.from(targets);
  test(`${name}, smoothing ${smoothing}, ${kind}: as PyTorch`, () => {
    for (const kernels of [plain, reference]) {
      for (const x of [new Tensor(data, [rows, classes]), new Tensor(Float64Array.from(data), [rows, classes])] as readonly Tensor[]) {
        const eager = crossEntropy(kernels, x, labels, smoothing);
        assert.ok(near(eager.value, loss, 2e-7), `eager: ${eager.value}, wanted ${loss}`);
        eager.gradient().data.forEach(
          (value, i) => assert.ok(Math.abs(value - gradient[i]) < 1e-6, `eager gradient ${i}: ${value}, wanted ${gradient[i]}`),
        );
      }
    }
    const learns = data.every(Number.isFinite);
    const options = { input: [rows, classes, 1, 1], optimiser: { method: "sgd" }, smoothing, numerics: "exact", threads: 1 } as const;
    const sessions: TrainingSession[] = [
      compileTrainingSync(identity(classes, learns), options), refusing(identity(classes, learns), options, ["loss"]),
    ];
    for (const session of sessions) {
      const value = session.backward(new Tensor(data, [rows, classes, 1, 1]), labels);
      assert.ok(near(value, loss, 2e-7), `session: ${value}, wanted ${loss}`);
      if (!learns) continue;
      session.gradient("1.bias").data.forEach((sum, k) => {
        const wanted = gradient.reduce((all, each, i) => (i % classes === k ? all + each : all), 0);
        assert.ok(Math.abs(sum - wanted) < 1e-6, `gradient ${k}: ${sum}, wanted ${wanted}`);
      });
      session.close();
    }
  });
}

test("a gradient is clipped as PyTorch clips it", () => {
  for (const { batches, largest, clipped: wanted } of clipped) {
    for (const refused of [[], ["clipping"]]) {
      const model = identity(2, true);
      const options = {
        input: [1, 2, 1, 1], optimiser: { method: "sgd", momentum: 0 }, clip: largest, accumulate: batches, numerics: "exact", threads: 1,
      } as const;
      const session = refusing(model, options, refused);
      session.backward(new Tensor(new Float32Array(2), [1, 2, 1, 1]), Int32Array.of(0));
      session.update(1);
      session.pull();
      const bias = model.namedParameters().get("1.bias")!.value.data;
      wanted.forEach((value, i) => assert.ok(near(-bias[i], value, 3e-7), `clip ${largest}, 1 / ${batches}: ${-bias[i]}, wanted ${value}`));
      session.close();
    }
  }
});

/** A normalisation before the classes. */
const normal = (): Module => new Sequential(new BatchNorm2d(2), new GlobalAveragePool(), new Flatten(), new Linear(2, 3)).train();
const input = [2, 2, 3, 3];
const ones = (value: number): Tensor<Float32Array> => {
  const x = Tensor.zeros(input);
  x.data.forEach((_, i) => (x.data[i] = i % 5 === 0 ? value : 0.1 * (i % 7)));
  return x;
};

test("a step whose running statistics would overflow is refused, and leaves nothing behind", () => {
  const model = normal();
  const session = compileTrainingSync(model, { input, optimiser: { method: "sgd" }, numerics: "exact", threads: 1, average: 0.9 });
  const labels = Int32Array.of(0, 2);
  assert.ok(Number.isFinite(session.trainStep(ones(1), labels)));
  session.pull();
  const before = [...model.namedState().values()].map(({ value }) => value.data.slice());
  // Its variance is more than single precision holds; normalised, and so in the loss, it is not.
  for (const value of [1e25, NaN, Infinity]) assert.not.ok(Number.isFinite(session.trainStep(ones(value), labels)), `${value}`);
  session.pull();
  assert.equal([...model.namedState().values()].map(({ value }) => value.data), before);
  assert.ok([...model.namedParameters().keys()].every((name) => session.gradient(name).data.every((each) => each === 0)));
  assert.ok(Number.isFinite(session.trainStep(ones(1), labels)));
  session.pull({ average: true });
  for (const { value } of model.namedState().values()) assert.ok(value.data.every(Number.isFinite));
  session.close();
});

test("a rate that is none is refused before anything moves", () => {
  const model = normal();
  const session = compileTrainingSync(model, { input, optimiser: { method: "adamw" }, numerics: "exact", threads: 1 });
  session.trainStep(ones(1), Int32Array.of(0, 2));
  session.pull();
  const before = [...model.namedState().values()].map(({ value }) => value.data.slice());
  for (const rate of [NaN, -1, Infinity]) {
    assert.throws(
      () => session.trainStep(ones(2), Int32Array.of(0, 2), rate),
      saying(`session.trainStep: rate wants a number of at least 0, got ${rate}`),
    );
    assert.throws(() => session.update(rate), saying(`session.update: rate wants a number of at least 0, got ${rate}`));
  }
  session.pull();
  assert.equal([...model.namedState().values()].map(({ value }) => value.data), before);
  assert.is(session.updates, 1);
  assert.ok([...model.namedParameters().keys()].every((name) => session.gradient(name).data.every((each) => each === 0)));
  session.close();
});

test.run();
