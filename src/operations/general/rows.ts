/** What joins the numbers of an axis, and products of matrices. */
import {
  argMaxForward, matrixProductForward, reduceForward, resampleForward, softmaxRowsForward,
} from "../../../kernels/reference/general/rows.ts";
import type { ProductShape, RowsShape } from "../../../kernels/reference/general/rows.ts";
import type { Node } from "../../graph/graph.ts";
import type { rowKinds } from "../../graph/operation.ts";
import { showShape, sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { broadcast, broadcastShape } from "../broadcast.ts";
import { sameShape } from "../record.ts";
import type { Computation, Computations, Declaration, Declarations } from "../record.ts";

/** A tensor as [outer, size, inner] around axes that lie side by side. */
export function rowsOf(shape: Shape, axis: number, end: number = axis + 1): RowsShape {
  return { outer: sizeOf(shape.slice(0, axis)), size: sizeOf(shape.slice(axis, end)), inner: sizeOf(shape.slice(end)) };
}

function checkAxis(operation: string, axis: number, shape: Shape): void {
  if (!(axis >= 0 && axis < shape.length)) throw new RangeError(`${operation}: axis ${axis} is none of ${showShape(shape)}`);
}

const reduce: Declaration<"reduce"> = {
  shape({ axis, end }, [x]) {
    checkAxis("reduce", axis, x);
    checkAxis("reduce", end - 1, x);
    return x.map((n, i) => (i >= axis && i < end ? 1 : n));
  },
};
const reduceComputation: Computation<"reduce"> = {
  routine({ operation: { by, axis, end }, inputs, output }, { array }) {
    const [y, x, shape] = [array(output), array(inputs[0]), rowsOf(inputs[0].shape, axis, end)];
    return () => reduceForward(y, x, by, shape);
  },

  check({ x, add }) {
    for (const by of ["mean", "max"] as const) {
      add({ kind: "reduce", by, axis: 2, end: 4 }, [...x.shape.slice(0, 2), 1, 1], x);
      add({ kind: "reduce", by, axis: 1, end: 2 }, [x.shape[0], 1, ...x.shape.slice(2)], x);
    }
  },
};

const argMax: Declaration<"arg_max"> = {
  shape({ axis }, [x]) {
    checkAxis("arg_max", axis, x);
    return x.map((n, i) => (i === axis ? 1 : n));
  },
};
const argMaxComputation: Computation<"arg_max"> = {
  routine({ operation: { axis }, inputs, output }, { array }) {
    const [y, x, shape] = [array(output), array(inputs[0]), rowsOf(inputs[0].shape, axis)];
    return () => argMaxForward(y, x, shape);
  },
};

const softmax: Declaration<"softmax"> = {
  shape(operation, inputs) {
    checkAxis("softmax", operation.axis, inputs[0]);
    return sameShape(operation, inputs);
  },
};
const softmaxComputation: Computation<"softmax"> = {
  routine({ operation: { axis, logarithm }, inputs, output }, { array }) {
    const [y, x, shape] = [array(output), array(inputs[0]), rowsOf(inputs[0].shape, axis)];
    return () => softmaxRowsForward(y, x, logarithm, shape);
  },

  check({ x, add }) {
    for (const logarithm of [false, true]) add({ kind: "softmax", axis: 1, logarithm }, x.shape, x);
  },
};

const resample: Declaration<"resample"> = {
  shape({ axis, taps }, [x]) {
    checkAxis("resample", axis, x);
    if (!taps.places.every((place) => place >= 0 && place < x[axis])) {
      throw new RangeError(`resample: places lie outside of axis ${axis} of ${showShape(x)}`);
    }
    return x.map((n, i) => (i === axis ? taps.starts.length - 1 : n));
  },
};
const resampleComputation: Computation<"resample"> = {
  routine({ operation: { axis, taps }, inputs, output }, { array }) {
    const [y, x, shape] = [array(output), array(inputs[0]), rowsOf(inputs[0].shape, axis)];
    return () => resampleForward(y, x, taps, shape);
  },

  check({ x, add }) {
    const taps = {
      starts: Int32Array.of(0, 2, 3, 3, 6), places: Int32Array.of(1, 0, 6, 2, 3, 4), weights: Float64Array.of(0.25, 0.75, 1, -0.5, 2, 1),
    };
    for (const axis of [2, 3]) add({ kind: "resample", axis, taps }, x.shape.map((n, i) => (i === axis ? 4 : n)), x);
  },
};

const matrixProduct: Declaration<"matrix_product"> = {
  shape(_, [a, b]) {
    if (a.length < 2 || b.length < 2 || a[a.length - 1] !== b[b.length - 2]) {
      throw new RangeError(`matrix_product: ${showShape(a)} and ${showShape(b)} do not fit`);
    }
    return [...broadcast("matrix_product", [a.slice(0, -2), b.slice(0, -2)]), a[a.length - 2], b[b.length - 1]];
  },
};
/** Sizes of the matrices, and where each begins. */
export function productShape({ inputs, output }: Pick<Node, "inputs" | "output">): ProductShape {
  const [left, right] = inputs.map(({ shape }) => shape);
  const [rows, inner, columns] = [left[left.length - 2], left[left.length - 1], right[right.length - 1]];
  const batches = output.shape.slice(0, -2);
  const { strides } = broadcastShape(batches, [left.slice(0, -2), right.slice(0, -2)]);
  const starts = Array.from({ length: sizeOf(batches) }, (_, batch) => {
    const at: [number, number] = [0, 0];
    for (let axis = batches.length - 1, rest = batch; axis >= 0; rest = Math.floor(rest / batches[axis--])) {
      const index = rest % batches[axis];
      at[0] += index * strides[0][axis];
      at[1] += index * strides[1][axis];
    }
    return [at[0] * rows * inner, at[1] * inner * columns] as const;
  });
  return { rows, inner, columns, starts };
}
const matrixProductComputation: Computation<"matrix_product"> = {
  routine(node, { array }) {
    const [y, a, b] = [node.output, ...node.inputs].map((value) => array(value));
    const shape = productShape(node);
    return () => matrixProductForward(y, a, b, shape);
  },
};

export type RowKind = (typeof rowKinds)[number];

export const rowDeclarations: Pick<Declarations, RowKind> = { reduce, arg_max: argMax, softmax, resample, matrix_product: matrixProduct };

export const rowComputations: Pick<Computations, RowKind> = {
  reduce: reduceComputation, arg_max: argMaxComputation, softmax: softmaxComputation, resample: resampleComputation,
  matrix_product: matrixProductComputation,
};
