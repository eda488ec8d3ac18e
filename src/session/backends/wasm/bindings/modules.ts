/** The bindings of the operations that modules lower to. */
import type { ModuleKind } from "../../../../operations/modules.ts";
import type { Bindings } from "./binding.ts";
import { channelBindings } from "./channels.ts";
import { coreBindings } from "./core.ts";
import { moveBindings } from "./moves.ts";
import { pointwiseBindings } from "./pointwise.ts";
import { transposedConvolutionBinding } from "./transposed-convolution.ts";

export const moduleBindings: Pick<Bindings, ModuleKind> = {
  ...coreBindings, ...channelBindings, ...moveBindings, ...pointwiseBindings, conv_transpose2d: transposedConvolutionBinding,
  dropout: "plain", fake_quantise: "plain",
};
