/** From a module tree to a graph, and to a network that sessions are compiled from. */
import { checkModule } from "./check.ts";
import { check, checkShape, flag } from "../checks.ts";
import type { Graph } from "../graph/graph.ts";
import type { Network } from "../graph/network.ts";
import type { Shape } from "../tensor.ts";
import { loweredModule, networkOfModule } from "./lowering.ts";
import type { Module } from "./module.ts";

/**
 * The model's graph for inputs of this shape.
 * @param training for training, with the dropout that an inference graph has no trace of
 * @throws TypeError for what is no model or no shape; RangeError where the model cannot take such an input
 * @example
 * const { nodes } = lower(new SqueezeExcite(8, { reduction: 2 }), [1, 8, 4, 4]);
 * nodes.map(({ operation }) => operation.kind)   // => ["global_pool","conv2d","activation","conv2d","activation","scale"]
 */
export function lower(model: Module, input: Shape, training: boolean = false): Graph {
  checkModule("lower", model);
  checkShape("lower", "input", input);
  check("lower", "training", training, flag);
  return loweredModule(model, input, training);
}

/**
 * The model as a network of one `input` and one `output`; its layers know what fits. @throws TypeError for what is no model
 * @example
 * moduleNetwork(new Linear(4, 2)).outputs   // => ["output"]
 */
export function moduleNetwork(model: Module): Network {
  checkModule("moduleNetwork", model);
  return networkOfModule(model);
}
