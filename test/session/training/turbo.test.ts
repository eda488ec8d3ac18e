/** Turbo in training: tiles for joined vectors change no bit, a wrong step is given up, and hosts without it say so. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { allOperations } from "../../../src/session/backends/all-operations.ts";
import type { Arithmetic } from "../../../src/session/backends/numerics.ts";
import { WasmBackend } from "../../../src/session/backends/wasm/backend.ts";
import type { CompileWasm } from "../../../src/session/backends/wasm/executor.ts";
import type { CheckedKernels } from "../../../src/session/backends/wasm/options.ts";
import { turbo } from "../../../src/session/backends/wasm/turbo/turbo.ts";
import { arithmeticOf } from "../../../src/session/backends/numerics.ts";
import { traineeOf } from "../../../src/session/optimise/training-graph.ts";
import { firstDifference, stepFailure } from "../../../src/session/training/checks/trial.ts";
import type { TrainingOptions } from "../../../src/session/training/options.ts";
import { TrainingSession, compileTraining, compileTrainingSync } from "../../../src/session/training/training-session.ts";
import { draw, drawLabels } from "../../support/random.ts";
import { randomModel } from "./reference.ts";

const right: CompileWasm = (emit) => new WebAssembly!.Module(emit().toBytes());

/** As an engine that subtracts where it should add: f32x4.add is fd e4 01, f32x4.sub fd e5 01. */
const wrong: CompileWasm = (emit) => {
  const bytes = emit().toBytes();
  bytes.forEach((byte, i) => {
    if (byte === 0xfd && bytes[i + 1] === 0xe4 && bytes[i + 2] === 1) bytes[i + 1] = 0xe5;
  });
  return new WebAssembly!.Module(bytes);
};

function kernels(arithmetic: Arithmetic, compile: CompileWasm = right, apart = false): CheckedKernels {
  return { arithmetic, compile, apart, refused: new Set<never>(), wrong: new Map<never, string>() };
}

function backend(...given: Parameters<typeof kernels>): WasmBackend {
  return new WasmBackend({ operations: allOperations, threads: 1, pool: undefined, alone: undefined, kernels: kernels(...given) });
}

const options = { optimiser: { method: "sgd", nesterov: true, weightDecay: 1e-3 }, threads: 1 } as const;

const networks: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly number[]])[] = [
  ["se_resnet8", { inChannels: 1, width: 8, reduction: 4 }, [5, 1, 13, 11]],
  // Channels that are no multiple of 8, strides, groups, depthwise layers.
  ["se_resnet8", { inChannels: 3, width: 10, reduction: 2 }, [2, 3, 17, 16]],
  ["se_mobilenet_v1", { width: 0.25, inChannels: 1 }, [3, 1, 40, 33]],
  ["regnety_002", {}, [2, 3, 33, 32]],
];

for (const [name, given, input] of networks) {
  for (const arithmetic of [{ fma: false, exact: true }, { fma: false }, { fma: arithmeticOf("fast").fma }]) {
    test(`${name} [${input.join()}], ${JSON.stringify(arithmetic)}: tiles of joined vectors have the same bits`, () => {
      const steps = (wide: boolean): Float32Array[] => {
        const random = new Random(7);
        const model = randomModel(name, { classes: 10, ...given });
        const all: TrainingOptions = { ...options, input };
        const session = new TrainingSession(traineeOf(model, all), all, backend({ ...arithmetic, wide }, right, wide));
        for (let step = 0; step < 2; step++) session.trainStep(draw(input, random), drawLabels(input[0], 10, random), 0.05);
        session.pull();
        session.close();
        return [...model.namedState().values()].map(({ value }) => value.data as Float32Array);
      };
      const narrow = steps(false);
      assert.ok(narrow.every((data) => data.every(Number.isFinite)));
      assert.equal(steps(true), narrow);
    });
  }
}

test("a step on trial that computes something else is told, and its memory is given back", () => {
  const input = [4, 1, 12, 12];
  const all: TrainingOptions = { ...options, input };
  const model = randomModel("se_resnet8", { inChannels: 1, classes: 10, width: 8, reduction: 4 });
  const trainee = traineeOf(model, all);
  const before = [...model.namedState().values()].map(({ value }) => value.data.slice());
  for (const [compile, failure] of [[right, undefined], [wrong, /^in a step \S+ has \S+ instead of \S+$/]] as const) {
    const tried = backend({ fma: false, wide: true }, compile, true);
    const { staging } = tried.executor.memory;
    const found = stepFailure(trainee, all, tried.executor, kernels({ fma: false }));
    if (failure === undefined) assert.is(found, undefined);
    else assert.match(found!, failure);
    assert.is(tried.executor.memory.staging, staging);
    tried.release();
  }
  assert.equal([...model.namedState().values()].map(({ value }) => value.data), before);
});

test("what differs: by more than rounding of the same array, or of the largest of all; and what is no number in one", () => {
  const of = (...values: number[]): Map<string, Float32Array> => new Map([["a", Float32Array.of(100)], ["b", Float32Array.from(values)]]);
  assert.is(firstDifference(of(1, 2), of(1, 2)), undefined);
  assert.is(firstDifference(of(1, 2.03), of(1, 2)), undefined);
  assert.match(firstDifference(of(1, 2.06), of(1, 2))!, /^in a step b has 2.0\d+ instead of 2$/);
  // Nothing but rounding.
  assert.is(firstDifference(of(1e-3, -1e-3), of(-1e-3, 1e-3)), undefined);
  assert.match(firstDifference(of(1, NaN), of(1, 2))!, /b has NaN instead of 2/);
  assert.match(firstDifference(of(1, 2), of(1, Infinity))!, /b has 2 instead of Infinity/);
  assert.is(firstDifference(of(1, NaN), of(1, NaN)), undefined);
});

test("turbo says what became of it; its losses are those of fast within rounding", async () => {
  const input = [4, 1, 14, 14];
  const found = turbo(arithmeticOf("fast"));
  const losses = async (numerics: "fast" | "turbo"): Promise<{ losses: number[]; kernels: string }> => {
    const random = new Random(3);
    const model = randomModel("se_resnet8", { inChannels: 1, classes: 10, width: 8, reduction: 4 });
    const session = await compileTraining(model, { ...options, input, numerics });
    const made = Array.from({ length: 5 }, () => session.trainStep(draw(input, random), drawLabels(4, 10, random), 0.05));
    const { kernels } = session;
    session.close();
    return { losses: made, kernels };
  };
  const [fast, fastest] = [await losses("fast"), await losses("turbo")];
  if (typeof found === "string") {
    assert.is(fastest.kernels, `${fast.kernels}; fast instead of turbo: ${found}`);
    assert.equal(fastest.losses, fast.losses);
  } else {
    assert.match(fastest.kernels, /^wasm: simd, fused multiply-add(, vectors of 256 bits)?(, paced)?, 1 thread$/);
    fast.losses.forEach((loss, i) => assert.ok(Math.abs(loss - fastest.losses[i]) < 1e-4 * loss, `step ${i}`));
  }
});

test("numerics that there are not are refused", () => {
  const input = [4, 1, 14, 14];
  const model = randomModel("se_resnet8", { inChannels: 1, classes: 10, width: 8, reduction: 4 });
  const numerics = "double" as "fast";
  assert.throws(() => compileTrainingSync(model, { ...options, input, numerics }), /wants exact, fast or turbo, got double$/);
});

test.run();
