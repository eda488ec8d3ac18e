/** Nodes of graphs that are read from a file: their names, constants, and the order in which values lie. */
import type { Constant, Graph, Node, Of, Operation, Value } from "../../../graph/graph.ts";
import { generalComputations } from "../../../operations/general/index.ts";
import type { GeneralKind } from "../../../operations/general/index.ts";
import { declarations } from "../../../operations/index.ts";
import { padComputation } from "../../../operations/movement/pad.ts";
import { sliceComputation } from "../../../operations/movement/slice.ts";
import type { Computation, Computations, Declaration, NodeOf } from "../../../operations/record.ts";
import { sameShape, showShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import { FLOAT, elementTypes, fit, typeName } from "../read/types.ts";
import type { Numbers } from "../read/types.ts";
import { Unsupported } from "./unsupported.ts";
import type { Layout, Weights } from "./weights.ts";

/** A tensor that the network computes. */
export interface Flow {
  readonly value: Value;
  /** Element type of the file; in sessions all are float32. */
  readonly type: number;
  readonly shape: Shape;
  /** Its axis i is axis order[i] of the value. */
  readonly order?: readonly number[] | undefined;
  /** Is it the value stretched to this shape? Then it has no order. */
  readonly stretched?: boolean;
}

export type Item = Known | Flow;

/** A value whose name is not yet what it stays. */
type Named = { -readonly [K in keyof Value]: Value[K] };

const MOST_DIMENSIONS = 16;
const MOST_NODES = 262144;
/** What a session takes at most. */
const MOST_NUMBERS = 1073741824;

/** The order in which an item's axes lie. */
export function orderOf(item: Item): readonly number[] | undefined {
  return item instanceof Known ? undefined : item.order;
}

/** The order that undoes another. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, i) => order.indexOf(i));
}

function isIdentity(order: readonly number[]): boolean {
  return order.every((axis, i) => axis === i);
}

/** Do all numbers stay where they are, because only sizes of one move? */
function staysIn(order: readonly number[], shape: Shape): boolean {
  const moving = order.filter((axis) => shape[axis] !== 1);
  return moving.every((axis, i) => i === 0 || moving[i - 1] < axis);
}

function never(): never {
  throw new Error("importOnnx: a step asks for what constants have not");
}

/** What is computed at once where all its inputs are known. */
export type FoldedKind = GeneralKind | "pad" | "slice";
const folded: Pick<Computations, FoldedKind> = { ...generalComputations, pad: padComputation, slice: sliceComputation };

/**
 * Makes nodes of a graph, and values in the order that whoever uses them wants. A transposed tensor stays as it was, with its axes renamed,
 * until somebody needs it in that order: so layouts that exporters change back and forth cost nothing. What follows from constants is
 * computed at once, and counted, so that a small file cannot ask for endless work.
 */
export class NodeBuilder {
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
  /** How many numbers may be computed, in all and still. */
  readonly #most: number;
  #left: number;

  /** @param most numbers in all tensors that are computed from constants */
  constructor(weights: Weights, most: number, notes: Set<string>) {
    this.weights = weights;
    this.notes = notes;
    this.#most = this.#left = most;
  }

  /** What the file says and is not done. */
  note(text: string): void {
    this.notes.add(`${this.#what} ${text}`);
  }

  /** What is added next belongs to this node. */
  at(name: string, what: string): void {
    this.#name = name;
    this.#what = what;
    this.#steps.clear();
  }

  /** @throws RangeError that names the node; a list of the file's may be long, and is cut */
  wrong(text: string): never {
    throw new RangeError(`importOnnx: ${this.#what} ${text.slice(0, 300)}`);
  }

  /** @throws Unsupported */
  cannot(text: string): never {
    throw new Unsupported(text);
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
    if (shape.length > MOST_DIMENSIONS) this.wrong(`makes a tensor of ${shape.length} dimensions; up to ${MOST_DIMENSIONS} are read`);
    if (!shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
      this.wrong(`makes ${showShape(shape)}, and sizes want to be at least 1`);
    }
    if (sizeOf(shape) > MOST_NUMBERS) this.wrong(`makes ${showShape(shape)}, more than ${MOST_NUMBERS} numbers`);
  }

  /** A node of the graph. It is named as a step of the file's node at work, until `named` says that it is its output. */
  add(operation: Operation, inputs: readonly Value[], shape: Shape, name: string = `${this.#name}.step`): Value {
    this.checkSize(shape);
    if (this.#nodes.length === MOST_NODES) this.wrong(`comes after ${MOST_NODES} operations: more are not read`);
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

  /** A constant that `fill` writes. @throws RangeError where there are too many numbers */
  computed(type: number, shape: Shape, fill: (numbers: Numbers) => void): Known {
    const element = elementTypes[type] ?? this.cannot(`with numbers of ${typeName(type)}`);
    if (shape.length > 32 || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
      this.wrong(`makes a constant of ${showShape(shape.slice(0, 32))}`);
    }
    this.#left -= sizeOf(shape);
    if (!(this.#left >= 0)) {
      this.wrong(`makes a constant of ${showShape(shape)}; all of them may have ${this.#most} numbers (option mostConstants)`);
    }
    const numbers = new element.array(sizeOf(shape));
    fill(numbers);
    fit(type, numbers);
    return new Known(type, shape, () => numbers);
  }

  /** An operation on items in the order in which they are: computed where all are known, by the routine of its record. */
  run<K extends FoldedKind>(kind: K, attributes: Omit<Of<K>, "kind">, inputs: readonly Item[], type: number = inputs[0].type): Item {
    const operation = { kind, ...attributes } as Of<K>;
    const { shape: shapeFor } = declarations[kind] as Declaration<K>;
    const shape = this.inNode(() => shapeFor(operation, inputs.map((item) => item.shape)));
    // Nothing follows from nothing, whatever the rest is.
    if (sizeOf(shape) === 0) return this.computed(type, shape, () => {});
    const arrays = inputs.flatMap((item) => (item instanceof Known ? [item.numbers] : []));
    if (arrays.length < inputs.length) return this.operate(operation, inputs, shape, type);
    return this.computed(type, shape, (numbers) => {
      // Routines are made for float32, but ask nothing of arrays but to be indexed: whole numbers stay whole in theirs.
      const array = ({ name }: { readonly name: string }): Float32Array => (arrays[Number(name)] ?? numbers) as Float32Array;
      const node = { operation, inputs: inputs.map((item, i) => ({ name: `${i}`, shape: item.shape })), output: { name: "y", shape } };
      const { routine } = folded[kind] as unknown as Computation<K>;
      routine(node as unknown as NodeOf<K>, { array, constant: never, kernels: undefined as never, scratch: never })();
    });
  }

  /** Errors of records with the node that meant it. */
  inNode<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof RangeError) throw new RangeError(`importOnnx: ${this.#what}: ${error.message}`);
      throw error;
    }
  }

  /** A known tensor as an attribute of an operation, or part of one. */
  constant(known: Known, part: string, layout: Partial<Layout> = {}): Constant {
    return this.weights.constant(`${this.#name}.${part}`, known, { suffix: "", shape: known.shape, ...layout });
  }

  /** A tensor as a value of the graph, in its own order. */
  value(item: Item): Value {
    if (item instanceof Known) {
      let value = this.#constants.get(item);
      if (value === undefined) {
        if (item.size === 0) this.cannot("of no numbers");
        // A number by itself, or a table that was computed, is no weight that learns.
        const constant = this.constant(item, "constant", { fixed: item.size === 1 || item.weight === undefined });
        value = this.add({ kind: "constant", value: constant }, [], item.shape, `${constant.name}.value`);
        this.#constants.set(item, value);
      }
      return value;
    }
    const { value, order, shape } = item;
    if (item.stretched === true) return this.add({ kind: "expand", shape }, [value], shape);
    if (order === undefined) return value;
    const known = this.#orders.get(value) ?? new Map<string, Value>();
    this.#orders.set(value, known);
    const key = order.join();
    const operation: Operation = staysIn(order, value.shape) ? { kind: "reshape", shape } : { kind: "transpose", order };
    const found = known.get(key) ?? this.add(operation, [value], shape, `${value.name}.in_order`);
    known.set(key, found);
    return found;
  }

  flow(value: Value, type: number = FLOAT, order?: readonly number[]): Flow {
    return { value, type, order, shape: order?.map((axis) => value.shape[axis]) ?? value.shape };
  }

  /**
   * An operation on items in the order in which they are.
   * @param shape of the result, where weights would have to be read to know it; else its record says it
   */
  operate(operation: Operation, items: readonly Item[], shape?: Shape, type: number = items[0].type): Flow {
    const { shape: shapeFor } = declarations[operation.kind] as { shape(of: Operation, inputs: readonly Shape[]): Shape };
    const out = shape ?? this.inNode(() => shapeFor(operation, items.map((item) => item.shape)));
    return this.flow(this.add(operation, items.map((item) => this.value(item)), out), type);
  }

  reshape(item: Item, shape: Shape): Item {
    if (sameShape(item.shape, shape)) return item;
    if (item instanceof Known && sizeOf(shape) === item.size && shape.length <= MOST_DIMENSIONS) return item.reshaped(shape);
    // Rows of features, as a kernel has them.
    const [batch, ...rest] = item.shape;
    if (shape.length === 2 && rest.length === 3 && shape[0] === batch && shape[1] === sizeOf(rest)) {
      return this.operate({ kind: "flatten" }, [item]);
    }
    return this.run("reshape", { shape }, [item]);
  }

  transpose(item: Item, order: readonly number[]): Item {
    if (isIdentity(order)) return item;
    if (item instanceof Known) {
      return staysIn(order, item.shape) ? item.reshaped(order.map((axis) => item.shape[axis])) : this.run("transpose", { order }, [item]);
    }
    const joined = item.order === undefined ? order : order.map((axis) => item.order![axis]);
    return this.flow(item.stretched === true ? this.value(item) : item.value, item.type, isIdentity(joined) ? undefined : joined);
  }
}
