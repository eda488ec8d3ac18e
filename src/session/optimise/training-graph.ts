/** From a model, or a network from a file, to the graph that a training session runs. */
import type { Graph } from "../../graph/graph.ts";
import { inputShapes } from "../../graph/network.ts";
import type { Network } from "../../graph/network.ts";
import { loweredModule } from "../../nn/lowering.ts";
import type { Module } from "../../nn/module.ts";
import { show } from "../../errors.ts";
import type { Derivation } from "../training/derived.ts";
import { checkTraining, matches } from "../training/options.ts";
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
  /** Where the graph's numbers are made of the parameters before each step. */
  readonly derivation?: Derivation;
}

/** For the network of bytes that training is to end in. Normalisation is folded into what learns, and nothing is dropped. */
function int8Trainee(source: Module | Network, { input, frozen, int8 }: TrainingOptions): Trainee {
  if (int8?.derivation === undefined) {
    throw new TypeError(`compile: int8 wants the network that quantise made of this model, got ${show(int8)}`);
  }
  const derivation = int8.derivation(source, input);
  const names = derivation.sources.map(({ name }) => name);
  const parameters = new Set([...networkOf(source).parameters?.().keys() ?? [], ...names]);
  const still = networkOf(source).parameters?.();
  const learning = new Set(names.filter((name) => still?.get(name)?.frozen !== true && !matches(frozen ?? [], name)));
  return { graph: derivation.graph, parameters, learning, derivation };
}

/** @throws RangeError or TypeError for options that make no sense, and where the network cannot take such an input */
export function traineeOf(source: Module | Network, options: TrainingOptions): Trainee {
  if (typeof source === "object" && source !== null && "namedModules" in source) {
    const named = source.namedParameters();
    checkTraining(options, [...named.keys()]);
    if (options.int8 !== undefined) return int8Trainee(source, options);
    // Lowering has constants of its own, such as the ones and zeros that split channels: what is no parameter stays as it is.
    const learning = new Set([...named].filter(([, parameter]) => !parameter.frozen).map(([name]) => name));
    return { graph: withSlices(loweredModule(source, options.input, true)), parameters: new Set(named.keys()), learning };
  }
  const network = networkOf(source);
  if (options.int8 !== undefined) {
    const trainee = int8Trainee(network, options);
    checkTraining(options, [...trainee.parameters]);
    return trainee;
  }
  checkTraining({ ...options, frozen: [], groups: [] }, []);
  const graph = network.lower(inputShapes(network, shapesOf(network, options.input)), true);
  const parameters = new Set(constantsOf(graph).parameters.filter(({ fixed = false }) => !fixed).map(({ name }) => name));
  checkTraining(options, [...parameters]);
  return { graph, parameters, learning: parameters };
}
