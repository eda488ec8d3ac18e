/**
 * A product or sum with a number for each channel behind a convolution or linear layer is a bias or a scale of it, however a file spells
 * it. What is no bias becomes normalisation by constants: sessions fold it into the convolution.
 */
import type { Constant, Graph, Node, Operation, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { Tensor, sameShape, sizeOf } from "../../../tensor.ts";
import { Pattern, arithmeticOf } from "./pattern.ts";

/** Where shapes say that a constant has one number for each channel of x, or one for all. */
function isPerChannel({ shape }: Value, x: Value): boolean {
  const [, channels] = x.shape;
  const size = sizeOf(shape);
  if (size === 1 && shape.length <= x.shape.length) return true;
  const axis = shape.length - x.shape.length + 1;
  return axis >= 0 && shape.length <= x.shape.length && size === channels && shape[axis] === channels;
}

/** The constant as [size], itself where it may be, for then training changes it; else made of it each time it is read. */
function row({ name, read, ...rest }: Constant, size: number, called: string = "", f?: (x: number) => number): Constant {
  if (f === undefined && sizeOf(read().shape) === size) return { name, ...rest, read: () => read().reshape([size]) };
  return {
    name: `${name} ${called}${size}`, fixed: true,
    read: () => {
      const { data } = read();
      return new Tensor(Float32Array.from({ length: size }, (_, i) => (f ?? Number)(data[data.length > 1 ? i : 0])), [size]);
    },
  };
}

/** A number for each of `size` channels. */
function fill(name: string, size: number, value: number): Constant {
  return row({ name, read: () => new Tensor(Float32Array.of(value), [1]) }, size, "", Number);
}

type Biased = Extract<Operation, { bias: Constant | undefined }>;

/** What the node does with each channel of x, where that is all it does: times, plus. */
function affineOf(pattern: Pattern, node: Node): { x: Value; times?: Constant; plus?: Constant } | undefined {
  const by = arithmeticOf(node.operation);
  if (by === undefined || node.inputs.length !== 2) return undefined;
  for (const i of [1, 0]) {
    const [x, other] = [node.inputs[1 - i], node.inputs[i]];
    const constant = pattern.constant(other);
    if (constant === undefined || pattern.constant(x) !== undefined || !isPerChannel(other, x) || !sameShape(x.shape, node.output.shape)) {
      continue;
    }
    const of = (...how: [called?: string, f?: (x: number) => number]): Constant => row(constant, x.shape[1], ...how);
    if (by === "add") return { x, plus: of() };
    if (by === "multiply") return { x, times: of() };
    if (by === "subtract") {
      return i === 1 ? { x, plus: of("negative ", (v) => -v) } : { x, times: fill("minus one", x.shape[1], -1), plus: of() };
    }
    if (by === "divide" && i === 1) return { x, times: of("reciprocal ", (v) => 1 / v) };
  }
  return undefined;
}

/** A sum with a row behind rows [N,...,C] that a linear layer made as [N ...,C]: the layer, with the row as its bias. */
function biasedRows(pattern: Pattern, { operation, inputs, output }: Node): Node | undefined {
  if (arithmeticOf(operation) !== "add") return undefined;
  for (const [x, other] of [inputs, [inputs[1], inputs[0]]]) {
    const bias = pattern.constant(other);
    const seen = pattern.maker(x);
    const maker = seen?.operation.kind === "reshape" ? pattern.maker(seen.inputs[0]) : undefined;
    if (bias === undefined || maker?.operation.kind !== "linear" || maker.operation.bias !== undefined) continue;
    const [, width] = maker.output.shape;
    const isRow = x.shape.at(-1) === width && other.shape.at(-1) === width && sizeOf(other.shape) === width;
    if (!isRow || !sameShape(x.shape, output.shape) || !pattern.only(maker.output, seen!)) continue;
    return { ...maker, operation: { ...maker.operation, bias: row(bias, width) } };
  }
  return undefined;
}

export function recogniseAffine(graph: Graph): Graph {
  for (;;) {
    const pattern = new Pattern(graph);
    const exchanged = new Map<Node, Node | undefined>();
    for (const node of graph.nodes) {
      const layer = biasedRows(pattern, node);
      if (layer !== undefined) {
        exchanged.set(pattern.maker(layer.output)!, layer);
        exchanged.set(node, { operation: { kind: "reshape", shape: node.output.shape }, inputs: [layer.output], output: node.output });
        continue;
      }
      const found = affineOf(pattern, node);
      if (found === undefined) continue;
      const { x, times, plus } = found;
      const before = pattern.maker(x);
      if (before !== undefined && exchanged.has(before)) continue;
      const { output } = node;
      const channels = x.shape[1];
      const sole = before !== undefined && pattern.only(x, node) ? before.operation : undefined;
      const sum = times === undefined ? plus : undefined;
      // After a normalisation of constants a sum is its shift. Zeros that are its own have this name: once it is folded into a convolution,
      // the bias has the name of its shift.
      const shiftless = (value: Value): string => `zero ${channels} of ${value.name}`;
      const joined = sum === undefined || sole === undefined ? undefined
        : "bias" in sole && sole.bias === undefined ? { ...(sole as Biased), bias: sum }
        : sole.kind === "batch_norm" && sole.beta.name === `${shiftless(x)} ${channels}` ? { ...sole, beta: sum }
        : undefined;
      if (joined !== undefined) {
        exchanged.set(before!, undefined);
        exchanged.set(node, { operation: joined, inputs: before!.inputs, output });
      } else if (x.shape.length === 4) {
        const operation: Operation = {
          kind: "batch_norm", epsilon: 0, frozen: true, gamma: times ?? fill("one", channels, 1),
          beta: plus ?? fill(shiftless(output), channels, 0), mean: fill("zero", channels, 0), variance: fill("one", channels, 1),
        };
        exchanged.set(node, { operation, inputs: [x], output });
      }
    }
    if (exchanged.size === 0) return graph;
    graph = exchange(graph, exchanged);
  }
}
