/** ONNX files read back field by field. That ONNX Runtime accepts them and gives the same answers: test/peers/onnx.ts. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { writeOnnx } from "../../../src/io/onnx/write.ts";
import { Message } from "../../../src/io/onnx/protobuf.ts";
import { decodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { AveragePool2d } from "../../../src/nn/layers/pooling.ts";
import { compileSync } from "../../../src/session/session.ts";
import { recipeTensor } from "../../fixtures/recipe.ts";
import { lower } from "../../../src/nn/lower.ts";
import { stateShapes } from "../../../src/nn/state-dict.ts";

type Fields = Map<number, (bigint | Uint8Array)[]>;

/** The fields of a message; numbers of 4 bytes come as their bytes. */
function read(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const key = Number(varint());
    const value = key % 8 === 0 ? varint() : take(key % 8 === 5 ? 4 : Number(varint()));
    const field = key >> 3;
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  assert.is(at, bytes.length, "a message ends where its length says");
  return fields;
}

const texts = (fields: Fields, field: number): string[] => (fields.get(field) ?? [])
  .map((value) => decodeUtf8(value as Uint8Array, "test"));
const messages = (fields: Fields, field: number): Fields[] => (fields.get(field) ?? []).map((value) => read(value as Uint8Array));

test("numbers on the wire: the examples of the encoding's documentation", () => {
  assert.equal([...new Message().integer(1, 150).finish()], [0x08, 0x96, 0x01]);
  assert.equal([...new Message().text(2, "testing").finish()], [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
  assert.equal([...new Message().message(3, new Message().integer(1, 150)).finish()], [0x1a, 0x03, 0x08, 0x96, 0x01]);
  assert.equal([...new Message().integer(1, -2).finish()], [0x08, 0xfe, ...new Array<number>(8).fill(0xff), 0x01]);
  assert.equal([...new Message().float(2, 1).finish()], [0x15, 0, 0, 0x80, 0x3f]);
});

const model = createModel("se_resnet8", { classes: 3, inChannels: 2, width: 4, reduction: 2 }, 1);
const file = read(writeOnnx(lower(model, [1, 2, 8, 8]), { name: "small", metadata: { who: "test" } }));
const [graph] = messages(file, 7);

test("a model says its versions, its producer and its metadata", () => {
  assert.equal(file.get(1), [8n]);
  assert.equal(texts(file, 2), ["senet"]);
  assert.equal(messages(file, 8)[0].get(2), [17n]);
  assert.equal(texts(messages(file, 14)[0], 2), ["test"]);
  assert.equal(texts(graph, 2), ["small"]);
});

test("every weight is inside, once, with its name, shape and values", () => {
  const shapes = stateShapes(model);
  const initializers = messages(graph, 5);
  assert.equal(initializers.map((tensor) => texts(tensor, 8)[0]).sort(), [...shapes.keys()].sort());
  for (const tensor of initializers) {
    const [name] = texts(tensor, 8);
    assert.equal((tensor.get(1) ?? []).map(Number), [...shapes.get(name)!], name);
    const raw = (tensor.get(9)![0] as Uint8Array).slice();
    assert.equal(new Float32Array(raw.buffer), model.namedState().get(name)!.value.data, name);
  }
});

test("nodes are in order and their inputs exist", () => {
  const known = new Set(["input", ...messages(graph, 5).map((tensor) => texts(tensor, 8)[0])]);
  const kinds = new Map<string, number>();
  for (const node of messages(graph, 1)) {
    for (const input of texts(node, 1)) assert.ok(known.has(input), `${input} is used before it is made`);
    known.add(texts(node, 2)[0]);
    const [kind] = texts(node, 4);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  assert.equal([...kinds].sort(), [
    ["Add", 3], ["BatchNormalization", 9], ["Conv", 15], ["Flatten", 1], ["Gemm", 1], ["GlobalAveragePool", 4], ["Identity", 1],
    ["Mul", 3], ["Relu", 10], ["Sigmoid", 3],
  ]);
  assert.ok(known.has("output"));
});

test("the batch is open, the image size is fixed", () => {
  const type = messages(messages(messages(graph, 11)[0], 2)[0], 1)[0];
  const dimensions = messages(messages(type, 2)[0], 1);
  assert.equal(texts(dimensions[0], 2), ["N"]);
  assert.equal(dimensions.slice(1).map((d) => Number(d.get(1)![0])), [2, 8, 8]);
});

test("a graph for training is refused, not written without its dropout", () => {
  const dropping = createModel("se_resnet8", { classes: 3, inChannels: 2, width: 4, reduction: 2, dropout: 0.5 }, 1);
  assert.throws(() => writeOnnx(lower(dropping, [1, 2, 8, 8], true)), /writeOnnx: dropout drops values: the graph is one for training/);
  writeOnnx(lower(dropping, [1, 2, 8, 8]));
});

test("average pooling is written so that every ONNX Runtime reads it alike: nothing rounded up, nothing counted outside", () => {
  for (const kernel of [1, 2, 3, 4]) {
    for (const stride of [1, 2, 3]) {
      for (const [padding, size] of [[0, 9], [Math.floor(kernel / 2), 8], [Math.floor(kernel / 2), 10]] as const) {
        for (const countPadding of [true, false]) {
          const pool = new AveragePool2d({ kernel, stride, padding, ceilMode: true, countPadding });
          const x = recipeTensor("input", [2, 3, size, size + 1]);
          const bytes = writeOnnx(lower(pool, x.shape));
          assert.not(decodeUtf8(Uint8Array.from(bytes, (byte) => byte & 127), "test").includes("ceil_mode"));
          const [nodes] = messages(read(bytes), 7).map((each) => messages(each, 1));
          const hangs = countPadding && (pool.outputShape(x.shape)[2] - 1) * stride + kernel > size + 2 * padding;
          if (hangs) assert.ok(nodes.some((node) => texts(node, 4).includes("Mul")), `${kernel} ${stride} ${padding}`);
          const network = importOnnx(bytes);
          const y = compileSync(network, { input: x.shape, kernels: "plain" }).run(x);
          const wanted = pool.forward(x);
          assert.equal(y.shape, wanted.shape);
          wanted.data.forEach(
            (value, i) => assert.ok(Math.abs(value - y.data[i]) < 1e-6, `${kernel} ${stride} ${padding} ${size} ${countPadding}`),
          );
        }
      }
    }
  }
});

test.run();
