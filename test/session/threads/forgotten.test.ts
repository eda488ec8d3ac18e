/** What workers have of sessions: they are told of each one that is gone, have few at a time, and are told anew of one that runs again. */
import { createRequire } from "node:module";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile, compileSync } from "../../../src/session/session.ts";
import { bits } from "../../support/compare.ts";
import { draw } from "../../support/random.ts";
import { smallResNet } from "../networks.ts";

/** A message to a worker of the pool. */
interface Message {
  readonly dropped?: readonly number[];
  readonly install?: { readonly session: number; readonly forgotten: readonly string[] };
}

type WorkerClass = new (source: string, options: object) => { postMessage(message: Message): void };
const threads = createRequire(import.meta.url)("node:worker_threads") as { Worker: WorkerClass };
const OwnWorker = threads.Worker;
const sent: Message[] = [];
threads.Worker = class extends OwnWorker {
  override postMessage(message: Message): void {
    sent.push({ ...message, dropped: [...(message.dropped ?? [])] });
    super.postMessage(message);
  }
};

const input = [1, 3, 16, 16];
const x = draw(input);

/** Sessions that the worker has, as it was told. */
function had(): Set<number> {
  const all = new Set<number>();
  for (const { dropped = [], install } of sent) {
    for (const session of dropped) all.delete(session);
    if (install !== undefined) all.add(install.session);
  }
  return all;
}

test("each of many sessions that are closed at once is told with the next one", async () => {
  const model = smallResNet();
  const many = await Promise.all(Array.from({ length: 100 }, () => compile(model, { input, numerics: "exact", threads: 2 })));
  for (const session of many) session.run(x);
  for (const session of many) session.close();
  const next = await compile(model, { input, numerics: "exact", threads: 2 });
  next.run(x);
  assert.is(had().size, 1);
  next.close();
});

test("a worker has few sessions at a time, and those that it forgot run again to the same bits", async () => {
  const models = Array.from({ length: 40 }, (_, i) => smallResNet(i));
  const expected = models.map((model) => bits(compileSync(model, { input, numerics: "exact", threads: 1 }).run(x)));
  const sessions = await Promise.all(models.map((model) => compile(model, { input, numerics: "exact", threads: 2 })));
  for (let round = 0; round < 3; round++) {
    for (const [i, session] of sessions.entries()) assert.equal(bits(session.run(x)), expected[i]);
    assert.ok(had().size <= 33, `${had().size} sessions`);
    assert.equal(await Promise.all(sessions.map(async (session) => bits(await session.runAsync(x)))), expected);
  }
  for (const session of sessions) session.close();
});

test("a session that is fed more than four shapes in turn leaves no module and no function behind", async () => {
  const session = await compile(smallResNet(), { input, numerics: "exact", threads: 2 });
  const shapes = Array.from({ length: 6 }, (_, i) => [1, 3, 16 + i, 16]);
  const expected = shapes.map((shape) => bits(session.run(draw(shape))));
  const before = sent.length;
  for (let round = 0; round < 3; round++) shapes.forEach((shape, i) => assert.equal(bits(session.run(draw(shape))), expected[i]));
  const forgotten = sent.slice(before).flatMap(({ install }) => install?.forgotten ?? []);
  // Each program that is made anew takes the place of an older one, whose function nobody calls any more.
  assert.is(forgotten.filter((name) => name.startsWith("run_")).length, 18);
  session.close();
});

test.run();
