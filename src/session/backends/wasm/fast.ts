/**
 * What fast sessions have besides fused multiply-adds and Winograd's method: a file of its own, so that who does not name it (lean.ts)
 * does not load its kernels.
 */
import { strassenConvolution } from "../../../../kernels/wasm/convolution/strassen/strassen.ts";
import { groupedWinograd } from "../../../../kernels/wasm/convolution/winograd/groups.ts";
import type { Convolution } from "../../../../kernels/wasm/convolution/choose.ts";
import type { ConvParams } from "../../../../kernels/wasm/convolution/params.ts";
import { shortActivations } from "../../../../kernels/wasm/shared/short-sigmoid.ts";
import type { Arithmetic } from "../numerics.ts";

/** The arithmetic with Strassen's method, Winograd's in groups, and short activations, where the bits may differ at all. */
export function withFast(arithmetic: Arithmetic): Arithmetic {
  if (!arithmetic.winograd) return arithmetic;
  const fewerProducts = (params: ConvParams): Convolution | undefined => strassenConvolution(params) ?? groupedWinograd(params);
  return { ...arithmetic, fewerProducts, activations: shortActivations(arithmetic.fma) };
}
