/**
 * Kernels that are refused are used by no training session: what they would compute is computed by plain ones, forward and backward, and
 * the rest goes on.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import type { Kind } from "../../../src/graph/graph.ts";
import type { TrainingTask } from "../../../src/session/training/step/trusts.ts";
import { compileTrainingSync } from "../../../src/session/training/training-session.ts";
import type { TrainingOptions } from "../../../src/session/training/options.ts";
import { difference } from "../../support/compare.ts";
import { draw } from "../../support/random.ts";
import { everything, input } from "./everything.ts";
import { dropFrom } from "./reference.ts";
import { refusing } from "./refusing.ts";

interface Trained {
  readonly losses: readonly number[];
  readonly state: ReadonlyMap<string, Float32Array>;
  /** Of the program: kind and kernel of each line. */
  readonly calls: readonly (readonly [kind: string, kernel: string])[];
}

/** Two steps, and what comes of them. @param refused undefined for a session as users have it */
function train(options: Omit<TrainingOptions, "input">, refused?: readonly string[]): Trained {
  const module = everything();
  dropFrom(module, new Random(8));
  const all = { ...options, input, numerics: "exact", threads: 1 } as const;
  const session = refused === undefined ? compileTrainingSync(module, all) : refusing(module, all, refused);
  const random = new Random(3);
  const losses = [1, 2].map(() => session.trainStep(draw(input, random), Int32Array.of(0, 4, 2), 0.05));
  session.pull({ average: options.average !== undefined });
  const calls = session.plan.split("\n").map((line) => [line.slice(13, 43).trim(), line.slice(44)] as const);
  session.close();
  return { losses, calls, state: new Map([...module.namedState()].map(([name, { value }]) => [name, value.data as Float32Array])) };
}

const sgd = { optimiser: { method: "sgd", nesterov: true, weightDecay: 0.01 }, clip: 0.05, average: 0.9, smoothing: 0.1 } as const;
const adamw = { ...sgd, optimiser: { method: "adamw", weightDecay: 0.01 } } as const;
const expected = { sgd: train(sgd), adamw: train(adamw) };

function compare(actual: Trained, wanted: Trained): void {
  actual.losses.forEach(
    (loss, i) => assert.ok(Math.abs(loss - wanted.losses[i]) < 2e-5 * wanted.losses[i], `loss ${i}: ${loss}, wanted ${wanted.losses[i]}`),
  );
  for (const [name, data] of wanted.state) {
    const off = difference(actual.state.get(name)!, data);
    assert.ok(off < 2e-4, `${name} is off by ${off}`);
  }
}

const kinds: readonly Kind[] = [
  "conv2d", "linear", "conv_transpose2d", "batch_norm", "activation", "add", "scale", "global_pool", "max_pool", "average_pool",
  "adaptive_average_pool",
  "concat", "flatten", "dropout", "channel_shuffle", "resize",
];
const tasks: readonly TrainingTask[] = ["loss", "sums", "sgd", "adamw", "averages", "clipping"];

/** Names of kernels that have part in these alone. */
const kernelsOf: Readonly<Partial<Record<Kind | TrainingTask, RegExp>>> = {
  batch_norm: /batch_norm/, activation: /relu|silu|sigmoid/, scale: /f32_(scale_gradient|gate_gradient|vscale)/, max_pool: /f32_maxpool_k/,
  average_pool: /f32_avgpool/,
  adaptive_average_pool: /adaptive/, concat: /concat/, flatten: /nchw/, dropout: /dropout/, channel_shuffle: /shuffle/,
  loss: /cross_entropy/, sums: /slice_gradient_\S*_from0$/,
  sgd: /sgd/, adamw: /adamw/, averages: /f32_(average_\d|zero)/, clipping: /squares|clip|f32_scale_\d/,
};

for (const what of [...kinds, ...tasks]) {
  for (const refused of [what, `training ${what}`]) {
    test(`refused ${refused}: plain kernels, forward and backward`, () => {
      const method = what === "adamw" ? "adamw" : "sgd";
      const actual = train(method === "sgd" ? sgd : adamw, [refused]);
      const of = ({ calls }: Trained): (readonly [string, string])[] => calls.filter(
        ([kind]) => kind === what || kind === `${what} gradient`,
      );
      // What moves and sums values for it is not its own.
      const own = of(actual).filter(
        ([, kernel]) => !/^x32_clear_halo/.test(kernel) && (what === "concat" || !/^f32_slice_gradient/.test(kernel)),
      );
      if (what !== "sums") assert.ok(own.length > 0, `${what} is not in the network`);
      assert.ok(own.every(([, kernel]) => kernel === "plain, between conversions"), own.join(" "));
      const names = kernelsOf[what];
      const found = ({ calls }: Trained): string[] => calls.map(([, kernel]) => kernel).filter((kernel) => names?.test(kernel) === true);
      if (names !== undefined) assert.ok(found(expected[method]).length > 0, `no kernel of ${what} is known`);
      // A concatenation's gradient takes slices too, which are no sums.
      assert.equal(what === "sums" ? [] : found(actual), []);
      compare(actual, expected[method]);
    });
  }
}

test("refused all: every step is plain, and right", () => {
  for (const [method, options] of [["sgd", sgd], ["adamw", adamw]] as const) {
    const actual = train(options, [...kinds, ...tasks]);
    assert.equal(actual.calls.filter(([, kernel]) => kernel !== "plain, between conversions"), []);
    compare(actual, expected[method]);
  }
});

test.run();
