/** Nodes of graphs that are read from a file: their names, constants, and the order in which values lie. */
import type { Constant, Graph, Node, Of, Operation, Value } from "../../../graph/graph.ts";
import { generalDeclarations } from "../../../operations/general/index.ts";
import type { GeneralKind } from "../../../operations/general/index.ts";
import type { Declaration } from "../../../operations/record.ts";
import { sameShape, showShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Computer } from "../constants/known.ts";
import { FLOAT } from "../read/types.ts";
import { Unsupported } from "./unsupported.ts";
import type { Layout, Weights } from "./weights.ts";

/** A tensor that the network computes. */
export interface Flow {
  readonly value: Value;
  /** Element type of the file; in sessions all are float32. */
  readonly type: number;
  /** Its axis i is axis order[i] of the value. */
  readonly order?: readonly number[] | undefined;
  /** It is the value stretched to this shape. */
  readonly stretched?: Shape;
}

export type Item = Known | Flow;

/** A value whose name is not yet what it stays. */
type Named = { -readonly [K in keyof Value]: Value[K] };

const MOST_DIMENSIONS = 16;
const MOST_NODES = 262144;
/** What a session takes at most. */
const MOST_NUMBERS = 1073741824;

export function shapeOf(item: Item): Shape {
  if (item instanceof Known) return item.shape;
  const { value: { shape }, order, stretched } = item;
  return stretched ?? order?.map((axis) => shape[axis]) ?? shape;
}

/** The order in which an item's axes lie. */
export function orderOf(item: Item): readonly number[] | undefined {
  return item instanceof Known || item.stretched !== undefined ? undefined : item.order;
}

/** The order that undoes another. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, i) => order.indexOf(i));
}

/** Do all numbers stay where they are, because only sizes of one move? */
function staysIn(order: readonly number[], shape: Shape): boolean {
  const moving = order.filter((axis) => shape[axis] !== 1);
  return moving.every((axis, i) => i === 0 || moving[i - 1] < axis);
}

/**
 * Makes nodes of a graph, and values in the order that whoever uses them wants. A transposed tensor stays as it was, with its axes renamed,
 * until somebody needs it in that order: so layouts that exporters change back and forth cost nothing.
 */
export class NodeBuilder {
  readonly computer: Computer;
  readonly weights: Weights;
  readonly notes: Set<string>;
  readonly #nodes: Node[] = [];
  readonly #inputs: Value[] = [];
  /** Names of values, and the number that the next one of such a name gets. */
  readonly #taken = new Map<string, number>();
  readonly #orders = new Map<Value, Map<string, Value>>();
  readonly #constants = new Map<Known, Value>();
  /** Values that the node at work made, and that have no name of the file. */
  readonly #steps = new Set<Named>();
  /** The node at work: its first output, and what messages call it. */
  #name = "";
  #what = "";

  constructor(weights: Weights, computer: Computer, notes: Set<string>) {
    this.weights = weights;
    this.notes = notes;
    this.computer = computer;
  }

  /** What the file says and is not done. */
  note(text: string): void {
    this.notes.add(text);
  }

  /** What is added next belongs to this node. */
  at(name: string, what: string): void {
    this.#name = name;
    this.#what = what;
    this.#steps.clear();
  }

  get what(): string {
    return this.#what;
  }

  input(name: string, shape: Shape): Value {
    this.checkSize(shape);
    const value = { name: this.#unique(name), shape };
    this.#inputs.push(value);
    return value;
  }

  finish(outputs: readonly Value[]): Graph {
    return { inputs: this.#inputs, nodes: this.#nodes, outputs };
  }

  /** @throws RangeError for a tensor that no session could hold */
  checkSize(shape: Shape): void {
    if (shape.length > MOST_DIMENSIONS) {
      throw new RangeError(`importOnnx: ${this.#what} makes a tensor of ${shape.length} dimensions; up to ${MOST_DIMENSIONS} are read`);
    }
    if (shape.some((size) => !(Number.isSafeInteger(size) && size >= 1))) {
      throw new RangeError(`importOnnx: ${this.#what} makes ${showShape(shape)}, and sizes want to be at least 1`);
    }
    if (sizeOf(shape) > MOST_NUMBERS) {
      throw new RangeError(`importOnnx: ${this.#what} makes ${showShape(shape)}, more than ${MOST_NUMBERS} numbers`);
    }
  }

  /** A node of the graph. It is named as a step of the file's node at work, until `named` says that it is its output. */
  add(operation: Operation, inputs: readonly Value[], shape: Shape, name: string = `${this.#name}.step`): Value {
    this.checkSize(shape);
    if (this.#nodes.length === MOST_NODES) throw new RangeError(`importOnnx: more than ${MOST_NODES} operations`);
    const output = { name: this.#unique(name), shape };
    this.#nodes.push({ operation, inputs, output });
    this.#steps.add(output);
    return output;
  }

  /** Gives what the node at work made the name that it has in the file. */
  named(name: string, item: Item): void {
    if (item instanceof Known || !this.#steps.delete(item.value as Named)) return;
    this.#taken.delete(item.value.name);
    (item.value as Named).name = this.#unique(name);
  }

  #unique(base: string): string {
    let name = base;
    for (let i = this.#taken.get(base) ?? 2; this.#taken.has(name); i++) {
      name = `${base}_${i}`;
      this.#taken.set(base, i + 1);
    }
    this.#taken.set(name, 2);
    return name;
  }

  /** A general operation on items in the order in which they are: computed where all are known. */
  run<K extends GeneralKind>(kind: K, attributes: Omit<Of<K>, "kind">, inputs: readonly Item[], type: number = inputs[0].type): Item {
    const operation = { kind, ...attributes } as Of<K>;
    const { shape: shapeFor } = generalDeclarations[kind] as Declaration<K>;
    const shape = this.inNode(() => shapeFor(operation, inputs.map(shapeOf)));
    const knowns = inputs.filter((item) => item instanceof Known);
    // Nothing follows from nothing, whatever the rest is.
    if (sizeOf(shape) === 0) return this.computer.known(this.#what, type, shape, () => {});
    if (knowns.length === inputs.length) return this.computer.run(this.#what, kind, operation, knowns, type, shape);
    return this.flow(this.add(operation, inputs.map((item) => this.value(item)), shape), type);
  }

  /** Errors of records with the node that meant it. */
  protected inNode<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof RangeError) throw new RangeError(`importOnnx: ${this.#what}: ${error.message}`);
      throw error;
    }
  }

  /** A known tensor as an attribute of an operation, or part of one. */
  constant(known: Known, layout: Partial<Layout> = {}, part: string = "constant"): Constant {
    return this.weights.constant(`${this.#name}.${part}`, known, { suffix: "", shape: known.shape, ...layout });
  }

  /** A tensor as a value of the graph, in its own order. */
  value(item: Item): Value {
    if (item instanceof Known) {
      let value = this.#constants.get(item);
      if (value === undefined) {
        if (item.size === 0) throw new Unsupported("of no numbers");
        // A number by itself, or a table that was computed, is no weight that learns.
        const constant = this.constant(item, { fixed: item.size === 1 || item.weight === undefined });
        value = this.add({ kind: "constant", value: constant }, [], item.shape, `${constant.name}.value`);
        this.#constants.set(item, value);
      }
      return value;
    }
    const { value, order, stretched } = item;
    if (stretched !== undefined) return this.add({ kind: "expand", shape: stretched }, [value], stretched);
    if (order === undefined) return value;
    const known = this.#orders.get(value) ?? new Map<string, Value>();
    this.#orders.set(value, known);
    const key = order.join();
    const found = known.get(key) ?? this.#ordered(value, order);
    known.set(key, found);
    return found;
  }

  #ordered(value: Value, order: readonly number[]): Value {
    const shape = order.map((axis) => value.shape[axis]);
    const name = `${value.name}.in_order`;
    return this.add(staysIn(order, value.shape) ? { kind: "reshape", shape } : { kind: "transpose", order }, [value], shape, name);
  }

  flow(value: Value, type: number = FLOAT, order?: readonly number[]): Flow {
    return { value, type, order };
  }

  scalar(x: number, type: number = FLOAT): Known {
    return new Known(type, [], () => Float32Array.of(x), { stable: true });
  }

  reshape(item: Item, shape: Shape): Item {
    if (sameShape(shapeOf(item), shape)) return item;
    if (item instanceof Known && sizeOf(shape) === item.size && shape.length <= MOST_DIMENSIONS) return item.reshaped(shape);
    // Rows of features, as a kernel has them.
    const [batch, ...rest] = shapeOf(item);
    if (shape.length === 2 && rest.length === 3 && shape[0] === batch && shape[1] === sizeOf(rest)) {
      return this.flow(this.add({ kind: "flatten" }, [this.value(item)], shape), item.type);
    }
    return this.run("reshape", { shape }, [item]);
  }

  transpose(item: Item, order: readonly number[]): Item {
    if (order.every((axis, i) => axis === i)) return item;
    if (item instanceof Known) {
      return staysIn(order, item.shape) ? item.reshaped(order.map((axis) => item.shape[axis])) : this.run("transpose", { order }, [item]);
    }
    if (item.stretched !== undefined) return this.flow(this.value(item), item.type, order);
    const joined = item.order === undefined ? order : order.map((axis) => item.order![axis]);
    return this.flow(item.value, item.type, joined.every((axis, i) => axis === i) ? undefined : joined);
  }
}
