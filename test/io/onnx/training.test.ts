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
import type { Message } from "../../../src/io/onnx/protobuf.ts";
import { mulberry32, recipeTensor } from "../../fixtures/recipe.ts";
import { fileBytes } from "../../support/files.ts";
import { modelBytes, tensor } from "./model-bytes.ts";
import type { Node } from "./model-bytes.ts";

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

test("a softmax at the end is left to the loss; names that are none are said", () => {
  const network = importOnnx(fileBytes("fixtures/onnx/other/se-paddle-14.onnx"));
  assert.is(network.lower({ x: [1, 3, 16, 16] }, true).nodes.at(-1)?.operation.kind, "linear");
  const session = compileTrainingSync(network, { input: [1, 3, 16, 16], optimiser: sgd, learningRate: 0.05 });
  const x = recipeTensor("input", [1, 3, 16, 16]);
  const losses = Array.from({ length: 6 }, () => session.trainStep(x, Int32Array.of(1)));
  assert.ok(losses[5] < losses[0], losses.join());
  assert.throws(() => compileTrainingSync(network, { input: [1, 3, 16, 16], optimiser: sgd, frozen: ["nothing"] }), /nothing/);
  assert.throws(
    () => network.loadState(new Map([["linear_0.w_9", Tensor.zeros([1])]])), /no tensor "linear_0\.w_9" \(did you mean "linear_/,
  );
});

/** Attention, layer normalisation and whatever else general networks are made of, over [N,3,8,8]. */
function general(): Uint8Array {
  const uniform = mulberry32(17);
  const weights: Message[] = [];
  const nodes: Node[] = [];
  const weigh = (name: string, dims: readonly number[], least = -0.5, times = 1): string => {
    const size = dims.reduce((product, n) => product * n, 1);
    weights.push(tensor(name, dims, Array.from({ length: size }, () => times * (least + uniform()))));
    return name;
  };
  const whole = (name: string, values: readonly number[]): string => {
    weights.push(tensor(name, [values.length], values, "int64"));
    return name;
  };
  const node = (type: string, inputs: readonly string[], attributes: Node["attributes"] = {}, more: readonly string[] = []): string => {
    const output = `v${nodes.length}`;
    nodes.push({ type, inputs, outputs: [output, ...more], attributes });
    return output;
  };
  const image = node("Conv", ["x", weigh("stem.weight", [8, 3, 2, 2]), weigh("stem.bias", [8])], { strides: [2, 2] });
  const pooled = node("Mul", [image, node("Sigmoid", [node("ReduceMean", [image], { axes: [1], keepdims: 1 })])]);
  const rows = node("Transpose", [node("Reshape", [pooled, whole("rows", [0, 8, 16])])], { perm: [0, 2, 1] });
  const normal = node("LayerNormalization", [rows, weigh("norm.weight", [8]), weigh("norm.bias", [8])]);
  const [q, k, v] = ["q", "k", "v"].map((name) => node("MatMul", [normal, weigh(`${name}.weight`, [8, 8], -0.5, 3)]));
  const scores = node("Softmax", [node("MatMul", [q, node("Transpose", [k], { perm: [0, 2, 1] })])], { axis: -1 });
  const mixed = node("Add", [rows, node("MatMul", [scores, v])]);
  const halves = node("Split", [mixed, whole("halves", [3, 5])], { axis: 2 }, ["other"]);
  const soft = node("Softplus", [node("Slice", [mixed, whole("from", [7]), whole("to", [0]), whole("axis", [2]), whole("by", [-2])])]);
  const joined = node("Concat", [node("Erf", [halves]), node("Elu", ["other"]), soft], { axis: 2 });
  const padded = node("Pad", [joined, whole("pads", [0, 1, 2, 0, 2, 1])], { mode: "reflect" });
  const table = node("Gather", [padded, whole("places", [3, 0, 3, 11])], { axis: 1 });
  const squares = node("Sqrt", [node("Add", [node("Mul", [table, table]), weigh("shift", [4, 1], 0.5)])]);
  const most = node("Max", [squares, weigh("floor", [1, 4, 1], 0.6)]);
  const wide = node("Expand", [node("Div", [most, weigh("scale", [15], 0.5)]), whole("wide", [1, 4, 15])]);
  const flat = node("ReduceL2", [wide], { axes: [1], keepdims: 0 });
  node("Gemm", [flat, weigh("fc.weight", [3, 15]), weigh("fc.bias", [3])], { transB: 1 });
  return modelBytes({ nodes, weights, inputs: { x: ["N", 3, 8, 8] }, outputs: [nodes[nodes.length - 1].outputs![0]], opset: 17 });
}

test("general operations train: every gradient is the slope of the loss", () => {
  const network = importOnnx(general());
  const input = [4, 3, 8, 8];
  const x = recipeTensor("input", input);
  const session = compileTrainingSync(network, { input, optimiser: sgd, numerics: "exact" });
  session.backward(x, labels);
  const run = compileSync(network, { input, numerics: "exact" });
  const loss = (): number => {
    const logits = run.run(x).data;
    return labels.reduce((sum, label, i) => {
      const row = Array.from(logits.subarray(3 * i, 3 * i + 3));
      return sum + Math.log(row.reduce((all, each) => all + Math.exp(each - row[label]), 0)) / labels.length;
    }, 0);
  };
  const state = network.state();
  assert.is(state.size, 12, [...state.keys()].join());
  for (const name of state.keys()) {
    const own = session.gradient(name).data;
    // A matrix of a MatMul lies [in,out] in the file, as a linear layer's weight it is [out,in].
    const gradient = /^[qkv]\./.test(name) ? own.map((_, i) => own[(i % 8) * 8 + Math.floor(i / 8)]) : own;
    const now = state.get(name)!;
    // Along the gradient itself the loss rises by its length: over a step that is short enough to meet no kink.
    const length = Math.sqrt(gradient.reduce((sum, each) => sum + each * each, 0));
    const moved = (by: number): number => {
      const there = Float32Array.from(now.data, (each, i) => each + (by * gradient[i]) / length);
      network.loadState(new Map([[name, new Tensor(there, now.shape)]]));
      run.refresh();
      return loss();
    };
    const slope = (moved(0.0005) - moved(-0.0005)) / 0.001;
    moved(0);
    assert.ok(length > 0.002 && Math.abs(slope - length) < 0.02 * length + 2e-4, `${name}: ${slope} along a gradient of ${length}`);
  }
  session.close();
  run.close();
});

test.run();
