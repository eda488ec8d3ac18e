/** Files from strangers: what they claim is checked before anything is made of it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError, UnsupportedError } from "../../../src/errors.ts";
import { externalLocations, importOnnx } from "../../../src/io/onnx/import.ts";
import { Message } from "../../../src/io/onnx/protobuf.ts";
import { Tensor } from "../../../src/tensor.ts";
import { fileBytes } from "../../support/files.ts";
import { fuzz } from "./fuzz.ts";
import { modelBytes, tensor } from "./model-bytes.ts";
import type { Model, Node } from "./model-bytes.ts";

const x = { x: [1, 3, 8, 8] };
const lower = (model: Model): unknown => importOnnx(modelBytes(model)).lower(x);

test("cut short anywhere: refused, or read where it ends well", () => {
  const bytes = fileBytes("fixtures/onnx/other/old-ir3.onnx");
  for (let length = 0; length < bytes.length; length++) {
    try {
      importOnnx(bytes.slice(0, length));
    } catch (error) {
      assert.ok(
        error instanceof FormatError || error instanceof RangeError || error instanceof UnsupportedError,
        `${length}: ${(error as Error).stack}`,
      );
    }
  }
});

test("damaged and hostile files in thousands: senet's own errors, at once", () => {
  const { read, refused } = fuzz(1000, 5);
  assert.ok(read > 30 && refused > 300, `${read} read, ${refused} refused`);
});

/** A tensor that lies in another file. */
function outside(location: string, extra: Readonly<Record<string, string>> = {}): Message {
  const message = new Message().integer(1, 2).integer(2, 1).text(8, "w");
  for (const [key, value] of Object.entries({ location, ...extra })) message.message(13, new Message().text(1, key).text(2, value));
  return message.integer(14, 1);
}

test("a file names no path out of its folder, and no bytes beyond those that are given", () => {
  const open = (weight: Message, bytes = 8): unknown =>
    importOnnx(
      modelBytes({ nodes: [{ type: "Mul", inputs: ["x", "w"], outputs: ["y"] }], weights: [weight] }), { external: new Uint8Array(bytes) },
    );
  for (const location of ["../w.bin", "/etc/passwd", "a/../../w", "C:\\w.bin", "c:w", "\\\\host\\w", "..\\w", "", "a\0b"]) {
    assert.throws(() => open(outside(location)), /is no path within the model's folder/, location);
  }
  assert.throws(() => open(outside("w.bin", { offset: "4" })), /ends at byte 12 of "w\.bin", which has 8/);
  assert.throws(() => open(outside("w.bin", { length: "12" })), /wants 8 bytes, the file says that 12 lie/);
  for (const offset of ["-4", "1e3", "0x10", "99999999999999999999"]) {
    assert.throws(() => open(outside("w.bin", { offset })), /lies at a place ".*" of "w\.bin", which is no whole number/);
  }
  open(outside("deep/er/w.bin", { offset: "0", length: "8", checksum: "abc" }));
});

test("bytes of other files are asked for by name", () => {
  const bytes = modelBytes({ nodes: [{ type: "Relu", inputs: ["x"], outputs: ["y"] }], weights: [outside("w.data")] });
  assert.throws(() => importOnnx(bytes), /tensor "w" lies in another file: external wants the bytes of "w\.data"/);
  assert.throws(
    () => importOnnx(bytes, { external: { "w.dat": new Uint8Array(8) } }),
    /external wants the bytes of "w\.data" \(did you mean "w\.dat"\?\)/,
  );
  assert.throws(
    () => importOnnx(bytes, { external: { "w.data": "text" as unknown as Uint8Array } }), /external\["w\.data"\]: bytes wants a Uint8Array/,
  );
  importOnnx(bytes, { external: { "w.data": new Uint8Array(8) } });
});

test("shapes and bytes must belong together", () => {
  const weigh = (message: Message): unknown => importOnnx(
    modelBytes({ nodes: [{ type: "Mul", inputs: ["x", "w"], outputs: ["y"] }], weights: [message] }),
  );
  const raw = (dims: readonly number[], bytes: number, type = 1): Message => dims.reduce(
    (message, dim) => message.integer(1, dim), new Message(),
  ).integer(2, type).text(8, "w").bytes(9, new Uint8Array(bytes));
  assert.throws(() => weigh(raw([2, 3], 20)), /tensor "w" of float \[2,3\] wants 24 bytes, it has 20/);
  assert.throws(() => weigh(raw([-1], 4)), /of float \[-1\] has a shape that no file can hold/);
  assert.throws(() => weigh(raw([9007199254740991, 9007199254740991, 0], 0)), /has a shape that no file can hold/);
  assert.throws(() => weigh(raw(new Array<number>(33).fill(1), 4)), /has a shape that no file can hold/);
  assert.throws(() => weigh(new Message().integer(1, 1000000000).integer(2, 1).text(8, "w")), /wants 4000000000 bytes, it has 0/);
});

test("a small file asks for no endless work", () => {
  const constant = (type: string, inputs: readonly string[], weights: readonly Message[]): Model => ({
    nodes: [{ type, inputs, outputs: ["v"] }, { type: "Mul", inputs: ["x", "v"], outputs: ["y"] }], weights,
  });
  assert.throws(
    () => lower(constant("ConstantOfShape", ["s"], [tensor("s", [2], [1000000, 1000000], "int64")])),
    /all of them may have 67108864 numbers \(option mostConstants\)/,
  );
  assert.throws(
    () => lower(
      constant(
        "Range", ["a", "b", "c"], [["a", 0], ["b", 1e15], ["c", 1]].map(([name, n]) => tensor(name as string, [], [n as number], "int64")),
      ),
    ),
    /mostConstants/,
  );
  assert.throws(() => lower(constant("Expand", ["a", "s"], [tensor("a", [1], [1]), tensor("s", [1], [9e15], "int64")])), /mostConstants/);
  const doubling = Array.from(
    { length: 40 },
    (_, i): Node => ({
      type: "Concat", inputs: [i === 0 ? "a" : `c${i - 1}`, i === 0 ? "a" : `c${i - 1}`], outputs: [`c${i}`], attributes: { axis: 0 },
    }),
  );
  assert.throws(
    () => lower({ nodes: [...doubling, { type: "Mul", inputs: ["x", "c39"], outputs: ["y"] }], weights: [tensor("a", [1], [1])] }),
    /mostConstants/,
  );
  assert.throws(
    () => lower({
      nodes: [{ type: "Pad", inputs: ["x", "p"], outputs: ["y"] }], weights: [tensor("p", [8], [0, 0, 0, 0, 0, 0, 1e12, 0], "int64")],
    }),
    /more than 1073741824 numbers/,
  );
  assert.throws(
    () => lower({
      nodes: [{ type: "Resize", inputs: ["x", "", "", "s"], outputs: ["y"] }], weights: [tensor("s", [4], [1, 3, 8, 100000000], "int64")],
    }),
    /more than|an axis may have/,
  );
  // A number for each place of an axis that was stretched to a thousand million.
  const wide = (type: string, attributes: Node["attributes"] = {}): Model => ({
    nodes: [
      { type: "Expand", inputs: ["x", "to"], outputs: ["wide"] },
      { type, inputs: ["wide", ...(type === "Conv" ? ["w"] : [])], outputs: ["y"], attributes },
    ],
    inputs: { x: [1, 1, 1, 1, 1] },
    weights: [tensor("to", [5], [1, 1, 1e9, 1, 1], "int64"), tensor("w", [1, 1, 1, 1, 1], [1])],
  });
  assert.throws(() => importOnnx(modelBytes(wide("Hardmax", { axis: 2 }))).lower({}), /mostConstants/);
  assert.throws(() => importOnnx(modelBytes(wide("Conv"))).lower({}), /has \d{9,} windows/);
  assert.throws(() => importOnnx(modelBytes(wide("AveragePool", { kernel_shape: [2, 1, 1] }))).lower({}), /has \d{9,} windows/);
  const flat = Array.from(
    { length: 400 }, (_, i): Node => ({ type: "Unsqueeze", inputs: [i === 0 ? "x" : `u${i - 1}`, "axis"], outputs: [`u${i}`] }),
  );
  assert.throws(
    () => lower({ nodes: flat, weights: [tensor("axis", [1], [0], "int64")], outputs: ["u399"] }), /dimensions; up to 16 are read/,
  );
});

test("long chains and crowds of users are read in time that grows with the file", () => {
  const chain = Array.from(
    { length: 10000 }, (_, i): Node => ({ type: "Relu", inputs: [i === 0 ? "x" : `v${i - 1}`], outputs: [`v${i}`] }),
  );
  const crowd = Array.from({ length: 10000 }, (_, i): Node => ({ type: "Sigmoid", inputs: ["x"], outputs: [`s${i}`] }));
  lower({ nodes: chain, outputs: ["v9999"] });
  lower({ nodes: [...crowd, { type: "Sum", inputs: crowd.map(({ outputs }) => outputs![0]), outputs: ["y"] }] });
});

test("graphs within nodes are not entered, however deep", () => {
  let attribute = new Message().text(1, "then_branch").message(6, new Message()).integer(20, 5);
  for (let depth = 0; depth < 500; depth++) {
    const node = new Message().text(2, "y").text(4, "If").message(5, attribute);
    attribute = new Message().text(1, "then_branch").message(6, new Message().message(1, node)).integer(20, 5);
  }
  const graph = new Message().message(1, new Message().text(2, "y").text(3, "branch").text(4, "If").message(5, attribute))
    .message(12, new Message().text(1, "y"));
  const bytes = new Message().integer(1, 8).message(7, graph).message(8, new Message().integer(2, 17)).finish();
  assert.throws(() => importOnnx(bytes), /not supported \(opset 17\): If \(node "branch"\)/);
});

test("names that act on a terminal are spelled out, and messages stay short", () => {
  const nodes = Array.from(
    { length: 500 },
    (_, i): Node => ({ type: `Strange${i}`, inputs: ["x"], outputs: [i === 499 ? "y" : `v${i}`], name: `\u001b[31m${"n".repeat(500)}` }),
  );
  try {
    importOnnx(modelBytes({ nodes }));
    assert.unreachable();
  } catch (error) {
    const { message, missing } = error as UnsupportedError;
    assert.is(missing.length, 500);
    assert.ok(message.length < 4000 && !message.includes("\u001b") && message.includes("and 476 more"), message);
  }
});

test("what is no ONNX file is named, with what to do", () => {
  const text = (words: string): Uint8Array => Uint8Array.from(words, (letter) => letter.charCodeAt(0));
  const named: readonly [Uint8Array, RegExp][] = [
    [text("\x1c\0\0\0TFL3...."), /TensorFlow Lite model: python -m tf2onnx\.convert --tflite/],
    [text('{"format": "graph-model", "modelTopology": {}}'), /TensorFlow\.js model\? python -m tf2onnx\.convert --tfjs/],
    [text("PK\x03\x04rest"), /zip archive \(a PyTorch checkpoint/],
    [text("\x89HDF\r\n"), /HDF5 file/],
    [text("version https://git-lfs.github.com/spec/v1"), /Git LFS pointer/],
    [text("<!DOCTYPE html>"), /web page/],
    [text("\x1f\x8b\x08"), /packed with gzip/],
    [new Uint8Array(0), /there is no graph/],
    [text("hello, world"), /damaged or no ONNX file/],
  ];
  for (const [bytes, wanted] of named) {
    assert.throws(() => importOnnx(bytes), (error: Error) => error instanceof FormatError && wanted.test(error.message), String(wanted));
  }
  assert.throws(
    () => importOnnx("model.onnx" as unknown as Uint8Array),
    (error: Error) => error instanceof TypeError && /bytes wants a Uint8Array/.test(error.message),
  );
});

test("inputs that must be known are given as constants, and checked", () => {
  const model: Model = { nodes: [{ type: "Reshape", inputs: ["x", "shape"], outputs: ["y"] }], inputs: { x: [2, 6], shape: [2] } };
  assert.throws(
    () => importOnnx(modelBytes(model)).lower({ x: [2, 6], shape: [2] }), /Reshape with its shape computed by the network \(node "y"\)/,
  );
  const network = importOnnx(modelBytes(model), { constants: { shape: Tensor.of([3, -1], [2]) } });
  assert.equal(network.inputs.map(({ name }) => name), ["x"]);
  assert.equal(network.lower({ x: [2, 6] }).outputs[0].shape, [3, 4]);
  assert.throws(
    () => importOnnx(modelBytes(model), { constants: { shap: Tensor.of([1], [1]) } }),
    /constants has "shap", which is no input \(did you mean "shape"\?\)/,
  );
  assert.throws(
    () => importOnnx(modelBytes(model), { constants: { shape: [3, 4] as unknown as Tensor } }), /constants wants a Tensor as shape/,
  );
});

test("opsets beyond what is read are refused; an import that no node uses refuses nothing", () => {
  assert.throws(
    () => importOnnx(modelBytes({ nodes: [{ type: "Relu", inputs: ["x"], outputs: ["y"] }], opset: 29 })), /opset 29; up to 28 are read/,
  );
});

test("as many nodes as the caller allows, in whatever order they stand", () => {
  const count = 3000;
  const relus = Array.from({ length: count }, (_, i): Node => ({ type: "Relu", inputs: ["x"], outputs: [`y${i}`] }));
  const sum: Node = { type: "Sum", inputs: relus.map(({ outputs }) => outputs![0]), outputs: ["y"] };
  // Each input of the sum is looked at once, though it is made after it.
  for (const nodes of [[...relus, sum], [sum, ...relus], [...relus.slice(9), sum, ...relus.slice(0, 9)]]) {
    const bytes = modelBytes({ nodes });
    assert.is(importOnnx(bytes, { mostNodes: count + 1 }).lower(x).nodes.length, 2 * count - 1);
    for (const read of [importOnnx, externalLocations]) {
      assert.throws(() => read(bytes, { mostNodes: count }), (error: Error) => error instanceof RangeError &&
        error.message === `importOnnx: the file has ${count + 1} nodes; up to ${count} are read (option mostNodes raises that)`);
    }
  }
  const identity = (i: number): Node => ({ type: "Identity", inputs: [i === 0 ? "x" : `v${i}`], outputs: [`v${i + 1}`] });
  const chain = Array.from({ length: 65537 }, (_, i) => identity(i));
  assert.throws(() => importOnnx(modelBytes({ nodes: chain })), /the file has 65537 nodes; up to 65536 are read/);
});

test("names of a megabyte: taken, and never repeated in full", () => {
  const long = (letter: string): string => letter.repeat(1 << 20);
  const network = importOnnx(modelBytes({
    nodes: [{ type: "Relu", inputs: [long("x")], outputs: [long("n")] }, { type: "Relu", inputs: [long("n")], outputs: ["y"] }],
    inputs: { [long("x")]: [1, 3, 8, 8] },
  }));
  assert.is(network.lower({}).nodes.length, 1);
  // Not by the product of two lengths.
  assert.throws(() => network.lower({ [long("q")]: [1] }), (error: Error) => error.message.length < 1000);
  assert.throws(() => network.loadState(new Map([[long("w"), Tensor.zeros([1])]])), (error: Error) => error.message.length < 1000);
});

test("options of other names and kinds are refused, each by its name", () => {
  const bytes = modelBytes({ nodes: [{ type: "Relu", inputs: ["x"], outputs: ["y"] }] });
  for (const [options, message] of [
    [{ externl: {} }, /^importOnnx: unknown option "externl" \(did you mean "external"\?\)$/],
    [{ mostNodes: NaN }, /^importOnnx: mostNodes wants /], [{ mostNodes: "5" }, /^importOnnx: mostNodes wants .*, got "5"$/],
    [{ mostConstants: -1 }, /^importOnnx: mostConstants wants .*, got -1$/],
    [{ external: 5 }, /^importOnnx: external wants bytes.*, got 5$/],
    [{ constants: [1] }, /^importOnnx: constants wants an object, got \[1\]$/],
    [null, /^importOnnx: wants an object of options, got null$/],
  ] as const) {
    assert.throws(() => importOnnx(bytes, options as object), (error: Error) => message.test(error.message), String(message));
  }
});

test.run();
