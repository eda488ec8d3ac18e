/** From a module tree to a graph. */
import { GraphBuilder } from "../graph/graph.ts";
import type { Graph } from "../graph/graph.ts";
import type { Shape } from "../tensor.ts";
import type { Module } from "./module.ts";
import { Dropout } from "./reshape.ts";

/** The model's inference graph for inputs of this shape. @throws RangeError where the model cannot take such an input */
export function lower(model: Module, input: Shape): Graph {
  const names = new Map<object, string>();
  for (const [name, module] of model.namedModules()) if (name !== "") names.set(module, name);
  for (const [name, holder] of model.namedState()) names.set(holder, name);
  const builder = new GraphBuilder(names);
  return builder.finish(model.lower(builder, builder.input("input", input)));
}

/** Paths and probabilities of the layers that drop something in training: an inference graph has no trace of them. */
export function dropoutsOf(model: Module): [string, number][] {
  return [...model.namedModules()].flatMap(([name, layer]): [string, number][] =>
    layer instanceof Dropout && layer.probability > 0 ? [[name, layer.probability]] : []);
}
