/**
 * Why a second thread comes late. First what the plans say: how many stages two threads share, what part of the work one does alone, and
 * how long two would take over one if both were there from the start. Then what the system does: after a rest this thread computes for a
 * moment, wakes a sleeping worker, and both compute; when the worker begins, whether on this thread's core (Linux tells), and how long both
 * take over one. The machine should be quiet.
 *
 *     npx tsx bench/threads.ts [MODEL ...] [--rounds N]
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { createModel } from "../models/index.ts";
import { moduleNetwork } from "../src/nn/lower.ts";
import { allOperations } from "../src/session/backends/all-operations.ts";
import { arithmeticOf } from "../src/session/backends/numerics.ts";
import { PlainConstants } from "../src/session/backends/plain/program.ts";
import { WasmExecutor, compileNothing } from "../src/session/backends/wasm/executor.ts";
import { withFast } from "../src/session/backends/wasm/fast.ts";
import { planProgram } from "../src/session/backends/wasm/program.ts";
import { sessionGraph } from "../src/session/optimise/session-graph.ts";
import { divide, emitRunsShared, grouped } from "../src/session/threads/run-shared.ts";
import { machine } from "./peers/machine.ts";

const args = process.argv.slice(2);
const at = args.indexOf("--rounds");
const rounds = at < 0 ? 60 : Number(args.splice(at, 2)[1]);

/** Of one image of 224x224, fast. */
function planned(name: string): string {
  const network = moduleNetwork(createModel(name, {}, 1));
  const { graph, kept } = sessionGraph(network, { input: [1, 3, 224, 224] }, []);
  const executor = new WasmExecutor({
    arithmetic: withFast(arithmeticOf("fast", { fusedMultiplyAdd: true })), shared: true, emitRuns: emitRunsShared, threads: 1,
    pool: undefined, refused: new Set(), compile: compileNothing,
  });
  try {
    const constants = new PlainConstants();
    const { code } = planProgram({ graph, operations: allOperations, kept, constants, executor, overrides: new Map() });
    let [stages, shared, all, alone, longest] = [0, 0, 0, 0, 0];
    for (const span of code.spans) {
      for (const group of typeof span === "function" ? [] : grouped(span.stages)) {
        const work = group.calls.reduce((sum, call) => sum + call.work, 0);
        stages++;
        all += work;
        if (!group.shared) {
          alone += work;
          longest += work;
          continue;
        }
        shared++;
        // Each piece goes to the thread that is free first.
        const busy = [0, 0];
        for (const call of group.calls) {
          const { units, perImage } = divide(call);
          for (let piece = 0; piece < call.images * perImage; piece++) {
            const [first, end] = [0, 1].map((after) => Math.ceil((((piece % perImage) + after) * units) / perImage));
            busy[busy[0] <= busy[1] ? 0 : 1] += ((call.work / call.images) * (end - first)) / units;
          }
        }
        longest += Math.max(...busy);
      }
    }
    return `| ${name} | ${stages} | ${shared} | ${((100 * alone) / all).toFixed(2)} % | ${(longest / all).toFixed(3)} |`;
  } finally {
    executor.release();
  }
}

/** What a worker does, and this thread: waits for the first word to change, notes when, and where, and computes. */
const workerText = `
const { workerData: { words, times, burn }, threadId } = require("worker_threads");
const core = eval(burn[0]), compute = eval(burn[1]);
for (let i = 0; i < 100; i++) compute(500_000);
for (let seen = 0;;) {
  while (Atomics.load(words, 0) === seen) Atomics.wait(words, 0, seen);
  times[0] = process.hrtime.bigint();
  seen = Atomics.load(words, 0);
  words[2] = core();
  compute(words[3]);
  Atomics.store(words, 1, seen);
}`;
const coreText = `() => {
  try {
    const text = require("fs").readFileSync("/proc/thread-self/stat", "latin1");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[36]);
  } catch {
    return -1;
  }
}`;
const computeText = `(steps) => {
  let x = 0;
  for (let i = 0; i < steps; i++) x = (Math.imul(x ^ i, 1664525) + 1013904223) | 0;
  return x;
}`;

interface Threads {
  readonly Worker: new (text: string, options: object) => { unref(): void };
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];

async function woken(): Promise<void> {
  const { Worker } = (await import("node:worker_threads" as string)) as Threads;
  const compute = new Function(`return ${computeText}`)() as (steps: number) => number;
  const core = (): number => {
    try {
      const text = readFileSync("/proc/thread-self/stat", "utf8");
      return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[36]);
    } catch {
      return -1;
    }
  };
  const words = new Int32Array(new SharedArrayBuffer(16));
  const times = new BigInt64Array(new SharedArrayBuffer(8));
  new Worker(workerText, { eval: true, workerData: { words, times, burn: [coreText, computeText] } }).unref();
  let perMillisecond = 0;
  for (let i = 0; i < 100; i++) {
    const begun = performance.now();
    compute(500_000);
    perMillisecond = Math.max(perMillisecond, 5e5 / (performance.now() - begun));
  }
  await setTimeout(1000);
  console.log("\n| rest, ms | work, ms | worker begins after, ms, median | 90 % | on this core | both over one, median | best |");
  console.log("|---|---|---|---|---|---|---|");
  for (const [rest, work] of [[0, 4], [5, 4], [30, 4], [30, 12], [200, 4]] as const) {
    const [late, ratios]: number[][] = [[], []];
    let same = 0;
    words[3] = work * perMillisecond;
    for (let round = 0; round < rounds; round++) {
      if (rest > 0) await setTimeout(rest);
      compute(perMillisecond);
      const begin = performance.now();
      const mark = process.hrtime.bigint();
      const here = core();
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      compute(words[3]);
      while (Atomics.load(words, 1) !== words[0]);
      // One thread would have done both.
      ratios.push((performance.now() - begin) / (2 * work));
      late.push(Number(times[0] - mark) / 1e6);
      if (words[2] === here) same++;
    }
    const share = words[2] < 0 ? "?" : `${((100 * same) / rounds).toFixed(0)} %`;
    console.log(
      `| ${[rest, work, quantile(late, 0.5).toFixed(2), quantile(late, 0.9).toFixed(2), share,
        quantile(ratios, 0.5).toFixed(2), quantile(ratios, 0).toFixed(2)].join(" | ")} |`,
    );
  }
}

console.log(`Node ${process.versions.node}, ${machine()}\n`);
console.log("| network | stages | shared | work of one thread alone | two over one, at best |\n|---|---|---|---|---|");
for (const name of args.length > 0 ? args : ["se_mobilenet_v1", "mobilenet_v3_large", "seresnet50"]) console.log(planned(name));
await woken();
process.exit();
