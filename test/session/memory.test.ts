/** Memory: sessions that are dropped leave none behind, and runs take none. bench/memory.ts measures the same on SE-ResNet-50. */
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";

const mebibytes = (): number => process.memoryUsage().rss / 1048576;

/** 20 million parameters, most of them in linear layers: 77 MiB a session, packed in no time. */
const model = createModel("vgg11", { width: 2, classes: 10 }, null);
const input: Shape = [1, 3, 32, 32];
const x = Tensor.zeros(input);

/** @param work makes a session of 77 MiB and drops it */
async function growth(work: () => void | Promise<void>): Promise<number> {
  for (let i = 0; i < 3; i++) await work();
  await nextTurn();
  const before = mebibytes();
  for (let i = 0; i < 30; i++) await work();
  return mebibytes() - before;
}

test("sessions that are made and dropped, without a turn of the event loop between", async () => {
  assert.ok((await growth(() => void compileSync(model, { input, threads: 1 }).run(x))) < 1000);
});

test("the same with memory that a worker shares: it is told how much there will be before it grows", async () => {
  (await compile(model, { input, threads: 2 })).close();
  // Of 30 at 77 MiB some wait until the turn ends, a worker has some, and the engine looks for others when it sees fit.
  const grown = await growth(() => void compileSync(model, { input, threads: 2 }).run(x));
  assert.ok(grown < 1400, `${grown} MiB more`);
});

for (const threads of [1, 2]) {
  test(`sessions that are made and dropped, ${threads} thread${threads === 1 ? "" : "s"}`, async () => {
    const grown = await growth(async () => {
      (await compile(model, { input, threads })).run(x);
      await nextTurn();
    });
    assert.ok(grown < 1000, `${grown} MiB more`);
  });
}

test("a thousand runs of one session", async () => {
  const session = await compile(model, { input, threads: 1 });
  for (let i = 0; i < 100; i++) session.run(x);
  const before = mebibytes();
  for (let i = 0; i < 1000; i++) session.run(x);
  assert.ok(mebibytes() - before < 100, `${mebibytes() - before} MiB more`);
  session.close();
});

test.run();
