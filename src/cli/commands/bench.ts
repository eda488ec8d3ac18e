/** senet bench: how long inference or a training step takes on this machine. */
import process from "node:process";
import * as plain from "../../../kernels/plain/index.ts";
import * as reference from "../../../kernels/reference/index.ts";
import { Random } from "../../../kernels/random.ts";
import { summarise } from "../../nn/summary.ts";
import { Tensor, showShape, sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import type { Module } from "../../nn/module.ts";
import { UsageError } from "../command.ts";
import type { Command } from "../command.ts";
import { inputShape, modelFromArguments, modelOptionsHelp, usualInput } from "../network.ts";
import { Progress, print, printJson, table } from "../terminal.ts";

interface Timing {
  readonly model: string;
  readonly kernels: string;
  readonly threads: number;
  readonly batch: number;
  readonly input: Shape;
  readonly pass: "inference" | "training step";
  readonly runs: number;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly first_ms: number;
  /** Building the model; the eager engine compiles nothing. */
  readonly compile_ms: number;
  /** The eager engine plans no arena. */
  readonly arena_bytes: number;
  readonly gflops: number;
}

const families = { plain, reference } as const;

/** The engine that runs this, with its version. */
export function engine(): string {
  const { bun, deno, node, v8 } = process.versions;
  if (bun !== undefined) return `Bun ${bun}`;
  if (deno !== undefined) return `Deno ${deno} (V8 ${v8})`;
  return `Node ${node} (V8 ${v8})`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Calls `once` with a fresh input each time; the first call is reported apart. */
function time(once: (input: Tensor<Float32Array>) => void, shape: Shape, runs: number, tick: (done: number) => void): number[] {
  const random = new Random(1);
  const times: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const input = Tensor.zeros(shape);
    for (let j = 0; j < input.size; j++) input.data[j] = 2 * random.uniform() - 1;
    const start = performance.now();
    once(input);
    times.push(performance.now() - start);
    tick(i + 1);
  }
  return times;
}

/** Forward and backward pass with a gradient of ones: what a training step spends on the network. */
function forwardBackward(model: Module): (input: Tensor<Float32Array>) => void {
  model.train();
  return (input) => {
    const output = model.forward(input);
    const gradient = output.like();
    gradient.data.fill(1 / output.size);
    model.backward(gradient);
  };
}

export const bench: Command = {
  name: "bench",
  usage: "MODEL [options]",
  help: "times inference, or a training step, of a model with random weights",
  options: {
    batch: { value: "N", help: "images at a time (default 1)" },
    input: { value: "SHAPE", help: "batch, channels, height, width" },
    threads: { value: "N", help: "1: the eager engine has one thread" },
    kernels: { value: "NAMES", help: "plain, reference or both, separated by a comma (default plain)" },
    runs: { value: "N", help: "timed runs after the first (default 5)" },
    train: { help: "forward and backward pass instead of inference" },
    "model-options": modelOptionsHelp,
    json: { help: "for programs: an array, one object a combination" },
  },
  positionals: { least: 1, most: 1 },
  run(args) {
    const [name] = args.positionals;
    const runs = args.number("runs", 5, { least: 1, whole: true });
    const threads = args.number("threads", 1, { least: 1, whole: true });
    if (threads !== 1) throw new UsageError(`senet bench: --threads wants 1: the eager engine has one thread, got ${threads}`);
    const kernels = args.list("kernels", ["plain"]);
    for (const family of kernels) {
      if (!Object.hasOwn(families, family)) throw new UsageError(`senet bench: --kernels wants plain or reference, got "${family}"`);
    }
    const train = args.flag("train");
    const progress = new Progress();
    const results = kernels.map((family): Timing => {
      const start = performance.now();
      const model = modelFromArguments(args, name, 0).use(families[family as keyof typeof families]);
      const compile = performance.now() - start;
      const usual = usualInput(model);
      const shape = inputShape(args, [args.number("batch", 1, { least: 1, whole: true }), ...usual.slice(1)]);
      const { macs, seMacs } = summarise(model, shape);
      const once = train ? forwardBackward(model) : (input: Tensor<Float32Array>): void => void model.forward(input);
      const times = time(once, shape, runs, (done) => progress.update(done / (runs + 1), `${family}, run ${done} of ${runs + 1}`));
      progress.end();
      const rest = times.slice(1);
      return {
        model: name, kernels: family, threads, batch: shape[0], input: shape, pass: train ? "training step" : "inference", runs,
        median_ms: median(rest), min_ms: Math.min(...rest), first_ms: times[0], compile_ms: compile, arena_bytes: 0,
        gflops: ((train ? 3 : 1) * 2 * (macs + seMacs)) / Math.min(...rest) / 1e6,
      };
    });
    if (args.flag("json")) {
      printJson(results);
      return;
    }
    print(`${name}, ${results[0].pass}, input ${showShape(results[0].input)} (${sizeOf(results[0].input)} values), ${engine()}, ${process.platform} ${process.arch}\n`);
    const rows = results.map((r) => [
      `${r.kernels}, eager`, String(r.threads), r.median_ms.toFixed(1), r.min_ms.toFixed(1), r.first_ms.toFixed(1), r.gflops.toFixed(2),
    ]);
    print(table(["kernels", "threads", "median ms", "best ms", "first ms", "GFLOP/s"], rows, ["threads", "median ms", "best ms", "first ms", "GFLOP/s"]));
  },
};
