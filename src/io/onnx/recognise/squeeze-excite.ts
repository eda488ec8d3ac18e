/**
 * SE blocks, however they are spelled (src/graph/gates.ts). What a file computes on rows [N,C] between reshapes becomes 1x1 convolutions on
 * [N,C,1,1], as senet's own blocks are, and the product a `scale`: then the passes of sessions fold it as they fold those.
 */
import { chainTo, withoutNumber } from "../../../graph/gates.ts";
import type { Constant, Graph, Node, Operation, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { sameShape } from "../../../tensor.ts";
import { Pattern, arithmeticOf } from "./pattern.ts";

/** A matrix as the weight of a 1x1 convolution; the same tensor. */
function pointwise({ name, read }: Constant): Constant {
  return { name, read: () => { const tensor = read(); return tensor.reshape([...tensor.shape, 1, 1]); } };
}

/** What a node computes on [N,C,1,1] in place of a row; undefined for what only reshapes. */
function onImage(operation: Operation): Operation | undefined {
  if (operation.kind === "reshape" || operation.kind === "flatten") return undefined;
  if (operation.kind !== "linear") return operation;
  const { weight, bias } = operation;
  return {
    kind: "conv2d", kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, weight: pointwise(weight), bias,
  };
}

/**
 * Puts the chain on [N,C,1,1] into `exchanged`, where nothing else uses what lies between.
 * @returns the gate then
 */
function rewritten(
  pattern: Pattern, [pool, ...chain]: readonly Node[], user: Node, exchanged: Map<Node, Node | undefined>,
): Value | undefined {
  const made = new Map<Node, Node | undefined>();
  let from = pool.output;
  for (const [i, node] of chain.entries()) {
    const { operation, inputs, output } = node;
    const next = onImage(operation);
    const spatial = operation.kind === "channel_conv" || (operation.kind === "conv2d" && operation.kernel.some((n) => n !== 1));
    if (spatial || !pattern.only(output, chain[i + 1] ?? user)) return undefined;
    if (next !== undefined) {
      const old = withoutNumber(pattern, node) ?? inputs[0];
      const channels = operation.kind === "linear" || operation.kind === "conv2d" ? output.shape[1] : from.shape[1];
      const value = { name: output.name, shape: [pool.output.shape[0], channels, 1, 1] };
      made.set(node, { operation: next, inputs: inputs.map((input) => (input === old ? from : input)), output: value });
      from = value;
    } else made.set(node, undefined);
  }
  for (const [node, other] of made) exchanged.set(node, other);
  return from;
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
  for (const node of graph.nodes) {
    const { inputs, output } = node;
    if (arithmeticOf(node.operation) !== "multiply" || inputs.length !== 2) continue;
    for (const [x, gate] of [inputs, [inputs[1], inputs[0]]]) {
      const seen = isGate(gate, x) && sameShape(x.shape, output.shape) ? imageOf(pattern, x, node) : undefined;
      const chain = seen === undefined ? undefined : chainTo(pattern, gate);
      if (seen === undefined || chain === undefined) continue;
      const rows = chain.some(({ operation }) => onImage(operation) !== operation);
      const last = rows ? rewritten(pattern, chain, node, exchanged) : gate;
      if (last === undefined) continue;
      exchanged.set(seen.scaled, { operation: { kind: "scale" }, inputs: [seen.image, last], output: seen.scaled.output });
      break;
    }
  }
  return exchange(graph, exchanged);
}
