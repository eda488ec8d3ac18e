/**
 * A network whose sizes are not fixed yet: it gives a graph for any shapes that its inputs can take. Sessions are compiled from one; an import
 * (ONNX) is one, `moduleNetwork` (nn/lower.ts) makes one of a module, `fixedNetwork` of a single graph.
 */
import { didYouMean, show } from "../errors.ts";
import { showShape } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import type { Graph } from "./graph.ts";

/** Sizes, outermost first. A name stands for one that is free, such as "N": within a network one name is one size. */
export type OpenShape = readonly (number | string)[];

/** Shapes of inputs by their names. */
export type Shapes = Readonly<Record<string, Shape>>;

export interface NetworkInput {
  /** What `session.run({ NAME: x })` calls it. */
  readonly name: string;
  /** Undefined where only `lower` knows what fits (modules). */
  readonly shape?: OpenShape | undefined;
}

export interface Network {
  /** For people to read, in messages and descriptions. */
  readonly title: string;
  /** At least one; names are unique. */
  readonly inputs: readonly NetworkInput[];
  /** What `session.run` calls the outputs: at least one, unique, in the order of the graph's. */
  readonly outputs: readonly string[];
  /**
   * The graph for inputs of these shapes: its inputs in the order of `inputs`, its outputs in that of `outputs`. Called anew for every combination of shapes.
   * Constants of one name have the same values in all graphs of a network, and `read` gives what they are now, not what they were here.
   * @param shapes of every input @param training for training: with dropout, and normalisation by the batch
   * @throws RangeError where the network cannot take such inputs
   */
  lower(shapes: Shapes, training?: boolean): Graph;
}

/** A network of one graph, for its own shapes only. Inputs and outputs are named as their values are. */
export function fixedNetwork(graph: Graph, title: string = "a graph"): Network {
  return {
    title,
    inputs: graph.inputs.map(({ name, shape }) => ({ name, shape })),
    outputs: graph.outputs.map(({ name }) => name),
    lower: () => graph,
  };
}

/**
 * Shapes for every input, checked against what is known of them.
 * @param operation begins messages @param given one shape where there is one input; undefined where no size is free, or only the first one, which then is 1
 * @throws TypeError for what is no shape; RangeError for a name that is no input, a missing one, or sizes that do not fit
 */
export function inputShapes(operation: string, { inputs }: Pick<Network, "inputs">, given: Shape | Shapes | undefined): Shapes {
  const named = namedShapes(operation, inputs, given);
  const free = new Map<string, number>();
  const found: Record<string, Shape> = {};
  for (const { name, shape: open } of inputs) {
    const shape = Object.hasOwn(named, name) ? named[name] : usualShape(open);
    if (shape === undefined) throw new RangeError(`${operation}: input wants the shape of "${name}"${open === undefined ? "" : `, ${showOpen(open)}`}`);
    checkShape(operation, name, shape);
    if (open !== undefined) checkSizes(operation, name, shape, open, free);
    found[name] = Object.freeze([...shape]);
  }
  return found;
}

function namedShapes(operation: string, inputs: readonly NetworkInput[], given: Shape | Shapes | undefined): Shapes {
  if (given === undefined) return {};
  const names = inputs.map(({ name }) => name);
  if (Array.isArray(given)) {
    if (names.length === 1) return { [names[0]]: given as Shape };
    throw new RangeError(`${operation}: input wants a shape for each of ${names.join(", ")}, by name; got ${show(given)}`);
  }
  if (typeof given !== "object" || given === null) throw new TypeError(`${operation}: input wants a shape such as [1,3,224,224], got ${show(given)}`);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw new RangeError(`${operation}: input has "${name}", which is no input${didYouMean(name, names)}; there is ${names.join(", ")}`);
  }
  return given as Shapes;
}

/** With one image, where nothing but that is free. */
function usualShape(open: OpenShape | undefined): Shape | undefined {
  if (open === undefined) return undefined;
  const sizes = open.map((size, i) => (typeof size === "string" && i === 0 ? 1 : size));
  return sizes.every((size) => typeof size === "number") ? sizes : undefined;
}

function checkShape(operation: string, name: string, shape: unknown): asserts shape is Shape {
  if (!Array.isArray(shape)) throw new TypeError(`${operation}: ${name} wants a shape such as [1,3,224,224], got ${show(shape)}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 1)) throw new RangeError(`${operation}: ${name} wants whole numbers of at least 1 as sizes, got ${showShape(shape)}`);
}

function checkSizes(operation: string, name: string, shape: Shape, open: OpenShape, free: Map<string, number>): void {
  const fits = shape.length === open.length && shape.every((size, i) => {
    const wanted = open[i];
    if (typeof wanted === "number") return size === wanted;
    const known = free.get(wanted) ?? size;
    free.set(wanted, known);
    return size === known;
  });
  if (fits) return;
  const known = [...free].filter(([size]) => open.includes(size)).map(([size, value]) => `${size} = ${value}`);
  throw new RangeError(`${operation}: ${name} wants shape ${showOpen(open)}${known.length === 0 ? "" : ` with ${known.join(", ")}`}, got ${showShape(shape)}`);
}

function showOpen(open: OpenShape): string {
  return `[${open.join(",")}]`;
}
