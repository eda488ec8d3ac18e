/**
 * Activations that a file spells with sums, products, clips and other functions become what they are: then kernels have them, and
 * convolutions take them in. How they are spelled does not matter: what is computed number by number from one value alone is a function of
 * one number, and which one is seen by what it makes of some.
 */
import type { ActivationKind, Graph, Node, Of, Operation, Value } from "../../../graph/graph.ts";
import { exchange } from "../../../graph/rewrite.ts";
import { activated, binaryFunctions, unaryFunctions } from "../../../operations/general/functions.ts";
import { sameShape } from "../../../tensor.ts";
import { toHalf } from "../read/types.ts";
import { Pattern, arithmeticOf } from "./pattern.ts";

/** Numbers that tell functions apart: near 0, on both sides of every bend, and far out, where bounds are that are none. */
const PLACES: readonly number[] = [
  0, -0.01, 0.01, -3e38, -2e4, -20.3, -7.1, -4.3, -3.1, -2.9, -1.7, -0.6, 0.3, 0.9, 1.4, 2.3, 2.9, 3.1, 4.7, 5.9, 6.1, 19.2, 2e4, 3e38,
];

/** Numbers that activations are made with, which float16 may have rounded. */
const FAMOUS: readonly number[] = [1 / 6, 1 / 3, Math.SQRT1_2, Math.SQRT2, 0.044715, 0.7978845608028654, 1.5957691216057308];

/** Most values before a value that it is looked at as a function of. */
const MOST_NODES = 10;

/** What a function makes of PLACES. */
type Course = ArrayLike<number>;

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b)) || a === b;
}

/** Functions that neither jump nor count: of others a few places say little. */
const smooth: ReadonlySet<string> = new Set(
  "abs erf exp log mish negative reciprocal softplus sqrt add subtract multiply divide power minimum maximum".split(" "),
);

/** A loop, and no typed array, which is slow to make: there are ten of these for each node of a file. */
function places(of: (i: number) => number): Course {
  const course: number[] = [];
  for (let i = 0; i < PLACES.length; i++) course.push(of(i));
  return course;
}

/** What a node makes of its inputs' courses, where it is a function of numbers. */
function functionOf({ operation }: Node): ((...courses: readonly Course[]) => Course) | undefined {
  const by = arithmeticOf(operation);
  if (by !== undefined) {
    const f = binaryFunctions[by];
    return smooth.has(by) ? (a, b) => places((i) => f(a[i], b[i])) : undefined;
  }
  if (operation.kind === "unary") return smooth.has(operation.by) ? (x) => places((i) => unaryFunctions[operation.by](x[i])) : undefined;
  if (operation.kind === "clip") return (x) => places((i) => Math.min(operation.most, Math.max(operation.least, x[i])));
  return operation.kind === "activation" ? (x) => activated(operation, x) : undefined;
}

function act(activation: ActivationKind, slope = 0, offset = 0): Of<"activation"> {
  return { kind: "activation", activation, slope, offset };
}

/** Gets what finds the activation whose course this is. */
function finder(): (course: Course) => Operation | undefined {
  const known: [Operation, Course][] = (["relu", "relu6", "silu", "hard_swish", "gelu", "gelu_tanh", "sigmoid"] as const).map((kind) => {
    const operation = act(kind);
    return [operation, activated(operation, PLACES)];
  });
  known.push([{ kind: "unary", by: "mish" }, PLACES.map(unaryFunctions.mish)]);
  return (course) => {
    const isOf = (wanted: Course): boolean => PLACES.every((_, i) => near(course[i], wanted[i]));
    const found = known.find(([, wanted]) => isOf(wanted));
    if (found !== undefined) return found[0];
    // What is left are straight lines with bends; x itself is none.
    const [middle, before, after, first] = Array.from(course);
    const leaky = near(after, PLACES[2]) && !near(first, PLACES[3]);
    if (!leaky && !near(first, 0) && !near(first, 1)) return undefined;
    const line = leaky ? act("leaky_relu", before / PLACES[1]) : act("hard_sigmoid", (after - before) / (PLACES[2] - PLACES[1]), middle);
    return isOf(activated(line, PLACES)) ? line : undefined;
  };
}

export function recogniseActivations(graph: Graph): Graph {
  const pattern = new Pattern(graph);
  const named = finder();
  const exchanged = new Map<Node, Node>();
  /** Values as functions of those before them, the farthest first. */
  const courses = new Map<Value, Map<Value, Course>>();
  for (const node of graph.nodes) {
    const { output } = node;
    const f = functionOf(node);
    if (f === undefined) continue;
    const operands = node.inputs.map((input) => {
      const number = pattern.scalar(input);
      if (number === undefined) return courses.get(input) ?? new Map([[input, PLACES]]);
      const meant = FAMOUS.find((famous) => near(number, famous) || number === toHalf(famous)) ?? number;
      return PLACES.map(() => meant);
    });
    const first = operands.find((operand) => operand instanceof Map);
    const own = new Map<Value, Course>();
    for (const base of [...first?.keys() ?? []].slice(-MOST_NODES)) {
      const given = operands.map((operand) => (operand instanceof Map ? operand.get(base) : operand));
      if (sameShape(base.shape, output.shape) && !given.includes(undefined)) own.set(base, f(...given as Course[]));
    }
    for (const [base, course] of own) {
      const operation = "activation" in node.operation && base === node.inputs[0] ? undefined : named(course);
      if (operation === undefined) continue;
      exchanged.set(node, { operation, inputs: [base], output });
      break;
    }
    courses.set(output, own.set(output, PLACES));
    for (const input of node.inputs) if (pattern.users(input).at(-1) === node) courses.delete(input);
  }
  return exchange(graph, exchanged);
}
