/** From a model, or a network from a file, to the graph that a training session runs. */
import type { Graph } from "../../graph/graph.ts";
import { inputShapes } from "../../graph/network.ts";
import type { Network } from "../../graph/network.ts";
import { loweredModule } from "../../nn/lowering.ts";
import type { Module } from "../../nn/module.ts";
import { checkTraining } from "../training/options.ts";
import type { TrainingOptions } from "../training/options.ts";
import { constantsOf } from "../training/step/step.ts";
import { withSlices } from "./opened.ts";
import { networkOf, shapesOf } from "./session-graph.ts";

export interface Trainee {
  /** The graph for training. */
  readonly graph: Graph;
  /** Names of all tensors that can learn, and of those that do unless the options freeze them. */
  readonly parameters: ReadonlySet<string>;
  readonly learning: ReadonlySet<string>;
}

/** @throws RangeError or TypeError for options that make no sense, and where the network cannot take such an input */
export function traineeOf(source: Module | Network, options: TrainingOptions): Trainee {
  if (typeof source === "object" && source !== null && "namedModules" in source) {
    const named = source.namedParameters();
    checkTraining(options, [...named.keys()]);
    // Lowering has constants of its own, such as the ones and zeros that split channels: what is no parameter stays as it is.
    const learning = new Set([...named].filter(([, parameter]) => !parameter.frozen).map(([name]) => name));
    return { graph: withSlices(loweredModule(source, options.input, true)), parameters: new Set(named.keys()), learning };
  }
  const network = networkOf(source);
  checkTraining({ ...options, frozen: [], groups: [] }, []);
  const graph = network.lower(inputShapes(network, shapesOf(network, options.input)), true);
  const parameters = new Set(constantsOf(graph).parameters.filter(({ fixed = false }) => !fixed).map(({ name }) => name));
  checkTraining(options, [...parameters]);
  return { graph, parameters, learning: parameters };
}
