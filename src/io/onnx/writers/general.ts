/** Operations on tensors of any rank, as ONNX. */
import type { BinaryFunction, Taps, UnaryFunction } from "../../../graph/graph.ts";
import { Tensor } from "../../../tensor.ts";
import type { GeneralKind } from "../../../operations/general/index.ts";
import type { NodeSink, Writers } from "./writer.ts";

const FLOAT = 1;
const BOOL = 9;

const unaryNames: Readonly<Partial<Record<UnaryFunction, string>>> = {
  abs: "Abs", ceil: "Ceil", erf: "Erf", exp: "Exp", floor: "Floor", log: "Log", negative: "Neg", reciprocal: "Reciprocal", round: "Round",
  sign: "Sign",
  softplus: "Softplus", sqrt: "Sqrt",
};

const binaryNames: Readonly<Partial<Record<BinaryFunction, string>>> = {
  add: "Add", subtract: "Sub", multiply: "Mul", divide: "Div", power: "Pow", minimum: "Min", maximum: "Max",
};

const comparisonNames: Readonly<Partial<Record<BinaryFunction, string>>> = {
  equal: "Equal", less: "Less", less_or_equal: "LessOrEqual", greater: "Greater", greater_or_equal: "GreaterOrEqual", and: "And", or: "Or",
  xor: "Xor",
};

function number(sink: NodeSink, name: string, value: number): string {
  return sink.floats(name, Tensor.of([value], []));
}

function bool(sink: NodeSink, input: string, name: string): string {
  sink.node("Cast", [input], name, { to: BOOL });
  return name;
}

/** Functions that opset 17 has no operator for. */
function spelled(sink: NodeSink, by: UnaryFunction, x: string, name: string): void {
  switch (by) {
    case "mish":
      sink.node("Softplus", [x], `${name}.softplus`);
      sink.node("Tanh", [`${name}.softplus`], `${name}.gate`);
      return sink.node("Mul", [x, `${name}.gate`], name);
    case "not":
      sink.node("Not", [bool(sink, x, `${name}.bool`)], `${name}.not`);
      return sink.node("Cast", [`${name}.not`], name, { to: FLOAT });
    case "truncate":
      sink.node("Abs", [x], `${name}.abs`);
      sink.node("Floor", [`${name}.abs`], `${name}.floor`);
      sink.node("Sign", [x], `${name}.sign`);
      return sink.node("Mul", [`${name}.floor`, `${name}.sign`], name);
    default:
      return sink.node(unaryNames[by]!, [x], name);
  }
}

/** Rows of what goes into each output: [size, outputs]. */
function matrixOf({ starts, places, weights }: Taps, size: number): Tensor {
  const outputs = starts.length - 1;
  const matrix = new Float64Array(size * outputs);
  for (let i = 0; i < outputs; i++) for (let k = starts[i]; k < starts[i + 1]; k++) matrix[places[k] * outputs + i] += weights[k];
  return Tensor.of(matrix, [size, outputs]);
}

export const generalWriters: Pick<Writers, GeneralKind | "constant" | "pad" | "slice"> = {
  constant: (sink, { operation: { value }, name }) => sink.node("Identity", sink.constants(value), name),

  unary: (sink, { operation: { by }, names: [x], name }) => spelled(sink, by, x, name),

  elu: (sink, { operation: { alpha }, names, name }) => sink.node("Elu", names, name, { alpha: { float: alpha } }),

  clip(sink, { operation: { least, most }, names: [x], name }) {
    const bound = (value: number, what: string): string => (Number.isFinite(value) ? number(sink, `${name}.${what}`, value) : "");
    sink.node("Clip", [x, bound(least, "least"), bound(most, "most")], name);
  },

  binary(sink, { operation: { by }, names: [a, b], name }) {
    if (by === "remainder") return sink.node("Mod", [a, b], name, { fmod: 1 });
    if (by === "modulo") {
      sink.node("Div", [a, b], `${name}.ratio`);
      sink.node("Floor", [`${name}.ratio`], `${name}.times`);
      sink.node("Mul", [`${name}.times`, b], `${name}.whole`);
      return sink.node("Sub", [a, `${name}.whole`], name);
    }
    const comparison = comparisonNames[by];
    if (comparison === undefined) return sink.node(binaryNames[by]!, [a, b], name);
    const logical = by === "and" || by === "or" || by === "xor";
    sink.node(comparison, logical ? [bool(sink, a, `${name}.a`), bool(sink, b, `${name}.b`)] : [a, b], `${name}.bool`);
    sink.node("Cast", [`${name}.bool`], name, { to: FLOAT });
  },

  select: (sink, { names: [condition, a, b], name }) => sink.node("Where", [bool(sink, condition, `${name}.bool`), a, b], name),

  reshape(sink, { operation: { shape: [first, ...rest] }, inputs: [{ shape: [batch] }], names: [x], name }) {
    // 0 copies the size, whatever the batch is.
    const shape = first === undefined ? [] : [first === batch ? 0 : first, ...rest];
    sink.node("Reshape", [x, sink.integers(`${name}.shape`, shape)], name);
  },

  transpose: (sink, { operation: { order }, names, name }) => sink.node("Transpose", names, name, { perm: order }),

  slice(sink, { operation: { starts, steps, shape }, inputs: [from], names: [x], name }) {
    // Backwards, an end before the first place cannot be said but by a number far below.
    const ends = starts.map((start, i) => (start + shape[i] * steps[i] < 0 ? -2147483648 : start + shape[i] * steps[i]));
    const axes = starts.map((_, i) => i).filter((i) => shape[i] !== from.shape[i] || steps[i] !== 1);
    const parts = ([["starts", starts], ["ends", ends], ["axes", starts.map((_, i) => i)], ["steps", steps]] as const)
      .map(([what, values]) => sink.integers(`${name}.${what}`, axes.map((i) => values[i])));
    sink.node("Slice", [x, ...parts], name);
  },

  expand(sink, { operation: { shape }, inputs: [from], names: [x], name }) {
    const missing = shape.length - from.shape.length;
    // 1 leaves a size as it is, whatever the batch is.
    const sizes = shape.map((size, i) => (from.shape[i - missing] === size ? 1 : size));
    sink.node("Expand", [x, sink.integers(`${name}.shape`, sizes)], name);
  },

  gather: (sink, { operation: { axis, rows }, names: [x], name }) => sink.node(
    "Gather", [x, sink.integers(`${name}.rows`, rows)], name, { axis },
  ),

  pad(sink, { operation: { before, after, mode, value }, names: [x], name, inputs }) {
    if (mode !== "wrap") {
      return sink.node(
        "Pad", [x, sink.integers(`${name}.pads`, [...before, ...after]), number(sink, `${name}.value`, value)], name, { mode },
      );
    }
    // Opset 17 cannot: rows by their numbers, axis by axis.
    let from = x;
    const { shape } = inputs[0];
    const last = shape.reduce((found, _, i) => (before[i] + after[i] > 0 ? i : found), -1);
    shape.forEach((size, axis) => {
      if (before[axis] + after[axis] === 0) return;
      const rows = Array.from({ length: size + before[axis] + after[axis] }, (_, i) => (((i - before[axis]) % size) + size) % size);
      const to = axis === last ? name : `${name}.${axis}`;
      sink.node("Gather", [from, sink.integers(`${name}.rows.${axis}`, rows)], to, { axis });
      from = to;
    });
    if (last < 0) sink.node("Identity", [x], name);
  },

  join: (sink, { operation: { axis }, names, name }) => sink.node("Concat", names, name, { axis }),

  reduce(sink, { operation: { by, axis, end }, names: [x], name }) {
    const axes = Array.from({ length: end - axis }, (_, i) => axis + i);
    if (by === "sum") return sink.node("ReduceSum", [x, sink.integers(`${name}.axes`, axes)], name, { keepdims: 1 });
    sink.node({ mean: "ReduceMean", max: "ReduceMax", min: "ReduceMin", product: "ReduceProd" }[by], [x], name, { axes, keepdims: 1 });
  },

  arg_max(sink, { operation: { axis }, names, name }) {
    sink.node("ArgMax", names, `${name}.whole`, { axis, keepdims: 1 });
    sink.node("Cast", [`${name}.whole`], name, { to: FLOAT });
  },

  softmax: (sink, { operation: { axis, logarithm }, names, name }) => sink.node(
    logarithm ? "LogSoftmax" : "Softmax", names, name, { axis },
  ),

  resample(sink, { operation: { axis, taps }, inputs: [{ shape }], names: [x], name }) {
    const matrix = sink.floats(`${name}.taps`, matrixOf(taps, shape[axis]));
    const last = shape.length - 1;
    if (axis === last) return sink.node("MatMul", [x, matrix], name);
    const order = shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
    sink.node("Transpose", [x], `${name}.turned`, { perm: order });
    sink.node("MatMul", [`${name}.turned`, matrix], `${name}.resampled`);
    sink.node("Transpose", [`${name}.resampled`], name, { perm: order });
  },

  matrix_product: (sink, { names, name }) => sink.node("MatMul", names, name),
};

