/** Operations on tensors of any rank, which networks from files want and lean sessions do not know. */
import type { Computations, Declarations } from "../record.ts";
import {
  constant, constantComputation, expand, expandComputation, gather, gatherComputation, join, joinComputation, pad, padComputation, reshape,
  reshapeComputation, slice, sliceComputation,
  transpose, transposeComputation,
} from "./moves.ts";
import {
  binary, binaryComputation, clip, clipComputation, elu, eluComputation, select, selectComputation, unary, unaryComputation,
} from "./pointwise.ts";
import {
  argMax, argMaxComputation, matrixProduct, matrixProductComputation, reduce, reduceComputation, resample, resampleComputation, softmax,
  softmaxComputation,
} from "./rows.ts";

export type GeneralKind =
  | "constant" | "unary" | "elu" | "clip" | "binary" | "select" | "reshape" | "transpose" | "slice" | "expand" | "gather" | "pad" | "join"
  | "reduce" | "arg_max" | "softmax" | "resample" | "matrix_product";

export const generalDeclarations: Pick<Declarations, GeneralKind> = {
  constant, unary, elu, clip, binary, select, reshape, transpose, slice, expand, gather, pad, join, reduce, arg_max: argMax, softmax,
  resample, matrix_product: matrixProduct,
};

export const generalComputations: Pick<Computations, GeneralKind> = {
  constant: constantComputation,
  unary: unaryComputation,
  elu: eluComputation,
  clip: clipComputation,
  binary: binaryComputation,
  select: selectComputation,
  reshape: reshapeComputation,
  transpose: transposeComputation,
  slice: sliceComputation,
  expand: expandComputation,
  gather: gatherComputation,
  pad: padComputation,
  join: joinComputation,
  reduce: reduceComputation,
  arg_max: argMaxComputation,
  softmax: softmaxComputation,
  resample: resampleComputation,
  matrix_product: matrixProductComputation,
};
