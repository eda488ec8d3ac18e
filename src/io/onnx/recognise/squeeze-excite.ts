/**
 * SE blocks, however they are spelled: a pooled mean (or maximum), layers on one pixel, a gate, a product by channel. What a file computes on rows [N,C] between
 * reshapes becomes 1x1 convolutions on [N,C,1,1], as senet's own blocks are, and the product a `scale`: then the passes of sessions fold it as they
 * fold those.
 */
import type { Constant, Graph, Node, Operation, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { sizeOf } from "../../../tensor.ts";
import { Pattern } from "./pattern.ts";

const MOST_STEPS = 64;

/** Kinds that may stand between a pooled image and its gate. */
function isStep({ operation, inputs, output }: Node, pattern: Pattern): boolean {
  switch (operation.kind) {
    case "activation": case "unary": case "clip": case "linear": case "reshape": case "flatten": case "batch_norm": case "channel_conv": return true;
    case "conv2d": return sizeOf(output.shape.slice(2)) === 1 || sizeOf(inputs[0].shape) === output.shape[0] * sizeOf(output.shape.slice(1));
    case "add": case "multiply": case "binary": return pattern.withScalar({ operation, inputs, output }) !== undefined;
    default: return false;
  }
}

/** The nodes that lead from a pooled image to this value, the first one first; undefined where it is no gate. */
function chainTo(pattern: Pattern, gate: Value): Node[] | undefined {
  const chain: Node[] = [];
  for (let value = gate; chain.length < MOST_STEPS;) {
    const maker = pattern.maker(value);
    if (maker === undefined) return undefined;
    if (maker.operation.kind === "global_pool") return chain.some(({ operation: { kind } }) => kind === "linear" || kind === "conv2d" || kind === "channel_conv") ? chain : undefined;
    if (!isStep(maker, pattern)) return undefined;
    chain.unshift(maker);
    value = pattern.withScalar(maker)?.x ?? maker.inputs[0];
  }
  return undefined;
}

/** A matrix as the weight of a 1x1 convolution; the same tensor. */
function pointwise(weight: Constant): Constant {
  return { name: weight.name, read: () => { const tensor = weight.read(); return tensor.reshape([...tensor.shape, 1, 1]); } };
}

/** The chain on [N,C,1,1], if all of it may change: nothing else uses what lies between. */
function asImages(pattern: Pattern, chain: readonly Node[], pooled: Value, user: Node): Map<Node, Node | undefined> | undefined {
  const exchanged = new Map<Node, Node | undefined>();
  let from = pooled;
  for (const [i, node] of chain.entries()) {
    const { operation, inputs, output } = node;
    if (!pattern.only(output, chain[i + 1] ?? user)) return undefined;
    if (operation.kind === "reshape" || operation.kind === "flatten") {
      exchanged.set(node, undefined);
      continue;
    }
    let next: Operation = operation;
    let channels = from.shape[1];
    if (operation.kind === "linear") {
      channels = output.shape[1];
      next = { kind: "conv2d", kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, weight: pointwise(operation.weight), bias: operation.bias };
    } else if (operation.kind === "conv2d") {
      if (operation.weight.read().shape.slice(2).some((n) => n !== 1)) return undefined;
      channels = output.shape[1];
    }
    const old = pattern.withScalar(node)?.x ?? inputs[0];
    const made = { name: output.name, shape: [pooled.shape[0], channels, 1, 1] };
    exchanged.set(node, { operation: next, inputs: inputs.map((input) => (input === old ? from : input)), output: made });
    from = made;
  }
  return exchanged;
}

/** Is the value one number for each image and channel of x? */
function isGate({ shape }: Value, x: Value): boolean {
  const [batch, channels] = x.shape;
  if (x.shape.length !== 4 || sizeOf(shape) !== batch * channels) return false;
  const full = [...new Array<number>(Math.max(0, 4 - shape.length)).fill(1), ...shape];
  return full.length === 4 && full[0] === batch && full[1] === channels;
}

export function recogniseSqueezeExcite(graph: Graph): Graph {
  const pattern = new Pattern(graph);
  const exchanged = new Map<Node, Node | undefined>();
  for (const node of graph.nodes) {
    const { operation, inputs, output } = node;
    const product = operation.kind === "scale" || operation.kind === "multiply" || (operation.kind === "binary" && operation.by === "multiply");
    if (!product || inputs.length !== 2) continue;
    for (const [x, gate] of [inputs, [inputs[1], inputs[0]]]) {
      if (!isGate(gate, x) || x.shape.join() !== output.shape.join()) continue;
      const chain = chainTo(pattern, gate);
      if (chain === undefined) continue;
      const pooled = chain[0].inputs.find((input) => pattern.maker(input)?.operation.kind === "global_pool") ?? chain[0].inputs[0];
      const changes = chain.some(({ operation: { kind } }) => kind === "linear" || kind === "reshape" || kind === "flatten") ? asImages(pattern, chain, pooled, node) : new Map<Node, Node>();
      if (changes === undefined) continue;
      for (const [old, made] of changes) exchanged.set(old, made);
      const last = changes.size === 0 ? gate : ([...changes.values()].filter((made) => made !== undefined).at(-1)?.output ?? pooled);
      exchanged.set(node, { operation: { kind: "scale" }, inputs: [x, last], output });
      break;
    }
  }
  return exchange(graph, exchanged);
}
