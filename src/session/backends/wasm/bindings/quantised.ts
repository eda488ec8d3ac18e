/** Operations on bytes: their kernels on WebAssembly. */
import type { QuantisedKind } from "../../../../graph/quantised.ts";
import type { Bindings } from "./binding.ts";

export const quantisedBindings: Pick<Bindings, QuantisedKind> = {
  quantise: "plain",
  dequantise: "plain",
  quantised_conv2d: "plain",
  quantised_linear: "plain",
  quantised_add: "plain",
  quantised_scale: "plain",
  quantised_affine: "plain",
  quantised_table: "plain",
  quantised_mean: "plain",
  quantised_max_pool: "plain",
  quantised_average_pool: "plain",
};
