/**
 * A network as a list of operations. Each makes one value, of a known shape, from earlier values (single assignment). Modules lower to a
 * graph (`Module.lower`); sessions optimise and run it; ONNX is read to it and written from it. A graph for inference has no dropout, and
 * its normalisation uses running statistics; a graph for training has dropout in it.
 */
import { show } from "../errors.ts";
import type { NumberFormat } from "../../kernels/formats.ts";
import type { Quantisation } from "../../kernels/quantised.ts";
import type { Shape, Tensor } from "../tensor.ts";
import type { Constant, Operation, OperationSet } from "./operation.ts";

export type {
  Activation, ActivationKind, BinaryFunction, Constant, Epilogue, Kind, Of, Operation, OperationSet, Reduction, Taps, UnaryFunction,
  Window,
} from "./operation.ts";

/**
 * What an operation makes, or what goes into the graph.
 * @example
 * const [value]: readonly Value[] = lower(new ReLU(), [1, 4]).inputs;
 * [value.name, value.shape]   // => ["input",[1,4]]
 */
export interface Value {
  /** Unique in its graph; made of the path of the module that computes it. */
  readonly name: string;
  readonly shape: Shape;
  /** Number format; "f32" where nothing is said. */
  readonly dtype?: NumberFormat;
  /** Of bytes: what they mean, for who writes them to a file. What computes with them has it in its operation. */
  readonly meaning?: Quantisation | undefined;
}

/**
 * One operation: what it computes, of which values, and the value that it makes.
 * @example
 * const [node]: readonly Node[] = lower(new ReLU(), [1, 4]).nodes;
 * [node.inputs[0].name, node.output.shape]   // => ["input",[1,4]]
 */
export interface Node {
  readonly operation: Operation;
  readonly inputs: readonly Value[];
  readonly output: Value;
}

/**
 * What goes in, what is computed, in order, and what comes out. Every value is made by one node, or is an input.
 * @example
 * const graph: Graph = lower(new Sequential(new Linear(4, 2), new ReLU()), [1, 4]);
 * graph.nodes.map(({ operation }) => operation.kind)   // => ["linear","activation"]
 */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
  /** What sessions want to be brought for its nodes, besides what they know. */
  readonly operations?: OperationSet | undefined;
}

/** Collects operations while modules lower themselves. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #inputs: Value[] = [];
  readonly #taken = new Set<string>();
  readonly #names: ReadonlyMap<object, string>;
  /** Is the graph one for training? */
  readonly training: boolean;
  #path = "";

  /** @param names paths of modules, and state-dict names of what holds their tensors */
  constructor(names: ReadonlyMap<object, string>, training: boolean = false) {
    this.#names = names;
    this.training = training;
  }

  input(name: string, shape: Shape): Value {
    const value = { name: this.#unique(name), shape };
    this.#inputs.push(value);
    return value;
  }

  /** The state-dict entry that `holder` (a Parameter or Statistic) stands for. @throws Error for one that the model does not name */
  constant(holder: { readonly value: Tensor }): Constant {
    const name = this.#names.get(holder);
    if (name === undefined) {
      throw new Error(`lower: a tensor of ${this.#path || "the model"} has no name: is its module a field of the composite?`);
    }
    return { name, read: () => holder.value };
  }

  /** Adds an operation of `module`; its value is named by the module's path, or by the enclosing one's where it has none. */
  add(module: object, operation: Operation, inputs: readonly Value[], shape: Shape): Value {
    const own = this.#names.get(module);
    const base = own ?? (this.#path === "" ? operation.kind : `${this.#path}.${operation.kind}`);
    const output = { name: this.#unique(base), shape };
    this.#nodes.push({ operation, inputs, output });
    return output;
  }

  /** Runs `lower` with the names of unnamed operations under `composite`'s path. */
  within(composite: object, lower: () => Value): Value {
    const outer = this.#path;
    this.#path = this.#names.get(composite) ?? outer;
    const value = lower();
    this.#path = outer;
    return value;
  }

  finish(...outputs: Value[]): Graph {
    return { inputs: this.#inputs, nodes: this.#nodes, outputs };
  }

  #unique(base: string): string {
    let name = base;
    for (let i = 2; this.#taken.has(name); i++) name = `${base}_${i}`;
    this.#taken.add(name);
    return name;
  }
}

/** Is `value` a graph, as `lower` gives it? */
export function isGraph(value: unknown): value is Graph {
  const { nodes, inputs, outputs } = Object(value) as Partial<Graph>;
  return Array.isArray(nodes) && Array.isArray(inputs) && Array.isArray(outputs);
}

/** @throws TypeError for what is no graph */
export function checkGraph(operation: string, value: unknown): asserts value is Graph {
  if (!isGraph(value)) throw new TypeError(`${operation}: graph wants a graph, as lower gives it, got ${show(value)}`);
}
