/**
 * Every family against the reference, on all cases, in float32 and float64: outputs, what is kept for the backward pass, and
 * gradients; between guard zones, with NaN, infinities and equals among the inputs.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { reluForward } from "../../kernels/reference/activations/relu.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases.ts";
import { families } from "./families.ts";
import type { Precision, Run } from "./harness.ts";
import { difference } from "../support/compare.ts";
import { run } from "./harness.ts";

const { reference, ...others } = families;
const precisions = [[Float64Array, 1e-12], [Float32Array, 1e-6]] as const;
const wanted = new Map(
  precisions.map(([precision]) => [precision, new Map(cases.map((item) => [item, run(item, reference, precision, true)]))]),
);

function wantedOf(item: Case, precision: Precision): Run {
  return wanted.get(precision)?.get(item) as Run;
}

for (const [precision, tolerance] of precisions) {
  for (const [family, kernels] of Object.entries(others)) {
    for (const item of cases) {
      test(`${family}: ${precision.name}: ${item.name}: as the reference has it`, () => {
        const expected = wantedOf(item, precision);
        const actual = run(item, kernels, precision, true);
        assert.equal(actual.faults, []);
        const compare = (name: string, a: ArrayLike<number>, b: ArrayLike<number>): void => {
          const error = difference(a, b);
          assert.ok(error <= tolerance, `${name} differs by ${error}`);
        };
        compare("y", actual.y, expected.y);
        for (const [name, values] of Object.entries(expected.rest)) compare(name, actual.rest[name], values);
        for (const [name, values] of Object.entries(expected.gradients)) compare(`the gradient by ${name}`, actual.gradients[name], values);
      });
    }
  }

  test(`reference: ${precision.name}: writes every output, nothing beside it and into no input`, () => {
    for (const item of cases) assert.equal(wantedOf(item, precision).faults, [], item.name);
  });
}

test("reference: float32 is the rounding of float64", () => {
  for (const item of cases) {
    // Inputs are drawn in double and rounded for float32; kinks and ties may fall otherwise then.
    if (item.kinks === true) continue;
    const error = difference(wantedOf(item, Float32Array).y, wantedOf(item, Float64Array).y);
    assert.ok(error < 2e-6, `${item.name}: y differs by ${error}`);
  }
});

test("the harness sees what it is there for", () => {
  const relu = cases.find((item) => item.name === "relu 67");
  if (relu === undefined) throw new Error("no such case");
  const faults = (forward: typeof reluForward): readonly string[] => run(relu, { ...reference, reluForward: forward }, Float32Array).faults;
  assert.equal(faults((y, x, shape) => reluForward(y, x, { size: shape.size - 1 })), ["left y unwritten or not finite"]);
  assert.equal(faults((y, x, shape) => {
    reluForward(y, x, shape);
    new Float32Array(y.buffer, y.byteOffset + 4 * shape.size, 1)[0] = 1;
  }), ["wrote outside an output"]);
  assert.equal(faults((y, x, shape) => {
    reluForward(y, x, shape);
    x[3] = 5;
  }), ["changed its input x"]);
  assert.is(difference([1, NaN, 0, Infinity], [1, NaN, -0, Infinity]), 0);
  assert.is(difference([1, 2, NaN], [1, 2, 3]), Infinity);
  assert.is(difference([1, 2], [1, 4]), 0.5);
});

test.run();
