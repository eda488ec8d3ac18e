/**
 * No sum of 32 bits can overflow, by bound, in any convolution of any model, whatever its weights and the images it is measured on; where
 * one could, it is said in one line before anything runs.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel, modelNames } from "../../models/index.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Composite } from "../../src/nn/module.ts";
import { stateShapes } from "../../src/nn/state-dict.ts";
import { quantise } from "../../src/quantise/quantise.ts";
import { MOST_BIAS } from "../../src/quantise/weights.ts";
import { Tensor, sizeOf } from "../../src/tensor.ts";
import { saying } from "../support/errors.ts";

const MOST = 127;

test("every convolution of every model stays within 32 bits, whatever its numbers", () => {
  let largest = 0;
  for (const name of modelNames) {
    for (const [weight, shape] of stateShapes(createModel(name, {}, null))) {
      if (shape.length !== 4) continue;
      // The bias; what the zero point adds to it; and the products: all at their ends.
      const bound = MOST_BIAS + 2 * MOST * MOST * sizeOf(shape.slice(1));
      assert.ok(bound < 2 ** 31, `${name}: ${weight} could reach ${bound}`);
      largest = Math.max(largest, bound);
    }
  }
  assert.ok(largest > MOST_BIAS + 2 * MOST * MOST * 4608, "VGG's convolutions of 512 channels are among them");
});

class Wide extends Composite {
  readonly conv: Conv2d;
  readonly body: Conv2d;
  constructor(inputs: number) {
    super();
    this.conv = new Conv2d(inputs, 1, { kernel: 1 });
    this.body = this.conv;
  }
}

test("a layer whose sums could overflow is named", () => {
  const model = new Wide(140_000);
  for (const { value } of model.namedParameters().values()) value.data.fill(0.01);
  const image = new Tensor(new Float32Array(280_000).fill(1), [1, 140_000, 2, 1]);
  assert.throws(
    () => quantise(model, image, { reported: 0 }),
    saying("quantise: sums of conv.weight, output channel 0, could leave 32 bits; keep this layer in float32"),
  );
});

test.run();
