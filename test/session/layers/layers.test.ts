/** Layers of newer networks, each wherever it can run. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SqueezeExcite } from "../../../src/nn/attention/squeeze-excite.ts";
import { PartialResidual, Residual, Sequential } from "../../../src/nn/combinators.ts";
import { GELU, ReLU6, SiLU } from "../../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../../src/nn/layers/batch-norm.ts";
import { Conv2d } from "../../../src/nn/layers/conv.ts";
import { BlurPool2d, Pad2d } from "../../../src/nn/layers/pad.ts";
import { MaxPool2d } from "../../../src/nn/layers/pooling.ts";
import { PReLU } from "../../../src/nn/layers/prelu.ts";
import { loadStateDict, stateDict } from "../../../src/nn/state-dict.ts";
import { compileSync } from "../../../src/session/session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { agree } from "../../support/compare.ts";
import { draw, stir } from "../../support/random.ts";
import { everywhere } from "./everywhere.ts";

for (const approximate of ["none", "tanh"] as const) {
  everywhere(`GELU, ${approximate}`, () => new Sequential(
    new Conv2d(3, 6, { kernel: 3, padding: 1 }), new GELU(approximate),
    new Conv2d(6, 5, { kernel: 1, bias: false }), new BatchNorm2d(5), new GELU(approximate),
    new Residual(new Sequential(new Conv2d(5, 10, { kernel: 1 }), new GELU(approximate), new Conv2d(10, 5, { kernel: 1 }))),
    new GELU(approximate),
  ), { inputs: [[3, 3, 6, 5]] });
}

everywhere("PReLU", () => new Sequential(
  new Conv2d(2, 7, { kernel: 3, padding: 1 }), new PReLU(7), new Conv2d(7, 5, { kernel: 3, stride: 2, padding: 1, bias: false }),
  new BatchNorm2d(5), new PReLU(5, 0.1),
), { inputs: [[3, 2, 7, 6], [2, 2, 5, 9]] });

/** ReXNet's block: SE with normalised hidden units, an activation after it, a sum over the first channels. */
const rexnet = (from: number, to: number, stride: number): Sequential => {
  const wide = 4 * from;
  const branch = new Sequential(
    new Conv2d(from, wide, { kernel: 1, bias: false }), new BatchNorm2d(wide), new SiLU(),
    new Conv2d(wide, wide, { kernel: 3, stride, padding: 1, groups: wide, bias: false }), new BatchNorm2d(wide),
    new SqueezeExcite(wide, { hidden: 3, norm: true }), new ReLU6(),
    new Conv2d(wide, to, { kernel: 1, bias: false }), new BatchNorm2d(to));
  return new Sequential(stride === 1 ? new PartialResidual(branch) : branch);
};

everywhere("ReXNet's blocks", () => new Sequential(
  new Conv2d(3, 5, { kernel: 3, padding: 1 }), rexnet(5, 7, 1), rexnet(7, 7, 1), rexnet(7, 9, 2),
), {
  inputs: [[4, 3, 8, 6]],
});

everywhere("subsampling as a shortcut", () => new Sequential(
  new Conv2d(2, 6, { kernel: 3, padding: 1 }),
  new Residual(
    new Sequential(new Conv2d(6, 6, { kernel: 3, stride: 2, padding: 1, bias: false }), new BatchNorm2d(6)),
    new MaxPool2d({ kernel: 1, stride: 2 }),
  ),
), { inputs: [[3, 2, 8, 7]] });

everywhere("blur pooling", () => new Sequential(
  new Conv2d(2, 6, { kernel: 3, padding: 1 }), new BlurPool2d(), new Conv2d(6, 5, { kernel: 1 }), new BlurPool2d(4, 2),
), {
  inputs: [[2, 2, 9, 12]],
});

for (const mode of ["constant", "edge", "reflect", "wrap"] as const) {
  everywhere(
    `padding, ${mode}`,
    () => new Sequential(new Conv2d(2, 3, { kernel: 1 }), new Pad2d([2, 1, 0, 3], mode), new Conv2d(3, 4, { kernel: 3 })),
    { inputs: [[2, 2, 5, 4]] },
  );
}

/**
 * Group widths of RegNetY, from 8 to 232 in their 32-channel-or-narrower part; no width that vectors of four or panels of 16 divide evenly
 * is left to itself.
 */
for (const [width, groups] of [[8, 3], [16, 2], [24, 2], [1, 5], [2, 4], [3, 3], [5, 2], [12, 2], [29, 1], [58, 2]]) {
  everywhere(`groups of ${width}`, () => new Sequential(
    new Conv2d(2, width * groups, { kernel: 1 }),
    new Conv2d(width * groups, width * groups, { kernel: 3, stride: 2, padding: 1, groups, bias: false }),
    new BatchNorm2d(width * groups), new SiLU(),
  ), { inputs: [[2, 2, 7, 6]] });
}

test("folding: normalisation inside SE goes into its first layer, gates and sums into convolutions", () => {
  const { plan } = compileSync(stir(rexnet(5, 7, 1)).evaluate(), { input: [1, 5, 8, 8] });
  assert.is(plan.match(/batch_norm/g), null);
  assert.is(plan.match(/^conv2d/gm)?.length, 5);
  // The gate and what follows it are one pass over the image.
  assert.is(plan.match(/^scale/gm)?.length, 1);
  assert.is(plan.match(/^activation/gm), null);
});

test("PReLU's slopes are parameters: saved, loaded, and taken over by refresh", () => {
  const model = stir(new Sequential(new Conv2d(2, 3, { kernel: 1 }), new PReLU(3))).evaluate();
  assert.equal([...stateDict(model).keys()], ["0.weight", "0.bias", "1.weight"]);
  const session = compileSync(model, { input: [1, 2, 4, 4] });
  const other = stir(new Sequential(new Conv2d(2, 3, { kernel: 1 }), new PReLU(3)), 11).evaluate();
  loadStateDict(model, stateDict(other));
  session.refresh();
  const x = draw([1, 2, 4, 4]);
  agree(session.run(x), other.forward(x), 1e-6, "after refresh");
});

test("errors say what is wanted", () => {
  assert.throws(() => new PReLU(3).forward(Tensor.zeros([1, 4, 2, 2])), /PReLU 3: input wants \[batch,3,...\], got \[1,4,2,2\]/);
  assert.throws(() => new PReLU(0), /channels: channels wants a whole number of at least 1, got 0/);
  assert.throws(
    () => new Pad2d(2, "reflect").forward(Tensor.zeros([1, 1, 2, 5])), /pad: reflecting 2x2x2x2 pixels wants a larger image, got 2x5/,
  );
  assert.throws(() => new Pad2d(-1), /pad: padding wants a whole number of at least 0, got -1/);
  assert.throws(() => new BlurPool2d(1), /BlurPool2d: size wants a whole number of at least 2 and at most 64, got 1/);
  const narrow = new PartialResidual(new Conv2d(5, 3, { kernel: 1 }));
  assert.throws(
    () => narrow.outputShape([1, 5, 2, 2]),
    /PartialResidual: \[1,5,2,2\] wants a branch of at least as many channels and its size, got \[1,3,2,2\]/,
  );
});

test.run();
