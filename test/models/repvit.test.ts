/** RepViT in its two forms: branches apart, as it is trained, and one convolution each, as sessions run it and timm's fuse() leaves it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { MergedBranches } from "../../src/nn/layers/merged-branches.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Identity } from "../../src/nn/layers/reshape.ts";
import { lower } from "../../src/nn/lower.ts";
import { stateShapes } from "../../src/nn/state-dict.ts";
import { compileSync } from "../../src/session/session.ts";
import { difference } from "../support/compare.ts";
import { draw, stir } from "../support/random.ts";

const small = { classes: 5, inChannels: 2, widths: [8, 12, 16, 20], blocks: [2, 1, 2, 1] };

test("fused: the tensors of timm's network after fuse()", () => {
  const model = createModel("repvit_m0_9", { fused: true }, null);
  assert.is(model.parameterCount(), 5_067_056);
  const shapes = stateShapes(model);
  assert.is(shapes.size, 208);
  for (const [name, shape] of [
    ["stem.conv1.weight", [24, 3, 3, 3]], ["stages.0.blocks.0.token_mixer.weight", [48, 1, 3, 3]],
    ["stages.0.blocks.0.se.fc1.bias", [16]], ["stages.1.downsample.pre_block.token_mixer.bias", [48]],
    ["stages.1.downsample.spatial_downsample.weight", [48, 1, 3, 3]], ["stages.1.downsample.ffn.conv2.bias", [96]],
    ["head.weight", [1000, 384]],
  ] as const) assert.equal(shapes.get(name), shape, name);
});

test("sessions compute three branches as one convolution, and follow the weights", () => {
  const model = stir(createModel("repvit_m0_9", small)).evaluate();
  const x = draw([2, 2, 33, 40]);
  const [run, trained] = [lower(model, x.shape), createModel("repvit_m0_9", { ...small, fused: true }, null)];
  const depthwise = ({ operation }: { readonly operation: { readonly kind: string; readonly groups?: number } }): boolean =>
    operation.kind === "conv2d" && (operation.groups ?? 1) > 1;
  assert.is(run.nodes.filter(depthwise).length, lower(trained, x.shape).nodes.filter(depthwise).length);
  for (const kernels of ["plain", "wasm"] as const) {
    const session = compileSync(model, { input: x.shape, kernels });
    assert.ok(difference(session.run(x).data, model.forward(x).data) < 1e-5, kernels);
    for (const { value } of model.parameters()) value.data[0] += 0.05;
    session.refresh();
    assert.ok(difference(session.run(x).data, model.forward(x).data) < 1e-5, `${kernels}, after refresh`);
  }
});

test("branches that are no one convolution are refused", () => {
  const conv = (kernel: number, stride: number = 1, padding: number = (kernel - 1) / 2): Conv2d =>
    new Conv2d(2, 2, { kernel, stride, padding });
  const merged = (...convs: Conv2d[]): unknown => new MergedBranches(new Identity(), convs.map((each) => ({ conv: each })), true);
  assert.throws(() => merged(conv(3), conv(1, 2)), /MergedBranches: Conv2d 2->2, 1x1, stride 2x2 is not like Conv2d 2->2, 3x3/);
  assert.throws(() => merged(conv(3, 1, 0)), /is not like/);
  assert.throws(() => merged(conv(3, 2)), /a shortcut wants stride 1 and as many channels out as in/);
});

test.run();
