/** What recognition asks of a graph: who makes a value, whether only one node uses it, what number a constant is. */
import type { BinaryFunction, Constant, Graph, Node, Value } from "../../../graph/graph.ts";
import { constantOf } from "../../../graph/gates.ts";
import { Uses } from "../../../graph/rewrite.ts";
import { sizeOf } from "../../../tensor.ts";
import { toHalf } from "../read/types.ts";

/** x, clamped: min(most, max(least, slope * base + offset)). */
export interface Clamp {
  readonly base: Value;
  readonly slope: number;
  readonly offset: number;
  readonly least: number;
  readonly most: number;
}

/** A product: factor times all of the values. */
export interface Product {
  readonly factor: number;
  readonly values: readonly Value[];
}

const MOST_STEPS = 16;

export class Pattern extends Uses {
  constructor(graph: Graph) {
    super(graph, new Set());
  }

  constant(value: Value): Constant | undefined {
    return constantOf(this, value);
  }

  /** The one number that a constant value has, if it has one only. */
  scalar(value: Value): number | undefined {
    return sizeOf(value.shape) === 1 ? this.constant(value)?.read().data[0] : undefined;
  }

  /** The node's first operand that is no single number, and the number, where there are two such. */
  withScalar({ inputs: [a, b] }: Node): { readonly x: Value; readonly number: number; readonly first: boolean } | undefined {
    if (a === undefined || b === undefined) return undefined;
    const [left, right] = [this.scalar(a), this.scalar(b)];
    if (right !== undefined) return { x: a, number: right, first: false };
    return left === undefined ? undefined : { x: b, number: left, first: true };
  }

  /** Is the value used by this node alone? */
  only(value: Value, user: Node): boolean {
    return this.removable(value) && this.users(value).every((node) => node === user);
  }

  /** A value as a clamped line over another one, through as many sums, products and clips as there are, up to `stop`. */
  clamp(value: Value, stop?: Value, steps: number = MOST_STEPS): Clamp {
    const self = { base: value, slope: 1, offset: 0, least: -Infinity, most: Infinity };
    const maker = this.maker(value);
    if (maker === undefined || value === stop || steps === 0) return self;
    const { operation, inputs } = maker;
    if (operation.kind === "activation") {
      const { activation, slope, offset } = operation;
      const under = (): Clamp => this.clamp(inputs[0], stop, steps - 1);
      if (activation === "relu") return cut(under(), 0, Infinity);
      if (activation === "relu6") return cut(under(), 0, 6);
      if (activation === "hard_sigmoid") return cut(line(under(), slope, offset), 0, 1);
      return self;
    }
    if (operation.kind === "clip") return cut(this.clamp(inputs[0], stop, steps - 1), operation.least, operation.most);
    const found = this.withScalar(maker);
    if (found === undefined) return self;
    const { x, number, first } = found;
    const under = this.clamp(x, stop, steps - 1);
    const by = arithmeticOf(maker);
    if (by === "add") return line(under, 1, number);
    if (by === "sub") return first ? line(under, -1, number) : line(under, 1, -number);
    if (by === "mul") return line(under, number, 0);
    if (by === "div" && !first) return line(under, 1 / number, 0);
    return self;
  }

  /** A value as a product of others, through products that nothing else uses. */
  product(value: Value, user?: Node, steps: number = MOST_STEPS): Product {
    const maker = this.maker(value);
    const alone = { factor: 1, values: [value] };
    if (maker === undefined || steps === 0 || (user !== undefined && !this.only(value, user))) return alone;
    const by = arithmeticOf(maker);
    const found = this.withScalar(maker);
    if (found !== undefined && (by === "mul" || (by === "div" && !found.first))) {
      const { factor, values } = this.product(found.x, maker, steps - 1);
      return { factor: by === "mul" ? factor * found.number : factor / found.number, values };
    }
    if (by === "mul" && maker.inputs.length === 2) {
      const [a, b] = maker.inputs.map((input) => this.product(input, maker, steps - 1));
      return { factor: a.factor * b.factor, values: [...a.values, ...b.values] };
    }
    if (by === "pow" && found?.first === false && (found.number === 2 || found.number === 3)) {
      return { factor: 1, values: new Array<Value>(found.number).fill(found.x) };
    }
    return alone;
  }
}

const arithmetic: Readonly<Partial<Record<BinaryFunction, "add" | "sub" | "mul" | "div" | "pow">>> = {
  add: "add", subtract: "sub", multiply: "mul", divide: "div", power: "pow",
};

/** The arithmetic of two operands that a node does, whatever its kind is called. */
export function arithmeticOf({ operation }: Node): "add" | "sub" | "mul" | "div" | "pow" | undefined {
  switch (operation.kind) {
    case "add": return "add";
    case "multiply": case "scale": case "pixel_scale": return "mul";
    case "binary": return arithmetic[operation.by];
    default: return undefined;
  }
}

function line({ base, slope, offset, least, most }: Clamp, times: number, plus: number): Clamp {
  const ends = [least, most].map((end) => (times === 0 ? plus : end * times + plus)).sort((a, b) => a - b);
  return { base, slope: slope * times, offset: offset * times + plus, least: ends[0], most: ends[1] };
}

function cut({ base, slope, offset, least, most }: Clamp, low: number, high: number): Clamp {
  const within = (end: number): number => Math.min(high, Math.max(low, end));
  return { base, slope, offset, least: within(least), most: within(most) };
}

/** Is a the number b, as float32 or as float16 has it? */
export function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b)) || a === toHalf(b);
}
