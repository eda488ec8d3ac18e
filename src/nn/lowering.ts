/** From a module tree to a graph, for sessions, which have checked what they were given. `lower.ts` is the same for callers. */
import { GraphBuilder } from "../graph/graph.ts";
import type { Graph } from "../graph/graph.ts";
import type { Network } from "../graph/network.ts";
import type { Shape } from "../tensor.ts";
import type { Module } from "./module.ts";

/** The model's graph for inputs of this shape. @throws RangeError where the model cannot take such an input */
export function loweredModule(model: Module, input: Shape, training: boolean = false): Graph {
  const names = new Map<object, string>();
  for (const [name, module] of model.namedModules()) if (name !== "") names.set(module, name);
  for (const [name, holder] of model.namedState()) names.set(holder, name);
  const builder = new GraphBuilder(names, training);
  return builder.finish(model.lower(builder, builder.input("input", input)));
}

/** A model's name with its options, as modules of `senet compile` say for what they were made. */
function modelTitle({ identity }: Module): string {
  if (identity === undefined) return "a model without a name";
  return Object.keys(identity.options).length === 0 ? identity.model : `${identity.model} ${JSON.stringify(identity.options)}`;
}

/** The model as a network of one `input` and one `output`; its layers know what fits. */
export function networkOfModule(model: Module): Network {
  return {
    title: modelTitle(model), inputs: [{ name: "input" }], outputs: ["output"],
    lower: ({ input }, training) => loweredModule(model, input, training), parameters: () => model.namedParameters(),
  };
}
