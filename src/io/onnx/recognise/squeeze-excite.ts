/**
 * SE blocks, however they are spelled (src/graph/gates.ts). What a file computes on rows [N,C] between reshapes becomes 1x1 convolutions on
 * [N,C,1,1], as senet's own blocks are, and the product a `scale`: then the passes of sessions fold it as they fold those.
 */
import { chainTo } from "../../../graph/gates.ts";
import type { Constant, Graph, Node, Operation, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { sameShape, sizeOf } from "../../../tensor.ts";
import type { Tensor } from "../../../tensor.ts";
import { Pattern, arithmeticOf } from "./pattern.ts";

/** A matrix as the weight of a 1x1 convolution; the same tensor. */
function pointwise({ name, read }: Constant): Constant {
  return { name, read: () => { const tensor = read(); return tensor.reshape([...tensor.shape, 1, 1]); } };
}

const isLook = ({ kind }: Operation): boolean => kind === "reshape" || kind === "flatten";

/** What a node computes on [N,C,1,1] in place of rows; undefined where that is nothing of the kind. */
function onImage(operation: Operation): Operation | undefined {
  switch (operation.kind) {
    case "linear": {
      const { weight, bias } = operation;
      return {
        kind: "conv2d", kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, weight: pointwise(weight), bias,
      };
    }
    case "conv2d": return operation.kernel.every((n) => n === 1) ? operation : undefined;
    case "activation": case "unary": case "clip": case "elu": case "batch_norm": case "add": case "multiply": case "binary":
      return operation;
    default: return undefined;
  }
}

/** What rows in a gate's way become: the values that there are instead, the nodes that make them, and what else is new. */
interface Rewriting {
  readonly values: Map<Value, Value>;
  readonly nodes: Map<Node, Node | undefined>;
  readonly added: Node[];
}

/** An operand on [N,C,1,1]: itself where it is one number, with ones behind where it is a row. */
function operandOf(pattern: Pattern, value: Value, { values, added }: Rewriting): Value | undefined {
  const constant = pattern.constant(value);
  const size = sizeOf(value.shape);
  if (constant === undefined || size === 1) return values.get(value) ?? (constant && value);
  if (value.shape.at(-1) !== size) return undefined;
  const image = { name: `${value.name}.image`, shape: [1, size, 1, 1] };
  const read = (): Tensor => constant.read().reshape(image.shape);
  if (!added.some(({ output }) => output.name === image.name)) {
    added.push({ operation: { kind: "constant", value: { ...constant, read } }, inputs: [], output: image });
  }
  return added.find(({ output }) => output.name === image.name)!.output;
}

/** The chain on [N,C,1,1], where nothing else uses what lies between; undefined where it cannot be. */
function rewritten(pattern: Pattern, chain: readonly Node[], user: Node): Rewriting | undefined {
  const made: Rewriting = { values: new Map(), nodes: new Map(), added: [] };
  const within = new Set([...chain, user]);
  for (const node of chain) {
    const { operation, inputs, output } = node;
    if (operation.kind === "global_pool") {
      made.values.set(output, output);
      continue;
    }
    const operands = inputs.map((input) => operandOf(pattern, input, made));
    if (!pattern.removable(output) || !pattern.users(output).every((other) => within.has(other))) return undefined;
    if (operands.includes(undefined)) return undefined;
    if (isLook(operation)) {
      made.values.set(output, operands[0]!);
      made.nodes.set(node, undefined);
      continue;
    }
    const next = onImage(operation);
    if (next === undefined) return undefined;
    const channels = next.kind === "conv2d" ? output.shape[1] : Math.max(...operands.map((operand) => operand!.shape[1] ?? 1));
    const value = { name: output.name, shape: [chain[0].output.shape[0], channels, 1, 1] };
    made.values.set(output, value);
    made.nodes.set(node, { operation: next, inputs: operands as Value[], output: value });
  }
  return made;
}

/** Is the value one number for each image and channel of x? */
function isGate({ shape }: Value, x: Value): boolean {
  const [batch, channels, ...pixels] = x.shape;
  const ones = [1, 1, 1, 1].slice(0, x.shape.length - shape.length);
  return pixels.length > 0 && sameShape([...ones, ...shape], [batch, channels, ...pixels.map(() => 1)]);
}

/** The image that is scaled, and the node that gives it scaled: images are seen as [N,C,H,W] again where they are scaled as [N,C,H W]. */
function imageOf(pattern: Pattern, x: Value, node: Node): { image: Value; scaled: Node } | undefined {
  if (x.shape.length === 4) return { image: x, scaled: node };
  const before = pattern.maker(x);
  const [after] = pattern.users(node.output);
  const [image] = before?.inputs ?? [];
  const isSeen = before?.operation.kind === "reshape" && after?.operation.kind === "reshape" && pattern.only(node.output, after) &&
    image.shape.length === 4 && sameShape(image.shape, after.output.shape) && sameShape(image.shape.slice(0, 2), x.shape.slice(0, 2));
  return isSeen ? { image, scaled: after } : undefined;
}

export function recogniseSqueezeExcite(graph: Graph): Graph {
  const pattern = new Pattern(graph);
  const exchanged = new Map<Node, Node | undefined>();
  const added: Node[] = [];
  for (const node of graph.nodes) {
    const { inputs, output } = node;
    if (arithmeticOf(node.operation) !== "multiply" || inputs.length !== 2) continue;
    for (const [x, gate] of [inputs, [inputs[1], inputs[0]]]) {
      const seen = isGate(gate, x) && sameShape(x.shape, output.shape) ? imageOf(pattern, x, node) : undefined;
      const chain = seen === undefined ? undefined : chainTo(pattern, gate, x);
      if (seen === undefined || chain === undefined) continue;
      const rows = chain.some(({ operation }) => isLook(operation) || operation.kind === "linear");
      const made = rows ? rewritten(pattern, chain, node) : undefined;
      // What does not fit is left as it is, where it ends as a gate does.
      const last = made?.values.get(gate) ?? (gate.shape.length === 4 ? gate : undefined);
      if (last === undefined) continue;
      for (const [old, next] of made?.nodes ?? []) exchanged.set(old, next);
      added.push(...made?.added ?? []);
      exchanged.set(seen.scaled, { operation: { kind: "scale" }, inputs: [seen.image, last], output: seen.scaled.output });
      break;
    }
  }
  return exchange(graph, exchanged, added);
}
