/** Workers from a script of the caller's own: threads and asynchronous runs, the same bits, and one sentence where none comes of it. */
import { createRequire } from "node:module";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile, compileSync } from "../../../src/session/session.ts";
import { workerFile } from "../../../src/session/threads/worker-file.ts";
import { setWorkers } from "../../../src/session/workers.ts";
import type { WorkerSource } from "../../../src/session/workers.ts";
import { bits } from "../../support/compare.ts";
import { draw } from "../../support/random.ts";
import { smallResNet } from "../networks.ts";

interface NodeWorker {
  terminate(): Promise<number>;
  once(event: "exit", heard: () => void): void;
}
const threads = createRequire(import.meta.url)("node:worker_threads") as { Worker: new (source: unknown, options?: object) => NodeWorker };
const OwnWorker = threads.Worker;
const started: { readonly worker: NodeWorker; readonly source: unknown; readonly ended: Promise<void> }[] = [];
threads.Worker = class extends OwnWorker {
  constructor(source: unknown, options?: object) {
    super(source, options);
    const ended = new Promise<void>((resolve) => this.once("exit", resolve));
    started.push({ worker: this, source, ended });
  }
};

const folder = mkdtempSync(join(tmpdir(), "senet-workers-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
writeFileSync(join(folder, "package.json"), `{"type":"module"}`);
const script = file("worker.js", workerFile());
const importing = file("importing.mjs", `import "./worker.js";`);
const classic = file("worker.cjs", workerFile());

const [model, input] = [smallResNet(), [2, 3, 16, 16]];
const x = draw(input);
const expected = bits(compileSync(model, { input, numerics: "exact" }).run(x));

/** With no worker of before, for those that are there stay. */
async function afresh(source: WorkerSource | undefined, work: () => Promise<void>): Promise<void> {
  for (const { worker, ended } of started.splice(0)) {
    await worker.terminate();
    await ended;
  }
  setWorkers(source);
  try {
    await work();
  } finally {
    setWorkers(undefined);
  }
}

for (const [what, source] of [
  ["a path", script], ["an address", pathToFileURL(script).href], ["a URL", pathToFileURL(script)],
  ["a module that imports it", pathToFileURL(importing)], ["a classic script", classic],
  ["a function", () => new threads.Worker(script)],
] as const) {
  test(`${what}: threads and asynchronous runs, the same bits`, () => afresh(source, async () => {
    const two = await compile(model, { input, numerics: "exact", threads: 2 });
    assert.match(two.kernels, /, 2 threads$/);
    assert.is(started.length, 1);
    assert.ok(String(started[0].source).length < 500, "not the text");
    assert.equal(bits(two.run(x)), expected);
    assert.equal(bits(await two.runAsync(x)), expected);
    two.close();
    const one = await compile(model, { input, numerics: "exact", threads: 1 });
    assert.equal(bits(await one.runAsync(x)), expected);
    assert.is(started.length, 2, "runAsync with one thread has a worker of its own");
    assert.match(one.kernels, /, 1 thread$/);
    one.close();
  }));
}

for (const [what, source, why] of [
  ["no such file", join(folder, "nowhere.js"), /1 thread \(a worker failed: Cannot find module .*nowhere\.js/],
  ["a script that fails", file("failing.js", "throw new Error('not today')"), /1 thread \(a worker failed: not today\)/],
  ["a script that ends", file("ending.js", "process.exit(3)"), /1 thread \(a worker ended with code 3\)/],
  ["a script that says something else", file("other.js", `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", () => { parentPort.postMessage("hello"); parentPort.postMessage(null); });`),
    /1 thread \(a worker did not answer within 5 seconds \(does its script import senet\/worker\?\)\)/],
  ["a script of another version", file("old.js", workerFile().replace(/^"[\da-f]+": /gm, `"0": `)),
    /1 thread \(the script of its workers is of senet [\d.]+, and what started it of another version\)/],
  ["a function that throws", () => {
    throw new Error("none today");
  }, /1 thread \(none today\)/],
  ["a function that gives nothing", () => undefined as unknown as object, /1 thread \(setWorkers: the function gives no worker\)/],
] as const) {
  test(`${what}: one thread, and why, for threads and for asynchronous runs`, () => afresh(source, async () => {
    const two = await compile(model, { input, numerics: "exact", threads: 2 });
    assert.match(two.kernels, why);
    assert.equal(bits(two.run(x)), expected);
    two.close();
    const one = await compile(model, { input, numerics: "exact", threads: 1 });
    assert.equal(bits(await one.runAsync(x)), expected);
    assert.match(one.kernels, why);
    // Once a right one is said, it is tried again, however often the wrong one failed.
    for (let i = 0; i < 3 && !String(why).includes("5 seconds"); i++) await one.runAsync(x);
    setWorkers(script);
    assert.equal(bits(await one.runAsync(x)), expected);
    assert.match(one.kernels, /, 1 thread$/);
    one.close();
  }));
}

test("what is no address and no function is refused", () => {
  for (const [wrong, shown] of [["", '""'], [5, "5"], [null, "null"], [{}, "Object"], [[], "[]"], [true, "true"]] as const) {
    assert.throws(() => setWorkers(wrong as never), (error: Error) => error instanceof TypeError &&
      error.message === `setWorkers: source wants an address, a URL or a function that starts a worker, got ${shown}`);
  }
});

test("a Web Worker is started as a module; where its script is not there, the address and the likeliest reasons are named", async () => {
  const { process: own, Worker: web } = globalThis as { process?: unknown; Worker?: unknown };
  const made: unknown[][] = [];
  const replace = (name: string, value: unknown): void => void Object.defineProperty(globalThis, name, {
    value, configurable: true, writable: true });
  await afresh("/pool-worker.js", async () => {
    replace("process", undefined);
    replace("Worker", class {
      onerror?: (event: object) => void;
      constructor(...args: unknown[]) {
        made.push(args);
      }
      postMessage(): void {
        this.onerror!({});
      }
      terminate(): void {}
    });
    try {
      const session = await compile(model, { input, numerics: "exact", threads: 2 });
      const why = "a worker failed, the host does not say why (is /pool-worker.js there, a script, and allowed by worker-src?)";
      assert.ok(session.kernels.endsWith(`, 1 thread (${why})`), session.kernels);
      assert.equal(made, [["/pool-worker.js", { type: "module" }]]);
    } finally {
      replace("process", own);
      replace("Worker", web);
    }
  });
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
