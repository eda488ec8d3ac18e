/** A contender's own process: loads one network, then runs it each time it is told to. Bundled, so that no loader stands in the way. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { mulberry32 } from "../../test/fixtures/recipe.ts";
import type { Job, Runner } from "./contender.ts";
import { contenders } from "./contenders.ts";

export type Question =
  | { readonly kind: "load"; readonly contender: string; readonly job: Job }
  | { readonly kind: "run"; readonly round: number }
  | { readonly kind: "state" };

export interface Loaded {
  readonly ms: number;
}

export interface Ran {
  readonly ms: number;
  readonly output: Float32Array;
}

export interface State {
  /** Most memory so far beyond that of the process before loading. */
  readonly peakBytes: number;
  /** Processor time of all threads since the start. */
  readonly processorMs: number;
}

export type Answer = { readonly value: Loaded | Ran | State } | { readonly failure: string };

const startBytes = process.memoryUsage().rss;
let job: Job;
let runner: Runner;

/** The image of a round, the same for every contender: noise of mean 0 and deviation 1, as normalised images have. */
function image(round: number): Float32Array {
  const [batch, channels, height, width] = job.input;
  const [pixels, uniform] = [height * width, mulberry32(round + 1)];
  const x = new Float32Array(batch * channels * pixels);
  for (let i = 0; i < x.length; i++) {
    const [n, c, p] = [Math.floor(i / (channels * pixels)), Math.floor(i / pixels) % channels, i % pixels];
    x[runner.layout === "nchw" ? i : (n * pixels + p) * channels + c] = (2 * uniform() - 1) * Math.sqrt(3);
  }
  return x;
}

async function load(contender: string, given: Job): Promise<Loaded> {
  const start = performance.now();
  job = given;
  runner = await contenders.find(({ name }) => name === contender)!.load(given);
  return { ms: performance.now() - start };
}

async function run(round: number): Promise<Ran> {
  const x = image(round);
  const start = performance.now();
  const output = await runner.run(x);
  return { ms: performance.now() - start, output: output.slice() };
}

/** Linux hands the parent's peak down in maxRSS; the kernel's mark of this process alone is in /proc. */
function peak(): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))!;
    return Number(kilobytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

function state(): State {
  const { user, system } = process.cpuUsage();
  return { peakBytes: peak() - startBytes, processorMs: (user + system) / 1000 };
}

process.on("disconnect", () => process.exit(0));
process.on("message", async (message) => {
  const question = message as Question;
  try {
    const value = question.kind === "load" ? await load(question.contender, question.job)
      : question.kind === "run" ? await run(question.round)
      : state();
    process.send!({ value } satisfies Answer);
  } catch (error) {
    process.send!({ failure: error instanceof Error ? error.message : String(error) } satisfies Answer);
  }
});
