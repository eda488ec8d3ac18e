/** The bindings of all operations but those on bytes, which only quantised networks load (quantised.ts). */
import type { QuantisedKind } from "../../../../graph/quantised.ts";
import type { Bindings } from "./binding.ts";
import { coreBindings } from "./core.ts";
import { moveBindings } from "./moves.ts";
import { pointwiseBindings } from "./pointwise.ts";
import { rowBindings } from "./rows.ts";
import { transposedConvolutionBinding } from "./transposed-convolution.ts";

export const bindings: Omit<Bindings, QuantisedKind> = {
  ...coreBindings, conv_transpose2d: transposedConvolutionBinding, ...moveBindings, ...pointwiseBindings, ...rowBindings,
};
