/**
 * The mean or the largest of each channel of an image, however a file spells it: over one axis after the other, over reshaped images, over
 * images whose channels come last, a sum divided by how many there are.
 */
import type { Graph, Node, Reduction, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { sameShape, sizeOf } from "../../../tensor.ts";
import { Pattern, arithmeticOf } from "./pattern.ts";

/** What a node takes of which axes. */
function reductionOf({ operation, inputs: [x] }: Node): { by: Reduction; axis: number; end: number } | undefined {
  if (operation.kind === "reduce") return operation;
  return operation.kind === "global_pool" ? { by: operation.by, axis: 2, end: x.shape.length } : undefined;
}

/** The image that a value is computed from by nothing but reductions of its pixels, and how often it was reduced or seen otherwise. */
function imageOf(pattern: Pattern, value: Value): { image: Value; by: Reduction; steps: number } | undefined {
  const seen: { value: Value; axis: number; end: number }[] = [];
  let by: Reduction | undefined;
  let isLast = false;
  for (let maker = pattern.maker(value); maker !== undefined; maker = pattern.maker(value)) {
    const reduction = reductionOf(maker);
    const { operation, inputs } = maker;
    const turns = operation.kind === "transpose" && operation.order.join() === "0,2,3,1";
    const isSeen = operation.kind === "reshape" || operation.kind === "flatten";
    if (!isSeen && !turns && (reduction === undefined || (by ?? reduction.by) !== reduction.by)) break;
    by ??= reduction?.by;
    seen.push({ value, axis: reduction?.axis ?? 2, end: reduction?.end ?? 2 });
    [value] = inputs;
    isLast = turns;
    if (turns) break;
  }
  if (by === undefined || value.shape.length !== 4) return undefined;
  const [batch, channels] = value.shape;
  // Images and channels stay what they are in between; only pixels are reduced.
  const fits = seen.every(({ value: { shape }, axis, end }) => shape[0] === batch && (isLast
    ? shape.at(-1) === channels && (axis === end || (axis >= 1 && end < shape.length))
    : shape[1] === channels && axis >= 2));
  return fits ? { image: value, by, steps: seen.length } : undefined;
}

/** What a node computes of an image, where that is one number for each channel. */
function poolOf(pattern: Pattern, node: Node): { image: Value; by: "mean" | "max" } | undefined {
  const isPooled = ({ image: { shape: [batch, channels] } }: { image: Value }): boolean => sizeOf(node.output.shape) === batch * channels;
  if (reductionOf(node) !== undefined) {
    const found = imageOf(pattern, node.output);
    if (found === undefined || found.steps < 2 || !isPooled(found)) return undefined;
    return found.by === "mean" || found.by === "max" ? { image: found.image, by: found.by } : undefined;
  }
  const by = arithmeticOf(node.operation);
  if ((by !== "divide" && by !== "multiply") || node.inputs.length !== 2) return undefined;
  for (const [x, other] of by === "divide" ? [node.inputs] : [node.inputs, [...node.inputs].reverse()]) {
    const number = pattern.scalar(other);
    const found = number === undefined || !sameShape(x.shape, node.output.shape) ? undefined : imageOf(pattern, x);
    if (found?.by !== "sum" || !isPooled(found)) continue;
    const [, , height, width] = found.image.shape;
    const pixels = by === "divide" ? number! : 1 / number!;
    if (Math.abs(pixels / (height * width) - 1) < 1e-6) return { image: found.image, by: "mean" };
  }
  return undefined;
}

export function recognisePools(graph: Graph): Graph {
  const pattern = new Pattern(graph);
  const exchanged = new Map<Node, Node>();
  const added: Node[] = [];
  for (const node of graph.nodes) {
    const found = poolOf(pattern, node);
    if (found === undefined) continue;
    const { output } = node;
    const shape = [...found.image.shape.slice(0, 2), 1, 1];
    const isImage = sameShape(output.shape, shape);
    const pooled = isImage ? output : { name: `${output.name}.pooled`, shape };
    const pool: Node = { operation: { kind: "global_pool", by: found.by }, inputs: [found.image], output: pooled };
    if (isImage) {
      exchanged.set(node, pool);
      continue;
    }
    added.push(pool);
    exchanged.set(node, { operation: { kind: "reshape", shape: output.shape }, inputs: [pooled], output });
  }
  return exchange(graph, exchanged, added);
}
