/** A program on the plain kernels: for hosts without WebAssembly, and the oracle of the wasm program. */
import type { Constant, Graph, Value } from "../../../graph/graph.ts";
import { showShape, sizeOf } from "../../../tensor.ts";
import { planMemory } from "../../plan/memory-plan.ts";
import type { StepContext } from "../../../operations/record.ts";
import { plainStep } from "../operations.ts";
import type { PlainOperations } from "../operations.ts";
import { lifetimes } from "../program.ts";
import type { Program } from "../program.ts";

/** The constants of a model, shared by the programs of all input sizes. */
export class PlainConstants {
  readonly #arrays = new Map<Constant, Float32Array>();
  readonly #byName = new Map<string, Float32Array>();

  /** Constants of one name hold the same values, whatever graph they come from. */
  array(constant: Constant): Float32Array {
    let array = this.#arrays.get(constant);
    if (array === undefined) {
      array = this.#byName.get(constant.name) ?? Float32Array.from(constant.read().data);
      this.#byName.set(constant.name, array);
      this.#arrays.set(constant, array);
    }
    return array;
  }

  refresh(): void {
    const done = new Set<string>();
    for (const [constant, array] of this.#arrays) {
      if (!done.has(constant.name)) array.set(constant.read().data);
      done.add(constant.name);
    }
  }
}

export interface PlainProgramOptions {
  readonly graph: Graph;
  readonly operations: PlainOperations;
  readonly constants: PlainConstants;
  /** Names of values that are readable after each run. */
  readonly kept: ReadonlySet<string>;
  /** Values of these names are written over, where the map has numbers for them, as soon as they are computed. */
  readonly overrides: ReadonlyMap<string, Float32Array | undefined>;
}

/** What sessions on WebAssembly can have too, in bytes. */
const MOST_BYTES = 4294967296;

/** @throws RangeError where the host has not so much */
function newArena(bytes: number): Float32Array {
  const mebibytes = Math.ceil(bytes / 1048576);
  if (bytes > MOST_BYTES) throw new RangeError(`session: this network wants ${mebibytes} MiB, sessions have up to 4096 MiB`);
  try {
    return new Float32Array(bytes / 4);
  } catch {
    throw new RangeError(`session: ${mebibytes} MiB of memory are wanted, and not to be had here`);
  }
}

export function plainProgram({ graph, operations, constants, kept, overrides }: PlainProgramOptions): Program {
  const lives = lifetimes(graph, kept);
  const values = [...lives.keys()];
  const { offsets, total } = planMemory([...lives.values()]);
  const arena = newArena(total);
  const arrays = new Map(values.map((value, i) => [value.name, arena.subarray(offsets[i] / 4, offsets[i] / 4 + sizeOf(value.shape))]));
  let work = new Float64Array(0);
  const context: Omit<StepContext, "kernels"> = {
    array: (value) => arrays.get(value.name)!,
    constant: (constant) => constants.array(constant),
    scratch: (size) => (size <= work.length ? work : (work = new Float64Array(size))),
  };
  const steps = graph.nodes.map((node) => {
    const compute = plainStep(node, operations, context);
    const { name } = node.output;
    if (!overrides.has(name)) return compute;
    return () => {
      compute();
      const given = overrides.get(name);
      if (given !== undefined) arrays.get(name)!.set(given);
    };
  });
  return {
    setInput: (index, data) => arrays.get(graph.inputs[index].name)!.set(data),
    run: () => steps.forEach((step) => step()),
    read: (value: Value, into) => into.set(arrays.get(value.name)!),
    refresh: () => constants.refresh(),
    arenaBytes: total,
    lines: graph.nodes.map(({ operation, output }) => `${operation.kind.padEnd(14)} ${showShape(output.shape).padEnd(18)} plain  ${output.name}`),
  };
}
