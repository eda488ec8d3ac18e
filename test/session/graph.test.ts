/** Sessions of networks that are no modules: several inputs and outputs by their own names, free sizes, single graphs. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Constant, Graph, Node, Value } from "../../src/graph/graph.ts";
import { freeNetwork } from "../../src/graph/network.ts";
import type { Network } from "../../src/graph/network.ts";
import { lower, moduleNetwork } from "../../src/nn/lower.ts";
import { emitModule } from "../../src/session/backends/wasm/modules/emit.ts";
import { readWasmDescription } from "../../src/session/backends/wasm/modules/file.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import type { CompileOptions } from "../../src/session/session.ts";
import * as lean from "../../src/session/lean.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";
import { agree, bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { smallResNet } from "./networks.ts";

const weight = draw([4, 3, 3, 3], 5);
const constant: Constant = { name: "w", read: () => weight };

/** left and right, 3 channels each: sum = conv(left) + conv(right), gates = sigmoid(mean of sum), scaled = sum * gates. */
function graphOf(left: Shape, right: Shape): Graph {
  const value = (name: string, shape: Shape): Value => ({ name, shape });
  const [n, , height, width] = left;
  const out = [n, 4, height, width];
  const inputs = [value("left", left), value("right", right)];
  const [a, b, sum, mean, gates, scaled] = [
    value("a", out), value("b", out), value("sum", out), value("mean", [n, 4, 1, 1]), value("gates", [n, 4, 1, 1]), value("scaled", out),
  ];
  const conv = {
    kind: "conv2d", kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1, weight: constant, bias: undefined,
  } as const;
  const nodes: Node[] = [
    { operation: conv, inputs: [inputs[0]], output: a },
    { operation: conv, inputs: [inputs[1]], output: b },
    { operation: { kind: "add" }, inputs: [a, b], output: sum },
    { operation: { kind: "global_pool", by: "mean" }, inputs: [sum], output: mean },
    { operation: { kind: "activation", activation: "sigmoid", slope: 0, offset: 0 }, inputs: [mean], output: gates },
    { operation: { kind: "scale" }, inputs: [sum, gates], output: scaled },
  ];
  return { inputs, nodes, outputs: [scaled, gates] };
}

const two: Network = freeNetwork({
  title: "two images",
  inputs: [{ name: "left", shape: ["N", 3, "H", "W"] }, { name: "right", shape: ["N", 3, "H", "W"] }],
  outputs: ["image", "gates"],
  lower: ({ left, right }) => graphOf(left, right),
});

const sizes = [[1, 3, 6, 5], [2, 3, 9, 7]] as const;
const first: CompileOptions = { input: { left: sizes[0], right: sizes[0] } };

/** The same by hand, in float64. */
function byHand(left: Tensor, right: Tensor): { readonly image: Tensor; readonly gates: Tensor } {
  const [n, , height, width] = left.shape;
  const image = Tensor.zeros([n, 4, height, width]);
  const gates = Tensor.zeros([n, 4, 1, 1]);
  for (let i = 0; i < n * 4; i++) {
    const [batch, channel] = [Math.floor(i / 4), i % 4];
    let mean = 0;
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let c = 0; c < 3; c++) for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) {
        if (y + dy < 0 || y + dy >= height || x + dx < 0 || x + dx >= width) continue;
        const at = ((batch * 3 + c) * height + y + dy) * width + x + dx;
        sum += weight.data[((channel * 3 + c) * 3 + dy + 1) * 3 + dx + 1] * (left.data[at] + right.data[at]);
      }
      image.data[(i * height + y) * width + x] = sum;
      mean += sum / (height * width);
    }
    gates.data[i] = 1 / (1 + Math.exp(-mean));
    for (let p = i * height * width; p < (i + 1) * height * width; p++) image.data[p] *= gates.data[i];
  }
  return { image, gates };
}

for (const kernels of ["wasm", "plain"] as const) {
  test(`${kernels}: two inputs and two outputs by name, in several sizes`, async () => {
    for (
      const session of [
        compileSync(two, { ...first, kernels, observe: ["sum"] }), await compile(two, { ...first, kernels, threads: 2, observe: ["sum"] }),
      ]
    ) {
      for (const shape of sizes) {
        const inputs = { left: draw(shape, 1), right: draw(shape, 2) };
        const expected = byHand(inputs.left, inputs.right);
        for (const outputs of [session.run(inputs), await session.runAsync(inputs)]) {
          assert.equal(Object.keys(outputs).sort(), ["gates", "image", "sum"]);
          agree(outputs.image, expected.image, 1e-5, "image");
          agree(outputs.gates, expected.gates, 1e-5, "gates");
        }
        const into = { image: new Float32Array(expected.image.size) };
        assert.is(session.run(inputs, { into }).image.data, into.image);
      }
      session.close();
    }
  });
}

test("lean sessions take them too", () => {
  const inputs = { left: draw(sizes[0], 1), right: draw(sizes[0], 2) };
  const exact = { ...first, numerics: "exact" } as const;
  const [ours, whole] = [lean.compileSync(two, exact), compileSync(two, { ...exact, threads: 1 })].map((session) => session.run(inputs));
  for (const name of ["image", "gates"]) assert.equal(bits(ours[name]), bits(whole[name]));
});

test("a graph is compiled for its own shapes, one output without a name", () => {
  const model = smallResNet();
  const shape = [1, 3, 12, 9];
  const graph = lower(model, shape);
  const [session, usual] = [compileSync(graph), compileSync(model, { input: shape })];
  const x = draw(shape);
  assert.equal(bits(session.run(x)), bits(usual.run(x)));
  assert.equal(bits(session.run({ input: x }).fc), bits(usual.run(x)));
  assert.throws(() => session.run(draw([2, 3, 12, 9])), /this graph: input wants shape \[1,3,12,9\], got \[2,3,12,9\]/);
});

test("weights are read when they are packed, and again by refresh; a network is lowered once for each size", () => {
  let lowered = 0;
  const model = smallResNet();
  const network = moduleNetwork(model);
  const counted: Network = { ...network, lower: (...given) => (lowered++, network.lower(...given)) };
  const shape = [1, 3, 12, 9];
  const session = compileSync(counted, { input: shape });
  assert.is(lowered, 1);
  session.run(draw(shape));
  assert.is(lowered, 1);
  session.run(draw([2, 3, 12, 9]));
  assert.is(lowered, 2);
  for (const parameter of model.parameters()) parameter.value.data.forEach((value, i) => (parameter.value.data[i] = value * 0.9));
  session.refresh();
  assert.equal(bits(session.run(draw(shape))), bits(compileSync(model, { input: shape }).run(draw(shape))));
  assert.is(lowered, 2);
});

test("modules from a file: for several inputs, and refused for other shapes", async () => {
  const module = emitModule(two, { ...first, numerics: "exact" });
  assert.equal(readWasmDescription(module).input, [sizes[0], sizes[0]]);
  const session = await compile(two, { ...first, module });
  const inputs = { left: draw(sizes[0], 1), right: draw(sizes[0], 2) };
  assert.equal(bits(session.run(inputs).image), bits(compileSync(two, { ...first, numerics: "exact" }).run(inputs).image));
  assert.throws(
    () => session.run({ left: draw(sizes[1]), right: draw(sizes[1]) }),
    /an input of shape \[\[1,3,6,5\],\[1,3,6,5\]\].*got \[\[2,3,9,7\],\[2,3,9,7\]\]/,
  );
});

test("what is missing, unknown or of the wrong size has a name", () => {
  const session = compileSync(two, first);
  const [x, other] = [draw(sizes[0]), draw(sizes[1])];
  const refused = (wanted: RegExp, run: () => unknown): void => assert.throws(run, wanted);
  refused(
    /session.run: x wants \{ left: Tensor, right: Tensor \}: inputs \(2\) and outputs \(2\) have names/, () => session.run(x),
  );
  refused(/session.run: right wants a Tensor of Float32Array, got undefined/, () => session.run({ left: x }));
  refused(/session.run: "rigth" is no input \(did you mean "right"\?\)/, () => session.run({ left: x, right: x, rigth: x }));
  refused(
    /two images: right wants shape \[N,3,H,W\] with N = 1, H = 6, W = 5, got \[2,3,9,7\]/, () => session.run({ left: x, right: other }),
  );
  refused(
    /into names "imag", which is no output \(did you mean "image"\?\)/,
    () => session.run({ left: x, right: x }, { into: { imag: new Float32Array(1) } }),
  );
  refused(
    /compile: input wants shapes by name, \{ left: \[\.\.\.\], right: \[\.\.\.\] \}; got \[1,3,6,5\]/,
    () => compileSync(two, { input: sizes[0] }),
  );
  refused(/two images: the shape of "left" must be said: it takes \[N,3,H,W\]/, () => compileSync(two));
  refused(/compile: input wants a shape such as \[1,3,224,224\], got undefined/, () => compileSync(smallResNet()));
  refused(/compile: the first argument wants a model, a network or a graph, got undefined/, () => compileSync(undefined as never));
});

test.run();
