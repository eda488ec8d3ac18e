/**
 * Held-back loops (kernels/wasm/shared/pace.ts) and tiles are the host's choice or the caller's, and nothing that anybody computes depends
 * on it. (For dots of bytes: test/quantise/sessions.test.ts.)
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { tiles } from "../../kernels/wasm/probe/tiles.ts";
import type { Tile } from "../../kernels/wasm/probe/tiles.ts";
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
/** Each candidate of each contest. */
const every = [{ pace: false, tile: "2x16" }, { pace: true, tile: "2x16" }, { pace: false, tile: "6x8" }] as const;

for (const [name, options, input] of sharedNetworks) {
  test(`${name}: the same bits by every choice, exact and fast, one thread and two; and in a lean session, which has none`, async () => {
    const model = network(name, options);
    const x = draw(input);
    for (const numerics of ["exact", "fast"] as const) {
      let expected: readonly number[] | undefined;
      for (const choice of every) {
        const session = compileSync(model, { input, numerics, threads: 1, ...choice });
        // Fused kernels have no pace.
        const paced = choice.pace && !session.kernels.includes("fused");
        const said = `${choice.tile === "2x16" ? "" : `, tiles of ${choice.tile}`}${paced ? ", paced" : ""}, 1 thread`;
        assert.ok(session.kernels.includes(said), session.kernels);
        assert.is(/paced/.test(session.kernels), paced);
        if (choice.tile !== "2x16") assert.match(session.plan, /f32_conv_6x8/);
        const got = bits(session.run(x));
        assert.equal(got, (expected ??= got), JSON.stringify(choice));
        session.close();
      }
      const two = await compile(model, { input, numerics, pace: true, tile: "6x8", threads: 2 });
      assert.equal(bits(two.run(x)), expected);
      two.close();
      if (numerics === "exact") assert.equal(bits(lean.compileSync(model, { input, numerics }).run(x)), expected);
    }
  });
}

test("the host's own choice is one of both, the same for all sessions", () => {
  const [model, input] = [smallResNet(), [1, 3, 16, 16]];
  const kernels = [1, 2, 3].map(() => compileSync(model, { input, numerics: "exact", threads: 1 }).kernels);
  assert.is(new Set(kernels).size, 1);
  assert.match(kernels[0], /^wasm: simd(, paced)?, 1 thread$/);
});

test("modules have the tiles that are asked for, and say so; for others they are refused", async () => {
  const [model, input] = [smallResNet(), [1, 3, 16, 16]];
  const x = draw(input);
  const [flat, tall] = tiles.names.map((tile) => emitModule(model, { input, tile }));
  assert.equal(flat, emitModule(model, { input }));
  assert.equal([flat, tall].map((module) => readWasmDescription(module).tile), [undefined, "6x8"]);
  const session = await compile(model, { input, module: tall });
  assert.is(session.kernels, "wasm: simd, tiles of 6x8, 1 thread, kernels of the given module");
  assert.equal(bits(session.run(x)), bits((await compile(model, { input, module: flat })).run(x)));
  let message = "";
  await compile(model, { input, module: tall, tile: "2x16" }).catch((error: Error) => (message = error.message));
  assert.match(message, /^compile: the module does not fit: tile: 2x16 is wanted, it was made for 6x8 /);
  for (const [wrong, kind] of [["8x8", RangeError], [6, TypeError]] as const) {
    const tile = wrong as Tile;
    const wanted = 'tile wants one of "2x16", "6x8", got ';
    for (const [who, run] of [["compile", compileSync], ["emitModule", emitModule]] as const) {
      assert.throws(() => run(model, { tile }), (error: Error) => error instanceof kind && error.message.startsWith(`${who}: ${wanted}`));
    }
  }
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
