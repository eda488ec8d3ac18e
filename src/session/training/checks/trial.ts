/** Does a training step compute what fast kernels do? For kernels on trial: the whole step on random numbers, beside code that is not. */
import { sizeOf } from "../../../tensor.ts";
import type { Trusted } from "../../backends/wasm/checks/trial.ts";
import { checkValues } from "../../backends/wasm/checks/values.ts";
import type { WasmExecutor } from "../../backends/wasm/executor.ts";
import type { Trainee } from "../../optimise/training-graph.ts";
import { groupOf } from "../options.ts";
import type { TrainingOptions } from "../options.ts";
import { TrainingState } from "../state.ts";
import { constantsOf } from "../step/step.ts";
import { trainingProgram } from "../training-program.ts";

/**
 * Of the largest of the same array, and of the largest of all (a bias before batch normalisation has a gradient of 0, which is nothing but
 * rounding): what rounding adds up to over a network, a ReLU that flips included. Wrong kernels are off by far more.
 */
const TOLERANCE = 2e-2;
const OF_ALL = 1e-4;

/** What a step computed, by name. */
type Results = ReadonlyMap<string, Float32Array>;

/** One step on these kernels, with the model's weights, in memory that is given back afterwards. What is compiled for it stays. */
function step({ graph, learning }: Trainee, options: TrainingOptions, executor: WasmExecutor): Results {
  const undo = executor.memory.mark();
  try {
    const { parameters, statistics } = constantsOf(graph);
    const state = new TrainingState(
      executor.memory, parameters, statistics, ({ name, read }) => groupOf(name, read().shape, options, learning),
    );
    const program = trainingProgram(graph, state, executor, options);
    const { loss: { rows, classes }, logits } = program;
    const next = checkValues(21);
    state.push();
    program.pack();
    const fill = (address: number, size: number, value: (i: number) => number): void => {
      const data = state.view(address, size);
      for (let i = 0; i < size; i++) data[i] = value(i);
    };
    fill(program.input, sizeOf(options.input), next);
    fill(program.targets, rows * classes, (i) => (i % classes === Math.floor(i / classes) % classes ? 1 : 0));
    fill(program.scales, rows, () => 1 / rows);
    // Drawing would take random numbers from the user's own.
    for (const { address, shape } of program.masks) fill(address, sizeOf(shape), (i) => (i % 3 === 0 ? 0 : 1.5));
    program.step();
    const copies = new Map<string, Float32Array>();
    const keep = (name: string, address: number, size: number): void => void copies.set(name, state.view(address, size).slice());
    keep("logits", logits, sizeOf(graph.outputs[0].shape));
    for (const { name, offset, size, frozen } of state.parameters) if (!frozen) keep(name, state.gradients + offset, size);
    for (const { name, offset, size } of state.statistics) keep(name, state.running + offset, size);
    return copies;
  } finally {
    undo();
  }
}

const largestOf = (data: Float32Array): number => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * @param tried whose kernels are on trial
 * @returns what differs and by how much, for people to read; undefined where all agree
 */
export function stepFailure(trainee: Trainee, options: TrainingOptions, tried: WasmExecutor, trusted: Trusted): string | undefined {
  const beside = tried.beside(trusted);
  try {
    const [actual, expected] = [tried, beside].map((executor) => step(trainee, options, executor));
    return firstDifference(actual, expected);
  } finally {
    beside.release();
  }
}

/** Values that are no numbers must be so in both. */
export function firstDifference(actual: Results, expected: Results): string | undefined {
  let all = 0;
  for (const data of expected.values()) all = Math.max(all, largestOf(data.filter(Number.isFinite)));
  for (const [name, wanted] of expected) {
    const got = actual.get(name)!;
    const most = TOLERANCE * largestOf(wanted.filter(Number.isFinite)) + OF_ALL * all;
    const wrong = wanted.findIndex((value, i) => !Object.is(value, got[i]) && !(Math.abs(value - got[i]) <= most));
    if (wrong >= 0) return `in a step ${name} has ${got[wrong]} instead of ${wanted[wrong]}`;
  }
  return undefined;
}
