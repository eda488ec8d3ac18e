/** Workers that end, fail or never answer: what they shared in is refused, what comes next works with those that are left, and says so. */
import { createRequire } from "node:module";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile, compileSync } from "../../src/session/session.ts";
import type { Session } from "../../src/session/session.ts";
import { Pool } from "../../src/session/threads/pool.ts";
import { spawn } from "../../src/session/threads/spawn.ts";
import type { SessionCode } from "../../src/session/threads/session-code.ts";
import { bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { network, smallResNet } from "./networks.ts";

/** As far as the tests use it. */
interface NodeWorker {
  terminate(): Promise<number>;
  emit(event: string, ...values: readonly unknown[]): boolean;
  on(event: string, handler: (value: never) => void): void;
  once(event: string, handler: (value: never) => void): void;
}

const threads = createRequire(import.meta.url)("node:worker_threads") as { Worker: new (source: string, options: object) => NodeWorker };
const OwnWorker = threads.Worker;
const started: NodeWorker[] = [];
threads.Worker = class extends OwnWorker {
  constructor(source: string, options: object) {
    super(source, options);
    started.push(this as unknown as NodeWorker);
  }
} as unknown as typeof OwnWorker;

async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "no rejection", (error: Error) => `${error.name}: ${error.message}`);
}

/** By then a run that was asked for is under way. */
const begun = async (): Promise<void> => void (await nextTurn());
const gone = (worker: NodeWorker): Promise<void> => new Promise((resolve) => worker.once("exit", () => resolve()));

const shape = [2, 3, 32, 32];
const model = network("seresnet18", { width: 32, classes: 10 });
const x = draw(shape);
const expected = bits(compileSync(model, { input: shape, numerics: "exact", threads: 1 }).run(x));
/** Long enough that no worker gets through it before it is ended. */
const long = draw([24, 3, 192, 192]);
const made = (count: number): Promise<Session> => compile(model, { input: long.shape, numerics: "exact", threads: count });

test("the leader of an asynchronous run is terminated: the run rejects, later runs have the threads that are left, a later compile has all",
  async () => {
  const session = await made(3);
  assert.equal(bits(session.run(x)), expected);
  assert.match(session.kernels, /, 3 threads$/);
  // Both workers compute; the last one leads.
  const run = rejection(session.runAsync(long));
  await begun();
  await started.at(-1)!.terminate();
  assert.match(await run, /^Error: session\.runAsync: a worker ended with code 1$/);
  assert.match(session.kernels, /, 2 threads \(a worker ended with code 1\)$/);
  assert.equal(bits(session.run(x)), expected);
  assert.equal(bits(await session.runAsync(x)), expected);
  const next = await made(3);
  assert.match(next.kernels, /, 3 threads$/);
  assert.equal(bits(next.run(x)), expected);
  assert.equal(bits(await next.runAsync(x)), expected);
  for (const each of [session, next]) each.close();
});

test("a helper is terminated in the middle of asynchronous runs: what is not refused is right", async () => {
  const session = await made(3);
  const runs = Promise.allSettled([long, x, x].map((each) => session.runAsync(each)));
  await begun();
  await started.at(-2)!.terminate();
  const [first, ...rest] = await runs;
  // It may have ended between two pieces.
  if (first.status === "rejected") assert.match(String(first.reason), /session\.runAsync: a worker ended/);
  for (const outcome of rest) assert.equal(outcome.status === "fulfilled" && bits(outcome.value), expected);
  assert.equal(bits(await session.runAsync(x)), expected);
  assert.equal(bits(session.run(x)), expected);
  session.close();
});

test("every worker is terminated: one thread goes on, and says why", async () => {
  const session = await made(3);
  const runs = Promise.allSettled([long, x].map((each) => session.runAsync(each)));
  await begun();
  await Promise.all(started.map((worker) => worker.terminate()));
  const [first, second] = await runs;
  assert.is(first.status, "rejected");
  assert.equal(second.status === "fulfilled" && bits(second.value), expected);
  assert.equal(bits(session.run(x)), expected);
  assert.equal(bits(await session.runAsync(x)), expected);
  assert.match(session.kernels, /, 1 thread \(a worker ended with code 1\)$/);
  session.close();
});

test("workers end while nothing runs, or before a synchronous run: it goes on with those that are left", async () => {
  const session = await made(2);
  const worker = started.at(-1)!;
  const ended = gone(worker);
  void worker.terminate();
  for (let i = 0; i < 3; i++) assert.equal(bits(session.run(x)), expected);
  await ended;
  assert.equal(bits(session.run(x)), expected);
  assert.match(session.kernels, /, 1 thread \(/);
  assert.equal(bits(await session.runAsync(x)), expected);
  session.close();
});

test("out of memory is an error of the worker, and no different", async () => {
  const session = await made(2);
  const run = rejection(session.runAsync(long));
  await begun();
  started.at(-1)!.emit("error", new Error("Worker terminated due to reaching memory limit: JS heap out of memory"));
  assert.match(await run, /session\.runAsync: a worker failed: Worker terminated due to reaching memory limit/);
  assert.equal(bits(session.run(x)), expected);
  session.close();
});

test("a message that cannot be read counts as an end", async () => {
  const session = await made(2);
  const run = rejection(session.runAsync(long));
  await begun();
  started.at(-1)!.emit("messageerror", new Error("what"));
  assert.match(await run, /session\.runAsync: a message from a worker could not be read/);
  assert.equal(bits(session.run(x)), expected);
  session.close();
});

test("a thread is lost in the middle of a synchronous run: others are given up after some seconds, the answer is right, in other memory",
  async () => {
  const session = await made(2);
  // As a thread that takes a piece of the first run and is never seen again.
  const own = Pool.prototype.run;
  let taken = 0;
  Pool.prototype.run = function (this: Pool, code: SessionCode, run: number, part: never, most: number): void {
    if (taken++ === 0) {
      const control = new Int32Array(code.memory.buffer, 64, 2);
      Atomics.add(control, 0, 1);
    }
    own.call(this, code, run, part, most);
  };
  try {
    assert.equal(bits(session.run(x)), expected);
  } finally {
    Pool.prototype.run = own;
  }
  assert.is(taken, 2);
  assert.equal(bits(session.run(x)), expected);
  assert.equal(bits(await session.runAsync(x)), expected);
  session.close();
});

test("a worker that never answers, or ends at once: compile goes on with one thread and says so", async () => {
  const small = smallResNet();
  const input = [1, 3, 16, 16];
  for (const worker of started) await worker.terminate();
  const cases: readonly (readonly [string, RegExp])[] = [
    ["setInterval(() => undefined, 1000)", /, 1 thread \(a worker did not answer within 5 seconds\)$/],
    ["process.exit(3)", /, 1 thread \(a worker ended with code 3\)$/],
    ["throw new Error('not today')", /, 1 thread \(a worker failed: not today\)$/],
    ["require('worker_threads').parentPort.postMessage({ index: 1, failure: 'no memory to share' })", /, 1 thread \(no memory to share\)$/],
  ];
  const Patched = threads.Worker;
  for (const [source, said] of cases) {
    threads.Worker = class extends OwnWorker {
      constructor(_: string, options: object) {
        super(source, options);
      }
    } as unknown as typeof OwnWorker;
    try {
      const session = await compile(small, { input, numerics: "exact", threads: 2 });
      assert.match(session.kernels, said);
      assert.equal(bits(session.run(draw(input))), bits(compileSync(small, { input, numerics: "exact" }).run(draw(input))));
      session.close();
    } finally {
      threads.Worker = Patched;
    }
  }
  const session = await compile(small, { input, numerics: "exact", threads: 2 });
  assert.match(session.kernels, /, 2 threads$/);
  session.close();
});

test("a Web Worker that a policy forbids fires an event without a word: the likeliest reason is named", () => {
  const { process: own, Worker: web } = globalThis as { process?: unknown; Worker?: unknown };
  const made: { onerror?: (event: object) => void }[] = [];
  const said: string[] = [];
  const replace = (name: string, value: unknown): void => void Object.defineProperty(globalThis, name, {
    value, configurable: true, writable: true });
  replace("process", undefined);
  replace("Worker", class {
    onerror?: (event: object) => void;
    constructor() {
      made.push(this);
    }
  });
  try {
    for (const event of [{}, { message: "" }, { message: "not today" }]) {
      spawn({ node: "", web: "" }).listen(() => undefined, (reason) => void said.push(reason));
      made.at(-1)!.onerror!(event);
    }
  } finally {
    replace("process", own);
    replace("Worker", web);
  }
  const untold = "a worker failed, the host does not say why (a content security policy without worker-src data:?)";
  assert.equal(said, [untold, untold, "a worker failed: not today"]);
});

test.run();
