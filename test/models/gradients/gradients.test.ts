/** Whole small networks of each family in float64: every parameter's gradient agrees with central differences. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../../kernels/reference/index.ts";
import { createModel } from "../../../models/index.ts";
import { SqueezeExcite } from "../../../src/nn/attention/squeeze-excite.ts";
import type { SqueezeExciteOptions } from "../../../src/nn/attention/squeeze-excite.ts";
import type { Shape } from "../../../src/tensor.ts";
import { checkAlong, checkNetwork } from "./network-gradients.ts";
import { smooth } from "./smooth.ts";

const blocks: SqueezeExciteOptions[] = [
  { reduction: 2 },
  { hidden: 3, bias: false },
  { reduction: 4, rounding: "divisible" },
  { reduction: 2, squeeze: "max" },
  { reduction: 2, gate: "hard_sigmoid", inner: "silu" },
  { reduction: 2, gate: "tanh", inner: "hard_swish" },
  { reduction: 2, gate: "relu", inner: "leaky_relu" },
];

for (const options of blocks) {
  test(`SqueezeExcite ${JSON.stringify(options)}`, () => {
    assert.equal(checkNetwork(new SqueezeExcite(6, options).use(reference), [2, 6, 3, 5], { most: 1000 }), []);
  });
}

const small = { classes: 3, inChannels: 2, width: 2, reduction: 2 };
const narrow = { classes: 3, inChannels: 2, width: 0.05, smallImages: true, dropout: 0 };

const deep = new Set(["seresnet50", "se_mobilenet_v1", "se_mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"]);

const networks: [string, Record<string, unknown>, Shape][] = [
  ...["standard", "pre", "post", "identity", "3x3"].map((position): [string, Record<string, unknown>, Shape] =>
    ["se_resnet8", { ...small, position }, [3, 2, 9, 7]]),
  ["resnet8", { classes: 3, inChannels: 2, width: 2 }, [3, 2, 8, 8]],
  ["seresnet18", { ...small, zeroInit: false }, [2, 2, 32, 35]],
  ["seresnet50", { ...small, zeroInit: false, width: 2, position: "3x3", squeeze: "max" }, [2, 2, 32, 32]],
  ["se_mobilenet_v1", { ...narrow, reduction: 4 }, [2, 2, 16, 16]],
  ["se_mobilenet_v1", { ...narrow, reduction: 4, position: "depthwise", activation: "relu6" }, [2, 2, 16, 16]],
  ["se_mobilenet_v2", { ...narrow, reduction: 4 }, [2, 2, 16, 16]],
  ["mobilenet_v3_small", narrow, [2, 2, 16, 16]],
  ["mobilenet_v3_large", narrow, [2, 2, 16, 16]],
];

for (const [name, options, input] of networks) {
  test(`${name} ${JSON.stringify(options)}, input ${input.join("x")}`, () => {
    const model = createModel(name, options);
    assert.equal(deep.has(name) ? checkAlong(model.use(smooth), input) : checkNetwork(model, input, { most: 3 }), []);
  });
}

for (const [name, options] of [["se_mobilenet_v1", { ...narrow, reduction: 4 }], ["mobilenet_v3_small", narrow]] as const) {
  test(`${name} with its own functions and frozen normalisation`, () => {
    assert.equal(checkNetwork(createModel(name, options), [2, 2, 16, 16], { most: 1, train: false }), []);
  });
}

test("se_resnet8 with frozen normalisation", () => {
  assert.equal(checkNetwork(createModel("se_resnet8", small), [3, 2, 8, 8], { most: 6, train: false }), []);
});

test("se_resnet8, every single parameter", () => {
  assert.equal(
    checkNetwork(createModel("se_resnet8", { ...small, width: 1, reduction: 1 }).use(reference), [3, 2, 5, 5], { most: 10000 }), [],
  );
});

test("a dropped term makes this fail", () => {
  // The second term of dx: without what the squeeze sends back, dx and every parameter below it are wrong.
  const broken = { ...reference, globalAveragePoolBackward: (): void => {} };
  const complaints = checkNetwork(createModel("se_resnet8", small).use(broken), [3, 2, 8, 8], { most: 4 });
  assert.ok(complaints.some((line) => line.startsWith("input")), complaints.join("; "));
});

test("so does a wrong factor in one layer of a deep network, and it is named", () => {
  const options = { ...narrow, reduction: 4 };
  const model = createModel("se_mobilenet_v1", options).use(smooth);
  const gate = [...model.tree()].filter((module) => module instanceof SqueezeExcite)[3];
  const wrong: typeof reference.globalAveragePoolBackward = (dx, dy, shape) => {
    reference.globalAveragePoolBackward(dx, dy.map((g) => 1.001 * g), shape);
  };
  gate.use({ ...smooth, globalAveragePoolBackward: wrong });
  const complaints = checkAlong(model, [2, 2, 16, 16]);
  assert.ok(complaints.length > 0 && complaints.every((line) => / off /.test(line)), complaints.join("; "));
});

test.run();
