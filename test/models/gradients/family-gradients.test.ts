/** Small members of the deep families in float64: the gradient of every parameter agrees with central differences. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import type { Shape } from "../../../src/tensor.ts";
import { checkAlong } from "./network-gradients.ts";
import { smooth } from "./smooth.ts";

const shuffle = { classes: 3, inChannels: 2, reduction: 2, blocks: [2, 2, 1] };
const tiny = { classes: 3, inChannels: 2, reduction: 2, dropout: 0 };
const vgg = { ...tiny, width: 2, units: 4 };
const grouped = { ...tiny, blocks: [1, 2, 1, 1], width: 2, groups: 2, groupWidth: 64 };
const dense = { ...tiny, blocks: [2, 2, 1, 2], width: 4, growth: 2 };

const mobile = { ...tiny, width: 0.1, depth: 0.2 };

const networks: [string, Record<string, unknown>, Shape][] = [
  ["se_vgg11_bn", vgg, [2, 2, 32, 32]],
  ["se_vgg11_bn", { ...vgg, placement: "stage" }, [2, 2, 32, 32]],
  ["vgg11", vgg, [2, 2, 32, 33]],
  ["seresnext50_32x4d", { ...grouped, zeroInit: false }, [2, 2, 32, 32]],
  ["legacy_seresnext50_32x4d", grouped, [2, 2, 32, 32]],
  ["senet154", { ...grouped, zeroInit: false }, [2, 2, 32, 40]],
  ["se_densenet121", { ...dense, placement: "both" }, [2, 2, 32, 32]],
  ["se_densenet121", dense, [2, 2, 29, 32]],
  ["se_shufflenet_v1", { ...shuffle, groups: 2, channels: [4, 16, 24, 32] }, [2, 2, 32, 32]],
  ["se_shufflenet_v2_x1_0", { ...shuffle, channels: [4, 8, 12, 16, 8] }, [2, 2, 32, 33]],
  ["tf_efficientnet_b0", mobile, [2, 2, 34, 33]],
  ["efficientnetv2_s", { ...mobile, depth: 0.1 }, [2, 2, 32, 33]],
  ["lcnet_050", { ...tiny, width: 0.1 }, [2, 2, 32, 40]],
  ["mobilenetv3_small_050", { ...tiny, width: 0.1 }, [2, 2, 32, 33]],
  ["regnety_002", { ...tiny, widths: [4, 8, 8, 12], blocks: [1, 1, 2, 1], groupWidth: 4, zeroInit: false }, [2, 2, 32, 33]],
  ["lraspp_mobilenet_v3_large", { classes: 3, inChannels: 2, reduction: 2, width: 0.1, head: 6 }, [2, 2, 33, 40]],
  [
    "ir_se50", { embedding: 4, inChannels: 2, width: 4, blocks: [1, 1, 1, 1], imageSize: 20, reduction: 2, dropout: 0 }, [3, 2, 20, 20],
  ],
  ["ghostnetv2_100", { ...tiny, width: 0.1 }, [2, 2, 33, 40]],
  ["ese_vovnet19b_dw", { ...tiny, layers: [4, 4, 6, 6], stages: [4, 6, 8, 8] }, [2, 2, 33, 32]],
  // Its SE normalises one number of each image: over two of them the answer does not move. Small, for it has 227 parameters.
  ["rexnet_100", { ...tiny, width: 0.1 }, [5, 2, 17, 16]],
  ["repvit_m0_9", { ...tiny, widths: [4, 6, 8, 8], blocks: [1, 1, 1, 1] }, [2, 2, 33, 40]],
  ["seresnextaa101d_32x8d", { ...grouped, zeroInit: false }, [2, 2, 32, 32]],
  ["resnetrs50", { ...tiny, blocks: [1, 2, 1, 1], width: 4, zeroInit: false }, [2, 2, 33, 32]],
  ["ecaresnet50t", { ...tiny, blocks: [1, 2, 1, 1], width: 4, zeroInit: false }, [2, 2, 33, 40]],
];

for (const [name, options, input] of networks) {
  test(`${name} ${JSON.stringify(options)}, input ${input.join("x")}`, () => {
    assert.equal(checkAlong(createModel(name, options).use(smooth), input), []);
  });
}

test.run();
