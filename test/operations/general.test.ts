/** Operations on tensors of any rank: against what their definitions say, number by number. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { referenceInference } from "../../kernels/reference/inference.ts";
import type { Of, Value } from "../../src/graph/graph.ts";
import { computations, declarations } from "../../src/operations/index.ts";
import type { GeneralKind } from "../../src/operations/general/index.ts";
import { binaryFunctions, unaryFunctions } from "../../src/operations/general/functions.ts";
import type { Computation, Declaration, NodeOf } from "../../src/operations/record.ts";
import { Tensor, sizeOf } from "../../src/tensor.ts";
import { saying } from "../support/errors.ts";

/** What an operation makes of tensors: its shape by the declaration, its numbers by the computation. */
function run<K extends GeneralKind | "pad" | "slice">(
  kind: K, attributes: Omit<Of<K>, "kind">, ...inputs: Tensor<Float32Array>[]
): Tensor<Float32Array> {
  const operation = { kind, ...attributes } as Of<K>;
  const shape = (declarations[kind] as Declaration<K>).shape(operation, inputs.map((input) => input.shape));
  const values: Value[] = inputs.map((input, i) => ({ name: `x${i}`, shape: input.shape }));
  const y = new Float32Array(sizeOf(shape));
  const step = (
    computations[kind] as unknown as Computation<K>
  ).routine({ operation, inputs: values, output: { name: "y", shape } } as unknown as NodeOf<K>, {
    kernels: referenceInference, array: ({ name }) => (name === "y" ? y : inputs[Number(name.slice(1))].data),
    constant: (c) => c.read().data as Float32Array, scratch: (size) => new Float64Array(size),
  });
  step();
  return new Tensor(y, shape);
}

const counting = (...shape: number[]): Tensor<Float32Array> => Tensor.of(Array.from({ length: sizeOf(shape) }, (_, i) => i), shape);
const numbers = (tensor: Tensor): number[] => [...tensor.data];

test("functions of one number: values of mpmath with 30 digits", () => {
  const known: [keyof typeof unaryFunctions, number, number][] = [
    ["erf", 0.1, 0.112462916018284892], ["erf", 1, 0.842700792949714869], ["erf", 2.9, 0.999958902121900541],
    ["erf", 3.1, 0.99998835134263280],
    ["erf", -0.5, -0.520499877813046538],
    ["mish", 1, 0.865098388267310346], ["mish", -3, -0.145647461275624587], ["softplus", 100, 100], ["softplus", -1, 0.313261687518222834],
    ["round", 2.5, 2], ["round", -1.5, -2], ["round", 0.5, 0], ["round", 3.5, 4], ["truncate", -1.7, -1], ["sign", -3, -1],
    ["reciprocal", 4, 0.25], ["not", 0, 1], ["not", -2, 0],
  ];
  for (const [by, x, y] of known) {
    assert.ok(Math.abs(unaryFunctions[by](x) - y) <= 1e-14 * Math.max(1, Math.abs(y)), `${by}(${x}) = ${unaryFunctions[by](x)}, not ${y}`);
  }
  for (const x of [-Infinity, Infinity, NaN, 0, -0]) {
    assert.equal(unaryFunctions.erf(x), x !== x ? NaN : Math.abs(x) === Infinity ? Math.sign(x) : x);
  }
});

test("modulo has the sign of the second number, remainder of the first; powers as everywhere", () => {
  assert.equal([[7, 3], [-7, 3], [7, -3]].map(([a, b]) => binaryFunctions.modulo(a, b)), [1, 2, -2]);
  assert.equal([[7, 3], [-7, 3], [7, -3]].map(([a, b]) => binaryFunctions.remainder(a, b)), [1, -1, 1]);
  assert.is(binaryFunctions.power(2, 10), 1024);
});

test("sizes of 1 and missing ones are stretched", () => {
  const sum = run("binary", { by: "add" }, counting(2, 1, 3), Tensor.of([10, 20], [2, 1]));
  assert.equal(sum.shape, [2, 2, 3]);
  assert.equal(numbers(sum), [10, 11, 12, 20, 21, 22, 13, 14, 15, 23, 24, 25]);
  assert.equal(numbers(run("binary", { by: "less" }, counting(3), Tensor.of([1], []))), [1, 0, 0]);
  assert.equal(numbers(run("select", {}, Tensor.of([1, 0], [2, 1]), counting(2), Tensor.of([7], [1]))), [0, 1, 7, 7]);
  assert.throws(() => run("binary", { by: "add" }, counting(2), counting(3)), saying("add: shapes [2] and [3] do not fit"));
});

test("other shapes, orders and places", () => {
  const x = counting(2, 3);
  assert.equal(numbers(run("transpose", { order: [1, 0] }, x)), [0, 3, 1, 4, 2, 5]);
  assert.equal(run("transpose", { order: [2, 0, 1] }, counting(2, 3, 4)).shape, [4, 2, 3]);
  assert.equal(numbers(run("slice", { starts: [1, 2], steps: [1, -2], shape: [1, 2] }, x)), [5, 3]);
  assert.equal(numbers(run("expand", { shape: [2, 2, 1] }, Tensor.of([4, 5], [2, 1]))), [4, 5, 4, 5]);
  assert.equal(numbers(run("gather", { axis: 1, rows: [2, 0, 2] }, x)), [2, 0, 2, 5, 3, 5]);
  assert.equal(numbers(run("join", { axis: 1 }, x, Tensor.of([8, 9], [2, 1]))), [0, 1, 2, 8, 3, 4, 5, 9]);
  assert.equal(run("reshape", { shape: [3, 2] }, x).shape, [3, 2]);
  assert.throws(() => run("reshape", { shape: [4] }, x), /reshape: \[4\] wants 4 numbers, the input \[2,3\] has 6/);
  assert.throws(() => run("slice", { starts: [0, 1], steps: [1, 1], shape: [2, 3] }, x), /lies outside/);
  assert.throws(() => run("gather", { axis: 1, rows: [3] }, x), /has no row 3/);
});

test("padding in four ways, as numpy has them", () => {
  const x = counting(3);
  const pad = (mode: Of<"pad">["mode"]): number[] => numbers(run("pad", { before: [2], after: [4], mode, value: -1 }, x));
  assert.equal(pad("constant"), [-1, -1, 0, 1, 2, -1, -1, -1, -1]);
  assert.equal(pad("edge"), [0, 0, 0, 1, 2, 2, 2, 2, 2]);
  assert.equal(pad("wrap"), [1, 2, 0, 1, 2, 0, 1, 2, 0]);
  assert.equal(pad("reflect"), [2, 1, 0, 1, 2, 1, 0, 1, 2]);
});

test("along axes: reductions, the largest, softmax, sums of neighbours", () => {
  const x = counting(2, 3, 2);
  assert.equal(numbers(run("reduce", { by: "sum", axis: 1, end: 3 }, x)), [15, 51]);
  assert.equal(numbers(run("reduce", { by: "mean", axis: 0, end: 1 }, x)), [3, 4, 5, 6, 7, 8]);
  assert.equal(numbers(run("reduce", { by: "product", axis: 2, end: 3 }, x)), [0, 6, 20, 42, 72, 110]);
  assert.equal(run("reduce", { by: "max", axis: 1, end: 2 }, x).shape, [2, 1, 2]);
  assert.equal(numbers(run("arg_max", { axis: 1 }, Tensor.of([1, 5, 5, 2], [1, 4]))), [1]);
  const soft = run("softmax", { axis: 1, logarithm: false }, Tensor.of([1000, 1001, 0, 0], [2, 2]));
  assert.ok(Math.abs(soft.data[0] - 0.2689414213699951) < 1e-7 && soft.data[2] === 0.5);
  assert.ok(Math.abs(run("softmax", { axis: 0, logarithm: true }, Tensor.of([0, 1], [2])).data[0] + 1.3132616875182228) < 1e-6);
  const taps = { starts: Int32Array.of(0, 2, 3), places: Int32Array.of(0, 2, 1), weights: Float64Array.of(0.5, 0.5, 2) };
  assert.equal(numbers(run("resample", { axis: 1, taps }, x)), [2, 3, 4, 6, 8, 9, 16, 18]);
});

test("products of matrices, whose batches are stretched", () => {
  const a = counting(2, 1, 2, 3);
  const b = Tensor.of([1, 0, 0, 1, 1, 1, 2, 0, 0, 2, 2, 2], [2, 3, 2]);
  const y = run("matrix_product", {}, a, b);
  assert.equal(y.shape, [2, 2, 2, 2]);
  const expected: number[] = [];
  for (let i = 0; i < 2; i++) for (let j = 0; j < 2; j++) for (let r = 0; r < 2; r++) for (let c = 0; c < 2; c++) {
    let sum = 0;
    for (let k = 0; k < 3; k++) sum += a.data[i * 6 + r * 3 + k] * b.data[j * 6 + k * 2 + c];
    expected.push(sum);
  }
  assert.equal(numbers(y), expected);
});

test.run();
