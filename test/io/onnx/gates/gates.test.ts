/** SE blocks of files, however they are spelled: found, folded, observed and overridden. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../../models/index.ts";
import { gatesOf } from "../../../../src/graph/gates.ts";
import { importOnnx } from "../../../../src/io/onnx/import.ts";
import { lower } from "../../../../src/nn/lower.ts";
import { compileSync } from "../../../../src/session/session.ts";
import { Tensor } from "../../../../src/tensor.ts";
import { recipeTensor } from "../../../fixtures/recipe.ts";
import { fileBytes } from "../../../support/files.ts";

const shape = [1, 3, 16, 16];
const spellings: readonly [string, readonly number[], readonly string[]][] = [
  ["dynamo/se-conv-dynamo.onnx", shape, ["sigmoid"]],
  ["dynamo/se-linear-dynamo.onnx", shape, ["sigmoid"]],
  ["dynamo/mobile-dynamo.onnx", shape, ["hard_sigmoid"]],
  ["script/se-linear-script.onnx", shape, ["sigmoid"]],
  ["script/se-linear-script-9.onnx", shape, ["sigmoid"]],
  ["script/se-norm-kept-script.onnx", shape, ["sigmoid"]],
  ["rewritten/se-linear-onnxsim.onnx", shape, ["sigmoid"]],
  ["rewritten/se-linear-half-io.onnx", shape, ["sigmoid"]],
  ["rewritten/mobile-ort-extended.onnx", shape, ["hard_sigmoid"]],
  ["other/se-conv-tf-13.onnx", [1, 17, 18, 3], ["hard_sigmoid"]],
  ["other/se-dense-tf-18.onnx", [1, 17, 18, 3], ["sigmoid"]],
  ["other/se-paddle-11.onnx", shape, ["hard_sigmoid", "hard_sigmoid"]],
  ["other/se-paddle-14.onnx", shape, ["sigmoid", "sigmoid"]],
  ["other/old-ir3.onnx", shape, ["hard_sigmoid"]],
];

for (const [file, input, activations] of spellings) {
  test(`${file}: gates are found, and a session has them by name`, () => {
    const network = importOnnx(fileBytes(`fixtures/onnx/${file}`));
    const [{ name }] = network.inputs;
    const graph = network.lower({ [name]: input });
    const gates = gatesOf(graph);
    assert.equal(gates.map((gate) => gate.activation), activations);
    // As in models: nothing but 1x1 convolutions and activations between pool and product.
    for (const { nodes } of gates) {
      for (const { operation } of nodes) {
        assert.ok(["global_pool", "conv2d", "activation", "batch_norm"].includes(operation.kind), operation.kind);
      }
    }
    const names = gates.map((gate) => gate.name);
    const x = { [name]: recipeTensor("input", [...input]) };
    const session = compileSync(network, { input, observe: names, override: names, numerics: "exact" });
    const plain = session.run(x);
    const ones = Object.fromEntries(
      gates.map((gate) => [gate.name, new Tensor(new Float32Array(gate.channels).fill(1), [1, gate.channels, 1, 1])]),
    );
    for (const gate of gates) assert.equal(plain[gate.name].shape, [1, gate.channels, 1, 1]);
    const open = session.run({ ...x, ...ones });
    assert.not.equal(open[network.outputs[0]].data, plain[network.outputs[0]].data);
    const same = session.run({ ...x, ...Object.fromEntries(names.map((gate) => [gate, plain[gate]])) });
    assert.equal(same[network.outputs[0]].data, plain[network.outputs[0]].data);
  });
}

test("a model's own gates are found by the same names as its observers use", () => {
  const graph = lower(createModel("se_resnet8", { width: 8, reduction: 4 }, 1), [1, 3, 16, 16]);
  const gates = gatesOf(graph);
  assert.is(gates.length, 3);
  assert.is(gates[0].name, "layer1.0.se.activation_2");
  assert.equal([gates[0].channels, gates[0].hidden, gates[0].activation, gates[0].squeeze], [8, 2, "sigmoid", "mean"]);
});

test.run();
