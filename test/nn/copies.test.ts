/**
 * Layers of another copy of the package, as a program has that bundles two: they stand in models of this one and are known for what they
 * are.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import { classCount, headOf } from "../../src/nn/class-count.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import type { Module } from "../../src/nn/module.ts";
import { stateDict } from "../../src/nn/state-dict.ts";
import { summarise } from "../../src/nn/summary.ts";
import { compileSync } from "../../src/session/session.ts";
import { compileTrainingSync } from "../../src/session/training/training-session.ts";
import { constant } from "../../src/train/optimisers/schedule.ts";
import { Sgd } from "../../src/train/optimisers/sgd.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { loadWeights, saveWeights } from "../../src/weights/weights.ts";
import { bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { quarters } from "../train/tiny.ts";
import { saying } from "../support/errors.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const folder = mkdtempSync(join(tmpdir(), "senet-copy-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
for (const part of ["kernels", "src"]) cpSync(join(root, part), join(folder, part), { recursive: true });

const load = async (path: string): Promise<unknown> => import(pathToFileURL(join(folder, "src", path)).href);
const own = { Sequential, SqueezeExcite, BatchNorm2d, Conv2d, Dropout, Linear, Flatten };
const other = Object.assign({}, ...await Promise.all([
  "nn/combinators.ts", "nn/attention/squeeze-excite.ts", "nn/layers/batch-norm.ts", "nn/layers/conv.ts", "nn/layers/dropout.ts",
  "nn/layers/linear.ts", "nn/layers/reshape.ts",
].map(load))) as typeof own;
const tensors = await load("tensor.ts") as typeof import("../../src/tensor.ts");

function network(outside: typeof own, inside: typeof own): Module {
  const model = new outside.Sequential(
    new inside.Conv2d(1, 4, { kernel: 3, stride: 2, bias: false }), new inside.BatchNorm2d(4),
    new inside.SqueezeExcite(4, { reduction: 2 }), new inside.Flatten(), new inside.Dropout(0.5), new inside.Linear(100, 4),
  );
  model.identity = { model: "copies", options: {} };
  return model.initialise(new Random(3));
}

const input = [2, 1, 12, 12];
const mixed: readonly (readonly [name: string, outside: typeof own, inside: typeof own])[] = [
  ["all of another copy", other, other], ["layers of another copy", own, other], ["layers of this copy in a model of another", other, own],
];

for (const [name, outside, inside] of mixed) {
  test(`${name}: names, counts, answers, weights`, () => {
    const [model, expected] = [network(outside, inside), network(own, own)];
    assert.not.ok([...model.tree()].every((module) => module instanceof Conv2d || module instanceof Sequential), "there are two copies");
    assert.equal([...stateDict(model).keys()], [...stateDict(expected).keys()]);
    assert.is(classCount(model), 4);
    assert.is(headOf(model), "5");
    const [summary, wanted] = [model, expected].map((each) => summarise(each, input));
    assert.is(summary.seParameters, wanted.seParameters);
    assert.equal(summary.layers, wanted.layers);
    const x = draw(input);
    assert.equal(bits(model.forward(x)), bits(expected.forward(x)));
    const answer = compileSync(model, { input }).run(new tensors.Tensor(x.data, x.shape));
    assert.equal(bits(answer), bits(compileSync(expected, { input }).run(x)));
    assert.equal(saveWeights(model), saveWeights(expected));
    // What decides a norm's answers comes with the weights, and goes into the right layer.
    const [norm] = [...expected.tree()].filter((module) => module instanceof BatchNorm2d);
    norm.setting("epsilon", 0.25);
    loadWeights(model, saveWeights(expected));
    assert.equal(bits(model.forward(x)), bits(expected.forward(x)));
  });

  test(`${name}: trained eagerly and in a session, dropout by the run's own seed`, () => {
    const trained = (model: Module, session: boolean): string[] => {
      const trainer = new Trainer({
        model, data: quarters(16, 3), batch: 8, seed: 5, normalisation: { mean: [0.3], std: [0.3] }, schedule: constant({ peak: 0.1 }),
        ...(session
          ? { session: compileTrainingSync(model, { input: [8, 1, 12, 12], threads: 1, numerics: "exact", optimiser: { method: "sgd" } }) }
          : { optimiser: new Sgd(model.namedParameters()) }),
      });
      for (let step = 0; step < 3; step++) trainer.trainStep();
      trainer.pull();
      return [...stateDict(model)].map(([key, tensor]) => `${key} ${bits(tensor)}`);
    };
    for (const session of [false, true]) assert.equal(trained(network(outside, inside), session), trained(network(own, own), session));
  });
}

test("a training step takes a tensor of another copy", () => {
  const [a, b] = [own, own].map((copy) => compileTrainingSync(network(copy, copy), { input, optimiser: { method: "sgd" } }));
  const x = draw(input);
  const labels = Int32Array.of(0, 3);
  assert.is(a.trainStep(new tensors.Tensor(x.data, x.shape), labels), b.trainStep(x, labels));
});

test("what is no module says so", () => {
  for (const [wrong, shown] of [[5, "5"], [null, "null"], [{}, "Object"], ["Conv2d", '"Conv2d"']] as const) {
    assert.throws(() => new Sequential(wrong as unknown as Module), saying(`Sequential: wants modules, got ${shown}`));
  }
});

test.run();
