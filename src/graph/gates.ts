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
  /** What the gate is made of; of several (the mean and the largest), the first. */
  readonly squeeze: "mean" | "max";
  /** The value that is scaled, and the one that the gate is pooled from: mostly the same. */
  readonly scaled: string;
  readonly pooled: string;
  /** All that computes the gate, the pooling first. */
  readonly nodes: readonly Node[];
}

/** Most values that are looked at for one gate. */
const MOST_VALUES = 128;

/** The constant that a value is. */
export function constantOf(uses: Uses, value: Value): Constant | undefined {
  const operation = uses.maker(value)?.operation;
  return operation?.kind === "constant" ? operation.value : undefined;
}

/** Kinds that may stand between a pooled image and its gate. */
function standsBetween({ operation: { kind }, inputs: [x] }: Node): boolean {
  switch (kind) {
    case "activation": case "unary": case "clip": case "elu": case "linear": case "reshape": case "flatten": case "batch_norm":
    case "channel_conv": case "add": case "multiply": case "binary": case "select": case "concat": case "join": case "reduce":
      return true;
    case "conv2d": return sizeOf(x.shape) === x.shape[0] * Math.max(...x.shape.slice(1));
    default: return false;
  }
}

/** What makes a value of nothing but pooled images and constants: the pooling, and the nodes behind, each behind what it takes. */
function madeOfPools(uses: Uses, value: Value): { pools: Set<Node>; between: Set<Node> } | undefined {
  const pools = new Set<Node>();
  const between = new Set<Node>();
  let looked = 0;
  const isMade = (part: Value): boolean => {
    const maker = uses.maker(part);
    if (maker === undefined || ++looked > MOST_VALUES) return false;
    const { operation: { kind }, inputs } = maker;
    if (kind === "constant" || between.has(maker)) return true;
    if (kind === "global_pool") return pools.add(maker).size > 0;
    return standsBetween(maker) && inputs.every(isMade) && between.add(maker).size > 0;
  };
  return isMade(value) ? { pools, between } : undefined;
}

/**
 * The nodes that make this value of an image's mean, or of its mean and its largest, the pooling first; undefined where it is no gate of
 * `scaled`: what is made of the same pooling itself is scaled by its activation.
 */
export function chainTo(uses: Uses, gate: Value, scaled: Value): readonly Node[] | undefined {
  const made = madeOfPools(uses, gate);
  if (made === undefined) return undefined;
  const { pools, between } = made;
  const images = new Set([...pools].map(({ inputs: [image] }) => image));
  const layered = [...between].some(({ operation: { kind } }) => kind === "linear" || kind === "conv2d" || kind === "channel_conv");
  if (images.size !== 1 || !layered) return undefined;
  const own = madeOfPools(uses, scaled);
  const isBeside = own !== undefined && own.between.size > 0 && [...own.pools].some(({ inputs: [image] }) => images.has(image));
  return isBeside ? undefined : [...pools, ...between];
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
    const nodes = operation.kind === "scale" ? chainTo(uses, gate, x) : undefined;
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
