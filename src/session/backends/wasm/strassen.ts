/** Strassen's method for sessions: a file of its own, so that who does not name it (lean.ts) does not load its kernels. */
import { strassenConvolution } from "../../../../kernels/wasm/convolution/strassen/strassen.ts";
import type { Arithmetic } from "../numerics.ts";

/** The arithmetic with Strassen's method, where it may take fewer products at all. */
export function withStrassen(arithmetic: Arithmetic): Arithmetic {
  return arithmetic.winograd ? { ...arithmetic, strassen: strassenConvolution } : arithmetic;
}
