/** Networks with free sizes: which shapes their inputs take. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fixedNetwork, inputShapes } from "../../src/graph/network.ts";
import type { Network, Shapes } from "../../src/graph/network.ts";
import { lower, moduleNetwork } from "../../src/nn/lower.ts";
import { createModel } from "../../models/index.ts";

const two = { title: "both", inputs: [{ name: "image", shape: ["N", 3, "H", "H"] }, { name: "mask", shape: ["N", 1] }] };
const one = { title: "one", inputs: [{ name: "x", shape: ["N", 3, 8, 8] }] };

test("what is not said has the usual sizes: one image, or what the others have", () => {
  assert.equal(inputShapes(two, { image: [2, 3, 8, 8], mask: [2, 1] }), { image: [2, 3, 8, 8], mask: [2, 1] });
  assert.equal(inputShapes(two, { image: [2, 3, 8, 8] }), { image: [2, 3, 8, 8], mask: [2, 1] });
  assert.equal(inputShapes(one, {}), { x: [1, 3, 8, 8] });
  assert.equal(inputShapes({ title: "fixed", inputs: [{ name: "x", shape: [3] }] }, {}), { x: [3] });
});

test("what does not fit is refused, and says what does", () => {
  const refused = (wanted: RegExp, given: unknown, of: Pick<Network, "title" | "inputs"> = two): void => assert.throws(
    () => inputShapes(of, given as Shapes), wanted,
  );
  refused(/both: "imagee" is no input \(did you mean "image"\?\); there is \["image","mask"\]/, { imagee: [1, 3, 8, 8] });
  refused(/both: the shape of "image" must be said: it takes \[N,3,H,H\]/, {});
  refused(/any: the shape of "x" must be said$/, {}, { title: "any", inputs: [{ name: "x" }] });
  refused(/both: image wants shape \[N,3,H,H\] with N = 1, H = 8, got \[1,3,8,9\]/, { image: [1, 3, 8, 9] });
  refused(/both: mask wants shape \[N,1\] with N = 2, got \[1,1\]/, { image: [2, 3, 8, 8], mask: [1, 1] });
  refused(/one: x wants shape \[N,3,8,8\] with N = 1, got \[1,4,8,8\]/, { x: [1, 4, 8, 8] }, one);
  refused(/one: x wants shape \[N,3,8,8\], got \[1,3,8\]/, { x: [1, 3, 8] }, one);
  refused(/one: x wants whole numbers of at least 1 as sizes, got \[0,3,8,8\]/, { x: [0, 3, 8, 8] }, one);
  refused(/one: x wants a shape such as \[1,3,224,224\], got "8"/, { x: "8" }, one);
});

test("a module is a network of one input and one output; a graph one for its own shapes", () => {
  const model = createModel("se_resnet8", { classes: 5 }, null);
  const network = moduleNetwork(model);
  assert.equal([network.inputs, network.outputs], [[{ name: "input" }], ["output"]]);
  assert.equal([...network.parameters!().keys()], [...model.namedParameters().keys()]);
  assert.match(network.title, /^se_resnet8 \{"classes":5\}$/);
  assert.equal(network.lower({ input: [2, 3, 8, 8] }).outputs[0].shape, [2, 5]);
  const graph = lower(model, [1, 3, 8, 8]);
  const fixed = fixedNetwork(graph);
  assert.equal(fixed.inputs, [{ name: "input", shape: [1, 3, 8, 8] }]);
  assert.equal(fixed.outputs, ["fc"]);
  assert.is(fixed.lower({ input: [1, 3, 8, 8] }), graph);
  assert.is(fixed.lower({}), graph);
  assert.throws(() => fixed.lower({ input: [2, 3, 8, 8] }), /this graph: input wants shape \[1,3,8,8\], got \[2,3,8,8\]/);
});

test.run();
