/** Small members of the deep families in float64: the gradient of every parameter agrees with central differences. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import type { Shape } from "../../src/tensor.ts";
import { checkNetwork } from "./network-gradients.ts";
import { smooth } from "./smooth.ts";

const tiny = { classes: 3, inChannels: 2, reduction: 2, dropout: 0 };
const vgg = { ...tiny, width: 2, units: 4 };

const networks: [string, Record<string, unknown>, Shape][] = [
  ["se_vgg11_bn", vgg, [2, 2, 32, 32]],
  ["se_vgg11_bn", { ...vgg, placement: "stage" }, [2, 2, 32, 32]],
  ["vgg11", vgg, [2, 2, 32, 33]],
];

for (const [name, options, input] of networks) {
  test(`${name} ${JSON.stringify(options)}, input ${input.join("x")}`, () => {
    assert.equal(checkNetwork(createModel(name, options).use(smooth), input, { most: 1 }), []);
  });
}

test.run();
