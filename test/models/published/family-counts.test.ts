/**
 * Parameters and multiply-accumulates of the families of the SE paper and of those that users put SE into, against published
 * counts and the paper's printed figures. Which convention gives which figure: docs/families.md.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { summarise } from "../../../src/nn/summary.ts";
import type { Summary } from "../../../src/nn/summary.ts";
import { sizeOf } from "../../../src/tensor.ts";

function count(name: string, options: Record<string, unknown> = {}): Summary {
  return summarise(createModel(name, options, null), [1, 3, 224, 224]);
}

/** Name, options, parameters; millions of multiply-accumulates of convolution and linear layers, of SE's layers, of the scale. */
const published: [string, Record<string, unknown>, number, number, number, number][] = [
  ["vgg11", {}, 132_863_336, 7609.09, 0, 0],
  ["vgg11_bn", {}, 132_868_840, 7609.09, 0, 0],
  ["vgg13", {}, 133_047_848, 11308.47, 0, 0],
  ["vgg13_bn", {}, 133_053_736, 11308.47, 0, 0],
  ["vgg16", {}, 138_357_544, 15470.26, 0, 0],
  ["vgg16_bn", {}, 138_365_992, 15470.26, 0, 0],
  ["vgg19", {}, 143_667_240, 19632.06, 0, 0],
  ["vgg19_bn", {}, 143_678_248, 19632.06, 0, 0],
  ["se_vgg16_bn", {}, 138_596_784, 15470.26, 0.226, 13.55],
  ["se_vgg16_bn", { placement: "stage" }, 138_443_844, 15470.26, 0.076, 6.12],
  ["resnext50_32x4d", {}, 25_028_904, 4230.48, 0, 0],
  ["seresnext50_32x4d", {}, 27_559_896, 4230.48, 2.515, 5.519],
  ["legacy_seresnext50_32x4d", {}, 27_559_896, 4230.48, 2.515, 5.519],
  ["resnext101_32x4d", {}, 44_177_704, 7970, 0, 0],
  ["seresnext101_32x4d", {}, 48_955_416, 7970, 4.74, 8.93],
  ["legacy_seresnext101_32x4d", {}, 48_955_416, 7970, 4.74, 8.93],
  ["senet154", {}, 115_088_984, 20681.79, 6.578, 13.146],
  ["legacy_senet154", {}, 115_088_984, 20681.79, 6.578, 13.146],
  ["densenet121", {}, 7_978_856, 2834.16, 0, 0],
  ["densenet169", {}, 14_149_480, 3359.84, 0, 0],
  ["se_densenet121", {}, 8_284_952, 2834.16, 0.303, 1.455],
  ["se_densenet121", { placement: "both" }, 8_328_912, 2834.16, 0.346, 1.63],
  ["se_densenet121", { placement: "transition" }, 8_022_816, 2834.16, 0.043, 0.176],
  ["shufflenet_v1", {}, 1_865_728, 137.46, 0, 0],
  ["se_shufflenet_v1", {}, 2_484_533, 137.46, 0.61, 1.604],
  ["shufflenet_v1", { bias: false }, 1_864_728, 137.46, 0, 0],
  ["se_shufflenet_v1", { seBias: false }, 2_476_144, 137.46, 0.61, 1.604],
  ["bn_inception", {}, 11_285_224, 2032.6, 0, 0],
  ["se_bn_inception", {}, 11_931_622, 2032.6, 0.639, 1.181],
  ["googlenet", {}, 6_624_904, 1498.38, 0, 0],
  ["se_googlenet", {}, 7_105_007, 1498.38, 0.474, 1.236],
  ["shufflenet_v2_x0_5", {}, 1_366_792, 40, 0, 0],
  ["shufflenet_v2_x1_0", {}, 2_278_604, 145, 0, 0],
  ["shufflenet_v2_x1_5", {}, 3_503_624, 296, 0, 0],
  ["shufflenet_v2_x2_0", {}, 7_393_996, 583, 0, 0],
];

/** To the last digit that is printed. */
function equalsPrinted(actual: number, printed: number, what: string): void {
  const digits = String(printed).split(".")[1]?.length ?? 0;
  assert.is(Number((actual / 1e6).toFixed(digits)), printed, what);
}

for (const [name, options, parameters, macs, seMacs, scaleMacs] of published) {
  test(`${name} ${JSON.stringify(options)} has the published counts`, () => {
    const s = count(name, options);
    assert.is(s.parameters, parameters);
    equalsPrinted(s.macs, macs, "multiply-accumulates");
    equalsPrinted(s.seMacs, seMacs, "multiply-accumulates of SE");
    equalsPrinted(s.scaleMacs, scaleMacs, "multiplications of the scale");
    assert.is(s.gapAdds, s.scaleMacs, "the squeeze adds what the scale multiplies");
    assert.equal(s.output, [1, 1000]);
  });
}

/** Billions, with so many digits. */
function billions(n: number, digits: number = 2): string {
  return (n / 1e9).toFixed(digits);
}

/** How many values go through a normalisation. */
function normalised({ layers }: Summary): number {
  return layers.filter(({ layer }) => layer.startsWith("BatchNorm2d")).reduce((sum, { output }) => sum + sizeOf(output), 0);
}

// In both placements.
test("the paper's 15.47 G of VGG-16 are convolution and linear layers; its 15.48 G have excitation and scale too", () => {
  for (const placement of ["conv", "stage"]) {
    const s = count("se_vgg16_bn", { placement });
    assert.is(billions(s.macs), "15.47");
    assert.is(billions(s.macs + s.seMacs + s.scaleMacs), "15.48");
  }
});

test("the paper's figures of ResNeXt, 4.24, 7.99, with SE 4.25 and 8.00 G, have one operation for every normalised value", () => {
  const printed = { resnext50_32x4d: "4.24", resnext101_32x4d: "7.99", seresnext50_32x4d: "4.25", seresnext101_32x4d: "8.00" };
  for (const [name, wanted] of Object.entries(printed)) {
    const s = count(name);
    assert.is(billions(s.macs + s.seMacs + s.scaleMacs + normalised(s)), wanted, name);
  }
});

// 140 M and with SE 142 M, 1.8 M and 2.4 M parameters.
test("the paper's figures of ShuffleNet have one operation for every normalised value and are cut off", () => {
  for (const [name, printed, parameters] of [["shufflenet_v1", 140, 18], ["se_shufflenet_v1", 142, 24]] as const) {
    const s = count(name);
    assert.is(Math.floor((s.macs + s.seMacs + s.scaleMacs + normalised(s)) / 1e6), printed);
    assert.is(Math.floor(s.parameters / 1e5), parameters);
  }
});

test("SENet-154 without SE is the option se: false", () => {
  for (const name of ["senet154", "legacy_senet154"]) {
    const s = count(name);
    assert.is(s.parameters - s.seParameters, count(name, { se: false }).parameters);
  }
});

test.run();
