/**
 * Workers that end while a training session computes: it goes on with those that are left, says so, and comes to the same bits. A thread
 * that had begun a piece is given up after five seconds, so these take a while.
 */
import { createRequire } from "node:module";
import { setTimeout as wait } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import { stateDict } from "../../../src/nn/state-dict.ts";
import { Pool } from "../../../src/session/threads/pool.ts";
import type { SessionCode } from "../../../src/session/threads/session-code.ts";
import { compileTraining } from "../../../src/session/training/training-session.ts";
import type { TrainingOptions } from "../../../src/session/training/options.ts";
import type { TrainingSession } from "../../../src/session/training/training-session.ts";
import type { Module } from "../../../src/nn/module.ts";
import { bits } from "../../support/compare.ts";
import { draw, drawLabels } from "../../support/random.ts";
import { dropFrom } from "../training/reference.ts";

interface NodeWorker {
  terminate(): Promise<number>;
  postMessage(message: object): void;
  on(event: string, handler: (data: never) => void): void;
  unref(): void;
}

const threads = createRequire(import.meta.url)("node:worker_threads") as { Worker: new (source: string, options: object) => NodeWorker };
const OwnWorker = threads.Worker;
const started: NodeWorker[] = [];
/** Messages that do not arrive yet, if any are held back. */
let held: (() => void)[] | undefined;
threads.Worker = class extends OwnWorker {
  constructor(source: string, options: object) {
    super(source, options);
    started.push(this);
  }

  override postMessage(message: object): void {
    if (held === undefined) super.postMessage(message);
    else held.push(() => super.postMessage(message));
  }
};

const input = [8, 3, 20, 20];
const options: TrainingOptions = {
  input, numerics: "exact", optimiser: { method: "sgd", momentum: 0.9, weightDecay: 1e-3 }, average: 0.9, clip: 1, accumulate: 2,
};

/** A network with dropout and normalisation, the same each time. */
function made(): Module {
  const model = createModel("seresnet18", { width: 16, classes: 5, dropout: 0.3 }, 3);
  dropFrom(model, new Random(8));
  return model;
}

/** Losses, and what the session keeps, after so many steps. */
function trained(session: TrainingSession, model: Module, steps: number, before: (step: number) => void = () => undefined): unknown {
  const random = new Random(4);
  const losses = Array.from({ length: steps }, (_, step) => {
    const [x, labels] = [draw(input, random), drawLabels(input[0], 5, random)];
    before(step);
    return session.trainStep(x, labels, 0.05);
  });
  const kept = [...session.optimiserState()].map(([name, tensor]) => [name, bits(tensor)]);
  session.pull();
  return [losses, kept, [...stateDict(model)].map(([name, tensor]) => [name, bits(tensor)])];
}

const STEPS = 6;
const one = made();
const alone = await compileTraining(one, { ...options, threads: 1 });
const expected = trained(alone, one, STEPS);

test("a thread is lost in a step, at its first stage or a later one, or while weights are packed: the same bits", async () => {
  const own = Pool.prototype.run;
  const random = new Random(31);
  // Waits for a stage, and takes a piece of it.
  const thief = new OwnWorker(`require("worker_threads").parentPort.on("message", ({ memory, ahead }) => {
    const words = new Int32Array(memory.buffer, 64, 2);
    const from = Atomics.load(words, 1);
    for (const until = Date.now() + 300; Date.now() < until;) if (Atomics.load(words, 1) - from >= ahead) return Atomics.add(words, 0, 1);
  });`, { eval: true });
  thief.unref();
  let attempts = 0;
  for (let round = 0; round < 4; round++) {
    const model = made();
    const session = await compileTraining(model, { ...options, threads: 2 });
    assert.match(session.kernels, /, 2 threads$/);
    const memories = new Set<object>();
    // The call of the pool in which a piece is taken by a thread that is never seen again.
    const at = 2 + random.below(10);
    let calls = 0;
    let isAlone = false;
    Pool.prototype.run = function (this: Pool, code: SessionCode, run: number, span: never, most: number): void {
      memories.add(code.memory);
      isAlone = most === 1;
      // Alone: an update, in which nobody shares.
      if (most > 1 && calls++ === at) {
        if (round % 2 === 0) Atomics.add(new Int32Array(code.memory.buffer, 64, 2), 0, 1);
        else thief.postMessage({ memory: code.memory, ahead: random.below(20) });
      }
      own.call(this, code, run, span, most);
    };
    try {
      assert.equal(trained(session, model, STEPS), expected, `round ${round}, call ${at}`);
    } catch (error) {
      // On a busy machine the thief may come as late as an update, where no worker is that could: once more.
      if (round % 2 === 0 || !isAlone || attempts++ > 20) throw error;
      round--;
      continue;
    } finally {
      Pool.prototype.run = own;
      session.close();
    }
    if (round % 2 === 0) assert.is(memories.size, 2, "in other memory");
  }
  await thief.terminate();
});

test("workers are terminated at many moments: the session goes on with those that are left, and says so", async () => {
  const random = new Random(12);
  for (const count of [2, 3]) {
    for (let round = 0; round < 2; round++) {
      const model = made();
      const session = await compileTraining(model, { ...options, threads: count });
      assert.match(session.kernels, new RegExp(`, ${count} threads$`));
      const at = random.below(STEPS - 1);
      const ended: Promise<unknown>[] = [];
      const result = trained(session, model, STEPS, (step) => {
        if (step === at) ended.push(started.at(-1)!.terminate());
      });
      assert.equal(result, expected, `step ${at}`);
      await Promise.all(ended);
      const left = new RegExp(`, ${count - 1} thread${count === 2 ? "" : "s"} \\(a worker ended with code 1\\)$`);
      // On a busy machine the news takes more than a turn.
      for (let turn = 0; turn < 500 && !left.test(session.kernels); turn++) await wait(10);
      assert.match(session.kernels, left);
      // And on.
      session.trainStep(draw(input, 1), drawLabels(input[0], 5, new Random(1)), 0.05);
      session.close();
    }
  }
});

test("a worker that was late for one session is waited for, and counted, by the next one", async () => {
  const model = made();
  held = [];
  const first = await compileTraining(model, { ...options, threads: 2 });
  trained(first, model, 1);
  const waiting = held;
  held = undefined;
  assert.ok(waiting.length > 0, "the first session's code was held back");
  setTimeout(() => waiting.forEach((post) => post()), 300);
  const again = made();
  const second = await compileTraining(again, { ...options, threads: 2 });
  assert.match(second.kernels, /, 2 threads$/);
  assert.equal(trained(second, again, STEPS), expected);
  first.close();
  second.close();
});

test("a session that is closed stays closed", () => {
  alone.close();
  alone.close();
  assert.throws(() => alone.trainStep(draw(input), new Int32Array(8)), /session: it is closed/);
});

test.run();
