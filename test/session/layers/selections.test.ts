/** Networks that split their channels: sessions copy what the graph says as a convolution with one 1 in every row. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import { compileSync as leanCompileSync } from "../../../src/session/lean.ts";
import { compileSync } from "../../../src/session/session.ts";
import { loweredModule } from "../../../src/nn/lowering.ts";
import { withSlices } from "../../../src/session/optimise/opened.ts";
import { bits } from "../../support/compare.ts";
import { draw } from "../../support/random.ts";

const input = [2, 3, 47, 64];

for (const name of ["mixnet_s", "shufflenet_v2_x0_5"]) {
  test(`${name}: slices in every session but lean ones, and the same bits`, () => {
    const model = createModel(name, { classes: 7 }, 1).evaluate();
    const lowered = loweredModule(model, input);
    const selections = lowered.nodes.filter(({ operation }) => operation.kind === "conv2d" && operation.weight.selects !== undefined);
    assert.ok(selections.length > 3);
    const made = withSlices(lowered).nodes;
    assert.is(made.filter(({ operation }) => operation.kind === "slice").length, selections.length);
    const x = draw(input, new Random(2));
    const [full, lean] = [compileSync(model, { input, numerics: "exact" }), leanCompileSync(model, { input, numerics: "exact" })];
    assert.is(full.plan.split("\n").filter((line) => line.includes("strided")).length, selections.length, "each by its own kernel");
    assert.equal(bits(full.run(x)), bits(lean.run(x)));
    full.close();
    lean.close();
  });
}

test.run();
