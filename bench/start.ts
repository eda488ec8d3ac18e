/**
 * How soon the first answer is there: processes that begin anew compile a network with its weights and run it once.
 *
 *     npx tsx bench/start.ts [MODEL] [--runs N] [--threads N] [--numerics exact|fast|turbo]
 *
 * Times in ms, best and median of several processes: emitting all kernels and compiling their module; all of `compile`, in which the
 * kernels are checked and the weights packed too; the first run. Weights are random numbers that are there before.
 */
import { fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createModel } from "../models/index.ts";
import { allOperations } from "../src/session/backends/all-operations.ts";
import { arithmeticOf } from "../src/session/backends/numerics.ts";
import type { Numerics } from "../src/session/backends/numerics.ts";
import { PlainConstants } from "../src/session/backends/plain/program.ts";
import { sessionGraph } from "../src/session/optimise/session-graph.ts";
import { withFastHere } from "../src/session/backends/wasm/fast.ts";
import { moduleNetwork } from "../src/nn/lower.ts";
import { compile } from "../src/session/session.ts";
import { WasmExecutor } from "../src/session/backends/wasm/executor.ts";
import { wasmProgram } from "../src/session/backends/wasm/program.ts";
import { Tensor } from "../src/tensor.ts";
import { machine } from "./peers/machine.ts";

const args = process.argv.slice(2);
const option = (name: string, usual: string): string => {
  const at = args.indexOf(name);
  return at < 0 ? usual : args.splice(at, 2)[1];
};
const [runs, threads] = [Number(option("--runs", "7")), Number(option("--threads", "1"))];
const numerics = option("--numerics", "exact") as Numerics;
const child = args.includes("--child");
const name = args.find((arg) => !arg.startsWith("--")) ?? "seresnet50";
const input = [1, 3, 224, 224];

/** Milliseconds by what they were spent on. */
type Times = Readonly<Record<"kernels" | "compile" | "first", number>>;

/** Emission and compilation of the kernels alone, in a session of its own. */
function kernels(): number {
  let spent = 0;
  const timed = <T>(work: () => T): T => {
    const start = performance.now();
    const result = work();
    spent += performance.now() - start;
    return result;
  };
  const executor = new WasmExecutor({
    arithmetic: withFastHere(arithmeticOf(numerics)), threads: 1, pool: undefined, refused: new Set(),
    compile: (emit) => timed(() => new WebAssembly!.Module(emit().toBytes())),
  });
  const { graph, kept } = sessionGraph(moduleNetwork(createModel(name, {}, null)), { input });
  wasmProgram({ graph, operations: allOperations, kept, constants: new PlainConstants(), executor, overrides: new Map() });
  return spent;
}

/** In this process, that has done nothing before. Kernels and the rest each want a fresh one. */
async function once(): Promise<Partial<Times>> {
  if (args.includes("--kernels")) return { kernels: kernels() };
  const model = createModel(name, {}, 1);
  const x = Tensor.zeros(input);
  x.data.forEach((_, i) => (x.data[i] = (i % 255) / 128 - 1));
  const start = performance.now();
  const session = await compile(model, { input, threads, numerics });
  const compiled = performance.now();
  session.run(x);
  return { compile: compiled - start, first: performance.now() - compiled };
}

function inChild(more: readonly string[]): Promise<Partial<Times>> {
  return new Promise((resolve, reject) => {
    const process_ = fork(fileURLToPath(import.meta.url), [name, "--child", "--threads", String(threads), "--numerics", numerics, ...more],
      { execArgv: process.execArgv, serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
    process_.on("message", (times) => resolve(times as Partial<Times>));
    process_.on("exit", (code) => reject(new Error(`a process ended with ${code}`)));
  });
}

if (child) {
  process.send?.(await once());
  process.exit();
}
console.log(`${name}, ${numerics}, ${threads} thread${threads === 1 ? "" : "s"}, Node ${process.versions.node}, ${machine()}`);
const all: Times[] = [];
for (let i = 0; i < runs; i++) all.push({ ...(await inChild(["--kernels"])), ...(await inChild([])) } as Times);
const column = (what: string, times: readonly number[]): void => {
  const sorted = [...times].sort((a, b) => a - b);
  console.log(
    `${what.padEnd(44)} best ${sorted[0].toFixed(0).padStart(5)} ms, median ${sorted[sorted.length >> 1].toFixed(0).padStart(5)} ms`,
  );
};
column("emit and compile all kernels", all.map((times) => times.kernels));
column("compile, with packing of weights", all.map((times) => times.compile));
column("first run", all.map((times) => times.first));
column("first answer: compile and first run", all.map((times) => times.compile + times.first));
process.exit();
