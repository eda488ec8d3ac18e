/** From a module tree to a graph. */
import { GraphBuilder } from "../graph/graph.ts";
import type { Graph } from "../graph/graph.ts";
import type { Shape } from "../tensor.ts";
import type { Module } from "./module.ts";

/**
 * The model's graph for inputs of this shape.
 * @param training for training, with the dropout that an inference graph has no trace of
 * @throws RangeError where the model cannot take such an input
 */
export function lower(model: Module, input: Shape, training: boolean = false): Graph {
  const names = new Map<object, string>();
  for (const [name, module] of model.namedModules()) if (name !== "") names.set(module, name);
  for (const [name, holder] of model.namedState()) names.set(holder, name);
  const builder = new GraphBuilder(names, training);
  return builder.finish(model.lower(builder, builder.input("input", input)));
}
