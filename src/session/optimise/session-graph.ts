/** From a model to the optimised graph that a session runs. */
import { lower } from "../../nn/lower.ts";
import type { Module } from "../../nn/module.ts";
import type { Graph, Value } from "../../graph/graph.ts";
import { didYouMean } from "../../errors.ts";
import { showShape, sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { optimise } from "./optimise.ts";

/** What a program is made for. */
export interface GraphOptions {
  /** Shape of the first input that will come; others may follow. */
  readonly input: Shape;
  /** Names of values that are outputs too, such as "layer1.0.se.gate". */
  readonly observe?: readonly string[];
  /** Names of values that can be set: then they are inputs too, and what the network computes for them is written over. */
  readonly override?: readonly string[];
}

/** An input of more values than this is refused: it is a mistake, and memory for it would not be had. */
const largestInput = 1073741824;

/** The value that has this name, if there is one. */
export function valueOf(graph: Graph, name: string): Value | undefined {
  return graph.nodes.find((node) => node.output.name === name)?.output;
}

/**
 * @returns the graph, and the names of all values that stay readable in it
 * @throws RangeError where the model cannot take such an input, or has no value of such a name
 */
export function sessionGraph(model: Module, { input, observe = [], override = [] }: GraphOptions): { readonly graph: Graph; readonly kept: ReadonlySet<string> } {
  if (sizeOf(input) > largestInput) throw new RangeError(`session: an input of shape ${showShape(input)} is more than this engine takes (${largestInput} values)`);
  const lowered = lower(model, input);
  const kept = new Set([...observe, ...override]);
  for (const name of kept) {
    if (valueOf(lowered, name) === undefined) {
      const names = lowered.nodes.map((node) => node.output.name);
      throw new RangeError(`compile: ${observe.includes(name) ? "observe" : "override"} names "${name}", which is no value of this model${didYouMean(name, names)}`);
    }
  }
  return { graph: optimise(lowered, kept), kept };
}
