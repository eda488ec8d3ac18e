/** The squeeze and the product of an SE block in the spellings that a file may have: each is found, and answers as the usual one. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { gatesOf } from "../../../../src/graph/gates.ts";
import { importOnnx } from "../../../../src/io/onnx/import.ts";
import { compileSync } from "../../../../src/session/session.ts";
import { recipeTensor } from "../../../fixtures/recipe.ts";
import { difference } from "../../../support/compare.ts";
import { modelBytes, tensor } from "../model-bytes.ts";
import type { Node } from "../model-bytes.ts";

// As many pixels in a row as channels: only the order tells them apart.
const [channels, height, width] = [4, 3, 4];
const shape = [2, channels, height, width];
const pixels = height * width;
const numbers = (count: number, by: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(by * (i + 1)));
const dense = (x: string, y: string, weight: string): Node =>
  ({ type: "Gemm", inputs: [x, weight], outputs: [y], attributes: { transB: 1 } });

const squeezes: Readonly<Record<string, readonly Node[]>> = {
  "mean over both": [{ type: "ReduceMean", inputs: ["x"], outputs: ["z"], attributes: { axes: [2, 3], keepdims: 0 } }],
  "mean of means": [
    { type: "ReduceMean", inputs: ["x"], outputs: ["a"], attributes: { axes: [3], keepdims: 0 } },
    { type: "ReduceMean", inputs: ["a"], outputs: ["z"], attributes: { axes: [2], keepdims: 0 } }],
  "mean of the image in a row": [
    { type: "Reshape", inputs: ["x", "in a row"], outputs: ["a"] },
    { type: "ReduceMean", inputs: ["a"], outputs: ["z"], attributes: { axes: [-1], keepdims: 0 } }],
  "sum, divided": [
    { type: "ReduceSum", inputs: ["x", "both"], outputs: ["a"], attributes: { keepdims: 0 } },
    { type: "Div", inputs: ["a", "pixels"], outputs: ["z"] }],
  "sum in a row, multiplied": [
    { type: "Reshape", inputs: ["x", "in a row"], outputs: ["a"] },
    { type: "ReduceSum", inputs: ["a", "last"], outputs: ["b"], attributes: { keepdims: 1 } },
    { type: "Mul", inputs: ["one of them", "b"], outputs: ["c"] },
    { type: "Flatten", inputs: ["c"], outputs: ["z"] }],
  "sum of sums, divided": [
    { type: "ReduceSum", inputs: ["x", "last"], outputs: ["a"], attributes: { keepdims: 0 } },
    { type: "ReduceSum", inputs: ["a", "last"], outputs: ["b"], attributes: { keepdims: 0 } },
    { type: "Div", inputs: ["b", "pixels"], outputs: ["z"] }],
  "channels last, in a row": [
    { type: "Transpose", inputs: ["x"], outputs: ["a"], attributes: { perm: [0, 2, 3, 1] } },
    { type: "Reshape", inputs: ["a", "rows"], outputs: ["b"] },
    { type: "ReduceMean", inputs: ["b"], outputs: ["z"], attributes: { axes: [1], keepdims: 0 } }],
};

const products: Readonly<Record<string, readonly Node[]>> = {
  image: [
    { type: "Reshape", inputs: ["g", "of pixels"], outputs: ["h"] },
    { type: "Mul", inputs: ["x", "h"], outputs: ["y"] }],
  "in a row": [
    { type: "Reshape", inputs: ["x", "in a row"], outputs: ["a row"] },
    { type: "Unsqueeze", inputs: ["g", "last"], outputs: ["h"] },
    { type: "Mul", inputs: ["a row", "h"], outputs: ["b row"] },
    { type: "Reshape", inputs: ["b row", "an image"], outputs: ["y"] }],
  tiled: [
    { type: "Reshape", inputs: ["g", "of pixels"], outputs: ["h"] },
    { type: "Tile", inputs: ["h", "times"], outputs: ["t"] },
    { type: "Mul", inputs: ["x", "t"], outputs: ["y"] }],
};

const network = (squeeze: readonly Node[], product: readonly Node[], divisor: number = pixels): Uint8Array => modelBytes({
  nodes: [
    ...squeeze, dense("z", "s", "w1"), { type: "Relu", inputs: ["s"], outputs: ["r"] }, dense("r", "e", "w2"),
    { type: "Sigmoid", inputs: ["e"], outputs: ["g"] }, ...product],
  inputs: { x: shape }, outputs: ["y"], opset: 13,
  weights: [
    tensor("w1", [2, channels], numbers(2 * channels, 1.3)), tensor("w2", [channels, 2], numbers(2 * channels, 2.1)),
    tensor("pixels", [], [divisor]), tensor("one of them", [1], [1 / divisor]), tensor("both", [2], [2, 3], "int64"),
    tensor("last", [1], [-1], "int64"), tensor("in a row", [3], [0, 0, -1], "int64"), tensor("rows", [3], [0, -1, channels], "int64"),
    tensor("of pixels", [4], [0, -1, 1, 1], "int64"), tensor("an image", [4], shape, "int64"),
    tensor("times", [4], [1, 1, height, width], "int64"),
  ],
});

const x = recipeTensor("input", [...shape]);
const run = (bytes: Uint8Array): { gates: number; y: Float32Array } => {
  const imported = importOnnx(bytes);
  const session = compileSync(imported, { input: shape, numerics: "exact", kernels: "plain" });
  const y = session.run(x).data.slice() as Float32Array;
  return { gates: gatesOf(imported.lower({ x: shape })).length, y };
};
const usual = run(network(squeezes["mean over both"], products.image));

for (const [how, squeeze] of Object.entries(squeezes)) {
  for (const [where, product] of Object.entries(products)) {
    test(`${how}; scaled: ${where}`, () => {
      const { gates, y } = run(network(squeeze, product));
      assert.is(gates, 1);
      assert.ok(difference(y, usual.y) < 1e-6, `off by ${difference(y, usual.y)}`);
    });
  }
}

test("rows [N,1,C] carry the gate, with biases as sums behind", () => {
  const bias = (name: string, by: number, count: number): ReturnType<typeof tensor> => tensor(name, [count], numbers(count, by));
  const weights = [
    tensor("w1", [channels, 2], numbers(2 * channels, 1.3)), tensor("w2", [2, channels], numbers(2 * channels, 2.1)),
    bias("b1", 0.7, 2), bias("b2", 0.4, channels), tensor("one", [1], [1], "int64"), tensor("last", [1], [-1], "int64"),
    tensor("of pixels", [4], [0, -1, 1, 1], "int64"),
  ];
  const mean: Node = { type: "ReduceMean", inputs: ["x"], outputs: ["m"], attributes: { axes: [2, 3], keepdims: 0 } };
  const layers = (last: readonly Node[]): Node[] => [
    { type: "MatMul", inputs: ["z", "w1"], outputs: ["s"] }, { type: "Add", inputs: ["b1", "s"], outputs: ["p"] },
    { type: "Relu", inputs: ["p"], outputs: ["r"] }, { type: "MatMul", inputs: ["r", "w2"], outputs: ["e"] },
    { type: "Add", inputs: ["e", "b2"], outputs: ["q"] }, { type: "Sigmoid", inputs: ["q"], outputs: ["g"] }, ...last];
  const of = (nodes: readonly Node[]): Uint8Array => modelBytes({ nodes, inputs: { x: shape }, outputs: ["y"], opset: 13, weights });
  const plain = run(of([mean, { type: "Identity", inputs: ["m"], outputs: ["z"] }, ...layers(products.image)]));
  const rows = run(of([mean, { type: "Unsqueeze", inputs: ["m", "one"], outputs: ["z"] }, ...layers(products.image)]));
  const summed = run(of([mean, { type: "Identity", inputs: ["m"], outputs: ["z"] }, ...layers([
    { type: "Einsum", inputs: ["x", "g"], outputs: ["y"], attributes: { equation: "nchw,nc->nchw" } }])]));
  for (const { gates, y } of [plain, rows, summed]) {
    assert.is(gates, 1);
    assert.ok(difference(y, plain.y) < 1e-6);
  }
});

test("what only looks like a mean is none", () => {
  // Divided by another number, and a mean over what a reshape has mixed: computed as the file says, without a gate.
  const other = run(network(squeezes["sum, divided"], products.image, pixels + 1));
  assert.is(other.gates, 0);
  assert.ok(difference(other.y, usual.y) > 1e-3);
  const mixed = run(network([
    { type: "Reshape", inputs: ["x", "rows"], outputs: ["b"] },
    { type: "ReduceMean", inputs: ["b"], outputs: ["z"], attributes: { axes: [1], keepdims: 0 } }], products.image));
  assert.is(mixed.gates, 0);
  assert.ok(difference(mixed.y, usual.y) > 1e-3);
});

test.run();
