/** Functions of one number, of two as numpy stretches them, and the choice between two. */
import { broadcastForward, unaryForward } from "../../../kernels/reference/general/pointwise.ts";
import type { BroadcastShape } from "../../../kernels/reference/general/pointwise.ts";
import type { Node, UnaryFunction, Value } from "../../graph/graph.ts";
import type { pointwiseKinds } from "../../graph/operation.ts";
import { broadcast, broadcastShape } from "../broadcast.ts";
import { sameShape } from "../record.ts";
import { binaryFunctions, unaryFunctions } from "./functions.ts";
import type { Computation, Computations, Declaration, Declarations } from "../record.ts";

/** How the inputs of a node are walked through. */
export const geometry = ({ inputs, output }: Pick<Node, "inputs" | "output">): BroadcastShape => broadcastShape(
  output.shape, inputs.map(({ shape }) => shape),
);

const unary: Declaration<"unary"> = { shape: sameShape };
const unaryComputation: Computation<"unary"> = {
  routine({ operation, inputs, output }, { array }) {
    const [y, x, f] = [array(output), array(inputs[0]), unaryFunctions[operation.by]];
    return () => unaryForward(y, x, f);
  },

  // All at once: some want what others give.
  check({ x, add }) {
    const by = (by: UnaryFunction, value: Value): Value => add({ kind: "unary", by }, x.shape, value);
    for (const each of ["abs", "negative", "erf", "softplus", "mish"] as const) by(each, x);
    const positive = by("exp", x);
    for (const each of ["log", "sqrt", "reciprocal"] as const) by(each, positive);
  },
};

const elu: Declaration<"elu"> = { shape: sameShape };
const eluComputation: Computation<"elu"> = {
  routine({ operation: { alpha }, inputs, output }, { array }) {
    const [y, x] = [array(output), array(inputs[0])];
    return () => unaryForward(y, x, (v) => (v > 0 ? v : alpha * (unaryFunctions.exp(v) - 1)));
  },

  check({ x, add }) {
    add({ kind: "elu", alpha: 0.75 }, x.shape, x);
  },
};

const clip: Declaration<"clip"> = { shape: sameShape };
const clipComputation: Computation<"clip"> = {
  routine({ operation: { least, most }, inputs, output }, { array }) {
    const [y, x] = [array(output), array(inputs[0])];
    return () => unaryForward(y, x, (v) => Math.min(most, Math.max(least, v)));
  },

  check({ x, add }) {
    add({ kind: "clip", least: -0.5, most: 1.25 }, x.shape, x);
  },
};

const binary: Declaration<"binary"> = { shape: ({ by }, inputs) => broadcast(by, inputs) };
const binaryComputation: Computation<"binary"> = {
  routine(node, { array }) {
    const { operation, inputs, output } = node;
    const [y, a, b] = [output, ...inputs].map((value) => array(value));
    const [shape, f] = [geometry(node), binaryFunctions[operation.by]];
    return () => broadcastForward(y, [a, b], f, shape);
  },

  check({ x, other, gate, add }) {
    for (const by of ["add", "subtract", "multiply", "divide", "minimum", "maximum"] as const) {
      for (const b of [other, gate]) add({ kind: "binary", by }, x.shape, x, b);
    }
  },
};

const select: Declaration<"select"> = { shape: (_, inputs) => broadcast("select", inputs) };
const selectComputation: Computation<"select"> = {
  routine(node, { array }) {
    const [y, ...operands] = [node.output, ...node.inputs].map((value) => array(value));
    const shape = geometry(node);
    return () => broadcastForward(y, operands, (condition, a, b) => (condition !== 0 ? a : b), shape);
  },
};

export type PointwiseKind = (typeof pointwiseKinds)[number];

/** Functions of one number. */
export type FunctionKind = Exclude<PointwiseKind, "binary" | "select">;

export const pointwiseDeclarations: Pick<Declarations, PointwiseKind> = { unary, elu, clip, binary, select };

export const pointwiseComputations: Pick<Computations, PointwiseKind> = {
  unary: unaryComputation, elu: eluComputation, clip: clipComputation, binary: binaryComputation, select: selectComputation,
};
