/** A module of any acyclic graph: layers, sums, scales and concatenations of earlier values, each value used as often as it likes. */
import { channelShape, concatShape, elementwiseShape } from "../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../src/graph/graph.ts";
import { Module } from "../../src/nn/module.ts";
import type { Visitor } from "../../src/nn/module.ts";
import { sameShape, showShape } from "../../src/tensor.ts";
import type { Floats, Shape, Tensor } from "../../src/tensor.ts";

/** What joins values: `scale` takes [x, gate], the others as many as there are (add two). */
export type Joint = "add" | "scale" | "concat";

/** One value: a layer of the first input, or a joint of all. Inputs are numbers of values: 0 is the network's, 1 the first step's. */
export interface DagStep {
  readonly layer: Module | Joint;
  readonly inputs: readonly number[];
}

/** The shape of a step's value. @throws RangeError where its inputs do not fit */
export function stepShape(layer: Module | Joint, shapes: readonly Shape[], visitor?: Visitor): Shape {
  const [first, second] = shapes;
  if (typeof layer !== "string") return layer.outputShape(first, visitor);
  const fits = {
    add: () => sameShape(first, second),
    scale: () => first.length === 4 && sameShape(second, [first[0], first[1], 1, 1]),
    concat: () => first.length === 4 && shapes.every((shape) => sameShape([shape[0], ...shape.slice(2)], [first[0], ...first.slice(2)])),
  };
  if (!fits[layer]()) throw new RangeError(`${layer}: inputs of shape ${shapes.map(showShape).join(" and ")} do not fit`);
  return layer === "concat" ? [first[0], shapes.reduce((sum, shape) => sum + shape[1], 0), ...first.slice(2)] : first;
}

const pixelsOf = (shape: Shape): number => shape.slice(2).reduce((a, b) => a * b, 1);

function concatOf(shapes: readonly Shape[]): ReturnType<typeof concatShape> {
  return concatShape(shapes[0][0], shapes.map((shape) => shape[1]), pixelsOf(shapes[0]));
}

/** The last step's value is the output. Steps that lead nowhere are allowed, but have no gradient. */
export class DagModule extends Module {
  readonly steps: readonly DagStep[];
  #values: Tensor[] = [];

  constructor(steps: readonly DagStep[]) {
    super();
    this.steps = steps;
  }

  override children(): [string, Module][] {
    return this.steps.flatMap(({ layer }, i): [string, Module][] => (typeof layer === "string" ? [] : [[`step${i + 1}`, layer]]));
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    const values: Tensor<A>[] = [x];
    for (const { layer, inputs } of this.steps) {
      const from = inputs.map((i) => values[i]);
      values.push(typeof layer === "string" ? this.#join(layer, from) : layer.forward(from[0]));
    }
    this.#values = values;
    return values[values.length - 1];
  }

  #join<A extends Floats>(joint: Joint, from: readonly Tensor<A>[]): Tensor<A> {
    const shapes = from.map(({ shape }) => shape);
    const y = from[0].like(stepShape(joint, shapes));
    const [first, second] = from.map(({ data }) => data);
    if (joint === "add") this.kernels.addForward(y.data, first, second, elementwiseShape(y.size));
    else if (joint === "scale") this.kernels.channelScaleForward(
      y.data, first, second, channelShape(y.shape[0], y.shape[1], pixelsOf(y.shape)),
    );
    else this.kernels.concatForward(y.data, from.map(({ data }) => data), concatOf(shapes));
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const values = this.#values as Tensor<A>[];
    const gradients = values.map((value) => value.like());
    gradients[values.length - 1] = dy;
    for (let i = this.steps.length; i > 0; i--) {
      const { layer, inputs } = this.steps[i - 1];
      const dy = gradients[i];
      const add = (input: number, gradient: Tensor<A>): void => {
        this.kernels.addBackward(gradients[input].data, gradient.data, elementwiseShape(gradient.size));
      };
      if (typeof layer !== "string") add(inputs[0], layer.backward(dy));
      else if (layer === "add") inputs.forEach((input) => add(input, dy));
      else {
        const parts = inputs.map((input) => values[input].like());
        const [x, gate] = inputs.map((input) => values[input]);
        if (layer === "concat") this.kernels.concatBackward(
          parts.map(({ data }) => data), dy.data, concatOf(parts.map(({ shape }) => shape)),
        );
        else this.kernels.channelScaleBackward(
          parts[0].data, parts[1].data, x.data, gate.data, dy.data, channelShape(x.shape[0], x.shape[1], pixelsOf(x.shape)),
        );
        inputs.forEach((input, k) => add(input, parts[k]));
      }
    }
    return gradients[0];
  }

  /** Of all values, the network's input first. */
  shapes(input: Shape, visitor?: Visitor): Shape[] {
    const shapes = [input];
    for (const { layer, inputs } of this.steps) {
      const from = inputs.map((i) => shapes[i]);
      shapes.push(stepShape(layer, from, visitor));
    }
    return shapes;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    return this.shapes(input, visitor).at(-1)!;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const values = [x];
    for (const { layer, inputs } of this.steps) {
      const from = inputs.map((i) => values[i]);
      values.push(
        typeof layer === "string"
          ? graph.add(this, { kind: layer }, from, stepShape(layer, from.map(({ shape }) => shape)))
          : layer.lower(graph, from[0]),
      );
    }
    return values[values.length - 1];
  }
}
