/** senet bench: how long inference or a training step takes on this machine. */
import process from "node:process";
import { usualInput } from "../../../models/index.ts";
import * as plain from "../../../kernels/plain/index.ts";
import * as reference from "../../../kernels/reference/index.ts";
import { Random } from "../../../kernels/random.ts";
import { summarise } from "../../nn/summary.ts";
import { Tensor, showShape, sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import type { Module } from "../../nn/module.ts";
import { didYouMean } from "../../errors.ts";
import { numericsNames } from "../../session/backends/numerics.ts";
import type { Numerics } from "../../session/backends/numerics.ts";
import { compile } from "../../session/session.ts";
import { compileTraining } from "../../session/training/training-session.ts";
import { UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { engineNames } from "../engine.ts";
import type { EngineName, KernelName } from "../engine.ts";
import type { Shapes } from "../../graph/network.ts";
import type { OnnxNetwork } from "../../io/onnx/import.ts";
import { graphCost } from "../../operations/cost.ts";
import { isOnnx, onnxShapes, openOnnx } from "../onnx.ts";
import type { QuantisedNetwork } from "../../quantise/network.ts";
import { inputShape, loadNetwork, modelFromArguments } from "../network.ts";
import { adding, json, numericsOption, options } from "../options.ts";
import { Progress, print, printJson, table } from "../terminal.ts";

interface Timing {
  readonly model: string;
  readonly engine: EngineName;
  readonly kernels: string;
  /** Of a wasm session; the others have no choice. */
  readonly numerics: Numerics | null;
  readonly threads: number;
  readonly batch: number;
  readonly input: Shape;
  readonly pass: "inference" | "training step";
  readonly runs: number;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly first_ms: number;
  /** Lowering, optimising, packing, emitting and compiling kernels; 0 for the eager engine, which compiles nothing. */
  readonly compile_ms: number;
  /** Memory of activations; 0 for the eager engine, which plans none. */
  readonly arena_bytes: number;
  readonly gflops: number;
}

/** The kernels that each engine has, for inference and for training. */
const families: Readonly<Record<EngineName, readonly Family[]>> = { session: ["wasm", "plain"], eager: ["plain", "reference"] };
const trainingFamilies: typeof families = { session: ["wasm"], eager: ["plain", "reference"] };
type Family = Exclude<KernelName, "auto">;

/** The runtime, with its version. */
export function runtimeName(): string {
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

/** A model ready to be timed. */
interface Ready {
  readonly once: (input: Tensor<Float32Array>) => void;
  readonly compile: number;
  readonly arena: number;
  readonly close: () => void;
}

/** One line of the answer. */
interface Wanted {
  readonly engine: EngineName;
  readonly kernels: Family;
  readonly threads: number;
  readonly numerics: Numerics | null;
}

async function prepareOnnx(
  network: OnnxNetwork, { engine, kernels, threads, numerics }: Wanted, input: Shapes, train: boolean,
): Promise<Ready> {
  if (train) throw new UsageError("senet bench: --train times models; an ONNX file is timed for inference");
  if (engine === "eager") throw new UsageError("senet bench: an ONNX file runs in a session; the eager engine has models only");
  const start = performance.now();
  const session = await compile(
    network, { input, kernels: kernels === "wasm" ? "wasm" : "plain", threads, ...(numerics === null ? {} : { numerics }) },
  );
  const [first, ...others] = Object.entries(input);
  const rest = Object.fromEntries(others.map(([name, shape]) => [name, Tensor.zeros(shape)]));
  return {
    once: (x) => void session.run({ [first[0]]: x, ...rest }), compile: performance.now() - start, arena: session.arenaBytes,
    close: () => session.close(),
  };
}

/** A model or a file, and what a run of it costs. */
interface Subject {
  readonly shape: Shape;
  readonly macs: number;
  prepare(one: Wanted): Promise<Ready>;
}

function subject(args: Arguments, name: string, train: boolean): Subject {
  const batch = args.number("batch", 1, { least: 1, whole: true });
  if (isOnnx(name)) {
    const network = openOnnx(name);
    const shapes = onnxShapes(args, network, batch);
    const { macs, seMacs } = graphCost(network.lower(shapes));
    return { shape: Object.values(shapes)[0], macs: macs + seMacs, prepare: (one) => prepareOnnx(network, one, shapes, train) };
  }
  if (args.text("weights") !== undefined) return subjectOfFile(args, name, batch, train);
  const model = modelFromArguments(args, name, 0);
  const shape = inputShape(args, [batch, ...usualInput(model).slice(1)]);
  const { macs, seMacs } = summarise(model, shape);
  return { shape, macs: macs + seMacs, prepare: (one) => prepare(model, one, shape, train) };
}

/** A model with the weights of a file, which may be bytes. */
function subjectOfFile(args: Arguments, name: string, batch: number, train: boolean): Subject {
  const { model, quantised, preprocessing: { size, channels } } = loadNetwork(args, name);
  const shape = inputShape(args, [batch, channels === "gray" ? 1 : 3, ...size]);
  const { macs, seMacs } = summarise(model, shape);
  return {
    shape, macs: macs + seMacs,
    async prepare(one) {
      if (quantised === undefined) return prepare(model, one, shape, train);
      if (train) throw new UsageError("senet bench: a quantised network does not learn: --train times float32 alone");
      if (one.engine === "eager") throw new UsageError("senet bench: a quantised network runs in a session, not eagerly");
      return prepare(quantised, one, shape, false);
    },
  };
}

async function prepare(
  model: Module | QuantisedNetwork, { engine, kernels, threads, numerics }: Wanted, shape: Shape, train: boolean,
): Promise<Ready> {
  if (engine === "eager" && !("quantised" in model)) {
    model.use(kernels === "plain" ? plain : reference);
    return { once: train ? forwardBackward(model) : (input) => void model.forward(input), compile: 0, arena: 0, close: () => undefined };
  }
  const start = performance.now();
  if (train && !("quantised" in model)) return trainingStep(model, shape, threads, numerics ?? "fast", start);
  const session = await compile(
    model, { input: shape, kernels: kernels === "wasm" ? "wasm" : "plain", threads, ...(numerics === null ? {} : { numerics }) },
  );
  return {
    once: (input) => void session.run(input), compile: performance.now() - start, arena: session.arenaBytes, close: () => session.close(),
  };
}

/** A whole step of a training session, the update of SGD included. */
async function trainingStep(model: Module, input: Shape, threads: number, numerics: Numerics, start: number): Promise<Ready> {
  const session = await compileTraining(model, { input, optimiser: { method: "sgd" }, threads, numerics });
  const [, classes, ...pixels] = model.outputShape(input);
  const labels = Int32Array.from({ length: input[0] * sizeOf(pixels) }, (_, i) => i % classes);
  return {
    once: (x) => void session.trainStep(x, labels), compile: performance.now() - start, arena: session.arenaBytes,
    close: () => session.close(),
  };
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

/** What the options name; threads and numerics are wasm sessions' own. */
function combinations(args: Arguments, train: boolean): Wanted[] {
  const chosen = <Name extends string>(option: string, usual: readonly Name[], names: readonly Name[]): readonly Name[] =>
    args.list(option, usual).map((name) => {
      if (names.includes(name as Name)) return name as Name;
      throw new UsageError(`senet bench: --${option} wants some of ${names.join(", ")}, got "${name}"${didYouMean(name, names)}`);
    });
  const known = train ? trainingFamilies : families;
  const given = args.text("kernels") !== undefined;
  const kernels = chosen("kernels", ["wasm", "plain"], ["wasm", "plain", "reference"] as const);
  // Asked for by itself, the textbook means the engine that has it.
  const engines = chosen("engine", kernels.every((name) => !known.session.includes(name)) ? ["eager"] : ["session"], engineNames);
  const numerics = chosen("numerics", ["fast"], numericsNames);
  const threads = args.list("threads", ["1"]).map((text) => {
    const count = Number(text);
    if (Number.isSafeInteger(count) && count >= 1) return count;
    throw new UsageError(`senet bench: --threads wants whole numbers of at least 1, such as 1,2, got "${text}"`);
  });
  const pairs = engines.flatMap(
    (engine) => kernels.filter((name) => known[engine].includes(name)).map((name) => ({ engine, kernels: name })),
  );
  const idle = kernels.find((name) => given && !pairs.some((pair) => pair.kernels === name));
  if (idle !== undefined) {
    throw new UsageError(
      `senet bench: ${train ? "training on " : ""}${idle} kernels wants --engine ${known.eager.includes(idle) ? "eager" : "session"}`,
    );
  }
  return pairs.flatMap((pair): Wanted[] => {
    if (pair.kernels !== "wasm") return [{ ...pair, threads: 1, numerics: null }];
    return threads.flatMap((count) => numerics.map((each) => ({ ...pair, threads: count, numerics: each })));
  });
}

export const bench: Command = {
  name: "bench",
  usage: "MODEL|MODEL.onnx [options]",
  help: "times inference, or a training step, of a model with random weights, or of an ONNX file with its own\n" +
    "Where NAMES stands, several may be given, separated by commas: each combination is timed.",
  options: {
    batch: adding(options.batch, " (default 1)"),
    input: options.input,
    threads: { value: "N,...", help: "of wasm kernels, one or several (default 1)" },
    numerics: { ...numericsOption(numericsNames, "fast"), value: "NAMES" },
    engine: { ...adding(options.engine, "; default session"), value: "NAMES" },
    kernels: { ...adding(options.kernels, "; default all that the engine has, less the textbook"), value: "NAMES" },
    runs: { value: "N", help: "timed runs after the first (default 5)" },
    train: { help: "training steps instead of inference (eager: forward and backward pass)" },
    weights: { value: "FILE", help: "of the model, instead of random ones; a quantised network computes with bytes" },
    "model-options": options.modelOptions,
    json: json("an array, one object a combination"),
  },
  positionals: { least: 1, most: 1 },
  async run(args) {
    const [name] = args.positionals;
    const runs = args.number("runs", 5, { least: 1, whole: true });
    const train = args.flag("train");
    const progress = new Progress();
    const results: Timing[] = [];
    for (const one of combinations(args, train)) {
      const { engine, kernels, threads, numerics } = one;
      const { shape, macs, prepare: ready } = subject(args, name, train);
      const { once, compile, arena, close } = await ready(one);
      const times = time(once, shape, runs, (done) => progress.update(done / (runs + 1), `${kernels}, run ${done} of ${runs + 1}`));
      close();
      progress.end();
      const rest = times.slice(1);
      results.push({
        model: name, engine, kernels, numerics, threads, batch: shape[0], input: shape, pass: train ? "training step" : "inference", runs,
        median_ms: median(rest), min_ms: Math.min(...rest), first_ms: times[0], compile_ms: compile, arena_bytes: arena,
        gflops: ((train ? 3 : 1) * 2 * macs) / Math.min(...rest) / 1e6,
      });
    }
    if (args.flag("json")) {
      printJson(results);
      return;
    }
    print(`${name}, ${results[0].pass}, input ${showShape(results[0].input)}`);
    print(`${runtimeName()}, ${process.platform} ${process.arch}\n`);
    const rows = results.map((r) => [
      `${r.engine}, ${r.kernels}${r.numerics === null ? "" : `, ${r.numerics}`}`, String(r.threads), r.median_ms.toFixed(1),
      r.min_ms.toFixed(1), r.first_ms.toFixed(1), r.compile_ms.toFixed(0),
      (r.arena_bytes / 1048576).toFixed(2), r.gflops.toFixed(2),
    ]);
    print("Times in ms, arena in MiB");
    const numbers = ["threads", "median", "best", "first", "compile", "arena", "GFLOP/s"];
    print(table(["engine, kernels", ...numbers], rows, numbers));
  },
};
