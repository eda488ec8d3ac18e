/** Asynchronous runs of sessions with one thread: a worker computes them in a copy of their memory, to the same bits, and may end. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { emitModule } from "../../../src/session/backends/wasm/modules/emit.ts";
import * as lean from "../../../src/session/lean.ts";
import { compile, compileSync } from "../../../src/session/session.ts";
import type { Session } from "../../../src/session/session.ts";
import { Copies } from "../../../src/session/threads/copies.ts";
import { bits } from "../../support/compare.ts";
import { draw, draws, stir } from "../../support/random.ts";
import { runFile } from "../../support/runtime.ts";
import { network, sharedNetworks, smallResNet } from "../networks.ts";

interface NodeWorker {
  terminate(): Promise<number>;
  postMessage(message: object, transfer?: readonly object[]): void;
}

/** What workers were sent. */
interface Sent {
  readonly runs?: readonly string[];
  readonly writes?: readonly (readonly [address: number, bytes: ArrayBuffer])[];
  readonly modules?: readonly object[];
}

type WorkerClass = new (source: string, options: object) => NodeWorker;
const threads = createRequire(import.meta.url)("node:worker_threads") as { Worker: WorkerClass };
const OwnWorker = threads.Worker;
const started: NodeWorker[] = [];
const sent: Sent[] = [];
threads.Worker = class extends OwnWorker {
  constructor(source: string, options: object) {
    super(source, options);
    started.push(this);
  }
  override postMessage(message: object, transfer?: readonly object[]): void {
    // The bytes themselves leave this thread.
    const writes = (message as Sent).writes?.map(([address, { byteLength }]) => [address, { byteLength } as ArrayBuffer] as const);
    sent.push({ ...message, ...(writes === undefined ? {} : { writes }) });
    super.postMessage(message, transfer);
  }
};

async function withWorker<T>(Other: WorkerClass, work: () => Promise<T>): Promise<T> {
  const before = threads.Worker;
  threads.Worker = Other;
  try {
    return await work();
  } finally {
    threads.Worker = before;
  }
}

const rejection = (promise: Promise<unknown>): Promise<string> => promise.then(() => "no rejection", (error: Error) => error.message);
const runsSent = (): number => sent.filter(({ runs }) => runs !== undefined).length;
const weightsSent = (): number => sent.reduce((sum, { runs, writes = [] }) =>
  sum + (runs === undefined ? writes.reduce((bytes, [, { byteLength }]) => bytes + byteLength, 0) : 0), 0);

const input = [1, 3, 16, 16];

for (const [name, options, shape] of sharedNetworks) {
  for (const numerics of ["exact", "fast"] as const) {
    test(`${name}, ${numerics}: a worker gives the bits that run gives, for several shapes in turn, and after refresh`, async () => {
      const model = network(name, options);
      const how = { input: shape, numerics, threads: 1 };
      const [session, expected] = [await compile(model, how), compileSync(model, how)];
      const before = runsSent();
      const inputs = [shape, [2, ...shape.slice(1)], shape, [1, shape[1], 40, 36]].map((each, i) => draw(each, i));
      for (const x of inputs) assert.equal(bits(await session.runAsync(x)), bits(expected.run(x)));
      stir(model, 4);
      for (const each of [session, expected]) each.refresh();
      assert.equal(await Promise.all(inputs.map(async (x) => bits(await session.runAsync(x)))), inputs.map((x) => bits(expected.run(x))));
      assert.is(runsSent() - before, 8, "all of them by the worker");
      // And this thread's own memory is as it was.
      assert.equal(inputs.map((x) => bits(session.run(x))), inputs.map((x) => bits(expected.run(x))));
      for (const each of [session, expected]) each.close();
    });
  }
}

test("this thread goes on: its event loop goes round while the worker computes", async () => {
  const model = network("seresnet18", { width: 32, classes: 10 });
  const shape = [8, 3, 96, 96];
  const session = compileSync(model, { input: shape, threads: 1 });
  await session.runAsync(draw(shape));
  let [turns, over] = [0, false];
  const run = session.runAsync(draw(shape, 1)).finally(() => (over = true));
  for (; !over; turns++) await nextTurn();
  await run;
  // A thread that computes itself lets others have their turns twice.
  assert.ok(turns > 20, `${turns} turns`);
  session.close();
});

test("weights are sent once, and again after refresh; a close is told, and its memory serves the next session", async () => {
  const model = smallResNet();
  const session = await compile(model, { input, numerics: "exact", threads: 1 });
  const [x, y] = draws(input, 2);
  const before = weightsSent();
  await session.runAsync(x);
  const once = weightsSent() - before;
  assert.ok(once > 4 * model.parameterCount() / 2, `${once} bytes`);
  await session.runAsync(y);
  assert.is(weightsSent() - before, once);
  session.refresh();
  await session.runAsync(y);
  assert.is(weightsSent() - before, 2 * once);
  session.close();
  assert.ok(JSON.stringify(sent.at(-1)).includes("dropped"));
  for (let i = 0; i < 5; i++) {
    const next = await compile(smallResNet(i), { input, numerics: "exact", threads: 1 });
    assert.equal(bits(await next.runAsync(x)), bits(next.run(x)));
    next.close();
  }
});

test("observed values, the caller's arrays, several inputs at once; runs in their order", async () => {
  const model = smallResNet();
  const gate = "layer1.0.se.activation_2";
  const session = await compile(model, { input, numerics: "exact", threads: 1, observe: [gate] });
  const inputs = draws(input, 5);
  const expected = inputs.map((x) => session.run({ input: x }));
  const order: number[] = [];
  const before = runsSent();
  const all = await Promise.all(inputs.map(async (x, i) => {
    const into = { output: new Float32Array(10), [gate]: new Float32Array(8) };
    const values = await session.runAsync({ input: x }, { into });
    assert.is(values[gate].data, into[gate]);
    order.push(i);
    return values;
  }));
  assert.is(runsSent() - before, 5);
  assert.equal(order, [0, 1, 2, 3, 4]);
  all.forEach((values, i) => ["output", gate].forEach((name) => assert.equal(bits(values[name]), bits(expected[i][name]), name)));
  assert.equal(bits(session.observed(gate)), bits(expected[4][gate]));
  session.close();
});

test("while a run is under way its session refuses what would disturb it, others work; a close lets it end", async () => {
  const [session, other] = await Promise.all([1, 2].map((seed) => compile(smallResNet(seed), { input, numerics: "exact", threads: 1 })));
  const [x, y] = draws(input, 2);
  const [mine, theirs] = [bits(session.run(x)), bits(other.run(y))];
  const pending = [session.runAsync(x), other.runAsync(y), session.runAsync(x)];
  assert.throws(() => session.run(x), /an asynchronous run is under way; await it first/);
  assert.throws(() => session.refresh(), /an asynchronous run is under way; await it first/);
  session.close();
  assert.match(await rejection(session.runAsync(x)), /session: it is closed/);
  assert.equal((await Promise.all(pending)).map(bits), [mine, theirs, mine]);
  assert.throws(() => session.run(x), /session: it is closed/);
  other.close();
});

test("given modules and lean sessions too; hosts that compile nothing", async () => {
  const model = smallResNet();
  const x = draw(input);
  const expected = bits(compileSync(model, { input, numerics: "exact", threads: 1 }).run(x));
  const module = emitModule(model, { input, numerics: "exact" });
  const made = [compileSync(model, { input, module }), await lean.compile(model, { input, numerics: "exact", threads: 1 })];
  const before = runsSent();
  for (const session of made) assert.equal(bits(await session.runAsync(x)), expected);
  assert.is(runsSent() - before, 2);
  // A lean session that was made at once knows no workers: it computes here, and lets others have their turns.
  const alone = lean.compileSync(model, { input, numerics: "exact" });
  await turning(alone, async () => assert.equal(bits(await alone.runAsync(x)), expected));
  assert.is(runsSent() - before, 2);
  for (const session of [...made, alone]) session.close();
});

/** Does the event loop go round while this is done? */
async function turning(session: Session, work: () => Promise<void>): Promise<void> {
  let [turned, over] = [false, false];
  // Timers are due in the order in which they were set.
  const turn = new Promise<void>((resolve) => void setTimeout(resolve, 0)).then(() => (turned = !over));
  await work();
  over = true;
  await turn;
  assert.ok(turned, session.kernels);
}

test("what no worker can compute is computed here, step by step: plain kernels, overridden values", async () => {
  const model = smallResNet();
  const x = draw(input);
  const before = runsSent();
  const plain = await compile(model, { input, kernels: "plain" });
  await turning(plain, async () => assert.equal(bits(await plain.runAsync(x)), bits(plain.run(x))));
  const name = "layer1.0.se.activation_2";
  const overridden = await compile(model, { input, numerics: "exact", threads: 1, override: [name] });
  const half = draw([1, 8, 1, 1], 4);
  await turning(overridden, async () => {
    const [a, b] = await Promise.all([overridden.runAsync({ input: x, [name]: half }), overridden.runAsync({ input: x })]);
    assert.equal(bits(a.output), bits(overridden.run({ input: x, [name]: half }).output));
    assert.equal(bits(b.output), bits(overridden.run({ input: x }).output));
  });
  assert.is(runsSent(), before);
});

test("the worker is terminated at many moments: a run that had begun is refused or right, what comes next is right", async () => {
  const random = new Random(27);
  const model = network("seresnet18", { width: 16, classes: 10 });
  const shape = [2, 3, 48, 48];
  const session = await compile(model, { input: shape, numerics: "exact", threads: 1 });
  const inputs = draws(shape, 3);
  const expected = inputs.map((x) => bits(session.run(x)));
  let refused = 0;
  for (let round = 0; round < 40; round++) {
    const runs = Promise.allSettled(inputs.map((x) => session.runAsync(x)));
    for (let turns = random.below(60); turns > 0; turns--) await nextTurn();
    await started.at(-1)?.terminate();
    (await runs).forEach((outcome, i) => {
      if (outcome.status === "fulfilled") assert.equal(bits(outcome.value), expected[i]);
      else {
        refused++;
        assert.match(String(outcome.reason), /^Error: session\.runAsync: a worker ended with code 1$/);
      }
    });
    assert.equal(bits(await session.runAsync(inputs[0])), expected[0]);
    assert.equal(bits(session.run(inputs[1])), expected[1]);
  }
  assert.ok(refused > 0, "none of them was hit");
  assert.match(session.kernels, /, 1 thread$/);
  session.close();
});

test("hosts without workers, workers that fail, end or never answer: this thread computes, and says why", async () => {
  const model = smallResNet();
  const x = draw(input);
  const failing = (source: string): WorkerClass => class extends OwnWorker {
    constructor(_: string, options: object) {
      super(source, options);
    }
  };
  const None = class {
    constructor() {
      throw new Error("this host has no workers");
    }
  } as unknown as WorkerClass;
  const session = await compile(model, { input, numerics: "exact", threads: 1 });
  const expected = bits(session.run(x));
  for (const [Other, why] of [
    [None, "this host has no workers"],
    [failing("throw new Error('not today')"), "a worker failed: not today"],
    [failing("process.exit(3)"), "a worker ended with code 3"],
    [failing("setInterval(() => undefined, 1000)"), "a worker did not answer within 5 seconds"],
  ] as const) {
    const copies = new Copies();
    const asked = [x, x].map((each, i) => copies.runAsync(
      { session: 1, memory: new WebAssembly!.Memory({ initial: 1 }), modules: [], stage: new Int32Array(1), lost: new Int32Array(1) },
      {
        names: [], memory: { kept: [], refreshes: 0 }, begin: () => assert.unreachable(), end: () => 0,
        here: async () => (session.run(each), i),
        graph: { inputs: [], outputs: [] }, kept: new Set(), images: new Map(), planar: new Map(), address: () => 0,
      },
    ));
    assert.equal(await withWorker(Other, () => Promise.all(asked)), [0, 1]);
    assert.is(copies.missing, why);
  }
  await started.at(-1)?.terminate();
  await nextTurn();
  const before = runsSent();
  await withWorker(None, () => turning(session, async () => assert.equal(bits(await session.runAsync(x)), expected)));
  assert.is(runsSent(), before);
  assert.match(session.kernels, /, 1 thread \(this host has no workers\)$/);
  assert.equal(bits(await session.runAsync(x)), expected);
  assert.is(runsSent(), before + 1, "once there are workers again");
  assert.match(session.kernels, /, 1 thread$/);
  session.close();
});

test("nothing keeps the process alive, and a run that is under way does", async () => {
  const { code, output, errors } = await runFile(join(dirname(fileURLToPath(import.meta.url)), "copies-child.ts"), [], 60);
  assert.is(code, 0, errors);
  assert.is(output, "1,10\n");
});

test.run();
