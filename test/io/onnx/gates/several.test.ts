/** Gates that are more than one chain: made of two squeezes, or of functions that several nodes spell. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { graphCost } from "../../../../src/operations/cost.ts";
import { gatesOf } from "../../../../src/graph/gates.ts";
import { importOnnx } from "../../../../src/io/onnx/import.ts";
import { compileSync } from "../../../../src/session/session.ts";
import { Tensor } from "../../../../src/tensor.ts";
import { recipeTensor } from "../../../fixtures/recipe.ts";
import { difference } from "../../../support/compare.ts";
import { modelBytes, tensor } from "../model-bytes.ts";
import type { Node } from "../model-bytes.ts";

const [batch, channels, hidden, height, width] = [2, 4, 3, 3, 5];
const shape = [batch, channels, height, width];
const pixels = height * width;
const numbers = (count: number, by: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(by * (i + 1)));
const [narrow, wide] = [numbers(hidden * channels, 1.3), numbers(channels * hidden, 2.1)];
const x = recipeTensor("input", [...shape]);

const node = (type: string, inputs: readonly string[], output: string, attributes: Node["attributes"] = {}): Node =>
  ({ type, inputs, outputs: [output], attributes });
const means = node("GlobalAveragePool", ["x"], "mean");
const largest = node("GlobalMaxPool", ["x"], "most");
const layers = (from: string, to: string): Node[] => [
  node("Conv", [from, "w1"], `${to}.s`), node("Relu", [`${to}.s`], `${to}.r`), node("Conv", [`${to}.r`, "w2"], to)];
const rows = (from: string, to: string): Node[] => [
  node("Flatten", [from], `${to}.f`), node("MatMul", [`${to}.f`, "m1"], `${to}.s`), node("Mul", [`${to}.s`, "times"], `${to}.t`),
  node("Relu", [`${to}.t`], `${to}.r`), node("MatMul", [`${to}.r`, "m2"], to)];
const transposed = (matrix: readonly number[], columns: number): number[] =>
  matrix.map((_, i) => matrix[(i % (matrix.length / columns)) * columns + Math.floor(i / (matrix.length / columns))]);

const bytes = (nodes: readonly Node[]): Uint8Array => modelBytes({
  nodes: [...nodes, node("Mul", ["x", "g"], "y")], inputs: { x: shape }, outputs: ["y"], opset: 17,
  weights: [
    tensor("w1", [hidden, channels, 1, 1], narrow), tensor("w2", [channels, hidden, 1, 1], wide),
    tensor("w12", [hidden, 2 * channels, 1, 1], [0, 1, 2].flatMap((row) => {
      const part = narrow.slice(row * channels, (row + 1) * channels);
      return [...part, ...part];
    })),
    tensor("m1", [channels, hidden], transposed(narrow, channels)), tensor("m2", [hidden, channels], transposed(wide, hidden)),
    tensor("times", [hidden], [1, 0.5, 2]), tensor("one", [], [1]), tensor("twenty", [], [20]),
    tensor("step", [1], [0.03125]), tensor("image", [4], shape, "int64"),
    tensor("channels last", [4], [0, 1, 1, -1], "int64"), tensor("of pixels", [4], [0, -1, 1, 1], "int64"),
  ],
});

/** What the layers make of squeezes [channels]. */
const through = (squeeze: readonly number[], times: readonly number[] = [1, 1, 1]): number[] => {
  const relu = times.map((by, row) => Math.max(0, by * squeeze.reduce((sum, v, i) => sum + v * narrow[row * channels + i], 0)));
  return squeeze.map((_, i) => relu.reduce((sum, v, k) => sum + v * wide[i * hidden + k], 0));
};
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
const both = (mean: readonly number[], most: readonly number[]): number[] => mean.map((v, i) => v + most[i]);

type Case = readonly [nodes: readonly Node[], gate: (mean: readonly number[], most: readonly number[]) => readonly number[]];
const softsign: readonly Node[] = [node("Abs", ["e"], "a"), node("Add", ["a", "one"], "b"), node("Div", ["e", "b"], "g")];
const cases: Readonly<Record<string, Case>> = {
  "mean and largest, each through the layers": [
    [means, largest, ...layers("mean", "e"), ...layers("most", "f"), node("Add", ["f", "e"], "h"), node("Sigmoid", ["h"], "g")],
    (mean, most) => both(through(mean), through(most)).map(sigmoid)],
  "mean and largest in rows, a row times a row": [
    [means, largest, ...rows("mean", "e"), ...rows("most", "f"), node("Add", ["e", "f"], "h"), node("Sigmoid", ["h"], "i"),
      node("Reshape", ["i", "of pixels"], "g")],
    (mean, most) => both(through(mean, [1, 0.5, 2]), through(most, [1, 0.5, 2])).map(sigmoid)],
  "mean and largest summed": [
    [means, largest, node("Add", ["mean", "most"], "z"), ...layers("z", "e"), node("Sigmoid", ["e"], "g")],
    (mean, most) => through(both(mean, most)).map(sigmoid)],
  "mean and largest, one behind the other": [
    [means, largest, node("Concat", ["mean", "most"], "z", { axis: 1 }), node("Conv", ["z", "w12"], "s"), node("Relu", ["s"], "r"),
      node("Conv", ["r", "w2"], "e"), node("Sigmoid", ["e"], "g")],
    (mean, most) => through(both(mean, most)).map(sigmoid)],
  "stretched to the image, then in steps": [
    [means, ...layers("mean", "e"), node("Sigmoid", ["e"], "h"), node("Expand", ["h", "image"], "i"), node("Div", ["i", "step"], "j"),
      node("Round", ["j"], "k"), node("Clip", ["k", "", "twenty"], "l"), node("Mul", ["step", "l"], "g")],
    (mean) => through(mean).map((v) => Math.min(20, Math.round(sigmoid(v) / 0.03125)) * 0.03125)],
  "stretched to the image, then its activation": [
    [means, ...layers("mean", "e"), node("Expand", ["e", "image"], "i"), node("HardSigmoid", ["i"], "g")],
    (mean) => through(mean).map((v) => Math.min(1, Math.max(0, 0.2 * v + 0.5)))],
  "in rows, turned to the image": [
    [means, ...rows("mean", "e"), node("Sigmoid", ["e"], "h"), node("Reshape", ["h", "channels last"], "i"),
      node("Transpose", ["i"], "g", { perm: [0, 3, 1, 2] })],
    (mean) => through(mean, [1, 0.5, 2]).map(sigmoid)],
  softsign: [[means, ...layers("mean", "e"), node("Softsign", ["e"], "g")], (mean) => through(mean).map((v) => v / (1 + Math.abs(v)))],
  "softsign by its parts": [[means, ...layers("mean", "e"), ...softsign], (mean) => through(mean).map((v) => v / (1 + Math.abs(v)))],
  "softplus, itself where it is large": [
    [means, ...layers("mean", "e"), node("Greater", ["e", "twenty"], "q"), node("Exp", ["e"], "a"), node("Add", ["a", "one"], "b"),
      node("Log", ["b"], "l"), node("Where", ["q", "e", "l"], "g")],
    (mean) => through(mean).map((v) => Math.log(1 + Math.exp(v)))],
};

for (const [how, [nodes, gateOf]] of Object.entries(cases)) {
  test(`${how}: one gate, observed and overridden`, () => {
    const network = importOnnx(bytes(nodes));
    const graph = network.lower({ x: shape });
    const gates = gatesOf(graph);
    assert.is(gates.length, 1);
    const [{ name }] = gates;
    const kinds = gates[0].nodes.map(({ operation }) => operation.kind);
    const pools = kinds.filter((kind) => kind === "global_pool").length;
    assert.is(kinds[0], "global_pool");
    assert.ok(!kinds.includes("linear") && !kinds.includes("flatten"), kinds.join());
    assert.is(graphCost(graph).gapAdds, pools * x.size);
    const session = compileSync(network, { input: shape, numerics: "exact", observe: [name], override: [name] });
    const { y, [name]: gate } = session.run({ x });
    for (let n = 0; n < batch; n++) {
      const starts = Array.from({ length: channels }, (_, c) => (n * channels + c) * pixels);
      const rowsOf = starts.map((start) => x.data.subarray(start, start + pixels));
      const wanted = gateOf(rowsOf.map((row) => row.reduce((sum, v) => sum + v, 0) / pixels), rowsOf.map((row) => Math.max(...row)));
      assert.ok(difference(gate.data.slice(n * channels, (n + 1) * channels) as Float32Array, Float32Array.from(wanted)) < 1e-5);
      for (const [c, row] of rowsOf.entries()) {
        const scaled = y.data.slice(starts[c], starts[c] + pixels) as Float32Array;
        assert.ok(difference(scaled, row.map((v) => v * wanted[c])) < 1e-5);
      }
    }
    const open = session.run({ x, [name]: new Tensor(new Float32Array(batch * channels).fill(1), [batch, channels, 1, 1]) });
    assert.equal(open.y.data, x.data);
  });
}

test("what comes of two images is no gate of either", () => {
  const nodes = [
    node("Relu", ["x"], "other"), means, node("GlobalMaxPool", ["other"], "most"), node("Add", ["mean", "most"], "z"),
    ...layers("z", "e"), node("Sigmoid", ["e"], "g")];
  assert.is(gatesOf(importOnnx(bytes(nodes)).lower({ x: shape })).length, 0);
});

test("an activation behind the pooling, by its parts, is no gate", () => {
  // A rounding between, as quantisers have it: nothing that is one function.
  const nodes = [
    means, node("Conv", ["mean", "w1"], "s"), node("Sigmoid", ["s"], "t"), node("Round", ["t"], "u"), node("Mul", ["s", "u"], "v"),
    node("Conv", ["v", "w2"], "g")];
  const graph = importOnnx(bytes(nodes)).lower({ x: shape });
  assert.is(gatesOf(graph).length, 1);
  assert.is(gatesOf(graph)[0].channels, channels);
});

test("a way of any length is looked at in bounds", () => {
  const long = Array.from({ length: 20_000 }, (_, i) => node(i % 2 === 0 ? "Neg" : "Round", [i === 0 ? "s" : `v${i - 1}`], `v${i}`));
  const nodes = [means, node("Conv", ["mean", "w1"], "s"), ...long, node("Conv", ["v19999", "w2"], "g")];
  assert.is(gatesOf(importOnnx(bytes(nodes)).lower({ x: shape })).length, 0);
});

test.run();
