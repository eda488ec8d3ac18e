/** The lean entry: files of exporters give the same graphs as by the full one; what it lacks is named, with where there is more. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnsupportedError } from "../../../src/errors.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { importOnnx as importLean } from "../../../src/io/onnx/lean.ts";
import { leanOperators } from "../../../src/io/onnx/operators/lean.ts";
import { operators } from "../../../src/io/onnx/operators.ts";
import type { Graph } from "../../../src/graph/graph.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { fileBytes } from "../../support/files.ts";

const read = [
  "dynamo/dropout-left-on-dynamo", "dynamo/gelu-dynamo-20", "dynamo/mobile-dynamo", "dynamo/same-dynamo", "dynamo/se-conv-dynamo",
  "dynamo/se-linear-dynamo", "dynamo/shuffle-dynamo", "script/mobile-script-11", "script/pools-script-13", "script/same-script",
  "script/se-conv-script", "script/se-linear-script", "script/se-linear-script-9", "script/se-norm-kept-script", "script/shuffle-script",
  "other/old-ir3", "other/se-conv-tf-13", "other/se-dense-tf-18", "other/se-paddle-11", "other/se-paddle-14", "rewritten/mobile-half",
  "rewritten/same-onnxsim", "rewritten/se-linear-half-io", "rewritten/se-linear-onnxsim", "rewritten/se-linear-onnxslim",
];
const more = { "dynamo/unet-dynamo": "ConvTranspose", "rewritten/mobile-ort-extended": "com.microsoft:FusedConv" };

const bytesOf = (name: string): Uint8Array => fileBytes(`fixtures/onnx/${name}.onnx`);

interface Importable {
  readonly inputs: readonly { readonly name: string; readonly shape?: readonly (number | string)[] | undefined }[];
  lower(shapes: Readonly<Record<string, readonly number[]>>): Graph;
}

/** Kinds, names and shapes; some inputs of the fixtures are free. */
function told(network: Importable): unknown {
  const usual = [2, 3, 32, 32];
  const shapes = network.inputs.map(({ name, shape }) => [name, shape!.map((n, i) => (typeof n === "number" ? n : usual[i]))]);
  return network.lower(Object.fromEntries(shapes)).nodes.map(({ operation: { kind }, output }) => [kind, output.name, output.shape]);
}

for (const name of read) {
  test(`${name}: the same graph`, () => assert.equal(told(importLean(bytesOf(name))), told(importOnnx(bytesOf(name)))));
}

for (const [name, operator] of Object.entries(more)) {
  test(`${name}: ${operator} is asked for, and taken`, () => {
    const bytes = bytesOf(name);
    try {
      importLean(bytes);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, UnsupportedError);
      const { message, missing } = error as UnsupportedError;
      assert.ok(missing.includes(operator) && message.includes(`${operator} (node`), message);
      assert.match(message, /; senet\/io\/onnx\/operators has more, for the option operators$/);
    }
    assert.equal(told(importLean(bytes, { operators })), told(importOnnx(bytes)));
  });
}

test("other sizes than the file's are taken, where its nodes take them", () => {
  for (const read of [importOnnx, importLean]) {
    const graph = read(bytesOf("script/se-conv-script")).lower({ "input.1": [2, 3, 24, 32] });
    assert.equal(graph.inputs[0].shape, [2, 3, 24, 32]);
  }
});

test("all lean operators are among all", () => {
  for (const name of Object.keys(leanOperators)) assert.ok(name in operators, name);
});

test("its networks do not train: that would write to the file", () => {
  const network = importLean(bytesOf("script/se-conv-script"));
  const train = (): unknown => compileTrainingSync(network, { input: [1, 3, 16, 16], optimiser: { method: "sgd" } });
  assert.throws(train, /importOnnx: the lean one's networks do not train/);
});

test.run();
