/**
 * SE blocks in a graph, wherever it comes from: a pooled mean (or maximum), layers on one pixel, a gate, a product by channel. The gate's
 * name is what `observe` and `override` of a session want.
 */
import { checkGraph } from "./graph.ts";
import { sizeOf } from "../tensor.ts";
import type { Constant, Graph, Node, Value } from "./graph.ts";
import { Uses } from "./rewrite.ts";

/**
 * An SE block in a graph.
 * @example
 * const [gate]: readonly Gate[] = gatesOf(lower(new SqueezeExcite(8, { reduction: 2 }), [1, 8, 4, 4]));
 * [gate.activation, gate.hidden, gate.squeeze]   // => ["sigmoid",4,"mean"]
 */
export interface Gate {
  /** Of the value [N,C,1,1] that multiplies the channels. */
  readonly name: string;
  readonly channels: number;
  /** Channels between the two layers; undefined where there is one layer. */
  readonly hidden: number | undefined;
  /** The function that makes the gate, such as "sigmoid". */
  readonly activation: string;
  readonly squeeze: "mean" | "max";
  /** The value that is scaled, and the one that the gate is pooled from: mostly the same. */
  readonly scaled: string;
  readonly pooled: string;
  /** All that computes the gate, the pooling first. */
  readonly nodes: readonly Node[];
}

const MOST_NODES = 64;

/** The constant that a value is. */
export function constantOf(uses: Uses, value: Value): Constant | undefined {
  const operation = uses.maker(value)?.operation;
  return operation?.kind === "constant" ? operation.value : undefined;
}

/** The operand that is computed, where the other one is a constant of one number. */
export function withoutNumber(uses: Uses, { inputs: [a, b] }: Node): Value | undefined {
  if (a === undefined || b === undefined) return undefined;
  const isNumber = (value: Value): boolean => sizeOf(value.shape) === 1 && constantOf(uses, value) !== undefined;
  return isNumber(b) ? a : isNumber(a) ? b : undefined;
}

/** Kinds that may stand between a pooled image and its gate. */
function standsBetween(uses: Uses, node: Node): boolean {
  switch (node.operation.kind) {
    case "activation": case "unary": case "clip": case "linear": case "reshape": case "flatten": case "batch_norm": case "channel_conv":
      return true;
    case "conv2d": return sizeOf(node.inputs[0].shape) === node.inputs[0].shape[0] * Math.max(...node.inputs[0].shape.slice(1));
    case "add": case "multiply": case "binary": return withoutNumber(uses, node) !== undefined;
    default: return false;
  }
}

/** The nodes that lead from a pooled image to this value, the pooling first; undefined where it is no gate. */
export function chainTo(uses: Uses, gate: Value): readonly Node[] | undefined {
  const chain: Node[] = [];
  let layers = 0;
  for (let value = gate; chain.length < MOST_NODES;) {
    const maker = uses.maker(value);
    if (maker === undefined) return undefined;
    chain.unshift(maker);
    const { kind } = maker.operation;
    if (kind === "global_pool") return layers > 0 ? chain : undefined;
    if (!standsBetween(uses, maker)) return undefined;
    if (kind === "linear" || kind === "conv2d" || kind === "channel_conv") layers++;
    value = withoutNumber(uses, maker) ?? maker.inputs[0];
  }
  return undefined;
}

/**
 * All SE blocks of a graph, in its order.
 * @example
 * const graph = lower(createModel("se_resnet8", { classes: 3 }, 1), [1, 3, 8, 8]);
 * gatesOf(graph).map(({ name }) => name).slice(0, 2)   // => ["layer1.0.se.activation_2","layer2.0.se.activation_2"]
 */
export function gatesOf(graph: Graph): Gate[] {
  checkGraph("gatesOf", graph);
  const uses = new Uses(graph, new Set());
  return graph.nodes.flatMap(({ operation, inputs: [x, gate] }): Gate[] => {
    const nodes = operation.kind === "scale" ? chainTo(uses, gate) : undefined;
    if (nodes === undefined) return [];
    const [pool] = nodes;
    const widths = nodes.flatMap(({ operation: { kind }, output }) => (kind === "conv2d" || kind === "linear" ? [output.shape[1]] : []));
    const last = nodes[nodes.length - 1].operation;
    return [{
      name: gate.name, channels: gate.shape[1], hidden: widths.length > 1 ? widths[0] : undefined,
      activation: last.kind === "activation" ? last.activation : last.kind === "unary" ? last.by : last.kind,
      squeeze: pool.operation.kind === "global_pool" ? pool.operation.by : "mean", scaled: x.name, pooled: pool.inputs[0].name, nodes,
    }];
  });
}
