/** What graphs at random found beside ONNX Runtime 1.32.0 (test/peers/onnx-random.py), on numbers that can be checked by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnsupportedError } from "../../../src/errors.ts";
import { gatesOf } from "../../../src/graph/gates.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { compile, compileSync } from "../../../src/session/session.ts";
import { Tensor, sizeOf } from "../../../src/tensor.ts";
import { modelBytes, tensor } from "./model-bytes.ts";
import type { Model, Node } from "./model-bytes.ts";

/** The answers of a model of one output on 1, 2, 3, ... of this shape, by both families of kernels. */
function answer(model: Model, shape: readonly number[]): { readonly shape: readonly number[]; readonly data: number[] } {
  const network = importOnnx(modelBytes({ ...model, inputs: { x: [...shape] } }));
  const x = Tensor.of(Array.from({ length: sizeOf(shape) }, (_, i) => i + 1), shape);
  const [plain, wasm] = (["plain", "wasm"] as const).map(
    (kernels) => compileSync(network, { input: { x: shape }, kernels, numerics: "exact" }).run({ x })[network.outputs[0]],
  );
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 * Math.abs(a) + 1e-6;
  assert.ok(plain.data.every((value, i) => near(value, wasm.data[i])), `${plain.data} and ${wasm.data}`);
  return { shape: plain.shape, data: [...plain.data] };
}

const one = (type: string, attributes: Node["attributes"] = {}, inputs: readonly string[] = ["x"], domain: string = ""): Node[] => [
  { type, inputs, outputs: ["y"], attributes, domain },
];

test("what a file says of its sizes need not be said again: one image, where the batch alone is free", async () => {
  const weights = [tensor("w", [2, 3, 1, 1], [1, 2, 3, 4, 5, 6])];
  const nodes = [{ type: "Conv", inputs: ["x", "w"], outputs: ["y"] }];
  for (const first of ["N", 1]) {
    const network = importOnnx(modelBytes({ nodes, weights, inputs: { x: [first, 3, 2, 2] } }));
    const x = Tensor.of(Array.from({ length: 12 }, (_, i) => i + 1), [1, 3, 2, 2]);
    const asked = compileSync(network, { input: { x: [1, 3, 2, 2] } }).run(x);
    for (const session of [compileSync(network), await compile(network), await compile(network, { threads: 1 })]) {
      assert.equal(session.run(x), asked);
      session.close();
    }
  }
  const open = importOnnx(modelBytes({ nodes, weights, inputs: { x: ["N", 3, "H", "W"] } }));
  assert.throws(() => compileSync(open), /: the shape of "x" must be said: it takes \[N,3,H,W\]/);
});

test("nodes may stand before those that make their inputs, as float16 converters leave them", () => {
  const nodes = [
    { type: "Relu", inputs: ["b"], outputs: ["y"] }, { type: "Neg", inputs: ["a"], outputs: ["b"] },
    { type: "Neg", inputs: ["x"], outputs: ["a"] },
  ];
  assert.equal(answer({ nodes }, [1, 2]).data, [1, 2]);
  const cycle = [{ type: "Add", inputs: ["x", "b"], outputs: ["a"] }, { type: "Neg", inputs: ["a"], outputs: ["b"] }];
  const network = importOnnx(modelBytes({ nodes: cycle, inputs: { x: [1, 2] }, outputs: ["b"] }));
  assert.throws(() => network.lower({ x: [1, 2] }), /Add \(node "a"\) wants "b", which nothing makes before it/);
});

test("a FusedGemm has an attribute for each parameter of its activation", () => {
  const attributes = { activation: "LeakyRelu", activation_alpha: { float: 0.25 } };
  const nodes = one("FusedGemm", attributes, ["x", "w"], "com.microsoft");
  assert.equal(answer({ nodes, weights: [tensor("w", [2, 2], [-1, 1, 0, 0])] }, [1, 2]).data, [-0.25, 1]);
});

test("slopes of PReLU in five dimensions; before opset 7 one for each channel", () => {
  const nodes = [{ type: "Neg", inputs: ["x"], outputs: ["n"] }, ...one("PRelu", {}, ["n", "s"])];
  const weights = [tensor("s", [2, 1, 1, 1], [0.5, 2])];
  assert.equal(answer({ nodes, weights }, [2, 2, 1, 1, 1]).data, [-0.5, -4, -1.5, -8]);
  assert.equal(answer({ nodes, weights: [tensor("s", [2], [0.5, 2])], opset: 6 }, [1, 2, 1, 2]).data, [-0.5, -1, -6, -8]);
});

test("a vector times a vector is a number", () => {
  const found = answer({ nodes: one("MatMul", {}, ["x", "w"]), weights: [tensor("w", [3], [1, 10, 100])] }, [3]);
  assert.equal([found.shape, found.data], [[], [321]]);
});

test("a SAME transposed convolution whose windows leave gaps makes a smaller image", () => {
  const nodes = one("ConvTranspose", { auto_pad: "SAME_UPPER", strides: [2] }, ["x", "w"]);
  assert.equal(answer({ nodes, weights: [tensor("w", [1, 1, 1], [1])] }, [1, 1, 3]).data, [1, 0, 2, 0, 3]);
});

test("reduced over no axes, norms are still norms", () => {
  const nodes = [{ type: "Neg", inputs: ["x"], outputs: ["n"] }, ...one("ReduceL2", { noop_with_empty_axes: 1 }, ["n"])];
  assert.equal(answer({ nodes, opset: 18 }, [1, 3]).data, [1, 2, 3]);
});

test("convolutions of volumes", () => {
  // Two groups; the second sums differences between slices that lie two apart.
  const weights = [tensor("w", [2, 1, 2, 1, 1], [1, 1, -1, 1])];
  const nodes = one("Conv", { group: 2, dilations: [2, 1, 1], pads: [1, 0, 0, 0, 0, 0] }, ["x", "w"]);
  const found = answer({ nodes, weights }, [1, 2, 3, 1, 2]);
  assert.equal(found.shape, [1, 2, 2, 1, 2]);
  assert.equal(found.data, [3, 4, 6, 8, 9, 10, 4, 4]);
});

test("the statistics of a batch, and what is left of the running ones", () => {
  const nodes = [
    { type: "BatchNormalization", inputs: ["x", "s", "b", "m", "v"], outputs: ["n", "y", "var"], attributes: { training_mode: 1 } },
  ];
  const weights = ["s", "b", "m", "v"].map((name) => tensor(name, [1], [1]));
  const found = answer({ nodes, weights, opset: 15 }, [1, 1, 1, 3]).data;
  assert.ok(Math.abs(found[0] - 1.1) < 1e-6, `${found}`);
});

test("of equal numbers the last one's place, if that is wanted", () => {
  const nodes = [{ type: "Floor", inputs: ["h"], outputs: ["f"] }, ...one("ArgMax", { axis: 1, select_last_index: 1 }, ["f"])];
  const halves = { type: "Mul", inputs: ["x", "half"], outputs: ["h"] };
  assert.equal(answer({ nodes: [halves, ...nodes], weights: [tensor("half", [], [0.5])], opset: 13 }, [1, 3]).data, [2]);
  assert.equal(answer({ nodes: one("ArgMin", { axis: 1, keepdims: 0 }), opset: 13 }, [2, 2]).data, [0, 0]);
});

test("a mean of means is a squeeze", () => {
  const mean = (x: string, axis: number, y: string, keepdims: number): Node => (
    { type: "ReduceMean", inputs: [x], outputs: [y], attributes: { axes: [axis], keepdims } }
  );
  const gate = (pooled: string, more: readonly Node[]): Node[] => [
    ...more, { type: "Conv", inputs: [pooled, "w"], outputs: ["c"] }, { type: "Sigmoid", inputs: ["c"], outputs: ["g"] },
    ...one("Mul", {}, ["x", "g"]),
  ];
  const weights = [tensor("w", [2, 2, 1, 1], [1, 0, 0, 1]), tensor("s", [4], [0, 0, 1, 1], "int64")];
  for (const nodes of [
    gate("b", [mean("x", 3, "a", 1), mean("a", 2, "b", 1)]),
    gate("r", [mean("x", 2, "a", 0), mean("a", 2, "b", 0), { type: "Reshape", inputs: ["b", "s"], outputs: ["r"] }]),
  ]) {
    const network = importOnnx(modelBytes({ nodes, weights, inputs: { x: [1, 2, 3, 4] } }));
    assert.equal(gatesOf(network.lower({ x: [1, 2, 3, 4] })).map(({ name }) => name), ["g"]);
  }
});

test("hard swish whose numbers float16 has rounded is hard swish", () => {
  const nodes = [
    { type: "Add", inputs: ["x", "three"], outputs: ["a"] }, { type: "Clip", inputs: ["a", "zero", "six"], outputs: ["c"] },
    { type: "Mul", inputs: ["c", "x"], outputs: ["m"] }, ...one("Mul", {}, ["m", "sixth"]),
  ];
  const numbers = { three: 3, zero: 0, six: 6, sixth: 0.1666259765625 };
  const weights = Object.entries(numbers).map(([name, value]) => tensor(name, [], [value]));
  const network = importOnnx(modelBytes({ nodes, weights, inputs: { x: [1, 2] } }));
  const found = network.lower({ x: [1, 2] }).nodes.map(({ operation }) => "activation" in operation && operation.activation);
  assert.equal(found, ["hard_swish"]);
});

test("activations are found by what they compute, whatever the file spells them with", () => {
  const numbers = { zero: 0, one: 1, half: 0.5, slope: 0.1, six: 6, root: 1.41421356, almost: 0.99 };
  const weights = Object.entries(numbers).map(([name, value]) => tensor(name, [], [value]));
  const found = (...steps: readonly (readonly [type: string, ...inputs: readonly string[]])[]): unknown => {
    const nodes = steps.map(([type, ...inputs], i) => ({ type, inputs, outputs: [i === steps.length - 1 ? "y" : `v${i}`] }));
    const [{ operation }, ...more] = importOnnx(modelBytes({ nodes, weights, inputs: { x: [1, 2] } })).lower({ x: [1, 2] }).nodes;
    return more.length > 0 ? "several" : "activation" in operation ? operation.activation : operation;
  };
  assert.is(found(["Neg", "x"], ["Exp", "v0"], ["Add", "v1", "one"], ["Div", "x", "v2"]), "silu");
  assert.is(found(["Neg", "x"], ["Exp", "v0"], ["Add", "one", "v1"], ["Reciprocal", "v2"]), "sigmoid");
  assert.is(found(["Max", "x", "zero"]), "relu");
  assert.is(found(["Max", "zero", "x"], ["Min", "v0", "six"]), "relu6");
  assert.is(found(["Mul", "x", "slope"], ["Max", "x", "v0"]), "leaky_relu");
  assert.is(found(["Div", "x", "root"], ["Erf", "v0"], ["Mul", "v1", "x"], ["Add", "v2", "x"], ["Mul", "v3", "half"]), "gelu");
  assert.is(found(["Neg", "x"], ["Exp", "v0"], ["Add", "v1", "almost"], ["Div", "x", "v2"]), "several");
  assert.is(found(["Floor", "x"], ["Max", "v0", "zero"]), "several");
});

test("all that is missing is said at once: operators, domains, and what operators are asked for", () => {
  const node = (type: string, inputs: readonly string[], output: string, attributes: Node["attributes"] = {}, domain = ""): Node => (
    { type, inputs, outputs: [output], name: `node ${output}`, attributes, domain }
  );
  const nodes = [
    node("LSTM", ["x"], "a"), node("Conv", ["x", "w"], "b"), node("Magic", ["b"], "c", {}, "org.example"),
    node("Magic", ["c"], "d", {}, "org.example"), node("Resize", ["b", "", "s"], "e", { mode: "mystery" }), node("Add", ["a", "e"], "f"),
    node("GatherND", ["b", "i"], "g", { batch_dims: 1 }),
  ];
  const weights = [tensor("w", [2, 3, 1, 1], [1, 2, 3, 4, 5, 6]), tensor("s", [4], [1, 1, 2, 2]), tensor("i", [1, 1], [0], "int64")];
  try {
    importOnnx(modelBytes({ nodes, weights, inputs: { x: ["N", 3, "H", "W"] }, outputs: ["f"] }));
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UnsupportedError);
    assert.is(
      (error as Error).message,
      'importOnnx: not supported (opset 17): LSTM (node "node a"), org.example:Magic (nodes "node c", "node d"), ' +
      'Resize with mode mystery (node "node e"), GatherND with batch_dims (node "node g")',
    );
  }
});

test.run();
