/** Does a program compute what fast kernels do? For kernels on trial: the whole network on random numbers, beside code that is not. */
import { sizeOf } from "../../../../tensor.ts";
import { checkValues } from "./values.ts";
import type { Program } from "../../backend.ts";
import type { WasmExecutorOptions } from "../executor.ts";
import { wasmProgram } from "../program.ts";
import type { WasmProgramOptions } from "../program.ts";

/** Of the largest value of an output: rounding, added up over a network. Wrong kernels are off by far more. */
const TOLERANCE = 1e-3;

/** Kernels that are trusted. */
export type Trusted = Pick<WasmExecutorOptions, "arithmetic" | "refused" | "compile" | "apart">;

/**
 * Compiles the same graph with trusted kernels in the same memory, for as long as it takes. What is in the arena is lost.
 * @returns which output differs and by how much, for people to read; undefined where all agree
 */
export function trialFailure(program: Program, options: WasmProgramOptions, trusted: Trusted): string | undefined {
  const { graph, executor } = options;
  const undo = executor.memory.mark();
  const beside = executor.beside(trusted);
  try {
    const next = checkValues(3);
    const inputs = graph.inputs.map(({ shape }) => Float32Array.from({ length: sizeOf(shape) }, next));
    const [actual, expected] = [program, wasmProgram({ ...options, executor: beside, overrides: new Map() })].map((each) => {
      inputs.forEach((data, i) => each.setInput(i, data));
      each.run();
      return graph.outputs.map((value) => {
        const data = new Float32Array(sizeOf(value.shape));
        each.read(value, data);
        return data;
      });
    });
    return firstDifference(graph.outputs.map(({ name }) => name), actual, expected);
  } finally {
    beside.release();
    undo();
  }
}

/** Values that are no numbers must be so in both. */
function firstDifference(names: readonly string[], actual: readonly Float32Array[], expected: readonly Float32Array[]): string | undefined {
  for (const [i, name] of names.entries()) {
    const finite = expected[i].filter(Number.isFinite);
    const largest = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const wrong = expected[i].findIndex(
      (value, at) => !Object.is(value, actual[i][at]) && !(Math.abs(value - actual[i][at]) <= TOLERANCE * largest),
    );
    if (wrong >= 0) return `${name} has ${actual[i][wrong]} instead of ${expected[i][wrong]}`;
  }
  return undefined;
}
