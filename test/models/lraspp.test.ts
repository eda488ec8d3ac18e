/** LR-ASPP: a class for each pixel, from two resolutions of one backbone (its logits: published/second.test.ts). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel, modelOfWeights, usualInput, usualPreprocessing } from "../../models/index.ts";
import { classCount } from "../../src/nn/class-count.ts";
import { stateShapes } from "../../src/nn/state-dict.ts";
import { compileSync } from "../../src/session/session.ts";
import { difference } from "../support/compare.ts";
import { draw, stir } from "../support/random.ts";
import { sessionError } from "./session-agreement.ts";

const name = "lraspp_mobilenet_v3_large";
const small = { classes: 4, width: 0.25, head: 8, reduction: 2 };

test("the answer is as large as the image, whatever its size", () => {
  const model = createModel(name, small, null);
  for (const [height, width] of [[64, 64], [33, 47], [1, 1], [8, 200]]) {
    assert.equal(model.outputShape([2, 3, height, width]), [2, 4, height, width]);
  }
  assert.equal(usualInput(model), [1, 3, 520, 520]);
  assert.is(classCount(model), 4);
  assert.is(classCount(createModel(`torchvision/${name}`, {}, null)), 21);
  assert.equal(usualPreprocessing(name).resize, 520);
});

test("sessions give the eager answer at small, odd and long images", () => {
  const model = stir(createModel(name, { ...small, inChannels: 2 }));
  for (const [height, width] of [[33, 47], [16, 16], [8, 90], [1, 1]]) {
    for (const kernels of ["plain", "wasm"] as const) {
      const error = sessionError(model, [2, 2, height, width], kernels);
      assert.ok(error < 1e-5, `${kernels} at ${height}x${width}: off by ${error}`);
    }
  }
});

test("the last stage keeps its size by dilation, and its weights are told from MobileNetV3's", () => {
  const model = stir(createModel(name, small));
  const at = (path: string) => [...model.namedModules()].find(([each]) => each === path)![1];
  assert.match(at("backbone.13.block.1.0").describe(), /5x5.*dilation 2/);
  assert.not.match(at("backbone.13.block.1.0").describe(), /stride 2/);
  assert.match(at("backbone.12.block.1.0").describe(), /3x3/);
  assert.not.match(at("backbone.12.block.1.0").describe(), /dilation/);
  assert.is(modelOfWeights(stateShapes(model)), name);
});

test("without SE, and of one class", () => {
  const model = stir(createModel(name, { ...small, se: false, classes: 1 }));
  const x = draw([1, 3, 40, 40]);
  const answer = compileSync(model.evaluate(), { input: x.shape, numerics: "fast" }).run(x);
  assert.ok(difference(answer.data, model.forward(x).data) < 1e-3);
  assert.throws(() => createModel(name, { head: 0 }), /lraspp_mobilenet_v3_large: option "head" wants a whole number of at least 1, got 0/);
});

test.run();
