/** A program on the plain kernels: for hosts without WebAssembly, and the oracle of the wasm program. */
import { numberArrays } from "../../../../kernels/formats.ts";
import { noMemory } from "../no-memory.ts";
import type { Constant, Value } from "../../../graph/graph.ts";
import { showShape, sizeOf } from "../../../tensor.ts";
import { planMemory } from "../../plan/memory-plan.ts";
import type { RoutineContext } from "../../../operations/record.ts";
import { plainRoutine } from "../operations.ts";
import type { PlainOperations } from "../operations.ts";
import { lifetimes } from "../../plan/lifetimes.ts";
import { onThisThread } from "../backend.ts";
import type { Program, ProgramRequest } from "../backend.ts";

/** The constants of a network, for the programs of all input sizes: those of one name hold the same values, whatever graph they are of. */
export class PlainConstants {
  readonly #arrays = new Map<string, { readonly array: Float32Array; readonly constant: Constant }>();

  array(constant: Constant): Float32Array {
    const { array } = this.#arrays.get(constant.name) ?? { array: Float32Array.from(constant.read().data) };
    // The latest: graphs that are no more are not held by theirs.
    this.#arrays.set(constant.name, { array, constant });
    return array;
  }

  refresh(): void {
    for (const { array, constant } of this.#arrays.values()) array.set(constant.read().data);
  }
}

/**
 * The array of a value, in what is given or of its own. Bytes are seen as bytes by who computes with them (operations/quantised).
 * @param at in bytes
 */
export function newNumbers({ shape, dtype }: Value, buffer?: ArrayBuffer, at?: number): Float32Array {
  const size = sizeOf(shape);
  return new numberArrays[dtype ?? "f32"]((buffer ?? size) as ArrayBuffer, at, size) as Float32Array;
}

/** What routines are made with, whose arrays have the names of their values. */
export function routineContext(arrays: ReadonlyMap<string, Float32Array>, constants: PlainConstants): Omit<RoutineContext, "kernels"> {
  let work = new Float64Array(0);
  return {
    array: ({ name }) => arrays.get(name)!,
    constant: (constant) => constants.array(constant),
    scratch: (size) => (size <= work.length ? work : (work = new Float64Array(size))),
  };
}

export interface PlainProgramOptions extends ProgramRequest {
  readonly operations: PlainOperations;
  readonly constants: PlainConstants;
}

/** What sessions on WebAssembly can have too, in bytes. */
const MOST_BYTES = 4294967296;

/** @throws RangeError where the host has not so much */
function newArena(bytes: number): ArrayBuffer {
  try {
    if (bytes <= MOST_BYTES) return new ArrayBuffer(bytes);
  } catch {
    // What the host says of it differs.
  }
  throw noMemory(bytes);
}

export function plainProgram({ graph, operations, constants, kept, overrides }: PlainProgramOptions): Program {
  const lives = lifetimes(graph, kept);
  const values = [...lives.keys()];
  const { offsets, total } = planMemory([...lives.values()]);
  const arena = newArena(total);
  const arrays = new Map(values.map((value, i) => [value.name, newNumbers(value, arena, offsets[i])]));
  const context = routineContext(arrays, constants);
  const routines = graph.nodes.map((node) => {
    const compute = plainRoutine(node, operations, context);
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
    run: () => routines.forEach((routine) => routine()),
    runAsync: (begin, end) => onThisThread(routines, begin, end),
    read: (value: Value, into) => into.set(arrays.get(value.name)!),
    arenaBytes: total,
    lines: graph.nodes.map(({ operation: { kind }, output: { name, shape } }) =>
      `${kind.padEnd(14)} ${showShape(shape).padEnd(18)} plain  ${name}`),
  };
}
