/** Held-back loops (kernels/wasm/shared/pace.ts) are the host's choice or the caller's, and nothing that anybody computes depends on it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { emitModule } from "../../src/session/backends/wasm/modules/emit.ts";
import { readWasmDescription } from "../../src/session/backends/wasm/modules/file.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import * as lean from "../../src/session/lean.ts";
import { compileTraining } from "../../src/session/training/training-session.ts";
import { randomModel } from "./training/reference.ts";
import { draw, drawLabels } from "../support/random.ts";
import { bits } from "../support/compare.ts";
import { network, sharedNetworks, smallResNet } from "./networks.ts";

const both = [true, false];

for (const [name, options, input] of sharedNetworks) {
  test(`${name}: the same bits with and without, exact and fast, one thread and two; and in a lean session, which has none`, async () => {
    const model = network(name, options);
    const x = draw(input);
    for (const numerics of ["exact", "fast"] as const) {
      const free = compileSync(model, { input, numerics, threads: 1, pace: false });
      assert.not.match(free.kernels, /paced/);
      const expected = bits(free.run(x));
      const paced = compileSync(model, { input, numerics, threads: 1, pace: true });
      // Fused kernels have none.
      assert.is(/, paced, 1 thread/.test(paced.kernels), !paced.kernels.includes("fused"), paced.kernels);
      assert.equal(bits(paced.run(x)), expected);
      const two = await compile(model, { input, numerics, pace: true, threads: 2 });
      assert.equal(bits(two.run(x)), expected);
      if (numerics === "exact") assert.equal(bits(lean.compileSync(model, { input, numerics }).run(x)), expected);
      for (const session of [free, paced, two]) session.close();
    }
  });
}

test("the host's own choice is one of both, the same for all sessions", () => {
  const [model, input] = [smallResNet(), [1, 3, 16, 16]];
  const kernels = [1, 2, 3].map(() => compileSync(model, { input, numerics: "exact", threads: 1 }).kernels);
  assert.is(new Set(kernels).size, 1);
  assert.match(kernels[0], /^wasm: simd(, paced)?, 1 thread$/);
});

test("training: the same weights after three steps", async () => {
  const input = [6, 1, 12, 10];
  const train = async (pace: boolean): Promise<Float32Array[]> => {
    const random = new Random(5);
    const model = randomModel("se_resnet8", { inChannels: 1, classes: 10, reduction: 4, width: 8 });
    const session = await compileTraining(model, { input, optimiser: { method: "sgd" }, numerics: "exact", threads: 1, pace });
    assert.is(/, paced/.test(session.kernels), pace);
    for (let step = 0; step < 3; step++) session.trainStep(draw(input, random), drawLabels(6, 10, random), 0.05);
    session.pull();
    session.close();
    return [...model.namedState().values()].map(({ value }) => value.data as Float32Array);
  };
  assert.equal(await train(true), await train(false));
});

test("modules are without, unless asked for; hosts of either choice take either, and answer with the same bits", async () => {
  const [model, input] = [smallResNet(), [1, 3, 16, 16]];
  const x = draw(input);
  for (const threads of [1, 2]) {
    const [usual, free, paced] = [{}, { pace: false }, { pace: true }].map(
      (options) => emitModule(model, { input, numerics: "exact", threads, ...options }),
    );
    assert.equal(usual, free);
    assert.ok(paced.length > free.length);
    assert.equal([readWasmDescription(free).pace, readWasmDescription(paced).pace], [undefined, true]);
    const expected = bits(compileSync(model, { input, numerics: "exact" }).run(x));
    for (const module of [free, paced]) {
      const session = await compile(model, { input, module });
      assert.is(
        session.kernels,
        `wasm: simd${module === paced ? ", paced" : ""}, ${threads} thread${threads === 1 ? "" : "s"}, kernels of the given module`,
      );
      assert.equal(bits(session.run(x)), expected);
      session.close();
    }
    // What is asked for in vain is said.
    for (const pace of both) {
      const module = pace ? free : paced;
      let message = "";
      await compile(model, { input, module, pace }).catch((error: Error) => (message = error.message));
      assert.match(message, new RegExp(`^compile: the module does not fit: pace: ${pace} is wanted, it was made for ${!pace} `));
    }
  }
});

test.run();
