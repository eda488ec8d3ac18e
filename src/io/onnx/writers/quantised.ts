/** Operations on bytes: a quantised network is written from its float32 graph, with QuantizeLinear and DequantizeLinear around it. */
import type { QuantisedKind } from "../../../graph/quantised.ts";
import type { Writers } from "./writer.ts";

const refused = (_: unknown, { operation: { kind }, name }: {
  readonly operation: { readonly kind: string };
  readonly name: string;
}): never => {
  throw new RangeError(`ONNX: ${kind} (${name}) has no ONNX operator; write the network before it is quantised`);
};

export const quantisedWriters: Pick<Writers, QuantisedKind> = {
  quantise: refused,
  dequantise: refused,
  quantised_conv2d: refused,
  quantised_linear: refused,
  quantised_add: refused,
  quantised_scale: refused,
  quantised_affine: refused,
  quantised_table: refused,
  quantised_mean: refused,
  quantised_max_pool: refused,
  quantised_average_pool: refused,
};
