/**
 * What quantisation decides: what the bytes of each value mean, and the whole numbers of each layer. With the graph of the network, which
 * is lowered anew for every input shape, it makes the graph of bytes (graph.ts); a file holds just this (file.ts).
 */
import type { Quantisation } from "../../kernels/quantised.ts";
import type { Shape, Tensor } from "../tensor.ts";

/** A convolution or linear layer. Real weight = scale[o] * weight, the bias is real. */
export interface QuantisedLayer {
  readonly shape: Shape;
  readonly weight: Int8Array;
  /** [outputs] */
  readonly scale: Float32Array;
  /** [outputs]; zeros where there is none. */
  readonly bias: Float32Array;
}

export interface Recipe {
  /** By the names of the graph's values; what is not here stays float32. */
  readonly values: ReadonlyMap<string, Quantisation>;
  /** By the names of their weights; what is not here stays float32. */
  readonly layers: ReadonlyMap<string, QuantisedLayer>;
  /** Of all that stays float32, by the names of constants. Normalisations have factor, shift, 0 and 1 in place of theirs, and epsilon 0. */
  readonly floats: ReadonlyMap<string, Tensor>;
}
