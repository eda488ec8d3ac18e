/** Operations that no module lowers to: sessions know them where a graph, a network or an import brings them, and only then load them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Graph, Node, Operation, Value } from "../../../src/graph/graph.ts";
import { fixedNetwork } from "../../../src/graph/network.ts";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { importOnnx as importLean } from "../../../src/io/onnx/lean.ts";
import { writeOnnx } from "../../../src/io/onnx/write.ts";
import { moduleNetwork } from "../../../src/nn/lower.ts";
import { ReLU } from "../../../src/nn/layers/activations.ts";
import { quantise } from "../../../src/quantise/quantise.ts";
import { emitModule } from "../../../src/session/backends/wasm/modules/emit.ts";
import { generalOperations } from "../../../src/session/general.ts";
import * as lean from "../../../src/session/lean.ts";
import { compile, compileSync } from "../../../src/session/session.ts";
import { bundle, bundles } from "../../support/bundle.ts";
import { agree, bits } from "../../support/compare.ts";
import { draw } from "../../support/random.ts";
import { smallResNet } from "../networks.ts";

const shape = [2, 5, 6, 4];
const x = draw(shape);

/** The exponential of the input, and its softmax. */
function made(): Graph {
  const input: Value = { name: "input", shape };
  const node = (operation: Operation, from: Value, name: string): Node => ({ operation, inputs: [from], output: { name, shape } });
  const exp = node({ kind: "unary", by: "exp" }, input, "exp");
  const softmax = node({ kind: "softmax", axis: 1, logarithm: false }, exp.output, "softmax");
  return { inputs: [input], nodes: [exp, softmax], outputs: [softmax.output] };
}

const brought: Graph = { ...made(), operations: generalOperations };
const missing = /^compile: exp is unary, which sessions know where it is brought: operations: generalOperations \(senet\/session\/gen/;

test("a graph that brings nothing is refused, by name and with what to do", async () => {
  assert.throws(() => compileSync(made()), missing);
  assert.throws(() => compileSync(fixedNetwork(made())), missing);
  assert.throws(() => emitModule(made()), missing);
  assert.throws(() => compileSync({ ...moduleNetwork(new ReLU()), lower: made }, { input: shape }), missing);
  assert.throws(() => lean.compileSync(fixedNetwork(made()), { input: shape }), /^compile: exp wants unary, missing here$/);
  const error = await compile(made()).then(() => undefined, (thrown: Error) => thrown);
  assert.match(error?.message ?? "", missing);
});

test("graphs, networks and models that bring it are answered, on either family, lean or not, and by modules", () => {
  const expected = compileSync(brought, { kernels: "plain" }).run(x);
  for (const source of [brought, fixedNetwork(brought), { ...moduleNetwork(new ReLU()), lower: made, operations: generalOperations }]) {
    const session = compileSync(source, { input: shape });
    assert.not.match(session.plan, /plain, between/);
    agree(session.run(x), expected, 1e-5, "brought");
  }
  const exact = { input: shape, numerics: "exact" } as const;
  const wasm = bits(compileSync(brought, exact).run(x));
  assert.equal(bits(lean.compileSync(fixedNetwork(brought), exact).run(x)), wasm, "lean");
  assert.equal(bits(compileSync(brought, { ...exact, module: emitModule(brought, exact) }).run(x)), wasm, "module");
});

test("imports bring it, the lean one where it is told to", () => {
  const file = writeOnnx(brought);
  const expected = compileSync(brought).run(x);
  agree(compileSync(importOnnx(file)).run(x), expected, 1e-5, "importOnnx");
  agree(compileSync(importOnnx(file).lower({ input: shape })).run(x), expected, 1e-5, "its graph");
  agree(compileSync(importLean(file, { operations: generalOperations })).run(x), expected, 1e-5, "lean");
  assert.throws(() => compileSync(importLean(file)), /^compile: \w+ is unary, which sessions know where it is brought/);
});

test("small weights and networks of bytes have it, too", () => {
  agree(compileSync(brought, { weights: "f16" }).run(x), compileSync(brought).run(x), 1e-5, "f16");
  const model = smallResNet();
  const input = [1, 3, 16, 16];
  const file = importOnnx(writeOnnx(moduleNetwork(model).lower({ input })));
  const { network } = quantise(file, draw(input), { reported: 0 });
  const { inputs, nodes, operations } = network.lower({ input });
  const logits = nodes[nodes.length - 1].output;
  const softmax: Node = {
    operation: { kind: "softmax", axis: 1, logarithm: false }, inputs: [logits], output: { name: "softmax", shape: logits.shape },
  };
  const graph: Graph = { inputs, nodes: [...nodes, softmax], outputs: [softmax.output], operations };
  const longer = { ...network, lower: () => graph };
  const [wasm, plain] = (["wasm", "plain"] as const).map((kernels) => compileSync(longer, { input, kernels }));
  assert.match(wasm.plan, /softmax .*plain, between/, "float32 has plain kernels there: the same bits everywhere");
  assert.equal(bits(wasm.run(draw(input))), bits(plain.run(draw(input))));
});

if (bundles) {
  test("a session's bundle is without them", async () => {
    const session = `export { compileSync } from "./src/session/session.ts";`;
    const both = `${session} export { generalOperations } from "./src/session/general.ts";`;
    const [without, withThem] = await Promise.all([session, both].map(bundle));
    assert.ok(without.bytes <= 82_500 && withThem.bytes > without.bytes + 6_000, `${without.bytes} and ${withThem.bytes} bytes`);
    for (const word of ["matrix_product", "softplus", "x32_strided"]) assert.ok(withThem.text.includes(word), word);
    for (const word of ["matrix_product", "softplus", "arg_max"]) assert.not.ok(without.text.includes(word), word);
  });
}

test.run();
