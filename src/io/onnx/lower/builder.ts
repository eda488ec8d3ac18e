/**
 * What graphs are made with: functions of tensors that are known now (then they are computed) or when the network runs (then a node is
 * added).
 */
import type { ActivationKind, BinaryFunction, Of, Reduction, UnaryFunction } from "../../../graph/graph.ts";
import { generalDeclarations } from "../../../operations/general/index.ts";
import type { FunctionKind } from "../../../operations/general/pointwise.ts";
import { sameShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import { BOOL, filled, isFloat } from "../read/types.ts";
import { NodeBuilder, inverse, orderOf } from "./nodes.ts";
import type { Item } from "./nodes.ts";

const comparisons: ReadonlySet<BinaryFunction> = new Set([
  "equal", "less", "less_or_equal", "greater", "greater_or_equal", "and", "or", "xor",
]);

/** The shape that numpy stretches others to. */
function stretched(by: BinaryFunction, ...shapes: readonly Shape[]): Shape {
  return generalDeclarations.binary.shape({ kind: "binary", by }, shapes);
}

export class Builder extends NodeBuilder {
  /**
   * What is done number by number or axis by axis is done to tensors as they lie: `work` gets them so, with what puts a list of one entry
   * an axis into their order, and what says where an axis lies.
   */
  lying(
    items: readonly Item[],
    work: (items: readonly Item[], listOf: <T>(each: readonly T[]) => readonly T[], axisOf: (axis: number) => number) => Item,
  ): Item {
    const rank = Math.max(...items.map(({ shape }) => shape.length));
    // The largest stay as they lie.
    const flows = items.filter((item) => !(item instanceof Known));
    const most = Math.max(...flows.map(({ shape }) => sizeOf(shape)));
    const order = flows.filter(({ shape }) => sizeOf(shape) === most).map(orderOf).find((each) => each?.length === rank);
    if (order === undefined) return work(items, (each) => each, (axis) => axis);
    const back = inverse(order);
    const lying = items.map((item) => this.transpose(this.#ofRank(item, rank), back));
    return this.transpose(work(lying, (each) => back.map((axis) => each[axis]), (axis) => order[axis]), order);
  }

  /** With sizes of 1 in front. */
  #ofRank(item: Item, rank: number): Item {
    return this.reshape(item, [...new Array<number>(rank - item.shape.length).fill(1), ...item.shape]);
  }

  /** The item before it was stretched, where it was. */
  #narrow(item: Item): Item | undefined {
    return !(item instanceof Known) && item.stretched === true ? this.flow(item.value, item.type) : undefined;
  }

  /** A function of each number, before numbers are repeated rather than behind. */
  map<K extends FunctionKind>(item: Item, kind: K, attributes: Omit<Of<K>, "kind">): Item {
    const narrow = this.#narrow(item);
    if (narrow !== undefined) return this.expand(this.map(narrow, kind, attributes), item.shape);
    return this.lying([item], (items) => this.run(kind, attributes, items));
  }

  activation(item: Item, activation: ActivationKind, slope: number = 0, offset: number = 0): Item {
    const narrow = this.#narrow(item);
    if (narrow !== undefined) return this.expand(this.activation(narrow, activation, slope, offset), item.shape);
    return this.lying([item], ([x]) => this.operate({ kind: "activation", activation, slope, offset }, [x]));
  }

  unary(by: UnaryFunction, item: Item): Item {
    return this.map(item, "unary", { by });
  }

  /** A number as a tensor of another one's type. */
  number(x: number, { type }: Item): Known {
    return new Known(type, [], () => Float32Array.of(x), { stable: true });
  }

  /** A function of two numbers, as numpy stretches them. A number stands for a tensor of the other one's type. */
  binary(by: BinaryFunction, ...operands: readonly [Item | number, Item] | readonly [Item, Item | number]): Item {
    const [a, b] = operands.map((x, i) => (typeof x === "number" ? this.number(x, operands[1 - i] as Item) : x));
    const shape = this.inNode(() => stretched(by, a.shape, b.shape));
    // What is stretched to a shape that comes out anyway need not be.
    const slack = (item: Item, other: Item): Item => {
      const narrow = this.#narrow(item);
      return narrow !== undefined && sameShape(stretched(by, narrow.shape, other.shape), shape) ? narrow : item;
    };
    const [narrow, other] = [this.#narrow(a), this.#narrow(b)];
    if (narrow !== undefined && sizeOf(b.shape) === 1) return this.expand(this.binary(by, narrow, b), shape);
    if (other !== undefined && sizeOf(a.shape) === 1) return this.expand(this.binary(by, a, other), shape);
    return this.lying([slack(a, b), slack(b, a)], (lying) => (
      this.#joined(by, lying) ?? this.run("binary", { by }, lying, comparisons.has(by) ? BOOL : a.type)
    ));
  }

  /** Sums and products that there are kernels for. */
  #joined(by: BinaryFunction, operands: readonly Item[]): Item | undefined {
    if ((by !== "add" && by !== "multiply") || operands.some((item) => item instanceof Known)) return undefined;
    const [a, b] = operands;
    if (sameShape(a.shape, b.shape)) return this.operate({ kind: by }, operands);
    for (const [x, gate] of by === "multiply" ? [[a, b], [b, a]] : []) {
      const [n, c, h, w] = x.shape;
      if (x.shape.length !== 4) continue;
      const kind = sameShape(gate.shape, [n, c, 1, 1]) ? "scale" : sameShape(gate.shape, [n, 1, h, w]) ? "pixel_scale" : undefined;
      if (kind !== undefined) return this.operate({ kind }, [x, gate], x.shape, a.type);
    }
    return undefined;
  }

  select(condition: Item, a: Item, b: Item): Item {
    return this.run("select", {}, [condition, a, b], a.type);
  }

  expand(item: Item, to: Shape): Item {
    const shape = this.inNode(() => stretched("add", item.shape, to));
    if (sameShape(item.shape, shape)) return item;
    if (item instanceof Known) return this.run("expand", { shape }, [item]);
    this.checkSize(shape);
    return { value: this.value(item), type: item.type, shape, stretched: true };
  }

  /** x[starts[0] + i steps[0], ...]. */
  slice(item: Item, starts: readonly number[], steps: readonly number[], shape: Shape): Item {
    if (sameShape(item.shape, shape) && steps.every((step, i) => step > 0 || shape[i] === 1)) return item;
    return this.lying([item], (items, list) => this.run("slice", { starts: list(starts), steps: list(steps), shape: list(shape) }, items));
  }

  /** Part of an axis. */
  part(item: Item, axis: number, start: number, size: number, step: number = 1): Item {
    const at = (value: number, rest: readonly number[]): number[] => rest.map((n, i) => (i === axis ? value : n));
    return this.slice(item, at(start, item.shape.map(() => 0)), at(step, item.shape.map(() => 1)), at(size, item.shape));
  }

  pad(item: Item, before: readonly number[], after: readonly number[], mode: Of<"pad">["mode"] = "constant", value: number = 0): Item {
    if ([...before, ...after].every((n) => n === 0)) return item;
    return this.lying([item], (items, list) => this.run("pad", { before: list(before), after: list(after), mode, value }, items));
  }

  gather(item: Item, indices: Known, axis: number): Item {
    const from = item.shape;
    const rows = Array.from(indices.numbers, (n) => (n < 0 ? n + from[axis] : n));
    const step = rows.length > 1 ? rows[1] - rows[0] : 1;
    const even = rows.length > 0 && step > 0 && rows.every((row, i) => row === rows[0] + i * step && row >= 0 && row < from[axis]);
    const taken = even
      ? this.part(item, axis, rows[0], rows.length, step)
      : this.lying([item], (items, _, axisOf) => this.run("gather", { axis: axisOf(axis), rows }, items));
    return this.reshape(taken, [...from.slice(0, axis), ...indices.shape, ...from.slice(axis + 1)]);
  }

  concat(items: readonly Item[], along: number): Item {
    return items.length === 1 ? items[0] : this.lying(items, (lying, _, axisOf) => {
      const axis = axisOf(along);
      return axis === 1 && lying[0].shape.length === 4 && lying.some((item) => !(item instanceof Known))
        ? this.operate({ kind: "concat" }, lying)
        : this.run("join", { axis }, lying);
    });
  }

  /** Over axes, which stay with size 1. */
  reduce(by: Reduction, item: Item, axes: readonly number[]): Item {
    return this.lying([item], ([x], _, axisOf) => {
      const under = axes.map(axisOf).sort((a, b) => a - b);
      const { length: rank } = x.shape;
      if ((by === "mean" || by === "max") && !(x instanceof Known)) {
        if (rank > 2 && under[0] === 2 && under.length === rank - 2) return this.pooled(x, by);
        if (rank === 4 && under.join() === "1") {
          return this.operate({ kind: "channel_pool", by }, [x]);
        }
      }
      // Neighbouring axes at once; a mean of means is the mean of all, as all parts are of one size.
      let result = x;
      for (let i = 0; i < under.length;) {
        const axis = under[i];
        let end = axis;
        for (; under[i] === end; i++) end++;
        result = this.run("reduce", { by, axis, end }, [result]);
      }
      return result;
    });
  }

  /** The mean or the largest of each channel of [N,C,...]: [N,C,1,...]. */
  pooled(item: Item, by: "mean" | "max"): Item {
    const [batch, channels, ...image] = item.shape;
    const x = image.length === 2 ? item : this.reshape(item, [batch, channels, 1, sizeOf(image)]);
    return this.reshape(this.operate({ kind: "global_pool", by }, [x]), [batch, channels, ...image.map(() => 1)]);
  }

  cast(item: Item, type: number): Item {
    if (item.type === type) return item;
    if (item instanceof Known) return this.computed(type, item.shape, (out) => void out.set(filled(type, item.numbers)));
    const cast = type === BOOL ? this.unary("not", this.unary("not", item))
      : isFloat(item.type) && !isFloat(type) ? this.unary("truncate", item)
      : item;
    return { ...cast, type } as Item;
  }
}
