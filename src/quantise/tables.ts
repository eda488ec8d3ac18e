/** Functions of one byte as the 128 bytes that they give. */
import { referenceInference } from "../../kernels/reference/inference.ts";
import { toByte } from "../../kernels/reference/quantised/numbers.ts";
import type { Quantisation } from "../../kernels/quantised.ts";
import type { Activation, Value } from "../graph/graph.ts";
import { activate } from "../operations/elementwise/activation.ts";

/** The table of an activation: 128 bytes. Files have them too, so that who reads those needs no functions. */
export type TableOf = (activation: Activation, from: Quantisation, to: Quantisation, output: Value) => Uint8Array;

export const tableOf: TableOf = (activation, from, to) => {
  const reals = Float32Array.from({ length: 128 }, (_, q) => from.scale[0] * (q - from.zero));
  activate(referenceInference, reals, activation, reals);
  return Uint8Array.from(reals, (real) => toByte(Math.fround(real / to.scale[0] + to.zero), 0, 127));
};
