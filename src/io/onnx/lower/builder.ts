/**
 * What graphs are made with: functions of tensors that are known now (then they are computed) or when the network runs (then a node is
 * added).
 */
import type { ActivationKind, BinaryFunction, Of, Reduction, Taps, UnaryFunction } from "../../../graph/graph.ts";
import { generalDeclarations } from "../../../operations/general/index.ts";
import { sameShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import { BOOL, INT64, filled, isFloat } from "../read/types.ts";
import { imageOperation, outputsOf } from "./resample.ts";
import { NodeBuilder, inverse, orderOf, shapeOf } from "./nodes.ts";
import type { Flow, Item } from "./nodes.ts";

const comparisons: ReadonlySet<BinaryFunction> = new Set([
  "equal", "less", "less_or_equal", "greater", "greater_or_equal", "and", "or", "xor",
]);

export class Builder extends NodeBuilder {
  /** A function of each number, whatever the order of axes. */
  map<K extends "elu" | "clip" | "unary">(item: Item, kind: K, attributes: Omit<Of<K>, "kind">): Item {
    return this.#alongAxes(item, (x) => this.run(kind, attributes, [x]));
  }

  activation(item: Item, activation: ActivationKind, slope: number = 0, offset: number = 0): Item {
    return this.#alongAxes(item, (plain) => {
      const x = this.value(plain);
      return this.flow(this.add({ kind: "activation", activation, slope, offset }, [x], x.shape), plain.type);
    });
  }

  unary(item: Item, by: UnaryFunction): Item {
    return this.map(item, "unary", { by });
  }

  /** A function of two numbers, as numpy stretches them. */
  binary(by: BinaryFunction, a: Item, b: Item): Item {
    const type = comparisons.has(by) ? BOOL : a.type;
    const { shape: shapeFor } = generalDeclarations.binary;
    const shape = this.inNode(() => shapeFor({ kind: "binary", by }, [shapeOf(a), shapeOf(b)]));
    // What is stretched to a shape that comes out anyway need not be.
    const slack = (item: Item, other: Item): Item => {
      if (item instanceof Known || item.stretched === undefined) return item;
      return sameShape(shapeFor({ kind: "binary", by }, [item.value.shape, shapeOf(other)]), shape)
        ? this.flow(item.value, item.type)
        : item;
    };
    let operands = [slack(a, b), slack(b, a)];
    const order = operands.filter((item) => shapeOf(item).length === shape.length).map(orderOf).find((each) => each !== undefined);
    if (order !== undefined) {
      const back = inverse(order);
      operands = operands.map(
        (item) => this.transpose(
          this.reshape(item, [...new Array<number>(shape.length - shapeOf(item).length).fill(1), ...shapeOf(item)]), back,
        ),
      );
    }
    const joined = this.#joined(by, operands, type) ?? this.run("binary", { by }, operands, type);
    return order === undefined || joined instanceof Known ? joined : this.flow(joined.value, type, order);
  }

  /** Sums and products that there are kernels for. */
  #joined(by: BinaryFunction, operands: readonly Item[], type: number): Item | undefined {
    if ((by !== "add" && by !== "multiply") || operands.some((item) => item instanceof Known)) return undefined;
    const [a, b] = operands.map(shapeOf);
    if (sameShape(a, b)) return this.flow(this.add({ kind: by }, operands.map((item) => this.value(item)), a), type);
    if (by !== "multiply") return undefined;
    for (const [x, gate] of [operands, [operands[1], operands[0]]]) {
      const [image, small] = [shapeOf(x), shapeOf(gate)];
      if (image.length !== 4 || small.length !== 4 || small[0] !== image[0]) continue;
      const kind = small[1] === image[1] && small[2] === 1 && small[3] === 1 ? "scale"
        : small[1] === 1 && small[2] === image[2] && small[3] === image[3] ? "pixel_scale"
        : undefined;
      if (kind !== undefined) return this.flow(this.add({ kind }, [this.value(x), this.value(gate)], image), type);
    }
    return undefined;
  }

  select(condition: Item, a: Item, b: Item): Item {
    return this.run("select", {}, [condition, a, b], a.type);
  }

  expand(item: Item, to: Shape): Item {
    const { shape: shapeFor } = generalDeclarations.binary;
    const shape = this.inNode(() => shapeFor({ kind: "binary", by: "add" }, [shapeOf(item), to]));
    if (sameShape(shapeOf(item), shape)) return item;
    if (item instanceof Known) return this.run("expand", { shape }, [item]);
    this.checkSize(shape);
    return { value: this.value(item), type: item.type, stretched: shape };
  }

  /** What is done axis by axis is done to the axes as they lie. */
  #alongAxes(item: Item, work: (item: Item, axesOf: <T>(each: readonly T[]) => T[], axisOf: (axis: number) => number) => Item): Item {
    const order = orderOf(item);
    if (order === undefined) return work(item, (each) => [...each], (axis) => axis);
    const back = inverse(order);
    const { value, type } = work(
      this.flow((item as Flow).value, item.type), (each) => back.map((axis) => each[axis]), (axis) => order[axis],
    ) as Flow;
    return this.flow(value, type, order);
  }

  /** x[starts[0] + i steps[0], ...]. */
  slice(item: Item, starts: readonly number[], steps: readonly number[], shape: Shape): Item {
    if (sameShape(shapeOf(item), shape) && steps.every((step, i) => step > 0 || shape[i] === 1)) return item;
    return this.#alongAxes(item, (x, axes) => this.run("slice", { starts: axes(starts), steps: axes(steps), shape: axes(shape) }, [x]));
  }

  /** Part of an axis. */
  part(item: Item, axis: number, start: number, size: number, step: number = 1): Item {
    const shape = shapeOf(item);
    const at = (value: number, rest: readonly number[]): number[] => rest.map((n, i) => (i === axis ? value : n));
    return this.slice(item, at(start, shape.map(() => 0)), at(step, shape.map(() => 1)), at(size, shape));
  }

  pad(item: Item, before: readonly number[], after: readonly number[], mode: Of<"pad">["mode"], value: number): Item {
    if ([...before, ...after].every((n) => n === 0)) return item;
    return this.#alongAxes(item, (x, axes) => this.run("pad", { before: axes(before), after: axes(after), mode, value }, [x]));
  }

  gather(item: Item, indices: Known, axis: number): Item {
    const from = shapeOf(item);
    const rows = Array.from(indices.numbers, (n) => (n < 0 ? n + from[axis] : n));
    const shape = [...from.slice(0, axis), ...indices.shape, ...from.slice(axis + 1)];
    const step = rows.length > 1 ? rows[1] - rows[0] : 1;
    const even = rows.length > 0 && step > 0 && rows.every((row, i) => row === rows[0] + i * step && row >= 0 && row < from[axis]);
    const taken = even
      ? this.part(item, axis, rows[0], rows.length, step)
      : this.#alongAxes(item, (x, _, axisOf) => this.run("gather", { axis: axisOf(axis), rows }, [x]));
    return this.reshape(taken, shape);
  }

  concat(items: readonly Item[], axis: number): Item {
    if (items.length === 1) return items[0];
    const order = items.map(orderOf).find((each) => each !== undefined);
    if (order === undefined) return this.#join(items, axis);
    const back = inverse(order);
    const joined = this.#join(items.map((item) => this.transpose(item, back)), order[axis]);
    return joined instanceof Known ? this.transpose(joined, order) : this.flow(joined.value, joined.type, order);
  }

  #join(items: readonly Item[], axis: number): Item {
    const shapes = items.map(shapeOf);
    const shape = this.inNode(() => generalDeclarations.join.shape({ kind: "join", axis }, shapes));
    if (axis !== 1 || shape.length !== 4 || items.every((item) => item instanceof Known)) return this.run("join", { axis }, items);
    return this.flow(this.add({ kind: "concat" }, items.map((item) => this.value(item)), shape), items[0].type);
  }

  /** Over axes, which stay with size 1. */
  reduce(by: Reduction, item: Item, axes: readonly number[]): Item {
    return this.#alongAxes(item, (x, _, axisOf) => {
      const under = axes.map(axisOf).sort((a, b) => a - b);
      const { length: rank } = shapeOf(x);
      if (under.length === 0) return x;
      const pools = (by === "mean" || by === "max") && !(x instanceof Known);
      if (pools && rank > 2 && under[0] === 2 && under.length === rank - 2) return this.pooled(x, by);
      if (pools && rank === 4 && under.join() === "1") {
        const value = this.value(x);
        const [batch, , ...image] = value.shape;
        return this.flow(this.add({ kind: "channel_pool", by }, [value], [batch, 1, ...image]), x.type);
      }
      // Neighbouring axes at once; a mean of means is the mean of all, as all parts are of one size.
      let result = x;
      for (let i = 0; i < under.length;) {
        let end = i + 1;
        while (end < under.length && under[end] === under[end - 1] + 1) end++;
        result = this.run("reduce", { by, axis: under[i], end: under[end - 1] + 1 }, [result]);
        i = end;
      }
      return result;
    });
  }

  /** The mean or the largest of each channel of [N,C,...]: [N,C,1,...]. */
  pooled(item: Item, by: "mean" | "max"): Item {
    const shape = shapeOf(item);
    const [batch, channels, ...image] = shape;
    const x = image.length === 2 ? item : this.reshape(item, [batch, channels, 1, sizeOf(image)]);
    const value = this.add({ kind: "global_pool", by }, [this.value(x)], [batch, channels, 1, 1]);
    return this.reshape(this.flow(value, item.type), [batch, channels, ...image.map(() => 1)]);
  }

  argMax(item: Item, axis: number): Item {
    return this.#alongAxes(item, (x, _, axisOf) => this.run("arg_max", { axis: axisOf(axis) }, [x], INT64));
  }

  softmax(item: Item, axis: number, logarithm: boolean): Item {
    return this.#alongAxes(item, (x, _, axisOf) => this.run("softmax", { axis: axisOf(axis), logarithm }, [x]));
  }

  /** @param taps of each axis that changes */
  resample(item: Item, taps: readonly (Taps | undefined)[]): Item {
    return this.#alongAxes(item, (x, axes) => {
      const under = axes(taps);
      const operation = x instanceof Known ? undefined : imageOperation(shapeOf(x), under);
      if (operation !== undefined) {
        const value = this.value(x);
        return this.flow(
          this.add(operation, [value], value.shape.map((n, i) => (under[i] === undefined ? n : outputsOf(under[i])))), x.type,
        );
      }
      return under.reduce(
        (resampled: Item, own, axis) => (own === undefined ? resampled : this.run("resample", { axis, taps: own }, [resampled])), x,
      );
    });
  }

  matmul(a: Item, b: Item): Item {
    return this.run("matrix_product", {}, [a, b]);
  }

  cast(item: Item, type: number): Item {
    if (item.type === type) return item;
    if (item instanceof Known) return this.computer.known(this.what, type, item.shape, (out) => void out.set(filled(type, item.numbers)));
    if (isFloat(type) || item.type === BOOL) return { ...item, type };
    const cast = type === BOOL ? this.unary(this.unary(item, "not"), "not") : isFloat(item.type) ? this.unary(item, "truncate") : item;
    return { ...(cast as Flow), type };
  }
}
