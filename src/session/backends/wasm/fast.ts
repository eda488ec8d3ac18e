/**
 * What fast sessions have besides fused multiply-adds and Winograd's method: a file of its own, so that who does not name it (lean.ts)
 * does not load its kernels.
 */
import { strassenConvolution } from "../../../../kernels/wasm/convolution/strassen/strassen.ts";
import { tallRow } from "../../../../kernels/wasm/convolution/tall.ts";
import { groupedWinograd } from "../../../../kernels/wasm/convolution/winograd/groups.ts";
import type { Convolution } from "../../../../kernels/wasm/convolution/choose.ts";
import type { ConvParams } from "../../../../kernels/wasm/convolution/params.ts";
import { probeTall } from "../../../../kernels/wasm/probe/tall.ts";
import { shortActivations } from "../../../../kernels/wasm/shared/short-sigmoid.ts";
import type { Arithmetic } from "../numerics.ts";

/** The arithmetic with Strassen's method, Winograd's in groups, and short activations, where the bits may differ at all. */
export function withFast(arithmetic: Arithmetic): Arithmetic {
  if (arithmetic.exact) return arithmetic;
  const fewerProducts = (params: ConvParams): Convolution | undefined => strassenConvolution(params) ?? groupedWinograd(params);
  return { ...arithmetic, fewerProducts, activations: shortActivations(arithmetic.fma) };
}

let tallHelps: boolean | undefined;

/** Are tall tiles faster here? Measured once a process; no where the host has no clock. */
function areTallFaster(): boolean {
  return (tallHelps ??= typeof performance !== "undefined" && probeTall(() => performance.now()));
}

/** The same for sessions of this very host, with what only a measurement can choose; files of kernels are without. */
export function withFastHere(arithmetic: Arithmetic): Arithmetic {
  const fast = withFast(arithmetic);
  return fast.fma && areTallFaster() ? { ...fast, tall: tallRow } : fast;
}
