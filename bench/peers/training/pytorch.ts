/**
 * A training step of senet beside PyTorch's (channels last, SGD with momentum), on as many threads, in turns: the same graph, weights and
 * images, every gradient compared first (the largest difference, and the median over the arrays). On a busy machine the processor time of
 * one thread says more than the time. Says so and ends well where Python has no torch.
 *
 *     npx tsx bench/peers/training/pytorch.ts [resnet20 | mobilenet | three-block | resnet50 ...] [--python PYTHON] [--threads N]
 *       [--numerics fast,turbo] [--rounds N]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import type { Graph, Node } from "../../../src/graph/graph.ts";
import { decodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import { lower } from "../../../src/nn/lower.ts";
import type { Numerics } from "../../../src/session/backends/numerics.ts";
import { compileTraining } from "../../../src/session/training/training-session.ts";
import type { TrainingSession } from "../../../src/session/training/training-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { machine } from "../machine.ts";
import { parametersOf } from "./contender.ts";

const networks: Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>, readonly number[]]>> = {
  "three-block": ["se_resnet8", { inChannels: 1, classes: 10 }, [32, 1, 28, 28]],
  resnet20: ["se_resnet20", { inChannels: 1, classes: 10 }, [128, 1, 28, 28]],
  resnet50: ["seresnet50", { classes: 10 }, [8, 3, 224, 224]],
  mobilenet: ["se_mobilenet_v1", { classes: 10 }, [8, 3, 224, 224]],
};

const args = process.argv.slice(2);
function option(name: string, usual: string): string {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? usual : args.splice(at, 2)[1];
}
const [python, threads, rounds] = [option("python", "python3"), Number(option("threads", "2")), Number(option("rounds", "10"))];
const numerics = option("numerics", "fast,turbo").split(",") as Numerics[];

/** Rest between turns, in ms: threads that still spin come to a halt. */
const REST = 50;
/** Steps of a turn; the first does not count. */
const STEPS = 3;

/** What pytorch.py is told of a node. */
function told({ operation, inputs, output }: Node): object {
  const about = { kind: operation.kind as string, inputs: inputs.map(({ name }) => name), output: output.name };
  switch (operation.kind) {
    case "conv2d": {
      const { weight, bias, stride, padding: [top, left], dilation, groups } = operation;
      return { ...about, weight: weight.name, bias: bias?.name ?? null, stride, padding: [top, left], dilation, groups };
    }
    case "linear":
      return { ...about, weight: operation.weight.name, bias: operation.bias?.name ?? null };
    case "batch_norm": {
      const { gamma, beta, epsilon, momentum } = operation;
      return { ...about, gamma: gamma.name, beta: beta.name, epsilon, momentum, channels: output.shape[1] };
    }
    case "activation":
      return { ...about, kind: operation.activation };
    case "max_pool": {
      const { kernel, stride, padding: [top, left] } = operation;
      return { ...about, kernel, stride, padding: [top, left] };
    }
    default:
      return about;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

class Torch {
  readonly folder: string = mkdtempSync(join(tmpdir(), "senet-torch-"));
  readonly #child = spawn(python, [fileURLToPath(new URL("pytorch.py", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
  #text = "";
  #ended = false;
  #heard: () => void = () => undefined;

  constructor() {
    const end = (): void => {
      this.#ended = true;
      this.#heard();
    };
    this.#child.on("error", end);
    this.#child.on("close", end);
    this.#child.stdin.on("error", end);
    this.#child.stdout.on("data", (text) => {
      this.#text += decodeUtf8(text, "Python");
      this.#heard();
    });
  }

  /** @throws Error where it has ended */
  async answer(): Promise<Record<string, unknown>> {
    while (!this.#text.includes("\n")) {
      if (this.#ended) throw new Error("Python ended");
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
    const [line, ...rest] = this.#text.split("\n");
    this.#text = rest.join("\n");
    return JSON.parse(line) as Record<string, unknown>;
  }

  ask(command: object): Promise<Record<string, unknown>> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    return this.answer();
  }

  async load(graph: Graph): Promise<void> {
    const parameters = parametersOf(graph);
    parameters.forEach(({ data }, i) => writeFileSync(join(this.folder, `parameter${i}`), bytesOf(data)));
    const description = {
      nodes: graph.nodes.map(told), input: graph.inputs[0].name, output: graph.outputs[0].name,
      parameters: parameters.map(({ name, shape }) => [name, shape]),
    };
    writeFileSync(join(this.folder, "graph.json"), JSON.stringify(description));
    await this.ask({ kind: "load", folder: this.folder, threads });
  }

  give(x: Tensor<Float32Array>, labels: Int32Array): void {
    writeFileSync(join(this.folder, "x"), bytesOf(x.data));
    writeFileSync(join(this.folder, "batch.json"), JSON.stringify({ shape: x.shape, labels: [...labels] }));
  }

  end(): void {
    this.#child.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const sorted = (times: readonly number[]): number[] => [...times].sort((a, b) => a - b);
const best = (times: readonly number[]): number => sorted(times)[0];
const median = (times: readonly number[]): number => sorted(times)[times.length >> 1];

/**
 * Of each session the largest difference of a gradient from PyTorch's, over the largest of all (a value that rounding moves over a ReLU's
 * edge is enough for 1e-3), and the largest difference of the array in the middle, which no such value spoils.
 */
async function compare(
  torch: Torch, graph: Graph, sessions: readonly TrainingSession[], x: Tensor<Float32Array>, labels: Int32Array,
): Promise<number[][]> {
  const { loss } = await torch.ask({ kind: "backward" });
  return sessions.map((session) => {
    const mine = session.backward(x, labels);
    let largest = 0;
    const off = parametersOf(graph).map(({ name }, i) => {
      let most = 0;
      const bytes = readFileSync(join(torch.folder, `gradient${i}`));
      const theirs = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      session.gradient(name).data.forEach((value, k) => {
        largest = Math.max(largest, Math.abs(theirs[k]));
        most = Math.max(most, Math.abs(value - theirs[k]));
      });
      return most;
    });
    session.clearGradients();
    if (!(Math.abs(mine - (loss as number)) < 1e-3)) throw new Error(`the loss is ${mine}, and PyTorch's is ${loss}`);
    return [Math.max(...off) / largest, median(off) / largest];
  });
}

async function race(name: string): Promise<void> {
  const [model, options, input] = networks[name];
  const made = (): ReturnType<typeof createModel> => createModel(model, options, 1).train();
  const random = new Random(2);
  const x = new Tensor(Float32Array.from({ length: input.reduce((a, b) => a * b) }, () => random.normal()), input);
  const labels = Int32Array.from({ length: input[0] }, () => random.below(10));
  const torch = new Torch();
  const sessions: TrainingSession[] = [];
  try {
    await torch.answer();
    const graph = lower(made(), input);
    await torch.load(graph);
    torch.give(x, labels);
    for (const each of numerics) {
      sessions.push(await compileTraining(made(), { input, optimiser: { method: "sgd", momentum: 0.9 }, numerics: each, threads }));
    }
    const off = await compare(torch, graph, sessions, x, labels);
    const [times, processor]: number[][][] = [0, 1].map(() => Array.from({ length: 1 + sessions.length }, () => []));
    for (let round = 0; round < rounds; round++) {
      const theirs = (await torch.ask({ kind: "steps", count: STEPS })) as { readonly times: number[]; readonly processor: number[] };
      times[0].push(...theirs.times.slice(1));
      processor[0].push(...theirs.processor.slice(1));
      await setTimeout(REST);
      for (const [i, session] of sessions.entries()) {
        for (let step = 0; step < STEPS; step++) {
          const [start, before] = [performance.now(), process.cpuUsage()];
          session.trainStep(x, labels, 0.001);
          const [time, after] = [performance.now() - start, process.cpuUsage()];
          if (step === 0) continue;
          times[i + 1].push(time);
          processor[i + 1].push((after.user + after.system - before.user - before.system) / 1000);
        }
        await setTimeout(REST);
      }
    }
    console.log(`\n${name}: ${model} [${input.join()}], ${threads} threads\n`);
    console.log("| | best, ms | median | best over PyTorch's | median | processor time, best | over PyTorch's | gradients off by |");
    console.log("|---|---|---|---|---|---|---|---|");
    ["PyTorch", ...sessions.map(({ kernels }) => `senet ${kernels}`)].forEach((who, i) => {
      const ratios = [best(times[i]) / best(times[0]), median(times[i]) / median(times[0])].map((ratio) => ratio.toFixed(2));
      const error = i === 0 ? "" : off[i - 1].map((each) => each.toExponential(0)).join(", ");
      const busy = [best(processor[i]).toFixed(1), (best(processor[i]) / best(processor[0])).toFixed(2)];
      console.log(`| ${[who, best(times[i]).toFixed(1), median(times[i]).toFixed(1), ...ratios, ...busy, error].join(" | ")} |`);
    });
  } finally {
    for (const session of sessions) session.close();
    torch.end();
  }
}

const first = new Torch();
const version = await first.answer().then((answer) => answer.version as string, () => undefined);
first.end();
if (version === undefined) {
  console.log(`bench/peers/training/pytorch: skipped, ${python} has no torch (--python PYTHON names another)`);
} else {
  console.log(`Node ${process.versions.node}, PyTorch ${version}, ${machine()}`);
  for (const name of args.length > 0 ? args : ["resnet20", "mobilenet"]) await race(name);
}
