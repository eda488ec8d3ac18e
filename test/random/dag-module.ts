/** A module of any acyclic graph: layers, sums, scales and concatenations of earlier values, each value used as often as it likes. */
import { channelShape, concatShape, elementwiseShape, resizeShape } from "../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../src/graph/graph.ts";
import { Module } from "../../src/nn/module.ts";
import type { Visitor } from "../../src/nn/module.ts";
import { sameShape, showShape } from "../../src/tensor.ts";
import type { Floats, Shape, Tensor } from "../../src/tensor.ts";

/**
 * What joins values: `scale` takes [x, gate], `pixel_scale` [x, map], `resize` [x, what has the wanted size], add and multiply two, concat
 * as many as there are.
 */
export type Joint = "add" | "multiply" | "scale" | "pixel_scale" | "concat" | "resize_bilinear" | "resize_nearest";

/** One value: a layer of the first input, or a joint of all. Inputs are numbers of values: 0 is the network's, 1 the first step's. */
export interface DagStep {
  readonly layer: Module | Joint;
  readonly inputs: readonly number[];
}

/** The shape of a step's value. @throws RangeError where its inputs do not fit */
export function stepShape(layer: Module | Joint, shapes: readonly Shape[], visitor?: Visitor): Shape {
  const [first, second] = shapes;
  if (typeof layer !== "string") return layer.outputShape(first, visitor);
  const images = (): boolean => first.length === 4 && second.length === 4;
  const fits = {
    add: () => sameShape(first, second),
    multiply: () => sameShape(first, second),
    pixel_scale: () => images() && sameShape(second, [first[0], 1, ...first.slice(2)]),
    resize_bilinear: images,
    resize_nearest: images,
    scale: () => first.length === 4 && sameShape(second, [first[0], first[1], 1, 1]),
    concat: () => first.length === 4 && shapes.every((shape) => sameShape([shape[0], ...shape.slice(2)], [first[0], ...first.slice(2)])),
  };
  if (!fits[layer]()) throw new RangeError(`${layer}: inputs of shape ${shapes.map(showShape).join(" and ")} do not fit`);
  if (layer === "resize_bilinear" || layer === "resize_nearest") return [...first.slice(0, 2), ...second.slice(2)];
  return layer === "concat" ? [first[0], shapes.reduce((sum, shape) => sum + shape[1], 0), ...first.slice(2)] : first;
}

const pixelsOf = (shape: Shape): number => shape.slice(2).reduce((a, b) => a * b, 1);

function concatOf(shapes: readonly Shape[]): ReturnType<typeof concatShape> {
  return concatShape(shapes[0][0], shapes.map((shape) => shape[1]), pixelsOf(shapes[0]));
}

/** [N,C,H,W] times a map [N,1,H,W]: places of a number of x in the map. */
function mapPlaces([, channels, height, width]: Shape): (i: number) => number {
  const pixels = height * width;
  return (i) => Math.floor(i / (channels * pixels)) * pixels + (i % pixels);
}

const resized = ([batch, channels, height, width]: Shape, [, , toHeight, toWidth]: Shape): ReturnType<typeof resizeShape> =>
  resizeShape(batch, channels, height, width, toHeight, toWidth);

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
    else if (joint === "multiply") for (let i = 0; i < y.size; i++) y.data[i] = first[i] * second[i];
    else if (joint === "pixel_scale") {
      const place = mapPlaces(y.shape);
      for (let i = 0; i < y.size; i++) y.data[i] = first[i] * second[place(i)];
    } else if (joint === "resize_bilinear") this.kernels.upsampleBilinearForward(y.data, first, resized(shapes[0], shapes[1]));
    else if (joint === "resize_nearest") this.kernels.upsampleNearestForward(y.data, first, resized(shapes[0], shapes[1]));
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
        if (layer === "multiply" || layer === "pixel_scale") {
          const place = layer === "multiply" ? (k: number): number => k : mapPlaces(x.shape);
          for (let k = 0; k < dy.size; k++) {
            parts[0].data[k] = dy.data[k] * gate.data[place(k)];
            parts[1].data[place(k)] += dy.data[k] * x.data[k];
          }
        } else if (layer === "resize_bilinear") this.kernels.upsampleBilinearBackward(parts[0].data, dy.data, resized(x.shape, gate.shape));
        else if (layer === "resize_nearest") this.kernels.upsampleNearestBackward(parts[0].data, dy.data, resized(x.shape, gate.shape));
        else if (layer === "concat") this.kernels.concatBackward(
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
      values.push(typeof layer === "string" ? this.#lowerJoint(graph, layer, from) : layer.lower(graph, from[0]));
    }
    return values[values.length - 1];
  }

  #lowerJoint(graph: GraphBuilder, joint: Joint, from: readonly Value[]): Value {
    const shape = stepShape(joint, from.map((value) => value.shape));
    if (joint !== "resize_bilinear" && joint !== "resize_nearest") return graph.add(this, { kind: joint }, from, shape);
    // As ResizeBack has it: what is as large already stays.
    if (sameShape(from[0].shape, shape)) return from[0];
    const method = joint === "resize_bilinear" ? "bilinear" : "nearest";
    return graph.add(this, { kind: "resize", method, size: [shape[2], shape[3]], alignCorners: false }, [from[0]], shape);
  }
}
