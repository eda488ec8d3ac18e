/** What a session runs: a graph of fixed shapes bound to one family of kernels. */
import type { Graph, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../tensor.ts";
import type { Lifetime } from "../plan/memory-plan.ts";

export interface Program {
  /** Copies an input in. */
  setInput(index: number, data: Float32Array): void;
  run(): void;
  /** What `run` does, operation by operation, where the program was made to be timed. */
  readonly steps?: readonly { readonly kind: string; run(): void }[];
  /** Functions that compute all of it, one after the other; undefined where some of it is JavaScript. */
  readonly parts?: readonly string[];
  /** Copies an output, or an observed value, out. */
  read(value: Value, into: Float32Array): void;
  /** Takes the present values of the model's parameters over. */
  refresh(): void;
  /** Memory of activations, in bytes. */
  readonly arenaBytes: number;
  /** One line a step, for `session.plan`. */
  readonly lines: readonly string[];
}

/**
 * When each value of a graph is needed. Inputs are there from the first step, outputs and kept values until after the last.
 * @param bytes of a value
 */
export function lifetimes(graph: Graph, kept: ReadonlySet<string>, bytes: (value: Value) => number = (value) => 4 * sizeOf(value.shape)): Map<Value, Lifetime> {
  const last = new Map<Value, number>();
  graph.nodes.forEach((node, step) => node.inputs.forEach((input) => last.set(input, step)));
  const end = graph.nodes.length;
  const lives = new Map<Value, Lifetime>();
  const add = (value: Value, from: number): void => {
    const stays = graph.outputs.includes(value) || kept.has(value.name);
    lives.set(value, { size: bytes(value), from, to: stays ? end : (last.get(value) ?? from) });
  };
  graph.inputs.forEach((value) => add(value, 0));
  graph.nodes.forEach((node, step) => add(node.output, step));
  return lives;
}
