/**
 * A product or sum with a number for each channel behind a convolution or linear layer is a bias or a scale of it, however a file spells
 * it. What is no bias becomes normalisation by constants: sessions fold it into the convolution.
 */
import type { Constant, Graph, Node, Operation, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { Tensor, sizeOf } from "../../../tensor.ts";
import { Pattern, arithmeticOf } from "./pattern.ts";

/** Where shapes say that a constant has one number for each channel of x, or one for all. */
function isPerChannel({ shape }: Value, x: Value): boolean {
  const [, channels] = x.shape;
  const size = sizeOf(shape);
  if (size === 1 && shape.length <= x.shape.length) return true;
  const axis = shape.length - x.shape.length + 1;
  return axis >= 0 && shape.length <= x.shape.length && size === channels && shape[axis] === channels;
}

/** A constant of `size` numbers made of others, each time it is read. */
function derived(name: string, size: number, read: () => ArrayLike<number>): Constant {
  return {
    name, fixed: true,
    read: () => {
      const numbers = read();
      return Tensor.of(numbers.length === size ? numbers : new Array<number>(size).fill(numbers[0]), [size]);
    },
  };
}

/** The constant as [channels], itself where it may be: then training changes it. */
function row(constant: Constant, size: number): Constant {
  return sizeOf(constant.read().shape) === size
    ? { ...constant, read: () => constant.read().reshape([size]) }
    : derived(`${constant.name} ${size}`, size, () => constant.read().data);
}

function mapped(constant: Constant, name: string, f: (x: number) => number): Constant {
  return {
    name: `${constant.name}.${name}`, fixed: true, read: () => Tensor.of(Float32Array.from(constant.read().data, f), constant.read().shape),
  };
}

type Biased = Extract<Operation, { bias: Constant | undefined }>;

/** What the node does with each channel of x, where that is all it does: times, plus. */
function affineOf(pattern: Pattern, node: Node): { x: Value; times?: Constant; plus?: Constant } | undefined {
  const by = arithmeticOf(node.operation);
  if (by === undefined || node.inputs.length !== 2) return undefined;
  for (const i of [1, 0]) {
    const [x, other] = [node.inputs[1 - i], node.inputs[i]];
    const constant = pattern.constant(other);
    if (
      constant === undefined || pattern.constant(x) !== undefined || !isPerChannel(other, x) || x.shape.join() !== node.output.shape.join()
    ) {
      continue;
    }
    if (by === "add") return { x, plus: constant };
    if (by === "multiply") return { x, times: constant };
    if (by === "subtract") {
      return i === 1
        ? { x, plus: mapped(constant, "negative", (v) => -v) }
        : { x, times: derived("minus one", 1, () => [-1]), plus: constant };
    }
    if (by === "divide" && i === 1) return { x, times: mapped(constant, "reciprocal", (v) => 1 / v) };
  }
  return undefined;
}

export function recogniseAffine(graph: Graph): Graph {
  for (;;) {
    const pattern = new Pattern(graph);
    const exchanged = new Map<Node, Node | undefined>();
    for (const node of graph.nodes) {
      const found = affineOf(pattern, node);
      if (found === undefined) continue;
      const { x, times, plus } = found;
      const before = pattern.maker(x);
      if (before !== undefined && exchanged.has(before)) continue;
      const [, channels] = x.shape;
      const sole = before !== undefined && pattern.only(x, node) ? before.operation : undefined;
      if (times === undefined && plus !== undefined && sole !== undefined && "bias" in sole && sole.bias === undefined) {
        exchanged.set(before!, undefined);
        exchanged.set(node, { operation: { ...(sole as Biased), bias: row(plus, channels) }, inputs: before!.inputs, output: node.output });
      } else if (x.shape.length === 4) {
        // After a normalisation of constants a sum is its shift.
        if (times === undefined && plus !== undefined && sole?.kind === "batch_norm" && sole.beta.name === shiftless(before!, channels)) {
          exchanged.set(before!, undefined);
          exchanged.set(node, { operation: { ...sole, beta: row(plus, channels) }, inputs: before!.inputs, output: node.output });
          continue;
        }
        exchanged.set(node, { operation: normOf(node, channels, times, plus), inputs: [x], output: node.output });
      }
    }
    if (exchanged.size === 0) return graph;
    graph = exchange(graph, exchanged);
  }
}

/** The name of zeros that are a normalisation's own: where it is folded into a convolution, the bias has the name of its shift. */
function shiftless({ output }: Node, channels: number): string {
  return `zero ${channels} of ${output.name}`;
}

function normOf(node: Node, channels: number, times: Constant | undefined, plus: Constant | undefined): Operation {
  const fill = (name: string, value: number): Constant => derived(`${name} ${channels}`, channels, () => [value]);
  return {
    kind: "batch_norm", epsilon: 0, frozen: true, gamma: times === undefined ? fill("one", 1) : row(times, channels),
    beta: plus === undefined ? derived(shiftless(node, channels), channels, () => [0]) : row(plus, channels),
    mean: fill("zero", 0), variance: fill("one", 1),
  };
}
