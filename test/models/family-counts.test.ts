/**
 * Parameters and multiply-accumulates of the families of the SE paper and of those that users put SE into, against published
 * counts and the paper's printed figures. Which convention gives which figure: docs/families.md.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { summarise } from "../../src/nn/summary.ts";
import type { Summary } from "../../src/nn/summary.ts";

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

test("the paper's 15.47 G of VGG-16 are convolution and linear layers; its 15.48 G have excitation and scale too, in both placements", () => {
  for (const placement of ["conv", "stage"]) {
    const s = count("se_vgg16_bn", { placement });
    assert.is(billions(s.macs), "15.47");
    assert.is(billions(s.macs + s.seMacs + s.scaleMacs), "15.48");
  }
});

test.run();
