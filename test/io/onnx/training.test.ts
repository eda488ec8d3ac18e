/** Networks from files are trained, saved beside the file and written back as ONNX. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { writeOnnx } from "../../../src/io/onnx/write.ts";
import { parseSafetensors, writeSafetensors } from "../../../src/io/weights/safetensors.ts";
import { lower } from "../../../src/nn/lower.ts";
import { compileSync } from "../../../src/session/session.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { recipeTensor } from "../../fixtures/recipe.ts";
import { fileBytes } from "../../support/files.ts";

const labels = Int32Array.of(1, 0, 2, 2);
const sgd = { method: "sgd" } as const;

test("a file that senet wrote trains as the model that it was written from, to the bit", () => {
  const model = createModel("se_resnet8", { classes: 3, width: 8, reduction: 4 }, 3);
  const input = [4, 3, 16, 16];
  const network = importOnnx(writeOnnx(lower(model, [1, 3, 16, 16])));
  const options = { input, optimiser: sgd, numerics: "exact", learningRate: 0.05 } as const;
  const [own, file] = [compileTrainingSync(model, options), compileTrainingSync(network, options)];
  const x = recipeTensor("input", input);
  for (let step = 0; step < 3; step++) assert.is(file.trainStep(x, labels), own.trainStep(x, labels));
  own.pull();
  file.pull();
  const state = network.state();
  for (const [name, { value }] of model.namedState()) assert.equal(state.get(name)?.data, value.data, name);
});

for (
  const [name, folder] of [
    ["se-conv-dynamo", "dynamo"], ["se-linear-script", "script"], ["mobile-script-11", "script"], ["se-linear-half-io", "rewritten"],
  ] as const
) {
  test(`${name}: the last layer alone, then all of it; saved, loaded, written back`, () => {
    const bytes = fileBytes(`fixtures/onnx/${folder}/${name}.onnx`);
    const before = bytes.slice();
    const network = importOnnx(bytes);
    const [{ name: input }] = network.inputs;
    const free = typeof network.inputs[0].shape![0] === "string";
    const shape = [free ? 4 : 1, 3, 16, 16];
    const x = recipeTensor("input", shape);
    const own = labels.slice(0, shape[0]);
    const start = compileSync(network, { input: shape, numerics: "exact" }).run({ [input]: x })[network.outputs[0]];
    network.lower({ [input]: shape });
    const first = network.state();
    const head = [...first.keys()].filter((key) => /fc\./.test(key));
    assert.ok(head.length === 2, [...first.keys()].join());
    const rest = [...first.keys()].filter((key) => !head.includes(key));
    const last = compileTrainingSync(network, { input: shape, optimiser: sgd, frozen: rest, learningRate: 0.1 });
    const losses = Array.from({ length: 5 }, () => last.trainStep(x, own));
    assert.ok(losses[4] < losses[0], losses.join());
    last.pull();
    const now = last.backward(x, own);
    for (const key of rest) assert.equal(network.state().get(key)!.data, first.get(key)!.data, key);
    for (const key of head) assert.not.equal(network.state().get(key)!.data, first.get(key)!.data, key);
    const all = compileTrainingSync(network, { input: shape, optimiser: sgd, learningRate: 0.02 });
    const more = Array.from({ length: 5 }, () => all.trainStep(x, own));
    assert.ok(more[4] < more[0] && Math.abs(more[0] - now) < 1e-5, `${more} after ${now}`);
    all.pull();
    assert.equal(bytes, before, "the file's bytes are as they were");

    const answers = (of: Parameters<typeof compileSync>[0], by: string): Tensor<Float32Array> => compileSync(
      of, { input: shape, numerics: "exact" },
    ).run({ [by]: x })[network.outputs[0]];
    const trained = answers(network, input);
    assert.not.equal(trained.data, start.data);
    const loaded = importOnnx(bytes);
    loaded.loadState(parseSafetensors(writeSafetensors(network.state())).tensors);
    assert.equal(answers(loaded, input).data, trained.data);
    const again = importOnnx(writeOnnx(network.lower({ [input]: shape }), { outputs: network.outputs, fixedBatch: true }));
    assert.equal(answers(again, input).data, trained.data);
  });
}

test("a softmax at the end is left to the loss; what has no gradient is said", () => {
  const network = importOnnx(fileBytes("fixtures/onnx/other/se-paddle-14.onnx"));
  assert.is(network.lower({ x: [1, 3, 16, 16] }, true).nodes.at(-1)?.operation.kind, "linear");
  assert.throws(() => compileTrainingSync(network, { input: [1, 3, 16, 16], optimiser: sgd }), /resample|has no gradient|eager/);
  assert.throws(() => compileTrainingSync(network, { input: [1, 3, 16, 16], optimiser: sgd, frozen: ["nothing"] }), /nothing/);
  assert.throws(
    () => network.loadState(new Map([["linear_0.w_9", Tensor.zeros([1])]])), /no tensor "linear_0\.w_9" \(did you mean "linear_/,
  );
});

test.run();
