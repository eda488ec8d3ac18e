/** Padding that differs between the sides of an image, TensorFlow's "same" above all. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { conv2dShape, pool2dShape } from "../../../kernels/shapes.ts";
import { SqueezeExcite } from "../../../src/nn/attention/squeeze-excite.ts";
import { Residual, Sequential } from "../../../src/nn/combinators.ts";
import { HardSwish, ReLU } from "../../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../../src/nn/layers/batch-norm.ts";
import { Conv2d, ConvTranspose2d } from "../../../src/nn/layers/conv.ts";
import { AveragePool2d, MaxPool2d } from "../../../src/nn/layers/pooling.ts";
import { compileSync } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { draw, stir } from "../../support/random.ts";
import { everywhere } from "./everywhere.ts";

test("same padding is TensorFlow's: the odd pixel at the bottom and right", () => {
  const padding = (size: number, kernel: number, stride: number, dilation = 1): number[] => {
    const s = conv2dShape(1, 1, size, size + 1, 1, { kernel, stride, dilation, padding: "same" });
    assert.equal([s.outHeight, s.outWidth], [Math.ceil(size / stride), Math.ceil((size + 1) / stride)]);
    return [s.paddingTop, s.paddingBottom, s.paddingLeft, s.paddingRight];
  };
  assert.equal(padding(224, 3, 2), [0, 1, 1, 1]);
  assert.equal(padding(112, 5, 2), [1, 2, 2, 2]);
  assert.equal(padding(7, 5, 1), [2, 2, 2, 2]);
  assert.equal(padding(6, 2, 1), [0, 1, 0, 1]);
  assert.equal(padding(4, 1, 2), [0, 0, 0, 0]);
  assert.equal(padding(9, 3, 2, 2), [2, 2, 1, 2]);
  const pool = pool2dShape(1, 1, 8, 7, { kernel: 3, stride: 2, padding: "same" });
  assert.equal([pool.paddingTop, pool.paddingLeft, pool.paddingBottom, pool.paddingRight], [0, 1, 1, 1]);
});

test("what is no padding is refused", () => {
  const conv = (padding: unknown): unknown => new Conv2d(2, 2, { kernel: 3, padding: padding as never });
  assert.throws(() => conv([1, -1, 0, 0]), /conv2d: padding wants a whole number of at least 0, got -1/);
  assert.throws(() => conv([1, 1, 1]), /conv2d: padding wants 1, 2 or 4 numbers or "same", got 1,1,1/);
  assert.throws(() => conv("valid"), /conv2d: padding wants 1, 2 or 4 numbers or "same", got valid/);
  assert.throws(() => new ConvTranspose2d(2, 2, { kernel: 3, padding: "same" }), /convTranspose2d: padding wants numbers, got same/);
  assert.throws(() => new MaxPool2d({ kernel: 2, padding: [0, 0, 0, 2] }), /pool2d: padding wants at most 1x1, got 0x0x0x2/);
});

test("a convolution padded on four sides is one of the padded image", () => {
  const [height, width, sides] = [6, 5, [2, 0, 1, 3] as const];
  const x = draw([2, 3, height, width]);
  const model = new Sequential(new Conv2d(3, 4, { kernel: 3, stride: 2, padding: sides }));
  const bare = new Sequential(new Conv2d(3, 4, { kernel: 3, stride: 2 }));
  stir(model, 3);
  stir(bare, 3);
  const padded = Tensor.zeros([2, 3, height + 3, width + 3]);
  for (let i = 0; i < x.size; i++) {
    const [column, row, image] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    padded.data[(image * (height + 3) + row + sides[0]) * (width + 3) + column + sides[1]] = x.data[i];
  }
  assert.equal(model.forward(x), bare.forward(padded));
});

const norm = (channels: number): BatchNorm2d => new BatchNorm2d(channels);

/** Each kernel family: of places, depthwise, of pixels with a stride, pools, one before a residual sum; with SE. */
everywhere("a network with same padding", () => new Sequential(
  new Conv2d(2, 6, { kernel: 3, stride: 2, padding: "same", bias: false }), norm(6), new HardSwish(),
  new Conv2d(6, 6, { kernel: 5, stride: 2, padding: "same", groups: 6, bias: false }), norm(6), new ReLU(),
  new SqueezeExcite(6, { reduction: 2 }),
  new Residual(
    new Sequential(
      new Conv2d(6, 6, { kernel: 2, padding: "same" }), new ReLU(), new Conv2d(6, 6, { kernel: 3, padding: "same", dilation: 2 }),
    ),
  ),
  new MaxPool2d({ kernel: 2, stride: 1, padding: "same" }),
  new AveragePool2d({ kernel: 3, stride: 2, padding: "same", countPadding: false }),
), { inputs: [[3, 2, 16, 16], [3, 2, 17, 18]] });

everywhere("four sides of their own", () => new Sequential(
  new Conv2d(2, 8, { kernel: [3, 2], padding: [0, 1, 2, 0], groups: 2 }), new ReLU(),
  new ConvTranspose2d(8, 4, { kernel: 3, stride: 2, padding: [1, 0, 0, 1] }), new ReLU(),
  new AveragePool2d({ kernel: 3, stride: 1, padding: [2, 0, 1, 1] }),
), { inputs: [[2, 2, 7, 6]], plainWhereExact: ["conv_transpose2d"] });

everywhere("pools with gaps", () => new Sequential(
  new Conv2d(2, 4, { kernel: 1 }), new MaxPool2d({ kernel: 2, stride: 1, dilation: 2, padding: [1, 0, 0, 1] }),
), { inputs: [[2, 2, 7, 6]], plain: ["max_pool"] });

test("no values are copied to pad them", () => {
  const model = stir(
    new Sequential(
      new Conv2d(3, 8, { kernel: 3, stride: 2, padding: "same" }), new Conv2d(8, 8, { kernel: 5, stride: 2, padding: "same", groups: 8 }),
    ),
  );
  const { plan } = compileSync(model.evaluate(), { input: [1, 3, 32, 32] });
  assert.equal(plan.match(/conv2d/g)?.length, 2);
  assert.not(/pad/.test(plan.replaceAll(/f32_\w+/g, "")));
});

test.run();
