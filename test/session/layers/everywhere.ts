/**
 * A small network of new layers, everywhere that it can run: gradients beside finite differences in float64, sessions (plain, wasm exact
 * and fast, two threads' worth of parts) and training sessions beside the eager model, and its ONNX file written.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { writeOnnx } from "../../../src/io/onnx/write.ts";
import { GlobalAveragePool } from "../../../src/nn/layers/pooling.ts";
import { Linear } from "../../../src/nn/layers/linear.ts";
import { Flatten } from "../../../src/nn/layers/reshape.ts";
import { Sequential } from "../../../src/nn/combinators.ts";
import { lower } from "../../../src/nn/lower.ts";
import type { Module } from "../../../src/nn/module.ts";
import { compileSync } from "../../../src/session/session.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import type { Shape } from "../../../src/tensor.ts";
import { checkNetwork } from "../../models/gradients/network-gradients.ts";
import { agree, difference } from "../../support/compare.ts";
import { draw, drawLabels, stir } from "../../support/random.ts";
import { referenceStep } from "../training/reference.ts";

export interface Everywhere {
  /** Shapes of the input, images; several of one number of channels. */
  readonly inputs: readonly Shape[];
  /** Kinds of operations that have no kernel on WebAssembly; none by default. */
  readonly plain?: readonly string[];
  /** Those that are left plain where numerics are exact, besides. */
  readonly plainWhereExact?: readonly string[];
  /** Bound of a fast session's error, of the largest value. */
  readonly fast?: number;
}

/** @param make a fresh network each time, images to images */
export function everywhere(
  name: string, make: () => Module, { inputs, plain = [], plainWhereExact = [], fast = 1e-4 }: Everywhere,
): void {
  for (const input of inputs) {
    test(`${name}, ${input.join("x")}: gradients by finite differences`, () => {
      assert.equal(checkNetwork(make(), input), []);
    });

    test(`${name}, ${input.join("x")}: sessions answer as the eager model does`, () => {
      const model = stir(make()).evaluate();
      const x = draw(input);
      const expected = model.forward(x);
      for (
        const [options, bound] of [
          [{ kernels: "plain" }, 1e-6], [{ kernels: "wasm", numerics: "exact" }, 1e-5], [{ kernels: "wasm", numerics: "fast" }, fast],
        ] as const
      ) {
        const session = compileSync(model, { input, ...options });
        agree(session.run(x), expected, bound, JSON.stringify(options));
        if (options.kernels === "wasm") {
          const left = session.plan.split("\n").filter((line) => line.includes("plain, between"))
            .map((line) => line.trim().split(/\s+/)[0]);
          assert.equal([...new Set(left)].sort(), [...plain, ...(options.numerics === "exact" ? plainWhereExact : [])].sort());
        }
      }
      // Of another size too, where the network takes it.
      assert.equal(compileSync(model, { input }).run(draw([3, ...input.slice(1)])).shape[0], 3);
    });

    test(`${name}, ${input.join("x")}: written as ONNX`, () => {
      assert.ok(writeOnnx(lower(make().evaluate(), input)).length > 0);
    });

    test(`${name}, ${input.join("x")}: a training session's gradients`, () => {
      const whole = (): Module => {
        const body = make();
        const [, channels] = body.outputShape(input);
        return new Sequential(body, new GlobalAveragePool(), new Flatten(), new Linear(channels, 4));
      };
      const model = stir(whole()).train();
      const session = compileTrainingSync(model, { input, optimiser: { method: "sgd" }, numerics: "exact", threads: 1 });
      const x = draw(input);
      const labels = drawLabels(input[0], 4, new Random(4));
      const expected = referenceStep(model, whole(), x, labels);
      const loss = session.backward(x, labels);
      assert.ok(Math.abs(loss - expected.loss) < 1e-5 * expected.loss, `loss ${loss}, wanted ${expected.loss}`);
      const largest = (data: ArrayLike<number>): number => Float64Array.from(data)
        .reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      // A bias before batch normalisation has a gradient of nothing but rounding: what is small is compared with the largest of all.
      const least = 0.01 * Math.max(...[...expected.gradients.values()].map(({ data }) => largest(data)));
      for (const [parameter, gradient] of expected.gradients) {
        const size = largest(gradient.data);
        const error = (difference(session.gradient(parameter).data, gradient.data) * size) / Math.max(size, least);
        assert.ok(error < 1e-3, `${parameter} is off by ${error}`);
      }
      session.close();
    });
  }
}
