/** Networks with free sizes: which shapes their inputs take. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fixedNetwork, inputShapes } from "../../src/graph/network.ts";
import type { Shapes } from "../../src/graph/network.ts";
import { lower, moduleNetwork } from "../../src/nn/lower.ts";
import { createModel } from "../../models/index.ts";

const two = { inputs: [{ name: "image", shape: ["N", 3, "H", "H"] }, { name: "mask", shape: ["N", 1] }] };
const one = { inputs: [{ name: "x", shape: ["N", 3, 8, 8] }] };

test("shapes by name, a lone one without, and one image where only the batch is free", () => {
  assert.equal(inputShapes("compile", two, { image: [2, 3, 8, 8], mask: [2, 1] }), { image: [2, 3, 8, 8], mask: [2, 1] });
  assert.equal(inputShapes("compile", one, [4, 3, 8, 8]), { x: [4, 3, 8, 8] });
  assert.equal(inputShapes("compile", one, undefined), { x: [1, 3, 8, 8] });
  assert.equal(inputShapes("compile", { inputs: [{ name: "x", shape: [3] }] }, undefined), { x: [3] });
});

test("what does not fit is refused, and says what does", () => {
  const refused = (wanted: RegExp, given: unknown, of: typeof two | typeof one = two): void =>
    assert.throws(() => inputShapes("compile", of as typeof two, given as Shapes), wanted);
  refused(/compile: input wants a shape for each of image, mask, by name; got \[1,3,8,8\]/, [1, 3, 8, 8]);
  refused(/compile: input has "imagee", which is no input \(did you mean "image"\?\); there is image, mask/, { imagee: [1, 3, 8, 8] });
  refused(/compile: input wants the shape of "image", \[N,3,H,H\]/, {});
  refused(/compile: image wants shape \[N,3,H,H\] with N = 1, H = 8, got \[1,3,8,9\]/, { image: [1, 3, 8, 9] });
  refused(/compile: mask wants shape \[N,1\] with N = 2, got \[1,1\]/, { image: [2, 3, 8, 8], mask: [1, 1] });
  refused(/compile: x wants shape \[N,3,8,8\] with N = 1, got \[1,4,8,8\]/, [1, 4, 8, 8], one);
  refused(/compile: x wants shape \[N,3,8,8\], got \[1,3,8\]/, [1, 3, 8], one);
  refused(/compile: x wants whole numbers of at least 1 as sizes, got \[0,3,8,8\]/, [0, 3, 8, 8], one);
  refused(/compile: input wants a shape such as \[1,3,224,224\], got 8/, 8, one);
  refused(/compile: x wants a shape such as \[1,3,224,224\], got "8"/, { x: "8" }, one);
});

test("a module is a network of one input and one output; a graph one for its own shapes", () => {
  const model = createModel("se_resnet8", { classes: 5 }, null);
  const network = moduleNetwork(model);
  assert.equal([network.inputs, network.outputs], [[{ name: "input" }], ["output"]]);
  assert.match(network.title, /^se_resnet8 \{"classes":5\}$/);
  assert.equal(network.lower({ input: [2, 3, 8, 8] }).outputs[0].shape, [2, 5]);
  const graph = lower(model, [1, 3, 8, 8]);
  const fixed = fixedNetwork(graph);
  assert.equal(fixed.inputs, [{ name: "input", shape: [1, 3, 8, 8] }]);
  assert.equal(fixed.outputs, ["fc"]);
  assert.is(fixed.lower({ input: [1, 3, 8, 8] }), graph);
});

test.run();
