/**
 * Activations that a file spells with sums, products and clips become what they are: then kernels have them, and convolutions take them in.
 */
import type { ActivationKind, Graph, Node, UnaryFunction, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { sameShape } from "../../../tensor.ts";
import { Pattern, arithmeticOf, near } from "./pattern.ts";

function unary(by: UnaryFunction, x: Value, output: Value): Node {
  return { operation: { kind: "unary", by }, inputs: [x], output };
}

function act(activation: ActivationKind, x: Value, output: Value, slope = 0, offset = 0): Node {
  return { operation: { kind: "activation", activation, slope, offset }, inputs: [x], output };
}

/** ReLU, ReLU6, hard sigmoid of any slope: a clamp that ends here. */
function clamped(pattern: Pattern, node: Node): Node | undefined {
  if (node.operation.kind === "activation") return undefined;
  const { base, slope, offset, least, most } = pattern.clamp(node.output);
  if (!sameShape(base.shape, node.output.shape) || slope === 0 || base === node.output) return undefined;
  if (near(least, 0) && near(most, 1)) return act("hard_sigmoid", base, node.output, slope, offset);
  if (slope !== 1 || offset !== 0 || least !== 0) return undefined;
  if (most === 6) return act("relu6", base, node.output);
  return most === Infinity ? act("relu", base, node.output) : undefined;
}

/** The function of one number that makes a value, whatever its kind is called. */
function functionOf(pattern: Pattern, value: Value): { readonly name: string; readonly x: Value } | undefined {
  const maker = pattern.maker(value);
  if (maker?.operation.kind === "activation") return { name: maker.operation.activation, x: maker.inputs[0] };
  return maker?.operation.kind === "unary" ? { name: maker.operation.by, x: maker.inputs[0] } : undefined;
}

/** Is the value 1 + f(of)? @returns what goes into f */
function onePlus(pattern: Pattern, value: Value, f: string): Value | undefined {
  const maker = pattern.maker(value);
  if (maker === undefined || arithmeticOf(maker) !== "add") return undefined;
  const found = pattern.withScalar(maker);
  const inner = found?.number === 1 ? functionOf(pattern, found.x) : undefined;
  return inner?.name === f ? inner.x : undefined;
}

/** Is the value factor * x? */
function isTimes(pattern: Pattern, value: Value, factor: number, x: Value): boolean {
  const { base, slope, offset, least, most } = pattern.clamp(value, x);
  return base === x && (near(slope, factor) || near(1 / slope, 1 / factor)) && offset === 0 && most - least === Infinity;
}

/** Is the value sqrt(2 / pi) (x + 0.044715 x^3)? */
function isCubic(pattern: Pattern, value: Value, x: Value): boolean {
  const { factor, values: [sum, ...more] } = pattern.product(value);
  const maker = pattern.maker(sum);
  if (more.length > 0 || !near(factor, 0.7978845608) || maker === undefined || arithmeticOf(maker) !== "add" || !maker.inputs.includes(x)) {
    return false;
  }
  const cube = pattern.product(maker.inputs[maker.inputs[0] === x ? 1 : 0]);
  return near(cube.factor, 0.044715) && cube.values.length === 3 && cube.values.every((each) => each === x);
}

/** Products of x and a gate of x: SiLU, hard swish, GELU, Mish. */
function gated(pattern: Pattern, node: Node): Node | undefined {
  const by = arithmeticOf(node);
  if (by !== "mul" && by !== "div") return undefined;
  const { factor, values } = pattern.product(node.output);
  if (values.length !== 2) return undefined;
  for (const [x, gate] of [values, [values[1], values[0]]]) {
    if (!sameShape(x.shape, gate.shape)) continue;
    const of = functionOf(pattern, gate);
    if (of?.name === "sigmoid" && near(factor, 1) && isTimes(pattern, of.x, 1, x)) return act("silu", x, node.output);
    const { base, slope, offset, least, most } = pattern.clamp(gate, x);
    if (base === x && near(least, 0) && near(slope / most, 1 / 6) && near(slope * factor, 1 / 6) && near(offset / most, 0.5)) {
      return act("hard_swish", x, node.output);
    }
    const within = near(factor, 0.5) ? onePlus(pattern, gate, "erf") : undefined;
    if (within !== undefined && isTimes(pattern, within, Math.SQRT1_2, x)) return act("gelu", x, node.output);
    const cubic = near(factor, 0.5) ? onePlus(pattern, gate, "tanh") : undefined;
    if (cubic !== undefined && isCubic(pattern, cubic, x)) return act("gelu_tanh", x, node.output);
    const outer = near(factor, 1) ? functionOf(pattern, gate) : undefined;
    const inner = outer?.name === "tanh" ? functionOf(pattern, outer.x) : undefined;
    if (inner?.name === "softplus" && inner.x === x) return unary("mish", x, node.output);
  }
  return undefined;
}

/** One after the other, the last of a chain first: what is left over of the others then leads nowhere. */
export function recogniseActivations(graph: Graph): Graph {
  for (const find of [gated, clamped]) {
    const pattern = new Pattern(graph);
    const exchanged = new Map<Node, Node>();
    for (const node of graph.nodes) {
      const found = find(pattern, node);
      if (found !== undefined) exchanged.set(node, found);
    }
    graph = exchange(graph, exchanged);
  }
  return graph;
}
