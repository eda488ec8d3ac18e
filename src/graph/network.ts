/**
 * A network whose sizes are not fixed yet: it gives a graph for any shapes that its inputs can take. Sessions are compiled from one; an
 * import (ONNX) is one, `freeNetwork` makes one of what knows its free sizes, `fixedNetwork` of a single graph, `moduleNetwork`
 * (nn/lower.ts) of a module.
 */
import { check, has, record, text } from "../checks.ts";
import { checkGraph } from "./graph.ts";
import { didYouMean, show, showItems } from "../errors.ts";
import { showShape } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import type { Graph, OperationSet } from "./graph.ts";

/**
 * Sizes, outermost first. A name stands for one that is free, such as "N": within a network one name is one size.
 * @example
 * const shape: OpenShape = ["N", 3, 224, 224];
 * shape.filter((size) => typeof size === "string")   // => ["N"]
 */
export type OpenShape = readonly (number | string)[];

/**
 * Shapes of inputs by their names.
 * @example
 * const shapes: Shapes = { input: [1, 4] };
 * moduleNetwork(new Linear(4, 2)).lower(shapes).outputs[0].shape   // => [1,2]
 */
export type Shapes = Readonly<Record<string, Shape>>;

/**
 * An input of a network, by the name that `run` is given it under.
 * @example
 * const inputs: readonly NetworkInput[] = importOnnx(writeOnnx(lower(new ReLU(), [1, 1, 4, 4]))).inputs;
 * inputs.map(({ name }) => name)   // => ["input"]
 */
export interface NetworkInput {
  /** What `session.run({ NAME: x })` calls it. */
  readonly name: string;
  /** Undefined where only `lower` knows what fits (modules). */
  readonly shape?: OpenShape | undefined;
}

/**
 * What sessions compile: inputs and outputs by name, some sizes of which may be free, and the graph for given ones. `moduleNetwork` makes
 * one of a model, `importOnnx` of a file.
 * @example
 * const network: Network = moduleNetwork(new Sequential(new Flatten(), new Linear(16, 2)));
 * network.lower({ input: [1, 1, 4, 4] }).nodes.length   // => 2
 */
export interface Network {
  /** For people to read, in messages and descriptions. */
  readonly title: string;
  /** At least one; names are unique. */
  readonly inputs: readonly NetworkInput[];
  /** What `session.run` calls the outputs: at least one, unique, in the order of the graph's. */
  readonly outputs: readonly string[];
  /**
   * The graph for inputs of these shapes: its inputs in the order of `inputs`, its outputs in that of `outputs`. Called anew for every
   * combination of shapes. Constants of one name have the same values in all graphs of a network, and `read` gives what they are now, not
   * what they were here.
   * @param shapes of inputs, as far as they are said: of others the usual ones are taken, if there are such
   * @param training with dropout, and normalisation by the batch
   * @throws RangeError naming the input where the network cannot take such, or wants to be told
   */
  lower(shapes: Shapes, training?: boolean): Graph;
  /** What sessions want to be brought for its graphs, besides what they know. */
  readonly operations?: OperationSet | undefined;
  /** What its sessions are made of, where that is not what `compile` has (`OwnSessions` of src/session). */
  readonly sessions?: object;
  /** Does it compute with bytes (src/quantise)? Its bits are the same everywhere, and nothing of it learns. */
  readonly quantised?: boolean;
  /** By name, the constants that training may change, and which of them stay as they are; by default all weights and biases learn. */
  parameters?(): ReadonlyMap<string, { readonly frozen: boolean }>;
}

/**
 * A network that knows its free sizes: `lower` is asked for shapes that fit, of every input.
 * @throws TypeError for what is no network
 * @example
 * const network = freeNetwork(importOnnx(writeOnnx(lower(new ReLU(), [1, 1, 4, 4]))));
 * network.inputs   // => [{"name":"input","shape":["N",1,4,4]}]
 */
export function freeNetwork(network: Network): Network {
  const { inputs, outputs } = Object(network) as Partial<Network>;
  if (!has(network, "lower") || !Array.isArray(inputs) || !Array.isArray(outputs)) {
    throw new TypeError(`freeNetwork: network wants { title, inputs, outputs, lower }, got ${show(network)}`);
  }
  return { ...network, lower: (shapes, training) => network.lower(inputShapes(network, shapes), training) };
}

/**
 * A network of one graph, for its own shapes only. Inputs and outputs are named as their values are.
 * @throws TypeError for what is no graph
 * @example
 * const network = fixedNetwork(lower(new ReLU(), [1, 1, 4, 4]), "rectifier");
 * compileSync(network).run(Tensor.zeros([1, 1, 4, 4])).shape   // => [1,1,4,4]
 */
export function fixedNetwork(graph: Graph, title: string = "this graph"): Network {
  checkGraph("fixedNetwork", graph);
  check("fixedNetwork", "title", title, text);
  return freeNetwork({
    title,
    inputs: graph.inputs.map(({ name, shape }) => ({ name, shape })),
    outputs: graph.outputs.map(({ name }) => name),
    operations: graph.operations,
    lower: () => graph,
  });
}

/**
 * Shapes of every input, checked against what is known of them; what is not said has the usual sizes: those that are not free, and one
 * image.
 * @throws TypeError for what is no shape; RangeError for a name that is no input, one that must be said, or sizes that do not fit
 */
export function inputShapes({ title, inputs }: Pick<Network, "title" | "inputs">, given: Shapes): Shapes {
  const names = inputs.map(({ name }) => name);
  if (!record.is(given)) throw new TypeError(`${title}: wants shapes by name, { ${names.join(", ")} }, got ${show(given)}`);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new RangeError(`${title}: ${show(name)} is no input${didYouMean(name, names)}; there is ${showItems(names)}`);
  }
  const free = new Map<string, number>();
  const found: Record<string, Shape> = {};
  // What is said comes first: it may say sizes of what is not.
  const said = ({ name }: NetworkInput): boolean => Object.hasOwn(given, name);
  for (const { name, shape: open } of [...inputs.filter(said), ...inputs.filter((input) => !said(input))]) {
    const shape = Object.hasOwn(given, name) ? given[name] : usualShape(open, free);
    if (shape === undefined) {
      throw mustBeSaid(title, name, open);
    }
    checkShape(title, name, shape);
    if (open !== undefined) checkSizes(title, name, shape, open, free);
    found[name] = shape;
  }
  return found;
}

/** With one image, where nothing else is free that is not known yet. */
function usualShape(open: OpenShape | undefined, free: ReadonlyMap<string, number>): Shape | undefined {
  if (open === undefined) return undefined;
  const sizes = open.map((size, i) => (typeof size === "number" ? size : (free.get(size) ?? (i === 0 ? 1 : size))));
  return sizes.every((size) => typeof size === "number") ? sizes : undefined;
}

/** An input's shape was left out, and there is no usual one. */
export function mustBeSaid(title: string, name: string, open: OpenShape | undefined): RangeError {
  return new RangeError(`${title}: the shape of ${show(name)} must be said${open === undefined ? "" : `: it takes ${showOpen(open)}`}`);
}

function checkShape(title: string, name: string, shape: unknown): asserts shape is Shape {
  if (!Array.isArray(shape)) throw new TypeError(`${title}: ${name} wants a shape such as [1,3,224,224], got ${show(shape)}`);
  if (shape.every((size) => Number.isSafeInteger(size) && size >= 1)) return;
  throw new RangeError(`${title}: ${name} wants whole numbers of at least 1 as sizes, got ${showItems(shape)}`);
}

function checkSizes(title: string, name: string, shape: Shape, open: OpenShape, free: Map<string, number>): void {
  const fits = shape.length === open.length && shape.every((size, i) => {
    const wanted = open[i];
    if (typeof wanted === "number") return size === wanted;
    const known = free.get(wanted) ?? size;
    free.set(wanted, known);
    return size === known;
  });
  if (fits) return;
  const known = [...free].filter(([size]) => open.includes(size)).map(([size, value]) => `${size} = ${value}`);
  const sizes = known.length === 0 ? "" : ` with ${known.join(", ")}`;
  throw new RangeError(`${title}: ${name} wants shape ${showOpen(open)}${sizes}, got ${showShape(shape)}`);
}

function showOpen(open: OpenShape): string {
  return `[${open.join(",")}]`;
}
