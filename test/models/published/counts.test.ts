/** Names, shapes, parameters and multiply-accumulates, against published figures (the SE paper, timm, torchvision). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel, modelNames, usualInput } from "../../../models/index.ts";
import { BatchNorm2d } from "../../../src/nn/layers/batch-norm.ts";
import { stateShapes } from "../../../src/nn/state-dict.ts";
import { summarise } from "../../../src/nn/summary.ts";
import { hasNoTwins } from "../small-networks.ts";
import { manifest, manifestNames } from "../../fixtures/manifests.ts";

const photograph = [1, 3, 224, 224];

/** Parameters; millions of multiply-accumulates of convolution and linear layers, of SE's layers, of the scale. */
const published: [string, number, number, number, number][] = [
  ["resnet18", 11_689_512, 1814.07, 0, 0],
  ["resnet34", 21_797_672, 3663.76, 0, 0],
  ["resnet50", 25_557_032, 4089.18, 0, 0],
  ["resnet101", 44_549_160, 7801.4, 0, 0],
  ["resnet152", 60_192_808, 11513.6, 0, 0],
  ["seresnet18", 11_779_624, 1814.07, 0.088, 0.753],
  ["seresnet34", 21_960_416, 3663.76, 0.159, 1.38],
  ["seresnet50", 28_088_024, 4089.18, 2.515, 5.519],
  ["seresnet101", 49_326_872, 7801.4, 4.74, 8.93],
  ["seresnet152", 66_821_848, 11513.6, 6.58, 13.15],
  ["legacy_seresnet18", 11_778_592, 1814.07, 0.087, 0.753],
  ["legacy_seresnet34", 21_958_868, 3663.76, 0.157, 1.38],
  ["legacy_seresnet50", 28_088_024, 3857.97, 2.515, 5.519],
  ["legacy_seresnet101", 49_326_872, 7570.2, 4.74, 8.93],
  ["legacy_seresnet152", 66_821_848, 11282.4, 6.58, 13.15],
  ["mobilenet_v1", 4_231_976, 568.74, 0, 0],
  ["se_mobilenet_v1", 4_718_044, 568.74, 0.48, 2.71],
  ["mobilenet_v2", 3_504_872, 300.77, 0, 0],
  ["mobilenet_v3_large", 5_483_032, 215.08, 1.507, 0.597],
  ["mobilenet_v3_small", 2_542_856, 56.05, 0.459, 0.285],
];

/** To the last digit that is printed. */
function equalsPrinted(actual: number, printed: number, what: string): void {
  const digits = String(printed).split(".")[1]?.length ?? 0;
  assert.is(Number((actual / 1e6).toFixed(digits)), printed, what);
}

for (const [name, parameters, macs, seMacs, scaleMacs] of published) {
  test(`${name} has the published counts`, () => {
    const s = summarise(createModel(name, {}, null), photograph);
    assert.is(s.parameters, parameters);
    equalsPrinted(s.macs, macs, "multiply-accumulates");
    equalsPrinted(s.seMacs, seMacs, "multiply-accumulates of SE");
    equalsPrinted(s.scaleMacs, scaleMacs, "multiplications of the scale");
    assert.is(s.gapAdds, s.scaleMacs, "the squeeze adds what the scale multiplies");
    assert.equal(s.output, [1, 1000]);
  });
}

test("the paper's 572 M of SE-MobileNet are convolution and linear layers, excitation and scale", () => {
  const s = summarise(createModel("se_mobilenet_v1", {}, null), photograph);
  equalsPrinted(s.macs, 569, "multiply-accumulates");
  equalsPrinted(s.macs + s.seMacs + s.scaleMacs, 572, "with SE");
});

test("the option blocks gives each stage of a small ResNet its own depth", () => {
  const count = (blocks: readonly number[]): number => createModel("se_resnet20", { blocks }, null).parameterCount();
  assert.is(count([3, 3, 3]), createModel("se_resnet20", {}, null).parameterCount());
  // A block of 64 channels: two convolutions, two normalisations, SE by 16 with its biases.
  assert.is(count([1, 1, 3]) - count([1, 1, 2]), 2 * 9 * 64 * 64 + 4 * 64 + 2 * 64 * 4 + 4 + 64);
  assert.throws(() => count([1, 2]), /option "blocks" wants a list of 3 whole numbers of at least 1/);
});

test("small ResNets: 272,474, 855,770 and 1,730,714 parameters, with SE 274,847, 862,889 and 1,744,952", () => {
  const counts = ["resnet20", "resnet56", "resnet110", "se_resnet20", "se_resnet56", "se_resnet110"].map(
    (name) => createModel(name, {}, null).parameterCount(),
  );
  assert.equal(counts, [272_474, 855_770, 1_730_714, 274_847, 862_889, 1_744_952]);
});

test("SE-MobileNet with SE after the depthwise convolution has 4,586,046 parameters, SE-ResNet-50 without SE's biases 28,071,976", () => {
  assert.is(createModel("se_mobilenet_v1", { position: "depthwise" }, null).parameterCount(), 4_586_046);
  assert.is(createModel("seresnet50", { seBias: false }, null).parameterCount(), 28_071_976);
});

test("the reduction ratios of the paper's table 10, without biases: 45.68, 35.62, 30.59, 28.07 and 26.81 M", () => {
  const counts = [2, 4, 8, 16, 32].map(
    (reduction) => createModel("seresnet50", { reduction, rounding: "floor", seBias: false }, null).parameterCount(),
  );
  assert.equal(counts.map((n) => (n / 1e6).toFixed(2)), ["45.68", "35.62", "30.59", "28.07", "26.81"]);
});

test("state dicts have the names, shapes and order of the published checkpoints", () => {
  let compared = 0;
  for (const name of manifestNames) {
    // timm's MobileNetV3 has torchvision's names here; models/mobile/timm-names.ts renames the files.
    if (name.startsWith("timm/mobilenetv3")) continue;
    const shapes = [...stateShapes(createModel(name.split("/")[1], {}, null))].map(([key, shape]) => `${key} ${shape}`);
    assert.equal(shapes, [...manifest(name)].map(([key, shape]) => `${key} ${shape}`), name);
    compared++;
  }
  assert.is(compared, 8);
});

test("every model's name without se is the same network without SE", () => {
  const pairs = modelNames.filter((name) => /(^|_)se(?!net)/.test(name) && !hasNoTwins(name))
    .map((name) => [name, name.replace(/(^|_)se_?/, "$1")]);
  assert.ok(pairs.length >= 31);
  for (const [name, plain] of pairs) {
    assert.ok(modelNames.includes(plain), `${plain} is missing`);
    const [with_, without] = [name, plain].map((n) => createModel(n, { classes: 7 }, null));
    assert.is(with_.parameterCount() - summarise(with_, photograph).seParameters, without.parameterCount(), name);
    assert.is(createModel(name, { classes: 7, se: false }, null).parameterCount(), without.parameterCount(), name);
    assert.is(createModel(name, { classes: 7, attention: "none" }, null).parameterCount(), without.parameterCount(), name);
    assert.is(createModel(plain, { classes: 7, attention: "se" }, null).parameterCount(), with_.parameterCount(), name);
  }
});

test("networks whose twins without SE have no name, are as much smaller as SE is large", () => {
  const names = modelNames.filter((name) => hasNoTwins(name) && !/(b[4-7]|_[ml]|152|200|320|160|101)/.test(name));
  assert.ok(names.length > 60);
  for (const name of names) {
    const model = createModel(name, {}, null);
    const { seParameters } = summarise(model, usualInput(model));
    assert.is(createModel(name, { se: false }, null).parameterCount(), model.parameterCount() - seParameters, name);
  }
});

test("timm's MobileNetV3 differ from torchvision's in the normalisation's epsilon", () => {
  const epsilon = (name: string): number[] => [
    ...new Set([...createModel(name, {}, null).tree()].flatMap((m) => (m instanceof BatchNorm2d ? [m.epsilon] : []))),
  ];
  assert.equal(epsilon("mobilenet_v3_small"), [1e-3]);
  assert.equal(epsilon("mobilenetv3_small_100"), [1e-5]);
});

test("options are checked, and messages name the model, the option and the nearest name", () => {
  const message = (name: string, options: Record<string, unknown>): string => {
    try {
      createModel(name, options, null);
    } catch (error) {
      assert.instance(error, RangeError);
      return (error as Error).message;
    }
    return "";
  };
  assert.is(message("sersnet50", {}), 'unknown model "sersnet50" (did you mean "seresnet50"?)');
  assert.match(message("seresnet50", { clases: 3 }), /^seresnet50: unknown option "clases" \(did you mean "classes"\?\)/);
  assert.is(message("seresnet50", { classes: 0 }), 'seresnet50: option "classes" wants a whole number of at least 1, got 0');
  assert.is(message("seresnet50", { se: "yes" }), 'seresnet50: option "se" wants true or false, got "yes"');
  assert.match(message("seresnet50", { position: "behind" }), /wants one of standard, pre, post, identity, 3x3, got "behind"$/);
  assert.match(message("seresnet50", { attention: "sea" }), /^seresnet50: option "attention" wants one of none, se\b.*, got "sea"$/);
  assert.match(message("se_resnet20", { reduction: 17 }), /reduction 17 leaves no hidden unit for 16 channels/);
  assert.match(message("se_mobilenet_v1", { dropout: 1 }), /option "dropout" wants a number from 0 to below 1, got 1/);
});

test("inputs that a network cannot take are refused with the layer's name", () => {
  assert.throws(() => createModel("seresnet50", {}, null).outputShape([1, 1, 64, 64]), /Conv2d 3->64.*wants 3 channels, got 1/);
  assert.throws(() => createModel("seresnet50", {}, null).outputShape([1, 3, 64]), /wants \[batch,channels,height,width\], got \[1,3,64\]/);
  assert.throws(() => createModel("seresnet50", {}, null).outputShape([0, 3, 64, 64]), /at least one image/);
});

test.run();
