/** When each value of a graph is needed. */
import { bytesOf } from "../../../kernels/formats.ts";
import type { Graph, Value } from "../../graph/graph.ts";
import { sizeOf } from "../../tensor.ts";
import type { Lifetime } from "./memory-plan.ts";

/** Inputs are there from the first node, outputs and kept values until after the last. */
export function lifetimes(graph: Graph, kept: ReadonlySet<string>): Map<Value, Lifetime> {
  const last = new Map<Value, number>();
  graph.nodes.forEach((node, at) => node.inputs.forEach((input) => last.set(input, at)));
  const end = graph.nodes.length;
  const lives = new Map<Value, Lifetime>();
  const add = (value: Value, from: number): void => {
    const stays = graph.outputs.includes(value) || kept.has(value.name);
    lives.set(value, { size: bytesOf(sizeOf(value.shape), value.dtype), from, to: stays ? end : (last.get(value) ?? from) });
  };
  graph.inputs.forEach((value) => add(value, 0));
  graph.nodes.forEach((node, at) => add(node.output, at));
  return lives;
}
