/** How weights lie: products of matrices turned and not, trained and saved back; every element type, however its numbers stand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnsupportedError } from "../../../src/errors.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { Message } from "../../../src/io/onnx/protobuf.ts";
import { writeHalf } from "../../../src/io/weights/half.ts";
import { compileSync } from "../../../src/session/session.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { Tensor, sizeOf } from "../../../src/tensor.ts";
import { mulberry32 } from "../../fixtures/recipe.ts";
import { modelBytes, tensor } from "./model-bytes.ts";
import type { Model, Node } from "./model-bytes.ts";

const uniform = mulberry32(11);
const drawn = (size: number): number[] => Array.from({ length: size }, () => uniform() * 2 - 1);

/** A product in the middle of a network, so that its input has a gradient too. @param dims of the second matrix */
function around(product: Node, dims: readonly number[], bias: readonly number[] = []): Model {
  return {
    nodes: [
      { type: "Flatten", inputs: ["x"], outputs: ["rows"] }, { type: "MatMul", inputs: ["rows", "first"], outputs: ["hidden"] },
      { ...product, outputs: ["y"] },
    ],
    inputs: { x: [3, 4, 1, 1] }, outputs: ["y"],
    weights: [
      tensor("first", [4, 5], drawn(20)), tensor("w", dims, drawn(sizeOf(dims))),
      ...(bias.length === 0 ? [] : [tensor("b", bias, drawn(sizeOf(bias)))]),
    ],
  };
}

const products: Readonly<Record<string, Model>> = {
  "MatMul": around({ type: "MatMul", inputs: ["hidden", "w"] }, [5, 6]),
  "Gemm": around({ type: "Gemm", inputs: ["hidden", "w", "b"] }, [5, 6], [6]),
  "Gemm, transB": around({ type: "Gemm", inputs: ["hidden", "w", "b"], attributes: { transB: 1 } }, [6, 5], [6]),
  "Gemm, transB, factors": around(
    { type: "Gemm", inputs: ["hidden", "w", "b"], attributes: { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } } }, [6, 5], [1, 6],
  ),
  "Gemm, factors": around({ type: "Gemm", inputs: ["hidden", "w", "b"], attributes: { alpha: { float: -1.5 } } }, [5, 6], [6]),
};

for (const [name, model] of Object.entries(products)) {
  test(`${name}: gradients of all weights by finite differences; saved in the file's shapes, loaded again`, () => {
    const bytes = modelBytes(model);
    const network = importOnnx(bytes);
    const x = Tensor.of(drawn(12), [3, 4, 1, 1]);
    const labels = Int32Array.of(0, 2, 1);
    const start = network.lower({}) && network.state();
    const rate = 0.001;
    const options = { input: [3, 4, 1, 1], optimiser: { method: "sgd" }, numerics: "exact" } as const;
    const session = compileTrainingSync(network, { ...options, learningRate: rate });
    session.trainStep(x, labels);
    session.pull();
    const stepped = network.state();
    assert.equal([...stepped.keys()].sort(), model.weights!.length === 3 ? ["b", "first", "w"] : ["first", "w"]);
    /** The loss with these weights, by inference and in double precision. */
    const loss = (state: ReadonlyMap<string, Tensor>): number => {
      const other = importOnnx(bytes);
      other.loadState(state);
      const { shape: [, classes], data } = compileSync(other, { input: [3, 4, 1, 1], kernels: "plain" }).run(x) as Tensor;
      return Array.from(labels, (label, i) => {
        const row = Array.from(data.subarray(i * classes, (i + 1) * classes));
        return Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[label];
      }).reduce((sum, v) => sum + v / 3, 0);
    };
    for (const [key, { shape, data }] of start) {
      for (let i = 0; i < data.length; i++) {
        const moved = (by: number): number => {
          const changed = data.slice();
          changed[i] += by;
          return loss(new Map([...start, [key, new Tensor(changed, shape)]]));
        };
        const wanted = (moved(0.01) - moved(-0.01)) / 0.02;
        const found = (data[i] - stepped.get(key)!.data[i]) / rate;
        assert.ok(Math.abs(found - wanted) < 2e-3, `${key}[${i}]: ${found} instead of ${wanted}`);
      }
    }
  });
}

/** Numbers of a type, all of which float16, bfloat16 and small whole numbers have. */
const numbers = [1, -2, 0, 3, 0.5, -96];

/** @param how the numbers stand: their bytes, or the fields of int32_data */
function stored(type: number, values: readonly number[], how: Uint8Array | readonly number[]): Message {
  const message = new Message().integer(1, values.length).integer(2, type).text(8, "w");
  if (how instanceof Uint8Array) return message.bytes(9, how);
  for (const n of how) message.integer(5, n);
  return message;
}

function halves(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  writeHalf(bytes, values);
  return bytes;
}

/** The upper halves of float32. */
function brains(values: readonly number[]): Uint8Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return Uint8Array.from([...bits].flatMap((word) => [(word >>> 16) & 255, word >>> 24]));
}

const words = (bytes: Uint8Array): number[] => Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i] | (bytes[2 * i + 1] << 8));
const doubles = (values: readonly number[]): Uint8Array => new Uint8Array(Float64Array.from(values).buffer);

/** x, zeros of float32, plus the tensor as float32: an initialiser, or the value of a Constant. */
function sum(weight: Message, constant: boolean, size: number): Uint8Array {
  const cast: Node[] = [
    { type: "Cast", inputs: ["w"], outputs: ["single"], attributes: { to: 1 } }, { type: "Add", inputs: ["x", "single"], outputs: ["y"] },
  ];
  const made: Node = { type: "Constant", outputs: ["w"], attributes: { value: { tensor: weight } } };
  return modelBytes({ nodes: constant ? [made, ...cast] : cast, weights: constant ? [] : [weight], inputs: { x: [size] } });
}

const whole = numbers.map(Math.trunc);
const ways: readonly (readonly [string, Message, readonly number[]])[] = [
  ["float16, raw", stored(10, numbers, halves(numbers)), numbers],
  ["float16, int32_data", stored(10, numbers, words(halves(numbers))), numbers],
  ["bfloat16, raw", stored(16, numbers, brains(numbers)), numbers],
  ["bfloat16, int32_data", stored(16, numbers, words(brains(numbers))), numbers],
  ["float64, raw", stored(11, numbers, doubles(numbers)), numbers],
  ["float64, double_data", new Message().integer(1, 6).integer(2, 11).text(8, "w").bytes(10, doubles(numbers)), numbers],
  ["int8, raw", stored(3, whole, Uint8Array.from(whole)), whole], ["int8, int32_data", stored(3, whole, whole), whole],
  ["int32, int32_data", stored(6, whole, whole), whole],
];

for (const [name, message, wanted] of ways) {
  test(`${name}: as an initialiser and as a constant`, () => {
    for (const constant of [false, true]) {
      const session = compileSync(importOnnx(sum(message, constant, wanted.length)), { input: [wanted.length], kernels: "plain" });
      assert.equal([...session.run(Tensor.zeros([wanted.length])).data], wanted);
    }
  });
}

test("types that are not computed with are named, with the tensor: small integers and floats, texts, complex numbers", () => {
  const types = {
    8: "string", 14: "complex64", 17: "float8e4m3fn", 19: "float8e5m2", 21: "uint4", 22: "int4", 23: "float4e2m1",
  };
  for (const [type, called] of Object.entries(types)) {
    for (const constant of [false, true]) {
      const message = stored(Number(type), [1, 2], Uint8Array.of(0x21));
      const wanted = new RegExp(`not supported .*of ${called}`);
      assert.throws(
        () => importOnnx(sum(message, constant, 2)).lower({ x: [2] }),
        (error: Error) => error instanceof UnsupportedError && wanted.test(error.message), called,
      );
    }
  }
});

test("sparse weights are refused by name", () => {
  // GraphProto's sparse_initializer is field 15.
  const graph = new Message().message(1, new Message().text(1, "x").text(2, "y").text(4, "Relu")).message(15, new Message())
    .message(12, new Message().text(1, "y"));
  const sparse = new Message().integer(1, 8).message(7, graph).message(8, new Message().integer(2, 17)).finish();
  assert.throws(() => importOnnx(sparse), (error: Error) => error instanceof UnsupportedError && /sparse weights/.test(error.message));
});

test("a message has no list of a million numbers", () => {
  const model: Model = {
    nodes: [
      { type: "SplitToSequence", inputs: ["x", "sizes"], outputs: ["parts"] },
      { type: "ConcatFromSequence", inputs: ["parts"], outputs: ["y"], attributes: { axis: 0 } },
    ],
    weights: [tensor("sizes", [20000], new Array<number>(20000).fill(0), "int64")], inputs: { x: [4] },
  };
  const zero: Model = { ...model, weights: [tensor("sizes", [], [0], "int64")] };
  for (const each of [model, zero]) {
    assert.throws(() => importOnnx(modelBytes(each)).lower({ x: [4] }), ({ message }: Error) => message.length < 500);
  }
});

test.run();
