/** Threads: every number of them gives the same bits, whatever shares the pool; and asynchronous runs give what synchronous ones give. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { allOperations } from "../../src/session/backends/all-operations.ts";
import { exactArithmetic } from "../../src/session/backends/numerics.ts";
import { PlainConstants } from "../../src/session/backends/plain/program.ts";
import { moduleNetwork } from "../../src/nn/lower.ts";
import { sessionGraph } from "../../src/session/optimise/session-graph.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import { divide, emitRunsShared, grouped } from "../../src/session/threads/run-shared.ts";
import type { KernelCall } from "../../src/session/plan/kernel-call.ts";
import type { Pool } from "../../src/session/threads/pool.ts";
import type { SessionCode } from "../../src/session/threads/session-code.ts";
import { WasmExecutor } from "../../src/session/backends/wasm/executor.ts";
import { wasmProgram } from "../../src/session/backends/wasm/program.ts";
import { Tensor } from "../../src/tensor.ts";
import { bits } from "../support/compare.ts";
import { draw, draws } from "../support/random.ts";
import { network, sharedNetworks, smallResNet } from "./networks.ts";

/** A rejection's message. */
async function rejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  return "no rejection";
}

const early = smallResNet();
// Made when there was no pool, and when it had one worker.
const alone = compileSync(early, { input: [1, 3, 16, 16], numerics: "exact" });
const two = await compile(early, { input: [1, 3, 16, 16], numerics: "exact", threads: 2 });

test("the sessions say how many threads they have", async () => {
  assert.match(alone.kernels, /^wasm: simd(, paced)?, 1 thread(;|$)/);
  assert.match(two.kernels, /^wasm: simd(, paced)?, 2 threads$/);
  assert.match(
    (await compile(early, { input: [1, 3, 16, 16], threads: 3 })).kernels,
    /^wasm: simd(, fused multiply-add)?(, tiles of 6x8|, paced)?, 3 threads$/,
  );
  assert.match((await compile(early, { input: [1, 3, 16, 16], threads: 1 })).kernels, /, 1 thread$/);
});

for (const numerics of ["exact", "fast"] as const) {
  for (const [name, options, shape] of sharedNetworks) {
    test(`${name}, ${numerics}: 1, 2 and 3 threads give the same bits, for several shapes`, async () => {
      const model = network(name, options);
      const sessions = await Promise.all([1, 2, 3].map((threads) => compile(model, { input: shape, numerics, threads })));
      for (const input of [shape, [3, ...shape.slice(1)], [1, 3, 51, 37], shape]) {
        const x = draw(input);
        const [expected, ...others] = sessions.map((session) => bits(session.run(x)));
        others.forEach((actual, i) => assert.equal(actual, expected, `${i + 2} threads, input ${input.join()}`));
      }
      for (const session of sessions) session.close();
    });
  }
}

test("sessions in turns on one pool, some older than its last worker", async () => {
  const shape = [2, 3, 16, 16];
  const models = [3, 4].map((seed) => smallResNet(seed));
  const later = await Promise.all(
    models.flatMap((model) => [2, 3].map((threads) => compile(model, { input: shape, numerics: "exact", threads }))),
  );
  const sessions = [two, ...later];
  const expected = [early, ...models].map((model) => compileSync(model, { input: shape, numerics: "exact", threads: 1 }));
  for (const x of draws(shape, 12)) {
    const [first, ...rest] = expected.map((session) => bits(session.run(x)));
    const wanted = [first, rest[0], rest[0], rest[1], rest[1]];
    sessions.forEach((session, i) => assert.equal(bits(session.run(x)), wanted[i], session.kernels));
  }
  for (const session of later) session.close();
});

test("threads wait for each other only after what they share, and share it evenly", () => {
  const call = (work: number, count: number, images = 1, unit = 1, most = 16): KernelCall => ({
    kernel: { name: "f", emit: () => { throw new Error("not emitted"); } }, images, operands: [], ranges: [{ count, unit, most }],
    divided: 0, work, scratch: 0,
  });
  const [large, small, whole] = [call(1e7, 28), call(5e4, 28), call(1e6, 1)];
  // What has one piece is computed by one thread, with what is small around it.
  assert.equal(grouped([[large], [small], [whole], [small], [large], [large]]).map(({ shared, calls }) => [shared, calls.length]), [
    [true, 1], [false, 3], [true, 1], [true, 1],
  ]);
  assert.equal(grouped([[whole, whole]]).map(({ shared }) => shared), [true]);
  // Of three pieces one of two threads would do two.
  for (const work of [2e5, 5e5, 9e5, 1e6, 2.1e6, 6e6, 1e9]) {
    const { perImage } = divide(call(work, 960));
    assert.ok(perImage >= 2 && perImage <= 16 && perImage % 2 === 0, `${work}: ${perImage}`);
  }
  assert.is(divide(call(1e6, 7, 8)).perImage, 1);
  assert.equal([10, 3].map((count) => divide(call(1e7, count, 1, 1, 4)).perImage), [4, 3]);
});

test("many short runs: nothing waits for ever", () => {
  const x = draw([1, 3, 16, 16]);
  const expected = bits(two.run(x));
  for (let i = 0; i < 300; i++) assert.equal(bits(two.run(x)), expected);
});

test("a run waits for no thread that has begun nothing, and who comes late finds it over", () => {
  const { graph, kept } = sessionGraph(moduleNetwork(early), { input: [1, 3, 16, 16] });
  const arithmetic = exactArithmetic;
  const calls: { part: (thread: number, stage: number, sleeps: number) => void; stage: number }[] = [];
  // The other thread never wakes up.
  const pool = {
    emitRuns: emitRunsShared,
    newSession: () => 1,
    prepare: () => undefined,
    run(code: SessionCode, _run: number, part: (typeof calls)[number]["part"]) {
      calls.push({ part, stage: Atomics.load(code.stage, 0) });
      part(0, calls.at(-1)!.stage, 0);
    },
    dropSession: () => undefined,
  } as unknown as Pool;
  const executor = new WasmExecutor({
    arithmetic, threads: 2, pool, refused: new Set(), compile: (emit) => new WebAssembly!.Module(emit().toBytes()),
  });
  const program = wasmProgram({ graph, operations: allOperations, kept, constants: new PlainConstants(), executor, overrides: new Map() });
  const [first, second] = draws([1, 3, 16, 16], 2);
  const answer = (): Tensor<Float32Array> => {
    const data = new Float32Array(10);
    program.read(graph.outputs[0], data);
    return new Tensor(data, [1, 10]);
  };
  for (const x of [first, second]) {
    program.setInput(0, x.data);
    program.run();
    assert.equal(bits(answer()), bits(alone.run(x)));
    // The other one wakes up, with the job of this run and of the one before. Where the input was, other values lie by now.
    for (const { part, stage } of calls) part(1, stage, 1);
    assert.equal(bits(answer()), bits(alone.run(x)), "nothing is computed again");
  }
  executor.release();
});

test("memory that goes from session to session carries nothing over", async () => {
  const x = draw([1, 3, 16, 16]);
  const expected = bits(alone.run(x));
  for (let i = 0; i < 30; i++) {
    const session = await compile(early, { input: [1, 3, 16, 16], numerics: "exact", threads: 2 + (i % 2) });
    assert.equal(bits(session.run(x)), expected);
    assert.equal(bits(session.run(x)), expected);
    session.close();
  }
});

test("runAsync gives what run gives; several are done in their order, while this thread goes on", async () => {
  const inputs = draws([1, 3, 16, 16], 5);
  const expected = inputs.map((x) => bits(two.run(x)));
  let turns = 0;
  const first = two.runAsync(inputs[0]).then((y) => (turns++, y));
  assert.is(turns, 0, "not before this function goes on");
  assert.equal(bits(await first), expected[0]);
  const order: number[] = [];
  const all = await Promise.all(inputs.map((x, i) => two.runAsync(x).then((y) => (order.push(i), bits(y)))));
  assert.equal(all, expected);
  assert.equal(order, [0, 1, 2, 3, 4]);
});

test("runAsync for other shapes, on one thread and on three", async () => {
  const three = await compile(early, { input: [1, 3, 16, 16], numerics: "exact", threads: 3 });
  const inputs = [[1, 3, 16, 16], [3, 3, 19, 16], [1, 3, 40, 40], [2, 3, 9, 9]].map((shape) => draw(shape));
  const expected = inputs.map((x) => bits(alone.run(x)));
  for (const session of [alone, two, three]) {
    assert.equal(await Promise.all(inputs.map(async (x) => bits(await session.runAsync(x)))), expected, session.kernels);
  }
  three.close();
});

test("runAsync into the caller's array, and for named values", async () => {
  const x = draw([1, 3, 16, 16]);
  const into = new Float32Array(10);
  const y = await two.runAsync(x, { into });
  assert.is(y.data, into);
  assert.equal(bits(y), bits(two.run(x)));
  const gate = "layer1.0.se.activation_2";
  const session = await compile(early, { input: [1, 3, 16, 16], numerics: "exact", threads: 2, observe: [gate] });
  const arrays = { output: new Float32Array(10), [gate]: new Float32Array(8) };
  const values = await session.runAsync({ input: x }, { into: arrays });
  assert.is(values.output.data, arrays.output);
  assert.is(values[gate].data, arrays[gate]);
  assert.equal(bits(values[gate]), bits(session.run({ input: x })[gate]));
  session.close();
});

test("while a run is under way, its session refuses what would disturb it, and others work", async () => {
  const model = smallResNet(5);
  const other = await compile(model, { input: [1, 3, 16, 16], numerics: "exact", threads: 2 });
  const [x, y] = draws([1, 3, 16, 16], 2);
  const [mine, theirs] = [bits(two.run(x)), bits(other.run(y))];
  const pending = two.runAsync(x);
  assert.throws(() => two.run(x), /an asynchronous run is under way; await it first/);
  assert.throws(() => two.refresh(), /an asynchronous run is under way; await it first/);
  for (let i = 0; i < 3; i++) assert.equal(bits(other.run(y)), theirs);
  assert.equal(bits(await pending), mine);
  assert.equal(bits(two.run(x)), mine);
  const both = await Promise.all([other.runAsync(y), two.runAsync(x), other.runAsync(y)]);
  assert.equal(both.map(bits), [theirs, mine, theirs]);
  other.close();
});

test("close while a run is under way: it still ends, and nothing after it", async () => {
  const session = await compile(early, { input: [1, 3, 16, 16], numerics: "exact", threads: 2 });
  const x = draw([1, 3, 16, 16]);
  const expected = bits(session.run(x));
  const pending = [session.runAsync(x), session.runAsync(x)];
  session.close();
  session.close();
  assert.match(await rejection(session.runAsync(x)), /session: it is closed/);
  assert.equal((await Promise.all(pending)).map(bits), [expected, expected]);
  assert.throws(() => session.run(x), /session: it is closed/);
  const next = await compile(early, { input: [1, 3, 16, 16], numerics: "exact", threads: 2 });
  assert.equal(bits(next.run(x)), expected);
  next.close();
});

test("what is wrong with a run rejects its promise, and the next one works", async () => {
  const x = draw([1, 3, 16, 16]);
  assert.match(await rejection(two.runAsync(Tensor.zeros([1, 2, 16, 16]))), /wants 3 channels, got 2/);
  assert.match(await rejection(two.runAsync(x, { into: new Float32Array(9) })), /into wants 10 elements/);
  assert.equal(bits(await two.runAsync(x)), bits(alone.run(x)));
});

test.run();
