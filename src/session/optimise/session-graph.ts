/** From a network to the optimised graph that a session runs. */
import { networkOfModule } from "../../nn/lowering.ts";
import type { Module } from "../../nn/module.ts";
import type { Graph, Value } from "../../graph/graph.ts";
import type { Network, Shapes } from "../../graph/network.ts";
import { didYouMean, show } from "../../errors.ts";
import { showShape, sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { optimise } from "./optimise.ts";

/** What a program is made for. */
export interface GraphOptions {
  /**
   * The shape of the first input that will come, such as [1,3,224,224]; others may follow. For several inputs, their shapes by name. A
   * network that knows its sizes, but for the number of images, need not be told: then it is one image.
   */
  readonly input?: Shape | Shapes;
  /** Names of values that are outputs too, such as "layer1.0.se.gate". */
  readonly observe?: readonly string[];
  /** Names of values that can be set: then they are inputs too, and what the network computes for them is written over. */
  readonly override?: readonly string[];
}

/** The graph of a session. */
export interface SessionGraph {
  readonly graph: Graph;
  /** Names of all values that stay readable in it. */
  readonly kept: ReadonlySet<string>;
}

/** An input of more values than this is refused: it is a mistake, and memory for it would not be had. */
const largestInput = 1073741824;

/** What is compiled: a network, or a module as one. @throws TypeError for neither */
export function networkOf(source: Module | Network): Network {
  const given = Object(source) as Module | Network;
  if ("namedModules" in given) return networkOfModule(given);
  if ("lower" in given && "outputs" in given) return given;
  throw new TypeError(`compile: the first argument wants a model, a network or a graph, got ${show(source)}`);
}

/** The value that has this name, if there is one. */
export function valueOf(graph: Graph, name: string): Value | undefined {
  return graph.nodes.find((node) => node.output.name === name)?.output;
}

/** Shapes by name of what `input` says. @throws TypeError for what is no shape, RangeError for one shape for several inputs */
export function shapesOf({ inputs }: Network, input: Shape | Shapes | undefined): Shapes {
  if (!Array.isArray(input)) {
    if (typeof input === "object" && input !== null) return input as Shapes;
    if (input === undefined && inputs.every(({ shape }) => shape !== undefined)) return {};
    throw new TypeError(`compile: input wants a shape such as [1,3,224,224], got ${show(input)}`);
  }
  if (inputs.length > 1) {
    const wanted = inputs.map(({ name }) => `${name}: [...]`).join(", ");
    throw new RangeError(`compile: input wants shapes by name, { ${wanted} }; got ${showShape(input as Shape)}`);
  }
  return { [inputs[0].name]: input as Shape };
}

/** @throws RangeError where the network cannot take such inputs, or has no value of such a name */
export function sessionGraph(
  network: Network, shapes: Shapes, observe: readonly string[] = [], override: readonly string[] = [],
): SessionGraph {
  for (const shape of Object.values(shapes)) {
    if (sizeOf(shape) <= largestInput) continue;
    throw new RangeError(`session: an input of shape ${showShape(shape)} is more than this engine takes`);
  }
  const lowered = network.lower(shapes);
  const kept = new Set([...observe, ...override]);
  for (const name of kept) {
    if (valueOf(lowered, name) === undefined) {
      const [option, names] = [observe.includes(name) ? "observe" : "override", lowered.nodes.map((node) => node.output.name)];
      throw new RangeError(`compile: ${option} names "${name}", which is no value of this model${didYouMean(name, names)}`);
    }
  }
  return { graph: optimise(lowered, kept), kept };
}
