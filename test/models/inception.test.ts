/**
 * Inception networks: where SE stands, and gradients of small members. Counts, sessions and PyTorch's logits stand with the other
 * families'.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { SqueezeExcite } from "../../src/nn/attention/squeeze-excite.ts";
import { checkAlong } from "./gradients/network-gradients.ts";
import { smooth } from "./gradients/smooth.ts";

/** Paths of SE blocks, with their channels and hidden widths. */
function blocks(name: string): string[] {
  return [...createModel(name, {}, null).namedModules()].flatMap(
    ([path, m]) => (m instanceof SqueezeExcite ? [`${path} ${m.channels} ${m.hidden}`] : []),
  );
}

test("SE-BN-Inception: after every module, the stride-2 ones too, with the authors' widths", () => {
  assert.equal(blocks("se_bn_inception"), [
    "inception3a.se 256 16", "inception3b.se 320 20", "inception3c.se 576 36", "inception4a.se 576 36", "inception4b.se 576 36",
    "inception4c.se 608 38", "inception4d.se 608 38", "inception4e.se 1056 66", "inception5a.se 1024 64", "inception5b.se 1024 64",
  ]);
});

test("SE-GoogLeNet: after each of the nine modules", () => {
  assert.equal(blocks("se_googlenet"), [
    "inception3a.se 256 16", "inception3b.se 480 30", "inception4a.se 512 32", "inception4b.se 512 32", "inception4c.se 512 32",
    "inception4d.se 528 33", "inception4e.se 832 52", "inception5a.se 832 52", "inception5b.se 1024 64",
  ]);
});

const tiny = { classes: 3, inChannels: 2, width: 1 / 48, reduction: 2, dropout: 0 };

for (const [name, input] of [["se_bn_inception", [3, 2, 32, 32]], ["se_googlenet", [3, 2, 17, 33]]] as const) {
  test(`${name}: gradients`, () => {
    assert.equal(checkAlong(createModel(name, tiny).use(smooth), input), []);
  });
}

test.run();
