/** The Squeeze-and-Excitation page: by hand, by finite differences, and against the composition of the separate kernels. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as page from "../../../kernels/reference/squeeze-excite.ts";
import type { Floats } from "../../../kernels/shapes.ts";
import { channelShape, elementwiseShape, linearShape } from "../../../kernels/shapes.ts";
import { families } from "../families.ts";
import { checkGradients } from "./finite-differences.ts";
import { difference } from "../../support/compare.ts";
import { run } from "../harness.ts";
import { holds, scratch } from "../literal/literal.ts";
import { squeezeExciteCases } from "./squeeze-excite-cases.ts";

test("by hand: two channels of two pixels through one hidden unit", () => {
  const LN3 = 1.0986122886681098;
  const shape = { batch: 1, channels: 2, hidden: 1, height: 1, width: 2 };
  const f = (...values: number[]): Float64Array => Float64Array.from(values);
  const x = f(1, 3, 2, 2);
  const [w1, b1, w2, b2] = [f(1, -0.5), f(0), f(LN3, 0), f(0, 0)];
  const [y, z, a, h, e, s] = [f(0, 0, 0, 0), f(0, 0), f(0), f(0), f(0, 0), f(0, 0)];
  page.squeezeExciteForward(y, z, a, h, e, s, x, w1, b1, w2, b2, shape);
  holds(z, 2, 2);
  holds(a, 1);
  holds(h, 1);
  holds(e, LN3, 0);
  holds(s, 0.75, 0.5);
  holds(y, 0.75, 2.25, 1, 1);

  const [dx, dw1, db1, dw2, db2] = [f(0, 0, 0, 0), f(0, 0), f(0), f(0, 0), f(0, 0)];
  const [ds, de, da, dz] = [f(0, 0), f(0, 0), f(0), f(0, 0)];
  page.squeezeExciteBackward(dx, dw1, db1, dw2, db2, ds, de, da, dz, x, z, a, h, s, w1, w2, f(1, 0, 0, 1), shape);
  const hidden = 0.1875 * LN3;
  holds(ds, 1, 2);
  holds(de, 0.1875, 0.5);
  holds(da, hidden);
  holds(dz, hidden, -0.5 * hidden);
  holds(dw2, 0.1875, 0.5);
  holds(db2, 0.1875, 0.5);
  holds(dw1, 2 * hidden, 2 * hidden);
  holds(db1, hidden);
  // Both terms: without the second, the pixels whose dy is 0 would get nothing.
  holds(dx, 0.75 + hidden / 2, hidden / 2, -hidden / 4, 0.5 - hidden / 4);
});

for (const item of squeezeExciteCases) {
  if (item.large !== true) {
    test(`${item.name}: gradients agree with central differences`, () => {
      assert.equal(checkGradients(item, page), []);
    });
  }

  for (const [family, k] of Object.entries(families)) {
    for (const [precision, tolerance] of [[Float64Array, 1e-12], [Float32Array, 2e-6]] as const) {
      test(`${item.name}: ${precision.name}: as the ${family} kernels composed have it`, () => {
        const whole = run(item, page, precision);
        assert.equal(whole.faults, []);
        const { x, w1, b1, w2, b2 } = whole.inputs;
        const zeros = (like: ArrayLike<number>): Floats => new precision(like.length);
        const { z, a, h, e, s } = whole.rest;
        const { batch, channels, hidden, height, width } = item.shape;
        const image = channelShape(batch, channels, height * width);
        const first = linearShape(batch, channels, hidden);
        const second = linearShape(batch, hidden, channels);

        const [Z, A, H, E, S, Y] = [zeros(z), zeros(a), zeros(h), zeros(e), zeros(s), zeros(x)];
        k.globalAveragePoolForward(Z, x, image);
        k.linearForward(A, Z, w1, b1 ?? null, first, scratch);
        k.reluForward(H, A, elementwiseShape(A.length));
        k.linearForward(E, H, w2, b2 ?? null, second, scratch);
        k.sigmoidForward(S, E, elementwiseShape(E.length));
        k.channelScaleForward(Y, x, S, image);
        for (const [name, composed, one] of [["z", Z, z], ["a", A, a], ["h", H, h], ["e", E, e], ["s", S, s], ["y", Y, whole.y]] as const) {
          assert.ok(difference(one, composed) <= tolerance, `${name} differs by ${difference(one, composed)}`);
        }

        const [dx, ds, de, dh, da, dz] = [zeros(x), zeros(s), zeros(e), zeros(h), zeros(a), zeros(z)];
        const [dw1, dw2] = [zeros(w1), zeros(w2)];
        k.channelScaleBackward(dx, ds, x, S, whole.dy, image);
        k.sigmoidBackward(de, E, ds, elementwiseShape(E.length));
        k.linearBackwardWeight(dw2, H, de, second, scratch);
        k.linearBackwardInput(dh, de, w2, second, scratch);
        k.reluBackward(da, A, dh, elementwiseShape(A.length));
        k.linearBackwardWeight(dw1, Z, da, first, scratch);
        k.linearBackwardInput(dz, da, w1, first, scratch);
        k.globalAveragePoolBackward(dx, dz, image);
        const composed: Record<string, Floats> = { x: dx, w1: dw1, w2: dw2 };
        if (b1 !== undefined && b2 !== undefined) {
          composed["b1"] = zeros(b1);
          composed["b2"] = zeros(b2);
          k.linearBackwardBias(composed["b1"], da, first);
          k.linearBackwardBias(composed["b2"], de, second);
        }
        assert.equal(Object.keys(composed).sort(), [...item.by].sort());
        for (const name of item.by) {
          const error = difference(whole.gradients[name], composed[name]);
          assert.ok(error <= tolerance, `the gradient by ${name} differs by ${error}`);
        }
      });
    }
  }
}

test.run();
